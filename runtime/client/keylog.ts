/** The keys of sessions in the form in which Wireshark takes them. */
import type { SessionKeyRecord } from "../protocol/mod.ts";

/**
 * A line for Wireshark's list `smb2_seskey_list`: session id as on the wire, session key, key of what the server sends,
 * key of what the client sends, in hexadecimal. Null for a further channel, which has the cipher keys of its session.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { keylogLine } from "./mod.ts";
 * const line = keylogLine({
 *   sessionId: 0x0102n,
 *   user: "alice",
 *   dialect: 0x0210,
 *   sessionKey: new Uint8Array([0xaa, 0xbb]),
 *   signingKey: new Uint8Array(16),
 *   clientToServerKey: null,
 *   serverToClientKey: null,
 *   isBinding: false,
 * });
 * assertEquals(line, "0201000000000000,aabb,,");
 * ```
 */
export function keylogLine(keys: SessionKeyRecord): string | null {
  if (keys.isBinding) return null;
  const id = new Uint8Array(8);
  for (let i = 0; i < id.length; i++) id[i] = Number(keys.sessionId >> BigInt(8 * i) & 0xffn);
  const { sessionKey, serverToClientKey, clientToServerKey } = keys;
  return [id, sessionKey, serverToClientKey, clientToServerKey]
    .map((bytes) => bytes?.toHex() ?? "").join(",");
}
