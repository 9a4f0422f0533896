/**
 * Transport + protocol engine -> promises: connections, sessions, trees and opens whose methods send at once, in call
 * order, and answer with the server's reply. What goes out again when a connection is lost, or a session has expired, is
 * decided here too. Knows no schedule and no script; who the user is comes in as an `Authenticator`.
 *
 * @module
 */
export {
  type AuthenticationExchange,
  type Authenticator,
  type NtlmAccount,
  ntlmAuthenticator,
} from "./authenticator.ts";
export {
  type Backend,
  type BackendConnection,
  type BackendOpen,
  type BackendSession,
  type BackendTree,
  nativeBackend,
  UnsupportedError,
} from "./backend.ts";
export type { Acknowledgement, BreakEvent, BreakPolicy, BreakReaction } from "./break_event.ts";
export { Chain } from "./chain.ts";
export {
  Connection,
  type NegotiateResult,
  type NetworkFaults,
  type RequestSpec,
  type SessionSetupOptions,
} from "./connection.ts";
export {
  FileRequests,
  type IoctlFields,
  type LockRange,
  type ReadOptions,
  type WriteOptions,
} from "./file_requests.ts";
export type { CreateOptions, DurableOptions, LeaseOptions } from "./create.ts";
export { keylogLine } from "./keylog.ts";
export type { ConnectionOptions, Observer } from "./link.ts";
export { type Durability, Open, type ReconnectOptions } from "./open.ts";
export type { Answer, RequestOptions, RequestOwner } from "./options.ts";
export { type RecoveryOptions, Session, type TreeOptions } from "./session.ts";
export type { TransferOptions } from "./transfer.ts";
export { type ServerInterface, Tree } from "./tree.ts";
export {
  Capability,
  type CompressionOffer,
  Dialect,
  type EncryptionMode,
  LeaseTable,
  type NegotiateOptions,
  OplockLevel,
  ProtocolError,
  type Reply,
  SecurityMode,
  type SessionKeyRecord,
  type SigningMode,
  SparseMap,
  StatusError,
  type SuccessReply,
} from "../protocol/mod.ts";
export {
  connectTcp,
  type FaultControls,
  type FaultDirection,
  FaultTransport,
  type TcpOptions,
  type Transport,
  TransportError,
} from "../transport/mod.ts";
