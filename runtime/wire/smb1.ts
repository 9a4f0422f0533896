/**
 * SMB1 COM_NEGOTIATE, as far as a multi-protocol start needs it (examples in MS-SMB2 4.1 and 4.2; layout of
 * MS-CIFS 2.2.3.1 and 2.2.4.52.1): write and recognise the request, and tell its dialects. Nothing else of SMB1 is here.
 */
import { WireError } from "./errors.ts";
import { Reader } from "./reader.ts";
import { Writer } from "./writer.ts";

/** ProtocolId 0xFF 'S' 'M' 'B' as a little-endian number. */
export const SMB1_PROTOCOL_ID = 0x424d53ff;

/** Dialect strings that an SMB2 server answers with SMB2 (MS-SMB2 4.1, 4.2). */
export const Smb1Dialect = {
  NT_LM_0_12: "NT LM 0.12",
  SMB_2_002: "SMB 2.002",
  SMB_2_WILDCARD: "SMB 2.???",
} as const;

const COM_NEGOTIATE = 0x72;

/** Bytes of the SMB1 header (MS-CIFS 2.2.3.1). */
const SMB1_HEADER_SIZE = 32;

/** BufferFormat before each dialect string. */
const DIALECT_FORMAT = 0x02;

/** Flag of the SMB1 header that marks a response (MS-CIFS 2.2.3.1). */
const FLAGS_REPLY = 0x80;

/** A COM_NEGOTIATE message. What is not given is written as in the examples of MS-SMB2 4.1 and 4.2. */
export interface Smb1Negotiate {
  readonly response: boolean;
  readonly flags: number;
  readonly flags2: number;
  readonly processId: number;
  readonly multiplexId: number;
  readonly dialects: readonly string[];
}

/**
 * The bytes of a COM_NEGOTIATE request, without the 4-byte length before it.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { decodeSmb1Negotiate, encodeSmb1Negotiate } from "../wire/mod.ts";
 * const bytes = encodeSmb1Negotiate({ dialects: ["NT LM 0.12", "SMB 2.???"] });
 * assertEquals(decodeSmb1Negotiate(bytes)?.dialects, ["NT LM 0.12", "SMB 2.???"]);
 * ```
 */
export function encodeSmb1Negotiate(
  request: Partial<Omit<Smb1Negotiate, "response">> & Pick<Smb1Negotiate, "dialects">,
): Uint8Array<ArrayBuffer> {
  const writer = new Writer();
  writer.u32(SMB1_PROTOCOL_ID);
  writer.u8(COM_NEGOTIATE);
  writer.u32(0); // Status
  writer.u8(request.flags ?? 0x18); // canonical, case-insensitive paths
  writer.u16(request.flags2 ?? 0xc853); // Unicode, NT status, extended security, long names, signing known
  writer.u16(0); // PIDHigh
  writer.zero(8); // SecurityFeatures
  writer.u16(0); // Reserved
  writer.u16(0xffff); // TID
  writer.u16(request.processId ?? 0xfeff);
  writer.u16(0); // UID
  writer.u16(request.multiplexId ?? 0);
  writer.u8(0); // WordCount
  const byteCount = writer.reserve(2);
  const start = writer.length;
  for (const dialect of request.dialects) {
    writer.u8(DIALECT_FORMAT);
    for (const character of dialect) writer.u8(ascii(character));
    writer.u8(0);
  }
  writer.patch(byteCount, writer.length - start);
  return writer.bytes();
}

/**
 * Reads a COM_NEGOTIATE message; null when the bytes are another SMB1 message, or cannot be read. Of a response only
 * that it is one is told.
 */
export function decodeSmb1Negotiate(bytes: Uint8Array): Smb1Negotiate | null {
  try {
    return decode(new Reader(bytes));
  } catch (error) {
    if (error instanceof WireError) return null;
    throw error;
  }
}

function decode(reader: Reader): Smb1Negotiate | null {
  if (reader.u32("Protocol") !== SMB1_PROTOCOL_ID) return null;
  if (reader.u8("Command") !== COM_NEGOTIATE) return null;
  reader.skip(4, "Status");
  const flags = reader.u8("Flags");
  const flags2 = reader.u16("Flags2");
  reader.skip(2 + 8 + 2 + 2, "TID");
  const processId = reader.u16("PIDLow");
  reader.skip(2, "UID");
  const multiplexId = reader.u16("MID");
  const response = (flags & FLAGS_REPLY) !== 0;
  const dialects: string[] = [];
  if (!response) {
    reader.skip(reader.u8("WordCount") * 2, "Words");
    const list = reader.sub(reader.u16("ByteCount"), "Dialects");
    while (list.remaining > 0) {
      if (list.u8("BufferFormat") !== DIALECT_FORMAT) return null;
      dialects.push(decodeString(list));
    }
  }
  return { response, flags, flags2, processId, multiplexId, dialects };
}

function decodeString(reader: Reader): string {
  let text = "";
  for (let code = reader.u8("DialectString"); code !== 0; code = reader.u8("DialectString")) {
    text += String.fromCharCode(code);
  }
  return text;
}

function ascii(character: string): number {
  const code = character.charCodeAt(0);
  if (character.length > 1 || code === 0 || code > 0x7f) {
    throw new WireError(`Cannot encode dialect: ${JSON.stringify(character)} is not ASCII`, {
      field: "DialectString",
      offset: SMB1_HEADER_SIZE + 3,
    });
  }
  return code;
}
