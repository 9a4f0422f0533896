/**
 * Connection.SequenceWindow: the message ids that the server's credits allow (MS-SMB2 3.2.4.1.6, 3.2.5.1.4).
 *
 * Ids are handed out in order and never twice, so the window is an interval. They are numbers here, because no
 * connection lives for 2^53 requests, and become 64-bit ids in the header.
 */
export class SequenceWindow {
  #next = 0;
  #end = 1;

  /** Ids that may be used now: the credits in hand. Starts with 1, for NEGOTIATE. */
  get available(): number {
    return this.#end - this.#next;
  }

  /** The id that the next request gets. */
  get next(): number {
    return this.#next;
  }

  /**
   * Takes `charge` consecutive ids (at least one) and returns the first; null when the credits do not suffice.
   *
   * @example
   * ```ts
   * import { assertEquals } from "@std/assert";
   * import { SequenceWindow } from "./mod.ts";
   * const window = new SequenceWindow();
   * assertEquals([window.take(1), window.take(1)], [0, null]);
   * window.grant(3);
   * assertEquals([window.take(2), window.available], [1, 1]);
   * ```
   */
  take(charge: number): number | null {
    const count = Math.max(1, charge);
    if (count > this.available) return null;
    const first = this.#next;
    this.#next += count;
    return first;
  }

  /** Adds the credits of a response. */
  grant(credits: number): void {
    this.#end += credits;
  }
}
