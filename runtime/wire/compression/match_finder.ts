/** Finds earlier occurrences of bytes, for the compressors. */
import { i32At } from "./shared.ts";

const HASH_MULTIPLIER = 0x9e3779b1;

/** Every 2^6 misses in a row, the search takes one byte more at a step: data without repetitions costs little. */
const MISSES_SHIFT = 6;

/** Bytes that a position must have before the end of the input to be looked at. */
export const LOOK_AHEAD = 4;

/** What an algorithm's matches may be. */
export interface MatchRules {
  /** Shortest match. */
  readonly minMatch: 3 | 4;
  /** Greatest distance. */
  readonly window: number;
  /** Size of the table of positions, as a power of 2. */
  readonly hashBits: number;
}

/**
 * Knows the latest position of each hash of `minMatch` bytes. Compression is synchronous, so one finder serves all
 * calls of an algorithm.
 */
export class MatchFinder {
  readonly #latest: Int32Array;
  readonly #window: number;
  readonly #mask: number;
  readonly #shift: number;

  /** Where the bytes found by {@linkcode MatchFinder.next} occurred before. */
  candidate = 0;

  constructor({ minMatch, window, hashBits }: MatchRules) {
    this.#latest = new Int32Array(1 << hashBits);
    this.#window = window;
    this.#mask = minMatch === 3 ? 0xffffff : -1;
    this.#shift = 32 - hashBits;
  }

  /** Forgets the former input. */
  reset(): void {
    this.#latest.fill(-1);
  }

  /**
   * The first position of `from`..`last` whose bytes occurred before within the window and not before `floor`, or -1.
   * Four bytes must be readable at `last`.
   */
  next(input: Uint8Array, from: number, last: number, floor: number): number {
    const latest = this.#latest;
    const window = this.#window;
    const mask = this.#mask;
    const shift = this.#shift;
    let misses = 1 << MISSES_SHIFT;
    for (let at = from; at <= last; at += misses++ >>> MISSES_SHIFT) {
      const bytes = i32At(input, at) & mask;
      const hash = Math.imul(bytes, HASH_MULTIPLIER) >>> shift;
      const candidate = latest[hash]!;
      latest[hash] = at;
      if (candidate < floor || at - candidate > window) continue;
      if ((i32At(input, candidate) & mask) === bytes) {
        this.candidate = candidate;
        return at;
      }
    }
    return -1;
  }
}

/** Bytes that are equal from `one` and from `other` on (which is smaller), `one` ending before `end`. */
export function equalLength(input: Uint8Array, one: number, other: number, end: number): number {
  const start = one;
  while (one < end && input[one] === input[other]) {
    one++;
    other++;
  }
  return one - start;
}
