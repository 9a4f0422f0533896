/** Notices workers of a load that say nothing any more: a script there does not let go of the processor. */

/** Looks, about a second apart, that a worker may say nothing: one with load tells how it stands five times a second. */
const PATIENCE = 30;

/**
 * Counts looks, not time: what a worker has said while this side was held up is heard between two of them.
 *
 * @example
 * ```ts
 * const silence = new Silence(2);
 * for (const worker of [0, 1]) silence.heard(worker);
 * silence.look();
 * silence.heard(1);
 * if (silence.look().join() !== "0" || silence.look().join() !== "1") throw new Error();
 * ```
 */
export class Silence {
  readonly #patience: number;
  readonly #looks = new Map<number, number>();

  /** @param patience Looks without a word. */
  constructor(patience: number = PATIENCE) {
    this.#patience = patience;
  }

  /** A worker begins, or says something. */
  heard(worker: number): void {
    this.#looks.set(worker, 0);
  }

  /** A worker has come to its end. */
  ended(worker: number): void {
    this.#looks.delete(worker);
  }

  /** Workers that have said nothing for too long: each is named once. */
  look(): number[] {
    const silent: number[] = [];
    for (const [worker, before] of this.#looks) {
      const looks = before + 1;
      this.#looks.set(worker, looks);
      if (looks >= this.#patience) silent.push(worker);
    }
    for (const worker of silent) this.#looks.delete(worker);
    return silent;
  }
}
