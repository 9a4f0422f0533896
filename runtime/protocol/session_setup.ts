/** SESSION_SETUP: the requests, and what makes the final response acceptable (MS-SMB2 3.2.4.2.3, 3.2.5.3). */
import {
  createSigner,
  deriveSessionKeys,
  type PreauthHash,
  signingAlgorithmOf,
} from "../security/mod.ts";
import { HeaderFlags, type SessionSetupResponse } from "../wire/mod.ts";
import { decodeHeader, Reader } from "../wire/mod.ts";
import type { Negotiated } from "./effects.ts";
import { ProtocolError } from "./errors.ts";
import type { RequestInput } from "./exchange.ts";
import { Dialect, SecurityMode } from "./negotiation.ts";
import type { SessionState, SigningMode } from "./sessions.ts";

/** Who logs in, and how. */
export interface SessionOptions {
  /** For messages; empty for an anonymous login. */
  readonly user: string;
  /** `enabled` unless told. */
  readonly signing?: SigningMode;
  /** A session that the server shall end, because this one takes its place (MS-SMB2 2.2.5). */
  readonly previousSessionId?: bigint;
  /** SecurityMode of the request; follows `signing` unless told. */
  readonly securityMode?: number;
}

/** What an authentication mechanism gives for one token. */
export interface TokenStep {
  readonly token: Uint8Array | null;
  readonly done: boolean;
  readonly sessionKey: Uint8Array | null;
}

/** Bits of SessionFlags (MS-SMB2 2.2.6). */
export const SessionFlags = { IS_GUEST: 0x0001, IS_NULL: 0x0002, ENCRYPT_DATA: 0x0004 } as const;

/** A session before its first request; its hash continues the connection's. */
export function newSession(options: SessionOptions, preauthHash: PreauthHash): SessionState {
  const signing = options.signing ?? "enabled";
  const required = signing === "required" ? SecurityMode.SIGNING_REQUIRED : 0;
  return {
    phase: "authenticating",
    sessionId: 0n,
    user: options.user,
    signing,
    securityMode: options.securityMode ?? (SecurityMode.SIGNING_ENABLED | required),
    previousSessionId: options.previousSessionId ?? 0n,
    signingRequired: false,
    signer: null,
    sessionKey: null,
    isGuest: false,
    isAnonymous: false,
    preauthHash,
    replies: [],
    final: null,
  };
}

/** The request that carries a token. */
export function sessionSetupRequest(
  session: SessionState,
  token: Uint8Array | null,
): RequestInput<"SESSION_SETUP"> {
  return {
    command: "SESSION_SETUP",
    body: {
      flags: 0,
      securityMode: session.securityMode,
      capabilities: 0,
      channel: 0,
      previousSessionId: session.previousSessionId,
      securityBuffer: token ?? new Uint8Array(0),
    },
    session,
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
 * Makes the session valid: derives its keys and verifies the signature of the final response (MS-SMB2 3.2.5.3.1).
 *
 * @throws {ProtocolError} (remote) when the response may not be trusted.
 */
export function acceptSession(
  session: SessionState,
  context: { readonly negotiated: Negotiated; readonly done: boolean },
): void {
  const { final } = session;
  if (final === null) {
    throw new ProtocolError("Cannot finish session: the server has not accepted it", {
      side: "local",
    });
  }
  session.isGuest = (final.body.sessionFlags & SessionFlags.IS_GUEST) !== 0;
  session.isAnonymous = session.user === "" ||
    (final.body.sessionFlags & SessionFlags.IS_NULL) !== 0;
  if (isWithoutKey(session, final.body)) acceptWithoutKey(session);
  else acceptWithKey(session, final.message, context);
  session.final = null;
  session.phase = "valid";
}

function acceptWithoutKey(session: SessionState): void {
  if (session.signing === "required") {
    throw new ProtocolError(
      `Cannot accept session: the server made ${JSON.stringify(session.user)} a ${
        session.isGuest ? "guest" : "null session"
      }, which cannot sign`,
      { side: "remote" },
    );
  }
}

function acceptWithKey(
  session: SessionState,
  message: Uint8Array,
  context: { readonly negotiated: Negotiated; readonly done: boolean },
): void {
  const { negotiated, done } = context;
  const { sessionKey } = session;
  if (!done || sessionKey === null) {
    throw new ProtocolError(
      "Cannot accept session: the server reports success before the authentication is over",
      { side: "remote" },
    );
  }
  const { dialect, response } = negotiated;
  const keys = deriveSessionKeys({ dialect, sessionKey, preauthHash: session.preauthHash });
  const algorithm = signingAlgorithmOf(dialect, negotiated.signingAlgorithm);
  const signer = createSigner(algorithm, keys.signingKey);
  const { header } = decodeHeader(new Reader(message));
  const signed = (header.flags & HeaderFlags.SIGNED) !== 0;
  // In 3.1.1 this signature is what protects the negotiation (MS-SMB2 3.2.5.3.1).
  const mustBeSigned = dialect === Dialect.SMB_3_1_1 || session.signing === "required";
  if (signed ? !signer.verify(message) : mustBeSigned) {
    throw new ProtocolError(
      `Cannot accept session: the signature of its final response is ${
        signed ? "wrong" : "missing"
      }`,
      { side: "remote" },
    );
  }
  session.signer = signer;
  session.signingRequired = session.signing === "required" ||
    (response.securityMode & SecurityMode.SIGNING_REQUIRED) !== 0;
}
