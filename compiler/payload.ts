/** What happens to the data of READ responses and WRITE requests: counted, hashed, or kept as blobs. */
import { createHash } from "node:crypto";

/** The data of one READ response or WRITE request, told without holding it. */
export interface Payload {
  readonly length: number;
  /** Lower-case hexadecimal SHA-256, where hashing was asked for. */
  readonly sha256?: string;
  /** Of read data, where it was asked for: a number for each 4096 bytes, see {@linkcode blocksOf}. */
  readonly blocks?: readonly number[];
  /** Of written data, where it was asked for: what is zeros, see {@linkcode zerosOf}. */
  readonly zeros?: readonly (readonly [offset: number, length: number])[];
}

/** Receives each payload once, as a view that does not last. */
export interface PayloadSink {
  /** Nothing but lengths is wanted: data need not be collected, and `take` may not be called. */
  readonly lengthsOnly?: boolean;
  take(kind: "read" | "write", data: Uint8Array): Payload;
}

/** Keeps the length. */
export const countPayloads: PayloadSink = {
  lengthsOnly: true,
  take: (_kind, data) => ({ length: data.byteLength }),
};

/** Keeps length and hash. */
export const hashPayloads: PayloadSink = {
  take: (_kind, data) => ({ length: data.byteLength, sha256: sha256(data) }),
};

/** SHA-256 as hexadecimal text. */
export function sha256(data: Uint8Array): string {
  return createHash("sha256").update(data).digest("hex");
}

/** Bytes of a block: what file systems share and leave out. */
export const BLOCK_SIZE = 4096;

const block = new Uint8Array(BLOCK_SIZE);
const words = new Uint32Array(block.buffer);

/**
 * A number for each 4096 bytes of the data, the last ones fewer: 0 where all are zero, else 53 bits that are equal where
 * bytes and length are. A replay needs to know what was equal, not what it was; two in 2^53 may look equal that are not.
 */
export function blocksOf(data: Uint8Array): number[] {
  const blocks: number[] = [];
  for (let start = 0; start < data.byteLength; start += BLOCK_SIZE) {
    const part = data.subarray(start, start + BLOCK_SIZE);
    if (part.byteLength < BLOCK_SIZE) block.fill(0, part.byteLength);
    block.set(part);
    blocks.push(blockNumber(part.byteLength));
  }
  return blocks;
}

/** The number of what is in `block`: two multiplicative hashes side by side (the multipliers are those of murmur3). */
function blockNumber(length: number): number {
  let seen = 0;
  let one = length;
  let two = ~length;
  for (let i = 0; i < words.length; i += 2) {
    const first = words[i]! | 0;
    const second = words[i + 1]! | 0;
    seen |= first | second;
    one = Math.imul(one ^ first, 0xcc9e2d51 | 0);
    two = Math.imul(two ^ second, 0x1b873593);
    // Each word reaches both, the second time turned.
    one = ((one << 15) | (one >>> 17)) ^ two;
    two = ((two << 13) | (two >>> 19)) + one | 0;
  }
  if (seen === 0) return 0;
  one = Math.imul(one ^ (one >>> 16), 0x85ebca6b);
  two = Math.imul(two ^ (two >>> 16), 0xc2b2ae35);
  const number = (((one ^ (one >>> 13)) >>> 0) & 0x1fffff) * 2 ** 32 + ((two ^ (two >>> 13)) >>> 0);
  return number === 0 ? 1 : number;
}

/** Ranges of zeros, in whole blocks, or all of it; undefined where there are none. File systems leave them out. */
export function zerosOf(data: Uint8Array): [offset: number, length: number][] | undefined {
  const ranges: [offset: number, length: number][] = [];
  for (let start = 0; start < data.byteLength; start += BLOCK_SIZE) {
    const end = Math.min(start + BLOCK_SIZE, data.byteLength);
    const last = ranges.at(-1);
    const goesOn = last !== undefined && last[0] + last[1] === start;
    if (end - start < BLOCK_SIZE && start > 0 && !goesOn) break;
    if (!isZero(data, start, end)) continue;
    if (goesOn) last[1] += end - start;
    else ranges.push([start, end - start]);
  }
  return ranges.length === 0 ? undefined : ranges;
}

function isZero(data: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at++) if (data[at] !== 0) return false;
  return true;
}

/** What a plan needs: blocks of what was read, which tell equal and zero parts; hashes of what was written. */
export const planPayloads: PayloadSink = {
  take(kind, data) {
    const length = data.byteLength;
    if (kind === "read") return { length, blocks: blocksOf(data) };
    const zeros = zerosOf(data);
    return { length, sha256: sha256(data), ...(zeros === undefined ? {} : { zeros }) };
  },
};
