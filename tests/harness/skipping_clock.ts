/**
 * A clock that skips the time in which nothing happens: what takes minutes of recorded time is played in as long as the
 * work takes. Moments come in their order; nothing comes before its moment.
 *
 * @module
 */
import type { Clock } from "../../runtime/schedule/mod.ts";

/** Turns of the event loop in which nobody asks for the time: then it is skipped. */
const QUIET_TURNS = 30;

/** Real time, without the idle parts of it. */
export class SkippingClock implements Clock {
  #skipped = 0;
  /** Who waits, earliest first. */
  readonly #waiting: { readonly at: number; readonly resolve: () => void }[] = [];
  #asked = 0;
  #runs = false;

  now(): number {
    this.#asked++;
    return this.#time();
  }

  until(at: number): Promise<void> {
    this.#asked++;
    if (at <= this.#time()) return Promise.resolve();
    return new Promise((resolve) => {
      const later = this.#waiting.findIndex((other) => other.at > at);
      this.#waiting.splice(later < 0 ? this.#waiting.length : later, 0, { at, resolve });
      if (!this.#runs) void this.#run();
    });
  }

  rest(milliseconds: number): Promise<void> {
    if (milliseconds === 0) return new Promise((resolve) => setTimeout(resolve, 0));
    return this.until(this.#time() + milliseconds);
  }

  #time(): number {
    return performance.now() + this.#skipped;
  }

  async #run(): Promise<void> {
    this.#runs = true;
    while (this.#waiting.length > 0) {
      let asked = this.#asked;
      for (let quiet = 0; quiet < QUIET_TURNS; quiet++) {
        await new Promise<void>((resolve) => setImmediate(resolve));
        if (asked === this.#asked) continue;
        asked = this.#asked;
        quiet = 0;
      }
      const [first] = this.#waiting;
      if (first === undefined) break;
      this.#skipped += Math.max(0, first.at - this.#time());
      while ((this.#waiting[0]?.at ?? Infinity) <= this.#time()) this.#waiting.shift()?.resolve();
    }
    this.#runs = false;
  }
}
