/**
 * Authentication, session keys, signatures and encryption. Turns tokens into tokens, and messages into signed,
 * verified, encrypted or decrypted ones; synchronous and pure: randomness and time are arguments. Knows nothing of
 * connections, sessions or sockets.
 *
 * @module
 */
export { equalBytes } from "./bytes.ts";
export { AesCmac } from "./cmac.ts";
export { describeToken, type TokenDescription } from "./describe_token.ts";
export {
  CipherId,
  cipherKeyLength,
  cipherNonceLength,
  decryptPayload,
  encryptPayload,
  type TransformInput,
} from "./encryption.ts";
export { SecurityError, type SecurityFailure } from "./errors.ts";
export { deriveKey, deriveSessionKeys, type SessionKeys, type SessionKeySource } from "./kdf.ts";
export { type OpenedTicket, openTicket, readApRequest, replySessionKey } from "./kerberos.ts";
export { EncryptionType, type KerberosKey } from "./kerberos_crypto.ts";
export type { ApRequest, EncryptedData } from "./kerberos_messages.ts";
export { decodeKeytab, type KeytabEntry } from "./keytab.ts";
export {
  type AcceptFailure,
  type AcceptorMechanism,
  type Identity,
  type Mechanism,
  MechanismOid,
} from "./mechanism.ts";
export {
  NtlmClient,
  type NtlmClientOptions,
  type NtlmExchange,
  NtlmServer,
  type NtlmServerOptions,
  type NtlmVerdict,
  type RandomSource,
  verifyNtlmExchange,
} from "./ntlm.ts";
export { ntHash } from "./ntlm_crypto.ts";
export {
  AvId,
  type AvPair,
  decodeNtlm,
  encodeNtlm,
  type NtlmAuthenticate,
  type NtlmChallenge,
  NtlmFlags,
  type NtlmMessage,
  type NtlmNegotiate,
} from "./ntlm_messages.ts";
export { PreauthHash } from "./preauth.ts";
export { createSigner, type Signer, SigningAlgorithmId, signingAlgorithmOf } from "./signing.ts";
export {
  type AcceptorContext,
  type AcceptorStep,
  createAcceptor,
  createInitiator,
  type InitiatorContext,
  type InitiatorOptions,
  SpnegoAcceptor,
  SpnegoInitiator,
} from "./spnego.ts";
export {
  decodeSpnego,
  type NegTokenInit,
  type NegTokenResp,
  type SpnegoToken,
} from "./spnego_tokens.ts";
