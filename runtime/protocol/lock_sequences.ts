/** Open.OperationBuckets: how a server knows a LOCK that is sent again (MS-SMB2 2.2.26, 3.2.4.19, 3.3.5.14). */

/** A bucket that a LOCK has taken. */
export interface LockSequence {
  /** LockSequence of the request: the number in the low 4 bits, the bucket's index from 1 on above them. */
  readonly value: number;
  /** The response is here. */
  release(): void;
}

/** Buckets of one open: the indexes 1 to 64 (MS-SMB2 2.2.26). */
const BUCKETS = 64;
const NUMBERS = 16;

/**
 * Numbers the LOCK requests of one open.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { LockSequences } from "./mod.ts";
 * const sequences = new LockSequences();
 * const first = sequences.take();
 * assertEquals([first?.value, sequences.take()?.value], [0x10, 0x20]);
 * first?.release();
 * assertEquals(sequences.take()?.value, 0x11);
 * ```
 */
export class LockSequences {
  readonly #numbers = new Uint8Array(BUCKETS);
  readonly #taken = new Array<boolean>(BUCKETS).fill(false);

  /** The first free bucket; null where none is free, and the request goes out as 0. */
  take(): LockSequence | null {
    const index = this.#taken.indexOf(false);
    if (index < 0) return null;
    this.#taken[index] = true;
    const number = this.#numbers[index] ?? 0;
    let isReleased = false;
    return {
      value: ((index + 1) << 4) | number,
      release: () => {
        if (isReleased) return;
        isReleased = true;
        this.#numbers[index] = (number + 1) % NUMBERS;
        this.#taken[index] = false;
      },
    };
  }
}
