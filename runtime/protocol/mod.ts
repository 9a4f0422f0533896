/**
 * The client's engines: requests and bytes in, effects out. Rules of MS-SMB2 3.2 live here and nowhere else: credits,
 * message ids, negotiation, sessions and their channels, signatures, encryption, compression, compounds, interim
 * responses, cancels, leases and breaks, and what may be sent again. Knows no socket, promise, timer, clock or randomness:
 * time and random bytes are arguments. Crypto on long messages may be left to the shell, as effects; the order of messages
 * stays the engine's.
 *
 * @module
 */
export { OplockLevel } from "./breaks.ts";
export { ConnectionEngine, type EngineOptions, type TreeInput } from "./connection_engine.ts";
export {
  CONNECTION_TRANSITIONS,
  type ConnectionPhase,
  type ConnectionStep,
  describeTransitions,
  nextPhase,
} from "./connection_state.ts";
export { creditCharge, creditRequest } from "./credits.ts";
export type { BreakNotice, Effect, Negotiated } from "./effects.ts";
export { ProtocolError, StatusError } from "./errors.ts";
export {
  Exchange,
  type ExchangeHandler,
  type ExchangePhase,
  type RequestInput,
  type RequestTuning,
} from "./exchange.ts";
export { type LeaseEntry, LeaseTable } from "./lease_table.ts";
export { createInitiator, type InitiatorContext, type InitiatorOptions } from "../security/mod.ts";
export {
  Capability,
  type CompressionOffer,
  Dialect,
  type NegotiateOptions,
  SecurityMode,
} from "./negotiation.ts";
export type { Reply, SuccessReply } from "./reply.ts";
export { OpenTable } from "./open_table.ts";
export { SparseMap } from "./sparse_map.ts";
export { SequenceWindow } from "./sequence_window.ts";
export {
  SessionFlags,
  type SessionKeyRecord,
  type SessionOptions,
  type TokenStep,
} from "./session_setup.ts";
export {
  type EncryptionMode,
  type OpenState,
  type SessionPhase,
  type SessionState,
  SharedSession,
  type SigningMode,
  type TreeState,
} from "./sessions.ts";
export { type OpenJob, openNow, type SealJob, sealNow, setSignature } from "./session_cipher.ts";
export { type LockSequence, LockSequences } from "./lock_sequences.ts";
export { isReplayable, replayOf, type ReplayTarget } from "./replay.ts";
export { guidText } from "./negotiation.ts";
export { type CodeJob, setMessageSignature } from "./long_signature.ts";
