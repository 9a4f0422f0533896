/** Which requests are encrypted, and what of the server has to be (MS-SMB2 3.2.4.1.8, 3.2.5.1.1.1). */
import { commandName, type Header } from "../wire/mod.ts";
import { ProtocolError } from "./errors.ts";
import type { Exchange, RequestInput } from "./exchange.ts";
import type { SessionState, TreeState } from "./sessions.ts";

/** SMB2_SHAREFLAG_ENCRYPT_DATA (MS-SMB2 2.2.10). */
export const SHAREFLAG_ENCRYPT_DATA = 0x00008000;

/** Whether a request of a session, within a tree where it has one, is encrypted. */
export function shouldEncrypt(
  request: Pick<RequestInput, "command" | "encrypt">,
  session: SessionState | null,
  tree: TreeState | null,
): boolean {
  if (session === null || session.shared.cipher === null) return false;
  if (request.encrypt !== undefined) return request.encrypt;
  if (request.command === "NEGOTIATE" || request.command === "SESSION_SETUP") return false;
  if (session.encryption === "off") return false;
  return session.shared.encryptData || tree?.encryptData === true;
}

/**
 * Refuses an answer that lies open though its request was encrypted, and one that another session encrypted.
 *
 * @throws {ProtocolError} (remote)
 */
export function verifyEncryption(
  header: Header,
  exchange: Exchange,
  sealedBy: SessionState | null,
): void {
  if (sealedBy === null) {
    if (!exchange.sealed) return;
    throw new ProtocolError(
      `Cannot accept ${
        commandName(header.command)
      } response: message id ${header.messageId} is not encrypted, and its request was`,
      { side: "remote" },
    );
  }
  const { session } = exchange;
  if (session === null || session.shared === sealedBy.shared) return;
  throw new ProtocolError(
    `Cannot accept ${
      commandName(header.command)
    } response: message id ${header.messageId} is encrypted for another session`,
    { side: "remote" },
  );
}
