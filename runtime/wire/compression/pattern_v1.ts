/** Pattern_V1 (MS-SMB2 2.2.42.2.2, 3.1.4.4.1): runs of one byte at the ends of a message. */
import { Reader } from "../reader.ts";
import { Writer } from "../writer.ts";

/** Fewer repetitions are no pattern (MS-SMB2 3.1.4.4.1). */
const MIN_REPETITIONS = 64;
const PAYLOAD_SIZE = 8;

/** SMB2_COMPRESSION_PATTERN_PAYLOAD_V1. */
export interface PatternPayload {
  /** The repeated byte, 0..255. */
  readonly pattern: number;
  /** How often it is there. */
  readonly repetitions: number;
}

/** The patterns at both ends of a buffer; null where there is none. */
export interface Patterns {
  readonly forward: PatternPayload | null;
  /** Null also where the forward pattern takes the whole buffer. */
  readonly backward: PatternPayload | null;
}

/**
 * Reads the 8 bytes of a pattern (MS-SMB2 2.2.42.2.2).
 *
 * @throws {WireError} if there are fewer.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { decodePattern } from "../mod.ts";
 * const payload = Uint8Array.fromHex("aa00000000010000");
 * assertEquals(decodePattern(payload), { pattern: 0xaa, repetitions: 256 });
 * ```
 */
export function decodePattern(data: Uint8Array): PatternPayload {
  const reader = new Reader(data);
  const pattern = reader.u8("Pattern");
  reader.skip(3, "Reserved");
  const repetitions = reader.u32("Repetitions");
  return { pattern, repetitions };
}

/**
 * Writes the 8 bytes of a pattern (MS-SMB2 2.2.42.2.2).
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { encodePattern } from "../mod.ts";
 * assertEquals(encodePattern({ pattern: 0xaa, repetitions: 256 }).toHex(), "aa00000000010000");
 * ```
 */
export function encodePattern({ pattern, repetitions }: PatternPayload): Uint8Array<ArrayBuffer> {
  const writer = new Writer(PAYLOAD_SIZE);
  writer.u8(pattern);
  writer.u8(0);
  writer.u16(0);
  writer.u32(repetitions);
  return writer.bytes();
}

/**
 * Finds runs of 64 bytes or more at the ends of `data` (MS-SMB2 3.1.4.4.1).
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { scanPatterns } from "../mod.ts";
 * const data = new Uint8Array(200).fill(7, 100);
 * data[50] = 1;
 * assertEquals(scanPatterns(data), {
 *   forward: null,
 *   backward: { pattern: 7, repetitions: 100 },
 * });
 * ```
 */
export function scanPatterns(data: Uint8Array): Patterns {
  const size = data.byteLength;
  if (size < MIN_REPETITIONS) return { forward: null, backward: null };
  const first = data[0]!;
  let head = 1;
  while (head < size && data[head] === first) head++;
  const forward = head < MIN_REPETITIONS ? null : { pattern: first, repetitions: head };
  if (head === size) return { forward, backward: null };
  const last = data[size - 1]!;
  let tail = size - 1;
  while (data[tail - 1] === last) tail--;
  const repetitions = size - tail;
  return {
    forward,
    backward: repetitions < MIN_REPETITIONS ? null : { pattern: last, repetitions },
  };
}
