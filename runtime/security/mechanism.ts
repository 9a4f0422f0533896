/**
 * What SPNEGO asks of an authentication mechanism. NTLM is one; another, such as Kerberos, is added by implementing
 * these interfaces: `new SpnegoInitiator([kerberos, ntlm])` offers both, the first one's token goes out at once, and the
 * server chooses. Wrapped as an `Authenticator` of the client room it is what a run's host hands out: tickets and
 * passwords stay with the host, and tokens and the session key go to the sandbox. `tests/cli/mechanism_test.ts` does so.
 *
 * @module
 */

/** Object identifiers of the mechanisms that SMB peers name (MS-SPNG section 1.9, RFC 4178). */
export const MechanismOid = {
  SPNEGO: "1.3.6.1.5.5.2",
  NTLMSSP: "1.3.6.1.4.1.311.2.2.10",
  KERBEROS: "1.2.840.113554.1.2.2",
  /** The identifier that Windows 2000 sent by mistake and later versions still name. */
  MS_KERBEROS: "1.2.840.48018.1.2.2",
  NEGOEX: "1.3.6.1.4.1.311.2.2.30",
} as const;

/** One side of one mechanism's exchange. */
export interface Mechanism {
  /** One of {@linkcode MechanismOid}. */
  readonly oid: string;
  /** The key of the finished context; null until it is known, and where there is none. */
  readonly sessionKey: Uint8Array | null;

  /**
   * Takes the peer's token and gives the next one.
   *
   * @param token The peer's token; null at the start of an initiator.
   * @returns The token to send, if any, and whether this side has sent and seen all it needs.
   * @throws {WireError} When the token is malformed.
   */
  step(token: Uint8Array | null): { token: Uint8Array | null; done: boolean };

  /** This side's signature over the mechanism list, or null when the context cannot sign. */
  mic(message: Uint8Array): Uint8Array | null;

  /** Whether a signature of the peer over the mechanism list is right; null when the context cannot tell. */
  verifyMic(message: Uint8Array, mic: Uint8Array): boolean | null;
}

/** Who has authenticated. */
export interface Identity {
  readonly user: string;
  readonly domain: string;
  readonly kind: "user" | "guest" | "anonymous";
}

/** Why an acceptor refuses, in the words of the status that SMB answers with. */
export type AcceptFailure = "logonFailure" | "invalidParameter";

/** The accepting side of a mechanism. */
export interface AcceptorMechanism extends Mechanism {
  /** Set once `step` is done without failure. */
  readonly identity: Identity | null;
  /** Set once `step` is done with failure. */
  readonly failure: AcceptFailure | null;
}
