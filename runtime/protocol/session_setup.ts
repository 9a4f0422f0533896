/** SESSION_SETUP: the requests, and what makes the final response acceptable (MS-SMB2 3.2.4.2.3, 3.2.5.3). */
import {
  cipherKeyLength,
  createSigner,
  deriveSessionKeys,
  type PreauthHash,
  type SessionKeys,
  SigningAlgorithmId,
  signingAlgorithmOf,
} from "../security/mod.ts";
import { HeaderFlags, type SessionSetupResponse } from "../wire/mod.ts";
import { decodeHeader, Reader } from "../wire/mod.ts";
import type { Negotiated } from "./effects.ts";
import { ProtocolError } from "./errors.ts";
import type { RequestInput } from "./exchange.ts";
import { Dialect, SecurityMode } from "./negotiation.ts";
import { SessionCipher } from "./session_cipher.ts";
import {
  type EncryptionMode,
  type SessionState,
  SharedSession,
  type SigningMode,
} from "./sessions.ts";

/** Who logs in, and how. */
export interface SessionOptions {
  /** For messages; empty for an anonymous login. */
  readonly user: string;
  /** `enabled` unless told. */
  readonly signing?: SigningMode;
  /** `enabled` unless told. */
  readonly encryption?: EncryptionMode;
  /** A session that the server shall end, because this one takes its place (MS-SMB2 2.2.5). */
  readonly previousSessionId?: bigint;
  /** SecurityMode of the request; follows `signing` unless told. */
  readonly securityMode?: number;
  /** Capabilities of the request; 0 unless told. */
  readonly capabilities?: number;
  /** The session of another connection that this one joins as a further channel (MS-SMB2 3.2.4.2.3). */
  readonly bind?: SessionState;
}

/** What an authentication mechanism gives for one token. */
export interface TokenStep {
  readonly token: Uint8Array | null;
  readonly done: boolean;
  readonly sessionKey: Uint8Array | null;
}

/** The keys of a session or channel, for those who decrypt captures. They are secrets. */
export interface SessionKeyRecord {
  readonly sessionId: bigint;
  readonly user: string;
  readonly dialect: number;
  /** One of the ciphers of MS-SMB2 2.2.3.1.2; absent where nothing can be encrypted. */
  readonly cipherId?: number;
  /** As the authentication mechanism gave it. */
  readonly sessionKey: Uint8Array;
  readonly signingKey: Uint8Array;
  /** Encrypts what the client sends; null before dialect 3.0. */
  readonly clientToServerKey: Uint8Array | null;
  /** Encrypts what the server sends; null before dialect 3.0. */
  readonly serverToClientKey: Uint8Array | null;
  /** Whether they are those of a further channel, which encrypts with the keys of its session. */
  readonly isBinding: boolean;
}

/** Bits of SessionFlags (MS-SMB2 2.2.6). */
export const SessionFlags = { IS_GUEST: 0x0001, IS_NULL: 0x0002, ENCRYPT_DATA: 0x0004 } as const;

/** SMB2_SESSION_FLAG_BINDING (MS-SMB2 2.2.5). */
const SESSION_FLAG_BINDING = 0x01;

/** A session before its first request; its hash continues the connection's. */
export function newSession(options: SessionOptions, preauthHash: PreauthHash): SessionState {
  const { bind } = options;
  const signing = options.signing ?? bind?.signing ?? "enabled";
  const required = signing === "required" ? SecurityMode.SIGNING_REQUIRED : 0;
  return {
    shared: bind?.shared ?? new SharedSession(),
    phase: "authenticating",
    sessionId: bind?.sessionId ?? 0n,
    user: options.user,
    signing,
    encryption: options.encryption ?? bind?.encryption ?? "enabled",
    isBinding: bind !== undefined,
    securityMode: options.securityMode ?? (SecurityMode.SIGNING_ENABLED | required),
    previousSessionId: options.previousSessionId ?? 0n,
    signingRequired: false,
    signer: null,
    gmacKey: null,
    sessionKey: null,
    isGuest: false,
    isAnonymous: false,
    preauthHash,
    replies: [],
    capabilities: options.capabilities ?? 0,
    isConfirmed: false,
    final: null,
  };
}

/**
 * Lets a channel sign its SESSION_SETUP requests with Session.SigningKey, until it has a key of its own (MS-SMB2
 * 3.2.4.1.1).
 *
 * @throws {ProtocolError} (local) where the session cannot be joined.
 */
export function prepareBinding(session: SessionState, negotiated: Negotiated): void {
  const { signingKey, sessionId } = session.shared;
  if (negotiated.dialect < Dialect.SMB_3_0 || signingKey === null || sessionId === 0n) {
    throw new ProtocolError(
      signingKey === null
        ? "Cannot join session: it has no key to sign with"
        : `Cannot join session: dialect 0x${negotiated.dialect.toString(16)} knows no channels`,
      { side: "local" },
    );
  }
  const algorithm = signingAlgorithmOf(negotiated.dialect, negotiated.signingAlgorithm);
  session.signer = createSigner(algorithm, signingKey);
}

/** The request that carries a token. */
export function sessionSetupRequest(
  session: SessionState,
  token: Uint8Array | null,
): RequestInput<"SESSION_SETUP"> {
  return {
    command: "SESSION_SETUP",
    body: {
      flags: session.isBinding && session.phase === "authenticating" ? SESSION_FLAG_BINDING : 0,
      securityMode: session.securityMode,
      capabilities: session.capabilities,
      channel: 0,
      previousSessionId: session.phase === "authenticating" ? session.previousSessionId : 0n,
      securityBuffer: token ?? new Uint8Array(0),
    },
    session,
    // A channel that joins proves with its signatures that it knows the session (MS-SMB2 3.2.4.1.1).
    ...(session.signer === null ? {} : { sign: true }),
  };
}

/**
 * Whether the session has no key: its user is a guest, or nobody. Samba does not set IS_NULL for an anonymous user, so
 * that the name counts as well.
 */
export function isWithoutKey(session: SessionState, body: SessionSetupResponse): boolean {
  const flags = SessionFlags.IS_GUEST | SessionFlags.IS_NULL;
  return session.user === "" || (body.sessionFlags & flags) !== 0;
}

/**
 * Makes the session valid: derives its keys and verifies the signature of the final response (MS-SMB2 3.2.5.3.1,
 * 3.2.5.3.3).
 *
 * @returns The keys; null for a session without.
 * @throws {ProtocolError} (remote) when the response may not be trusted.
 */
export function acceptSession(
  session: SessionState,
  context: { readonly negotiated: Negotiated; readonly done: boolean },
): SessionKeyRecord | null {
  const { final } = session;
  if (final === null) {
    throw new ProtocolError("Cannot finish session: the server has not accepted it", {
      side: "local",
    });
  }
  session.isGuest = (final.body.sessionFlags & SessionFlags.IS_GUEST) !== 0;
  session.isAnonymous = session.user === "" ||
    (final.body.sessionFlags & SessionFlags.IS_NULL) !== 0;
  const keys = isWithoutKey(session, final.body)
    ? acceptWithoutKey(session)
    : acceptWithKey(session, final, context);
  session.shared.sessionId = session.sessionId;
  session.final = null;
  session.phase = "valid";
  return keys === null ? null : keyRecord(session, keys, context.negotiated);
}

function keyRecord(
  session: SessionState,
  keys: SessionKeys,
  { dialect, cipherId }: Negotiated,
): SessionKeyRecord {
  return {
    sessionId: session.sessionId,
    user: session.user,
    dialect,
    ...(cipherId === undefined ? {} : { cipherId }),
    sessionKey: session.sessionKey ?? new Uint8Array(0),
    signingKey: keys.signingKey,
    clientToServerKey: keys.clientToServerKey,
    serverToClientKey: keys.serverToClientKey,
    isBinding: session.isBinding,
  };
}

function acceptWithoutKey(session: SessionState): null {
  const demand = session.isBinding
    ? "join a session"
    : session.signing === "required"
    ? "sign"
    : session.encryption === "required"
    ? "encrypt"
    : null;
  if (demand !== null) {
    throw new ProtocolError(
      `Cannot accept session: the server made ${JSON.stringify(session.user)} a ${
        session.isGuest ? "guest" : "null session"
      }, which cannot ${demand}`,
      { side: "remote" },
    );
  }
  return null;
}

function acceptWithKey(
  session: SessionState,
  final: NonNullable<SessionState["final"]>,
  context: { readonly negotiated: Negotiated; readonly done: boolean },
): SessionKeys {
  const { negotiated, done } = context;
  const { sessionKey } = session;
  if (!done || sessionKey === null) {
    throw new ProtocolError(
      "Cannot accept session: the server reports success before the authentication is over",
      { side: "remote" },
    );
  }
  const { dialect, response, cipherId } = negotiated;
  const keys = deriveSessionKeys({
    dialect,
    sessionKey,
    preauthHash: session.preauthHash,
    ...(cipherId === undefined ? {} : { cipherKeyLength: cipherKeyLength(cipherId) }),
  });
  const algorithm = signingAlgorithmOf(dialect, negotiated.signingAlgorithm);
  const signer = createSigner(algorithm, keys.signingKey);
  const { header } = decodeHeader(new Reader(final.message));
  const signed = (header.flags & HeaderFlags.SIGNED) !== 0;
  // In 3.1.1 this signature is what protects the negotiation (MS-SMB2 3.2.5.3.1).
  const mustBeSigned = dialect === Dialect.SMB_3_1_1 || session.signing === "required" ||
    session.isBinding;
  if (signed ? !signer.verify(final.message) : mustBeSigned) {
    throw new ProtocolError(
      `Cannot accept session: the signature of its final response is ${
        signed ? "wrong" : "missing"
      }`,
      { side: "remote" },
    );
  }
  session.signer = signer;
  session.gmacKey = algorithm === SigningAlgorithmId.AES_GMAC ? keys.signingKey : null;
  session.signingRequired = session.signing === "required" ||
    (response.securityMode & SecurityMode.SIGNING_REQUIRED) !== 0;
  // A further channel signs with a key of its own, and encrypts with those of the session (MS-SMB2 3.2.5.3.3).
  if (!session.isBinding) shareKeys(session, { keys, cipherId, flags: final.body.sessionFlags });
  return keys;
}

function shareKeys(session: SessionState, made: {
  readonly keys: SessionKeys;
  readonly cipherId: number | undefined;
  readonly flags: number;
}): void {
  const { shared, sessionId } = session;
  const { keys, cipherId, flags } = made;
  const { clientToServerKey: encryptionKey, serverToClientKey: decryptionKey } = keys;
  const isDemanded = (flags & SessionFlags.ENCRYPT_DATA) !== 0;
  shared.signingKey = keys.signingKey;
  if (cipherId !== undefined && encryptionKey !== null && decryptionKey !== null) {
    shared.cipher = new SessionCipher({ cipherId, sessionId, encryptionKey, decryptionKey });
  } else if (isDemanded || session.encryption === "required") {
    throw new ProtocolError(
      `Cannot accept session: ${
        isDemanded ? "the server" : "the caller"
      } wants it encrypted, and no cipher was negotiated`,
      { side: isDemanded ? "remote" : "local" },
    );
  }
  shared.encryptData = isDemanded || session.encryption === "required";
}
