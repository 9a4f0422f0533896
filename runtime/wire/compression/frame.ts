/** Compressed frames <-> plain ones (MS-SMB2 2.2.42, 3.1.4.4, 3.1.5.3). */
import { WireError } from "../errors.ts";
import { CompressionAlgorithm } from "../negotiate_contexts.ts";
import { Reader } from "../reader.ts";
import {
  type ChainedCompression,
  type CompressedPayload,
  COMPRESSION_FLAG_CHAINED,
  decodeCompression,
  encodeCompression,
  type UnchainedCompression,
} from "../transform.ts";
import { Writer } from "../writer.ts";
import { compressLz4, decompressLz4 } from "./lz4.ts";
import { compressLz77, decompressLz77 } from "./lz77.ts";
import { decompressLz77Huffman } from "./lz77_huffman.ts";
import { compressLz77Huffman } from "./lz77_huffman_compress.ts";
import { compressLznt1, decompressLznt1 } from "./lznt1.ts";
import { decodePattern, encodePattern, type PatternPayload, scanPatterns } from "./pattern_v1.ts";

/** The algorithms whose payload states the length that it expands to. */
interface Codec {
  compress(input: Uint8Array): Uint8Array;
  decompress(input: Uint8Array, output: Uint8Array): void;
}

const CODECS: ReadonlyMap<number, Codec> = new Map([
  [CompressionAlgorithm.LZNT1, { compress: compressLznt1, decompress: decompressLznt1 }],
  [CompressionAlgorithm.LZ77, { compress: compressLz77, decompress: decompressLz77 }],
  [CompressionAlgorithm.LZ77_HUFFMAN, {
    compress: compressLz77Huffman,
    decompress: decompressLz77Huffman,
  }],
  [CompressionAlgorithm.LZ4, { compress: compressLz4, decompress: decompressLz4 }],
]);

/** Bytes of a payload header without OriginalPayloadSize, and of that field (MS-SMB2 2.2.42.2.1). */
const PAYLOAD_HEADER_SIZE = 8;
const ORIGINAL_SIZE_SIZE = 4;

/** How {@linkcode decompressFrame} is limited. */
export interface DecompressionLimits {
  /** Bytes that the plain frame may have. */
  readonly maxLength: number;
}

/** What the connection has negotiated. */
export interface CompressionOptions {
  /** Connection.CompressionIds, most preferred first. */
  readonly algorithms: readonly number[];
  /** Connection.SupportsChainedCompression. */
  readonly chained: boolean;
  /** Bytes at the beginning that an unchained frame leaves as they are; 0 unless given. */
  readonly offset?: number;
}

/**
 * Makes a compressed frame plain: `unit` begins with 0xFC 'S' 'M' 'B' (MS-SMB2 3.1.5.3, 3.2.5.1.1.2). The result is
 * new memory, allocated only once its stated length is known to be within `maxLength`.
 *
 * @throws {WireError} if the frame is malformed, states more than `maxLength` bytes, or does not expand to what it
 * states.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { decompressFrame } from "../mod.ts";
 * const unit = Uint8Array.fromHex("fc534d42" + "2c010000" + "0200" + "0000" + "00000000" + "ffffff1f61626317000fff2601");
 * const plain = decompressFrame(unit, { maxLength: 1 << 16 });
 * assertEquals(new TextDecoder().decode(plain), "abc".repeat(100));
 * ```
 */
export function decompressFrame(
  unit: Uint8Array,
  { maxLength }: DecompressionLimits,
): Uint8Array<ArrayBuffer> {
  const frame = decodeCompression(new Reader(unit));
  const kept = frame.kind === "unchained" ? frame.uncompressed.byteLength : 0;
  const length = kept + frame.originalCompressedSegmentSize;
  if (length > maxLength) {
    throw new WireError(
      `Cannot decompress frame: it states ${length} bytes, more than the ${maxLength} allowed`,
      { field: "OriginalCompressedSegmentSize", offset: 4, needed: length, had: maxLength },
    );
  }
  return frame.kind === "unchained"
    ? decompressUnchained(frame, length)
    : decompressChained(frame, length);
}

function decompressUnchained(
  frame: UnchainedCompression,
  length: number,
): Uint8Array<ArrayBuffer> {
  const codec = codecOf(frame.algorithm);
  const output = new Uint8Array(length);
  output.set(frame.uncompressed);
  codec.decompress(frame.compressed, output.subarray(frame.uncompressed.byteLength));
  return output;
}

function decompressChained(frame: ChainedCompression, length: number): Uint8Array<ArrayBuffer> {
  const output = new Uint8Array(length);
  let to = 0;
  for (const payload of frame.payloads) {
    const pattern = payload.algorithm === CompressionAlgorithm.PATTERN_V1
      ? decodePattern(payload.data)
      : null;
    const size = pattern?.repetitions ?? payload.originalPayloadSize ?? payload.data.byteLength;
    if (size > length - to) throw segmentSize(`a payload of ${size} bytes ends behind`, length);
    const part = output.subarray(to, to + size);
    if (pattern !== null) part.fill(pattern.pattern);
    else if (payload.algorithm === CompressionAlgorithm.NONE) part.set(payload.data);
    else codecOf(payload.algorithm).decompress(payload.data, part);
    to += size;
  }
  if (to < length) throw segmentSize(`its payloads have ${to} of`, length);
  return output;
}

function segmentSize(what: string, length: number): WireError {
  return new WireError(`Cannot decompress frame: ${what} the stated ${length} bytes`, {
    field: "OriginalCompressedSegmentSize",
    offset: 4,
  });
}

function codecOf(algorithm: number): Codec {
  const codec = CODECS.get(algorithm);
  if (codec === undefined) {
    throw new WireError(
      `Cannot decompress frame: CompressionAlgorithm 0x${
        algorithm.toString(16).padStart(4, "0")
      } is unknown`,
      { field: "CompressionAlgorithm", offset: 8 },
    );
  }
  return codec;
}

/**
 * Compresses a plain frame, or returns null where that would not make it shorter and it is to be sent as it is
 * (MS-SMB2 3.1.4.4). Of the algorithms the first that this codec knows is used; a chained frame has Pattern_V1 payloads
 * too, if that is among them.
 *
 * @throws {RangeError} if `offset` lies behind the message.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { compressFrame, CompressionAlgorithm, decompressFrame } from "../mod.ts";
 * const message = new Uint8Array(4096).fill(7, 64);
 * const algorithms = [CompressionAlgorithm.LZ77, CompressionAlgorithm.PATTERN_V1];
 * const unit = compressFrame(message, { algorithms, chained: true });
 * assertEquals(unit !== null && unit.byteLength < 128, true);
 * assertEquals(decompressFrame(unit!, { maxLength: 4096 }), message);
 * ```
 */
export function compressFrame(
  message: Uint8Array,
  options: CompressionOptions,
): Uint8Array<ArrayBuffer> | null {
  const { algorithms, chained, offset = 0 } = options;
  if (offset < 0 || offset > message.byteLength) {
    throw new RangeError(
      `Cannot compress frame: offset ${offset} lies behind its ${message.byteLength} bytes`,
    );
  }
  const algorithm = algorithms.find((id) => CODECS.has(id));
  const frame = chained
    ? chain(message, algorithm, algorithms.includes(CompressionAlgorithm.PATTERN_V1))
    : unchained(message, algorithm, offset);
  if (frame === null) return null;
  const writer = new Writer(message.byteLength);
  encodeCompression(writer, frame);
  return writer.length < message.byteLength ? writer.bytes() : null;
}

function unchained(
  message: Uint8Array,
  algorithm: number | undefined,
  offset: number,
): UnchainedCompression | null {
  if (algorithm === undefined) return null;
  const segment = message.subarray(offset);
  return {
    kind: "unchained",
    originalCompressedSegmentSize: segment.byteLength,
    algorithm,
    flags: 0,
    uncompressed: message.subarray(0, offset),
    compressed: codecOf(algorithm).compress(segment),
  };
}

function chain(
  message: Uint8Array,
  algorithm: number | undefined,
  withPatterns: boolean,
): ChainedCompression | null {
  const { forward, backward } = withPatterns
    ? scanPatterns(message)
    : { forward: null, backward: null };
  const between = message.subarray(
    forward?.repetitions ?? 0,
    message.byteLength - (backward?.repetitions ?? 0),
  );
  const payloads: Omit<CompressedPayload, "flags">[] = [];
  if (forward !== null) payloads.push(patternPayload(forward));
  if (between.byteLength > 0) payloads.push(payloadOf(between, algorithm));
  if (backward !== null) payloads.push(patternPayload(backward));
  if (payloads.every((payload) => payload.algorithm === CompressionAlgorithm.NONE)) return null;
  return {
    kind: "chained",
    originalCompressedSegmentSize: message.byteLength,
    // Only the first header of the chain has the flag (MS-SMB2 2.2.42.2.1).
    payloads: payloads.map((payload, index) => ({
      ...payload,
      flags: index === 0 ? COMPRESSION_FLAG_CHAINED : 0,
    })),
  };
}

function patternPayload(pattern: PatternPayload): Omit<CompressedPayload, "flags"> {
  return { algorithm: CompressionAlgorithm.PATTERN_V1, data: encodePattern(pattern) };
}

/** Compressed where that makes the payload shorter, else as it is. */
function payloadOf(
  data: Uint8Array,
  algorithm: number | undefined,
): Omit<CompressedPayload, "flags"> {
  if (algorithm !== undefined && data.byteLength > PAYLOAD_HEADER_SIZE) {
    const compressed = codecOf(algorithm).compress(data);
    if (compressed.byteLength + ORIGINAL_SIZE_SIZE < data.byteLength) {
      return { algorithm, originalPayloadSize: data.byteLength, data: compressed };
    }
  }
  return { algorithm: CompressionAlgorithm.NONE, data };
}
