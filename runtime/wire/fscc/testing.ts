/** What the codec tests share: hexadecimal, and the two ways of breaking bytes. Imported by tests only. */
import { WireError } from "../errors.ts";

/** The bytes of hexadecimal text; white space does not count. */
export function bytesOf(hex: string): Uint8Array {
  const digits = hex.replaceAll(/\s/g, "");
  const bytes = new Uint8Array(digits.length / 2);
  for (let i = 0; i < bytes.length; i++) bytes[i] = parseInt(digits.slice(i * 2, i * 2 + 2), 16);
  return bytes;
}

/** Hexadecimal text, lower case. */
export function hexOf(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Decodes every proper prefix; anything raised must be a WireError. `mustFail`: and each must raise one. */
export function assertTruncationsSafe(
  bytes: Uint8Array,
  decode: (bytes: Uint8Array) => unknown,
  options: { mustFail?: boolean } = {},
): void {
  for (let length = 0; length < bytes.byteLength; length++) {
    const failed = !passes(bytes.slice(0, length), decode);
    if (options.mustFail && !failed) {
      throw new Error(`The first ${length} of ${bytes.byteLength} bytes decoded without an error`);
    }
  }
}

/** Decodes seeded variants with one to four changed bytes each; anything raised must be a WireError. */
export function assertMutationsSafe(
  bytes: Uint8Array,
  decode: (bytes: Uint8Array) => unknown,
  options: { rounds?: number; seed?: number } = {},
): void {
  const random = randomFrom(options.seed ?? 1);
  const extremes = [0x00, 0x01, 0x7f, 0x80, 0xff];
  for (let round = 0; round < (options.rounds ?? 500); round++) {
    const changed = bytes.slice();
    for (let i = random(4); i >= 0; i--) {
      changed[random(changed.byteLength)] = extremes[random(extremes.length * 2)] ?? random(256);
    }
    passes(changed, decode);
  }
}

/** A small seeded generator (mulberry32): the same numbers on each run. */
export function randomFrom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

function passes(bytes: Uint8Array, decode: (bytes: Uint8Array) => unknown): boolean {
  try {
    decode(bytes);
    return true;
  } catch (error) {
    if (error instanceof WireError) return false;
    throw error;
  }
}
