/**
 * Which message ids a client may use: Connection.CommandSequenceWindow (MS-SMB2 3.3.1.1).
 *
 * @module
 */

import { MAX_CREDITS, MAX_WINDOW } from "./limits.ts";

/**
 * The window of one connection. It starts with the single id 0; every granted credit adds the next id, every
 * request takes as many as it is charged.
 *
 * @example
 * ```ts
 * import { assert, assertEquals, assertFalse } from "@std/assert";
 *
 * const window = new SequenceWindow();
 * assert(window.take(0n, 1));
 * assertFalse(window.take(0n, 1));
 * assertEquals(window.grant(10), 10);
 * assert(window.take(4n, 3));
 * assertFalse(window.take(6n, 1));
 * ```
 */
export class SequenceWindow {
  #low = 0n;
  #high = 1n;
  #used = new Set<bigint>();

  /** Ids that may be used. */
  get available(): number {
    return Number(this.#high - this.#low) - this.#used.size;
  }

  /**
   * Uses ids up.
   *
   * @param id First id.
   * @param count How many, at least 1.
   * @returns Whether all of them could be used; otherwise none was.
   */
  take(id: bigint, count: number): boolean {
    const end = id + BigInt(count);
    if (id < this.#low || end > this.#high) return false;
    for (let at = id; at < end; at++) if (this.#used.has(at)) return false;
    for (let at = id; at < end; at++) this.#used.add(at);
    while (this.#used.delete(this.#low)) this.#low++;
    return true;
  }

  /**
   * Grants ids (MS-SMB2 3.3.1.2): what was asked for within the bounds of the window, and at least one when the
   * client would otherwise have none left.
   *
   * @param requested How many the client asks for.
   * @returns How many it gets.
   */
  grant(requested: number): number {
    const wanted = Math.max(requested, this.available === 0 ? 1 : 0);
    const room = Math.min(
      MAX_CREDITS - this.available,
      MAX_WINDOW - Number(this.#high - this.#low),
    );
    const granted = Math.max(0, Math.min(wanted, room));
    this.#high += BigInt(granted);
    return granted;
  }
}
