/**
 * The headers of encrypted and compressed frames (MS-SMB2 2.2.41, 2.2.42). Layout only: keys and algorithms are
 * elsewhere.
 */
import { WireError } from "./errors.ts";
import { SMB2_PROTOCOL_ID } from "./header.ts";
import { Reader } from "./reader.ts";
import type { Writer } from "./writer.ts";
import { SMB1_PROTOCOL_ID } from "./smb1.ts";

/** ProtocolId 0xFD 'S' 'M' 'B' as a little-endian number. */
export const TRANSFORM_PROTOCOL_ID = 0x424d53fd;

/** ProtocolId 0xFC 'S' 'M' 'B' as a little-endian number. */
export const COMPRESSION_PROTOCOL_ID = 0x424d53fc;

/** Bytes of the header of an encrypted frame. */
export const TRANSFORM_HEADER_SIZE = 52;

/** Payloads that one chained compressed message may have; each takes 8 bytes at least, so more are an attack. */
const MAX_COMPRESSED_PAYLOADS = 1024;

/** Algorithms whose payload states the length that it expands to (MS-SMB2 2.2.42.2.1): LZNT1, LZ77, LZ77+Huffman, LZ4. */
const SIZED_ALGORITHMS: readonly number[] = [0x0001, 0x0002, 0x0003, 0x0005];

/** SMB2_COMPRESSION_FLAG_CHAINED (MS-SMB2 2.2.42). */
export const COMPRESSION_FLAG_CHAINED = 0x0001;

/** What a frame's payload begins with. */
export type FrameContent = "smb2" | "transform" | "compression" | "smb1" | "unknown";

/** Tells by ProtocolId what a frame carries. */
export function frameContent(payload: Uint8Array): FrameContent {
  if (payload.byteLength < 4) return "unknown";
  switch (new Reader(payload).u32("ProtocolId")) {
    case SMB2_PROTOCOL_ID:
      return "smb2";
    case TRANSFORM_PROTOCOL_ID:
      return "transform";
    case COMPRESSION_PROTOCOL_ID:
      return "compression";
    case SMB1_PROTOCOL_ID:
      return "smb1";
    default:
      return "unknown";
  }
}

/** SMB2 TRANSFORM_HEADER (MS-SMB2 2.2.41). */
export interface TransformHeader {
  /** 16 bytes. */
  readonly signature: Uint8Array;
  /** 16 bytes, of which CCM uses 11 and GCM 12. */
  readonly nonce: Uint8Array;
  readonly originalMessageSize: number;
  readonly reserved: number;
  /** 0x0001 encrypted; in dialects 3.0 and 3.0.2 EncryptionAlgorithm. */
  readonly flags: number;
  readonly sessionId: bigint;
}

/** Writes the 52 bytes. */
export function encodeTransformHeader(writer: Writer, header: TransformHeader): void {
  writer.u32(TRANSFORM_PROTOCOL_ID);
  sized(writer, header.signature, "Signature");
  sized(writer, header.nonce, "Nonce");
  writer.u32(header.originalMessageSize);
  writer.u16(header.reserved);
  writer.u16(header.flags);
  writer.u64(header.sessionId);
}

/** Reads the 52 bytes; what follows is the encrypted message. */
export function decodeTransformHeader(reader: Reader): TransformHeader {
  protocolId(reader, TRANSFORM_PROTOCOL_ID, "TRANSFORM_HEADER");
  const signature = reader.bytes(16, "Signature");
  const nonce = reader.bytes(16, "Nonce");
  const originalMessageSize = reader.u32("OriginalMessageSize");
  const reserved = reader.u16("Reserved");
  const flags = reader.u16("Flags");
  const sessionId = reader.u64("SessionId");
  return { signature, nonce, originalMessageSize, reserved, flags, sessionId };
}

/** A compressed frame with one payload (MS-SMB2 2.2.42.1). */
export interface UnchainedCompression {
  readonly kind: "unchained";
  readonly originalCompressedSegmentSize: number;
  readonly algorithm: number;
  readonly flags: number;
  /** The bytes before the compressed ones, which Offset counts. */
  readonly uncompressed: Uint8Array;
  readonly compressed: Uint8Array;
}

/** One payload of a chained compressed frame (MS-SMB2 2.2.42.2.1). */
export interface CompressedPayload {
  readonly algorithm: number;
  readonly flags: number;
  /** Present for the algorithms that have the field. */
  readonly originalPayloadSize?: number;
  /** For NONE the bytes themselves, for Pattern_V1 the 8 bytes of MS-SMB2 2.2.42.2.2. */
  readonly data: Uint8Array;
}

/** A compressed frame with several payloads (MS-SMB2 2.2.42.2). */
export interface ChainedCompression {
  readonly kind: "chained";
  readonly originalCompressedSegmentSize: number;
  readonly payloads: readonly CompressedPayload[];
}

/** Writes a compressed frame. */
export function encodeCompression(
  writer: Writer,
  frame: UnchainedCompression | ChainedCompression,
): void {
  writer.u32(COMPRESSION_PROTOCOL_ID);
  writer.u32(frame.originalCompressedSegmentSize);
  if (frame.kind === "unchained") {
    writer.u16(frame.algorithm);
    writer.u16(frame.flags);
    writer.u32(frame.uncompressed.byteLength);
    writer.raw(frame.uncompressed);
    writer.raw(frame.compressed);
    return;
  }
  for (const payload of frame.payloads) {
    writer.u16(payload.algorithm);
    writer.u16(payload.flags);
    const length = writer.reserve(4);
    const start = writer.length;
    if (payload.originalPayloadSize !== undefined) writer.u32(payload.originalPayloadSize);
    writer.raw(payload.data);
    writer.patch(length, writer.length - start);
  }
}

/** Reads a compressed frame to its end; flags of the first payload tell which form it has (MS-SMB2 2.2.42). */
export function decodeCompression(reader: Reader): UnchainedCompression | ChainedCompression {
  protocolId(reader, COMPRESSION_PROTOCOL_ID, "COMPRESSION_TRANSFORM_HEADER");
  const originalCompressedSegmentSize = reader.u32("OriginalCompressedSegmentSize");
  if ((reader.peekU16(reader.offset + 2) & COMPRESSION_FLAG_CHAINED) === 0) {
    const algorithm = reader.u16("CompressionAlgorithm");
    const flags = reader.u16("Flags");
    const offset = reader.u32("Offset");
    const uncompressed = reader.bytes(offset, "Offset");
    return {
      kind: "unchained",
      originalCompressedSegmentSize,
      algorithm,
      flags,
      uncompressed,
      compressed: reader.rest(),
    };
  }
  const payloads: CompressedPayload[] = [];
  do {
    if (payloads.length === MAX_COMPRESSED_PAYLOADS) {
      throw new WireError(
        `Cannot decode compressed frame: it has more than ${MAX_COMPRESSED_PAYLOADS} payloads`,
        { field: "CompressionPayloadHeader", offset: reader.offset },
      );
    }
    payloads.push(decodePayload(reader));
  } while (reader.remaining > 0);
  return { kind: "chained", originalCompressedSegmentSize, payloads };
}

function decodePayload(reader: Reader): CompressedPayload {
  const algorithm = reader.u16("CompressionAlgorithm");
  const flags = reader.u16("Flags");
  const payload = reader.sub(reader.u32("Length"), "CompressedPayload");
  if (!SIZED_ALGORITHMS.includes(algorithm)) return { algorithm, flags, data: payload.rest() };
  const originalPayloadSize = payload.u32("OriginalPayloadSize");
  return { algorithm, flags, originalPayloadSize, data: payload.rest() };
}

function protocolId(reader: Reader, expected: number, message: string): void {
  const offset = reader.offset;
  const found = reader.u32("ProtocolId");
  if (found !== expected) {
    throw new WireError(
      `Cannot decode ${message}: ProtocolId is 0x${found.toString(16).padStart(8, "0")}`,
      { field: "ProtocolId", offset },
    );
  }
}

function sized(writer: Writer, value: Uint8Array, field: string): void {
  if (value.byteLength !== 16) {
    throw new WireError(`Cannot encode ${field}: it has ${value.byteLength} bytes, not 16`, {
      field,
      offset: writer.offset,
    });
  }
  writer.raw(value);
}
