/** Sets of whole numbers that lie close together: a bit each. */

/** Numbers of one block. */
const BLOCK = 2048;

/**
 * A set of whole numbers, 0 or greater. A million of them in a row takes 130 KiB.
 *
 * @example
 * ```ts
 * const ids = new IdSet();
 * ids.add(2 ** 40);
 * if (!ids.has(2 ** 40) || ids.has(7)) throw new Error();
 * ```
 */
export class IdSet {
  readonly #blocks = new Map<number, Uint32Array>();

  add(id: number): void {
    const [block, bit] = [Math.floor(id / BLOCK), id % BLOCK];
    let words = this.#blocks.get(block);
    if (words === undefined) {
      words = new Uint32Array(BLOCK / 32);
      this.#blocks.set(block, words);
    }
    words[bit >>> 5] = (words[bit >>> 5] ?? 0) | (1 << (bit & 31));
  }

  has(id: number): boolean {
    const bit = id % BLOCK;
    const word = this.#blocks.get(Math.floor(id / BLOCK))?.[bit >>> 5] ?? 0;
    return (word & (1 << (bit & 31))) !== 0;
  }
}
