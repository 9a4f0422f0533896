/**
 * The three NTLM messages and their AV pairs (MS-NLMP section 2.2): bytes to values and back.
 *
 * @module
 */
import { Reader, WireError, Writer } from "../wire/mod.ts";
import { asciiBytes, oemText, utf16Text } from "./bytes.ts";

/** Negotiate flags (MS-NLMP section 2.2.2.5), those this project sets or heeds. */
export const NtlmFlags = {
  UNICODE: 0x00000001,
  OEM: 0x00000002,
  REQUEST_TARGET: 0x00000004,
  SIGN: 0x00000010,
  SEAL: 0x00000020,
  NTLM: 0x00000200,
  ANONYMOUS: 0x00000800,
  ALWAYS_SIGN: 0x00008000,
  TARGET_TYPE_DOMAIN: 0x00010000,
  TARGET_TYPE_SERVER: 0x00020000,
  EXTENDED_SESSIONSECURITY: 0x00080000,
  TARGET_INFO: 0x00800000,
  VERSION: 0x02000000,
  ENCRYPT_128: 0x20000000,
  KEY_EXCH: 0x40000000,
  ENCRYPT_56: 0x80000000,
} as const;

/** Kinds of AV pair (MS-NLMP section 2.2.2.1). */
export const AvId = {
  EOL: 0x0000,
  NB_COMPUTER_NAME: 0x0001,
  NB_DOMAIN_NAME: 0x0002,
  DNS_COMPUTER_NAME: 0x0003,
  DNS_DOMAIN_NAME: 0x0004,
  DNS_TREE_NAME: 0x0005,
  FLAGS: 0x0006,
  TIMESTAMP: 0x0007,
  SINGLE_HOST: 0x0008,
  TARGET_NAME: 0x0009,
  CHANNEL_BINDINGS: 0x000a,
} as const;

/** Bit of the FLAGS pair which says that the AUTHENTICATE message has a MIC. */
export const AV_FLAG_MIC = 0x00000002;

/** One attribute; unknown kinds are kept. */
export interface AvPair {
  readonly id: number;
  readonly value: Uint8Array;
}

/** NEGOTIATE_MESSAGE (MS-NLMP section 2.2.1.1). */
export interface NtlmNegotiate {
  readonly type: 1;
  readonly flags: number;
  /** OEM characters, whatever the flags say. */
  readonly domain: string;
  readonly workstation: string;
  /** The 8 bytes of the VERSION structure, where the message has room for them. */
  readonly version: Uint8Array | null;
}

/** CHALLENGE_MESSAGE (MS-NLMP section 2.2.1.2). */
export interface NtlmChallenge {
  readonly type: 2;
  readonly targetName: string;
  readonly flags: number;
  readonly serverChallenge: Uint8Array;
  readonly version: Uint8Array | null;
  /** Without the final EOL; null when the message has no target information. */
  readonly targetInfo: readonly AvPair[] | null;
}

/** AUTHENTICATE_MESSAGE (MS-NLMP section 2.2.1.3). */
export interface NtlmAuthenticate {
  readonly type: 3;
  readonly lmResponse: Uint8Array;
  readonly ntResponse: Uint8Array;
  readonly domain: string;
  readonly user: string;
  readonly workstation: string;
  readonly encryptedSessionKey: Uint8Array;
  readonly flags: number;
  readonly version: Uint8Array | null;
  /** Null when the payload begins where the MIC would be. */
  readonly mic: Uint8Array | null;
}

/** Any of the three messages. */
export type NtlmMessage = NtlmNegotiate | NtlmChallenge | NtlmAuthenticate;

/** Position of the MIC in an AUTHENTICATE message. */
export const MIC_OFFSET = 72;

const SIGNATURE = asciiBytes("NTLMSSP\0");

/** Whether bytes begin with the signature that every NTLM message has. */
export function isNtlm(token: Uint8Array): boolean {
  return token.length >= 8 && SIGNATURE.every((byte, i) => token[i] === byte);
}

/**
 * Decodes any of the three messages. Byte strings in the result are views of the input.
 *
 * @param bytes The message from its signature on.
 * @returns The message; its `type` tells which.
 * @throws {WireError} When the bytes are no well-formed NTLM message.
 * @example
 * ```ts
 * import { assertThrows } from "@std/assert";
 * import { decodeNtlm } from "./mod.ts";
 *
 * assertThrows(() => decodeNtlm(new TextEncoder().encode("NTLMSSP")), Error, "Signature");
 * ```
 */
export function decodeNtlm(bytes: Uint8Array): NtlmMessage {
  const reader = new Reader(bytes);
  reader.skip(8, "Signature");
  if (!isNtlm(bytes)) {
    throw new WireError("Cannot decode NTLM message: the signature is missing", {
      field: "Signature",
      offset: 0,
    });
  }
  const type = reader.u32("MessageType");
  switch (type) {
    case 1:
      return decodeNegotiate(reader, bytes.length);
    case 2:
      return decodeChallenge(reader, bytes.length);
    case 3:
      return decodeAuthenticate(reader, bytes.length);
    default:
      throw new WireError(`Cannot decode NTLM message: MessageType is ${type}`, {
        field: "MessageType",
        offset: 8,
      });
  }
}

function decodeNegotiate(reader: Reader, total: number): NtlmNegotiate {
  const flags = reader.u32("NegotiateFlags");
  // Windows sends 16 bytes only when it supplies neither name; the fields are then absent.
  if (total === 16) return { type: 1, flags, domain: "", workstation: "", version: null };
  const domain = readField(reader, "DomainName");
  const workstation = readField(reader, "Workstation");
  const payload = payloadStart(total, [domain, workstation]);
  return {
    type: 1,
    flags,
    domain: oemText(fieldBytes(reader, domain)),
    workstation: oemText(fieldBytes(reader, workstation)),
    version: payload >= 40 ? reader.bytes(8, "Version") : null,
  };
}

function decodeChallenge(reader: Reader, total: number): NtlmChallenge {
  const targetName = readField(reader, "TargetName");
  const flags = reader.u32("NegotiateFlags");
  const serverChallenge = reader.bytes(8, "ServerChallenge");
  reader.skip(8, "Reserved");
  const targetInfo = readField(reader, "TargetInfo");
  const payload = payloadStart(total, [targetName, targetInfo]);
  const hasInfo = targetInfo.length > 0;
  return {
    type: 2,
    targetName: text(fieldBytes(reader, targetName), flags),
    flags,
    serverChallenge,
    version: payload >= 56 ? reader.bytes(8, "Version") : null,
    targetInfo: hasInfo ? decodeAvPairs(fieldBytes(reader, targetInfo)) : null,
  };
}

function decodeAuthenticate(reader: Reader, total: number): NtlmAuthenticate {
  const lm = readField(reader, "LmChallengeResponse");
  const nt = readField(reader, "NtChallengeResponse");
  const domain = readField(reader, "DomainName");
  const user = readField(reader, "UserName");
  const workstation = readField(reader, "Workstation");
  const key = readField(reader, "EncryptedRandomSessionKey");
  const flags = reader.u32("NegotiateFlags");
  const payload = payloadStart(total, [lm, nt, domain, user, workstation, key]);
  return {
    type: 3,
    lmResponse: fieldBytes(reader, lm),
    ntResponse: fieldBytes(reader, nt),
    domain: text(fieldBytes(reader, domain), flags),
    user: text(fieldBytes(reader, user), flags),
    workstation: text(fieldBytes(reader, workstation), flags),
    encryptedSessionKey: fieldBytes(reader, key),
    flags,
    version: payload >= MIC_OFFSET ? reader.bytes(8, "Version") : null,
    mic: payload >= MIC_OFFSET + 16 ? reader.bytes(16, "MIC") : null,
  };
}

/**
 * Encodes any of the three messages, its payload in the order of the fields' examples (MS-NLMP section 4.2).
 *
 * @param message The message; a null version or MIC leaves no room for it.
 * @returns The bytes.
 * @throws {WireError} When a field is too long for its 16-bit length.
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { decodeNtlm, encodeNtlm, NtlmFlags } from "./mod.ts";
 *
 * const message = { type: 1, flags: NtlmFlags.NTLM, domain: "", workstation: "", version: null } as const;
 * assertEquals(decodeNtlm(encodeNtlm(message)), message);
 * ```
 */
export function encodeNtlm(message: NtlmMessage): Uint8Array {
  const writer = new Writer(512);
  writer.raw(SIGNATURE);
  writer.u32(message.type);
  switch (message.type) {
    case 1:
      encodeNegotiate(writer, message);
      break;
    case 2:
      encodeChallenge(writer, message);
      break;
    case 3:
      encodeAuthenticate(writer, message);
      break;
  }
  return writer.bytes().slice();
}

function encodeNegotiate(writer: Writer, message: NtlmNegotiate): void {
  writer.u32(message.flags);
  const domain = reserveField(writer);
  const workstation = reserveField(writer);
  if (message.version !== null) writer.raw(message.version);
  writeField(writer, domain, asciiBytes(message.domain));
  writeField(writer, workstation, asciiBytes(message.workstation));
}

function encodeChallenge(writer: Writer, message: NtlmChallenge): void {
  const targetName = reserveField(writer);
  writer.u32(message.flags);
  writer.raw(message.serverChallenge);
  writer.zero(8);
  const targetInfo = reserveField(writer);
  if (message.version !== null) writer.raw(message.version);
  writeField(writer, targetName, textBytes(message.targetName, message.flags));
  const info = message.targetInfo === null ? new Uint8Array(0) : encodeAvPairs(message.targetInfo);
  writeField(writer, targetInfo, info);
}

function encodeAuthenticate(writer: Writer, message: NtlmAuthenticate): void {
  const lm = reserveField(writer);
  const nt = reserveField(writer);
  const domain = reserveField(writer);
  const user = reserveField(writer);
  const workstation = reserveField(writer);
  const key = reserveField(writer);
  writer.u32(message.flags);
  if (message.version !== null) writer.raw(message.version);
  if (message.mic !== null) {
    // The MIC has a fixed place behind the version, so a version there must be.
    if (message.version === null) writer.zero(8);
    writer.raw(message.mic);
  }
  writeField(writer, domain, textBytes(message.domain, message.flags));
  writeField(writer, user, textBytes(message.user, message.flags));
  writeField(writer, workstation, textBytes(message.workstation, message.flags));
  writeField(writer, lm, message.lmResponse);
  writeField(writer, nt, message.ntResponse);
  writeField(writer, key, message.encryptedSessionKey);
}

/**
 * Decodes a list of AV pairs up to its EOL; what follows the EOL is ignored.
 *
 * @param bytes The list.
 * @returns The pairs without the EOL.
 * @throws {WireError} When a pair is cut short or the EOL is missing.
 */
export function decodeAvPairs(bytes: Uint8Array): AvPair[] {
  const reader = new Reader(bytes);
  const pairs: AvPair[] = [];
  for (;;) {
    const id = reader.u16("AvId");
    const length = reader.u16("AvLen");
    if (id === AvId.EOL) return pairs;
    pairs.push({ id, value: reader.bytes(length, "Value") });
  }
}

/** Encodes a list of AV pairs and its EOL. */
export function encodeAvPairs(pairs: readonly AvPair[]): Uint8Array {
  const writer = new Writer(256);
  for (const { id, value } of pairs) {
    writer.u16(id);
    writer.patch(writer.reserve(2), value.length);
    writer.raw(value);
  }
  writer.u32(0);
  return writer.bytes().slice();
}

/** A name, length and offset as the fixed part gives them (MS-NLMP section 2.2.1). */
interface Field {
  readonly name: string;
  readonly length: number;
  readonly offset: number;
}

function readField(reader: Reader, name: string): Field {
  const length = reader.u16(`${name}Len`);
  reader.skip(2, `${name}MaxLen`);
  return { name, length, offset: reader.u32(`${name}BufferOffset`) };
}

function fieldBytes(reader: Reader, field: Field): Uint8Array {
  return reader.bytesAt(field.offset, field.length, field.name);
}

/** Where the payload begins, which tells whether version and MIC are there; empty fields may point anywhere. */
function payloadStart(total: number, fields: readonly Field[]): number {
  return fields.reduce((at, field) => field.length > 0 ? Math.min(at, field.offset) : at, total);
}

interface FieldSlots {
  readonly length: ReturnType<Writer["reserve"]>;
  readonly maxLength: ReturnType<Writer["reserve"]>;
  readonly offset: ReturnType<Writer["reserve"]>;
}

function reserveField(writer: Writer): FieldSlots {
  return { length: writer.reserve(2), maxLength: writer.reserve(2), offset: writer.reserve(4) };
}

function writeField(writer: Writer, slots: FieldSlots, value: Uint8Array): void {
  writer.patch(slots.length, value.length);
  writer.patch(slots.maxLength, value.length);
  writer.patch(slots.offset, writer.offset);
  writer.raw(value);
}

function text(bytes: Uint8Array, flags: number): string {
  return (flags & NtlmFlags.UNICODE) !== 0 ? utf16Text(bytes) : oemText(bytes);
}

function textBytes(value: string, flags: number): Uint8Array {
  if ((flags & NtlmFlags.UNICODE) === 0) return asciiBytes(value);
  const writer = new Writer(value.length * 2);
  writer.text(value);
  return writer.bytes();
}
