/**
 * Session keys from a Kerberos exchange whose service key is known: what opens a captured login (RFC 4120, RFC 4121).
 *
 * @module
 */
import { WireError } from "../wire/mod.ts";
import { decryptKerberos, type KerberosKey } from "./kerberos_crypto.ts";
import {
  type ApRequest,
  authenticatorKey,
  decodeApMessage,
  decodeTicketPart,
  replyKey,
} from "./kerberos_messages.ts";

/** A ticket that was opened. */
export interface OpenedTicket {
  /** The client, such as `alice`, and its realm. */
  readonly client: string;
  readonly realm: string;
  /** The key of the ticket. */
  readonly ticketKey: KerberosKey;
  /** The key of the session, unless an AP-REP chooses another: the client's own, or the ticket's. */
  readonly sessionKey: Uint8Array;
}

/** Key usages (RFC 4120 section 7.5.1). */
const USAGE_TICKET = 2;
const USAGE_AP_REQ_AUTHENTICATOR = 11;
const USAGE_AP_REP = 12;

/**
 * The AP-REQ in a security token of the Kerberos mechanism.
 *
 * @returns Null when the token is none.
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { readApRequest } from "./mod.ts";
 *
 * assertEquals(readApRequest(new Uint8Array([1, 2, 3])), null);
 * ```
 */
export function readApRequest(token: Uint8Array): ApRequest | null {
  const message = attempt(() => decodeApMessage(token));
  return message?.kind === "AP-REQ" ? message : null;
}

/**
 * Opens a ticket with the key of its service. Names are not compared: a service has many, and only the right key opens it.
 *
 * @param request The AP-REQ that the ticket is in.
 * @param keys The keys to try.
 * @returns Null when none of the keys is the service's.
 */
export function openTicket(
  request: ApRequest,
  keys: readonly KerberosKey[],
): OpenedTicket | null {
  for (const key of keys) {
    if (key.type !== request.ticket.type) continue;
    const plain = decryptKerberos(key, USAGE_TICKET, request.ticket.cipher);
    const part = plain === null ? null : attempt(() => decodeTicketPart(plain));
    if (part === null) continue;
    const own = decryptKerberos(part.key, USAGE_AP_REQ_AUTHENTICATOR, request.authenticator.cipher);
    const subkey = own === null ? null : attempt(() => authenticatorKey(own));
    return {
      client: part.client,
      realm: part.realm,
      ticketKey: part.key,
      sessionKey: (subkey ?? part.key).value,
    };
  }
  return null;
}

/**
 * The key that a server's AP-REP chooses for the session.
 *
 * @param token A security token of the Kerberos mechanism.
 * @param ticketKey The key of the ticket that it answers.
 * @returns Null when the token is no AP-REP of that ticket, or leaves the key to the client.
 */
export function replySessionKey(token: Uint8Array, ticketKey: KerberosKey): Uint8Array | null {
  const message = attempt(() => decodeApMessage(token));
  if (message?.kind !== "AP-REP") return null;
  const plain = decryptKerberos(ticketKey, USAGE_AP_REP, message.encrypted.cipher);
  return plain === null ? null : attempt(() => replyKey(plain))?.value ?? null;
}

function attempt<T>(decode: () => T): T | null {
  try {
    return decode();
  } catch (error) {
    if (error instanceof WireError) return null;
    throw error;
  }
}
