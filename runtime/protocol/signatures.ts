/** Which messages are signed, and which signatures must be right (MS-SMB2 3.2.4.1.1, 3.2.5.1.3). */
import { commandName, type Header, HeaderFlags, Status } from "../wire/mod.ts";
import type { Negotiated } from "./effects.ts";
import { ProtocolError } from "./errors.ts";
import type { Exchange, RequestInput } from "./exchange.ts";
import { Dialect } from "./negotiation.ts";
import type { SessionState } from "./sessions.ts";

/** Whether a request of a session is signed. */
export function shouldSign(
  request: Pick<RequestInput, "command" | "sign">,
  session: SessionState | null,
  negotiated: Negotiated | null,
): boolean {
  // Without a key (guest, anonymous, not yet authenticated) there is nothing to sign with.
  if (session === null || session.signer === null) return false;
  if (request.sign !== undefined) return request.sign;
  if (session.signing !== "off" && session.signingRequired) return true;
  return request.command === "TREE_CONNECT" && negotiated?.dialect === Dialect.SMB_3_1_1;
}

/**
 * A server that has lost the session has lost its key with it: Samba then sends the flag and a signature that nobody
 * can verify. What such an answer says does not depend on the session.
 */
const SESSION_LOST: ReadonlySet<number> = new Set([
  Status.USER_SESSION_DELETED,
  Status.NETWORK_SESSION_EXPIRED,
]);

/** Whether a server says that it has no key any more. */
export function isSessionLost(header: Header): boolean {
  return SESSION_LOST.has(header.status);
}

/**
 * Verifies a final response. One that claims a signature must have a right one; one without is refused where the
 * request was signed on a session that requires it.
 *
 * @throws {ProtocolError} (remote)
 */
export function verifyResponse(
  received: {
    readonly header: Header;
    readonly bytes: Uint8Array;
    readonly exchange: Exchange;
    /** Whether the signature is right, where somebody else has looked at it. */
    readonly isVerified: boolean | undefined;
  },
): void {
  const { header, bytes, exchange } = received;
  const { session } = exchange;
  if (session === null || session.signer === null || isSessionLost(header)) return;
  // The key of the final response of a login is only known to whoever finishes it.
  if (session.phase === "authenticating" && header.status === Status.SUCCESS) return;
  if ((header.flags & HeaderFlags.SIGNED) !== 0) {
    if (received.isVerified ?? session.signer.verify(bytes)) return;
    throw new ProtocolError(
      `Cannot accept ${
        commandName(header.command)
      } response: the signature of message id ${header.messageId} is wrong`,
      { side: "remote" },
    );
  }
  if (!session.signingRequired || session.signing === "off") return;
  if (exchange.input.sign === false) return;
  throw new ProtocolError(
    `Cannot accept ${
      commandName(header.command)
    } response: message id ${header.messageId} is not signed, and the session requires it`,
    { side: "remote" },
  );
}
