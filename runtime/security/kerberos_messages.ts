/**
 * The Kerberos messages that a SESSION_SETUP carries (RFC 4120 section 5.5, RFC 4121 section 4.1), read as far as the keys and
 * names in them.
 *
 * @module
 */
import { Reader, WireError } from "../wire/mod.ts";
import {
  applicationTag,
  contextTag,
  DerTag,
  expectElement,
  readElement,
  readOctets,
  readOid,
} from "./der.ts";
import type { KerberosKey } from "./kerberos_crypto.ts";

/** What is enciphered, and with which type of key. */
export interface EncryptedData {
  readonly type: number;
  /** Version of the service's key; null where the message does not say. */
  readonly version: number | null;
  readonly cipher: Uint8Array;
}

/** AP-REQ: a client's ticket, and the proof that it is the client's. */
export interface ApRequest {
  readonly kind: "AP-REQ";
  readonly realm: string;
  /** Such as `cifs/server`. */
  readonly service: string;
  readonly ticket: EncryptedData;
  readonly authenticator: EncryptedData;
}

/** AP-REP: the server's proof. */
export interface ApReply {
  readonly kind: "AP-REP";
  readonly encrypted: EncryptedData;
}

/** The deciphered part of a ticket. */
export interface TicketPart {
  readonly key: KerberosKey;
  readonly realm: string;
  readonly client: string;
}

const DER_INTEGER = 0x02;
const AP_REQ = 14;
const AP_REP = 15;
const TICKET = 1;
const AUTHENTICATOR = 2;
const ENC_TICKET_PART = 3;
const ENC_AP_REP_PART = 27;

/** Names have one to three parts; more are an attack. */
const MAX_NAME_PARTS = 16;

/**
 * Decodes a mechanism token, with GSS-API framing or without.
 *
 * @returns Null for other Kerberos messages, such as an error.
 * @throws {WireError} When the bytes are none.
 */
export function decodeApMessage(token: Uint8Array): ApRequest | ApReply | null {
  const reader = new Reader(token);
  const outer = readElement(reader, "token");
  if (outer.tag !== DerTag.APPLICATION_0) return decodeMessage(outer);
  readOid(outer.content, "thisMech");
  // Two bytes tell which message follows; its own tag does, too.
  outer.content.skip(2, "TOK_ID");
  return decodeMessage(readElement(outer.content, "message"));
}

function decodeMessage({ tag, content }: { tag: number; content: Reader }) {
  if (tag === applicationTag(AP_REQ)) return decodeRequest(content);
  if (tag !== applicationTag(AP_REP)) return null;
  const fields = fieldsOf(content, "AP-REP");
  return { kind: "AP-REP", encrypted: encryptedData(fields.get(2), "enc-part") } as const;
}

function decodeRequest(content: Reader): ApRequest {
  const fields = fieldsOf(content, "AP-REQ");
  const ticket = fieldsOf(
    expectElement(required(fields.get(3), "ticket"), applicationTag(TICKET), "ticket"),
    "Ticket",
  );
  return {
    kind: "AP-REQ",
    realm: text(required(ticket.get(1), "realm")),
    service: principal(required(ticket.get(2), "sname")),
    ticket: encryptedData(ticket.get(3), "enc-part"),
    authenticator: encryptedData(fields.get(4), "authenticator"),
  };
}

/** Decodes the plain part of a ticket. */
export function decodeTicketPart(bytes: Uint8Array): TicketPart {
  const fields = fieldsOf(
    expectElement(new Reader(bytes), applicationTag(ENC_TICKET_PART), "EncTicketPart"),
    "EncTicketPart",
  );
  return {
    key: encryptionKey(required(fields.get(1), "key")),
    realm: text(required(fields.get(2), "crealm")),
    client: principal(required(fields.get(3), "cname")),
  };
}

/** The key that a plain authenticator proposes for the session; null where it has none. */
export function authenticatorKey(bytes: Uint8Array): KerberosKey | null {
  const fields = fieldsOf(
    expectElement(new Reader(bytes), applicationTag(AUTHENTICATOR), "Authenticator"),
    "Authenticator",
  );
  const key = fields.get(6);
  return key === undefined ? null : encryptionKey(key);
}

/** The key that a plain AP-REP chooses for the session; null where it has none. */
export function replyKey(bytes: Uint8Array): KerberosKey | null {
  const fields = fieldsOf(
    expectElement(new Reader(bytes), applicationTag(ENC_AP_REP_PART), "EncAPRepPart"),
    "EncAPRepPart",
  );
  const key = fields.get(2);
  return key === undefined ? null : encryptionKey(key);
}

/** The members of a SEQUENCE whose members all have context tags, by number. */
function fieldsOf(reader: Reader, field: string): Map<number, Reader> {
  const sequence = expectElement(reader, DerTag.SEQUENCE, field);
  const fields = new Map<number, Reader>();
  while (sequence.remaining > 0) {
    const { tag, content } = readElement(sequence, field);
    if ((tag & 0xe0) === contextTag(0)) fields.set(tag & 0x1f, content);
  }
  return fields;
}

function encryptedData(reader: Reader | undefined, field: string): EncryptedData {
  const fields = fieldsOf(required(reader, field), field);
  const version = fields.get(1);
  return {
    type: integer(required(fields.get(0), "etype")),
    version: version === undefined ? null : integer(version),
    cipher: readOctets(required(fields.get(2), "cipher"), "cipher"),
  };
}

function encryptionKey(reader: Reader): KerberosKey {
  const fields = fieldsOf(reader, "EncryptionKey");
  return {
    type: integer(required(fields.get(0), "keytype")),
    value: readOctets(required(fields.get(1), "keyvalue"), "keyvalue").slice(),
  };
}

function principal(reader: Reader): string {
  const names = expectElement(
    required(fieldsOf(reader, "PrincipalName").get(1), "name-string"),
    DerTag.SEQUENCE,
    "name-string",
  );
  const parts: string[] = [];
  while (names.remaining > 0 && parts.length < MAX_NAME_PARTS) parts.push(text(names));
  return parts.join("/");
}

function text(reader: Reader): string {
  return new TextDecoder().decode(
    expectElement(reader, DerTag.GENERAL_STRING, "KerberosString").rest(),
  );
}

/** A small integer; types and versions are none of the large ones. */
function integer(reader: Reader): number {
  const content = expectElement(reader, DER_INTEGER, "Int32");
  let value = 0;
  for (let count = 0; content.remaining > 0; count++) {
    const byte = content.u8("Int32");
    value = count === 0 ? byte << 24 >> 24 : value * 256 + byte;
  }
  return value;
}

function required(reader: Reader | undefined, field: string): Reader {
  if (reader !== undefined) return reader;
  throw new WireError(`Cannot decode ${field}: it is missing`, { field, offset: 0 });
}
