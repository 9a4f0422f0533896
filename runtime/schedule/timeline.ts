/** Recorded times -> due times. */

/** How recorded times become due times. */
export interface TimelineOptions {
  /** Recorded time is divided by it: 2 plays twice as fast. 1 unless given. */
  readonly speed?: number;
  /** Keep the order only: nothing has a due time. */
  readonly asap?: boolean;
  /** Keep think times instead of moments: each operation follows what enabled it. */
  readonly causal?: boolean;
  /** Seconds, after scaling, that a time without any operation lasts at most; no limit unless given. */
  readonly maxIdle?: number;
  /** Recorded seconds before which operations just follow each other; 0 unless given. */
  readonly from?: number;
  /** Recorded seconds after which nothing is sent; no end unless given. */
  readonly to?: number;
  /** Nothing is waited for: only the due times count. */
  readonly dry?: boolean;
}

/**
 * The clock face of a run. All clients share one origin, so that what happened at the same recorded time in two
 * clients is due at the same moment.
 *
 * @example
 * ```ts
 * const twice = new Timeline({ speed: 2 });
 * if (twice.due(3) !== 1500) throw new Error();
 * if (new Timeline({ asap: true }).due(3) !== null) throw new Error();
 * if (new Timeline({ from: 2 }).due(3) !== 1000) throw new Error();
 * ```
 */
export class Timeline {
  readonly causal: boolean;
  /** Milliseconds; Infinity without a limit. */
  readonly maxIdle: number;
  readonly from: number;
  readonly to: number;
  readonly dry: boolean;
  readonly #speed: number;
  readonly #asap: boolean;

  /** @throws {RangeError} When the speed is not a positive finite number, or the window is empty. */
  constructor(options: TimelineOptions = {}) {
    this.#speed = options.speed ?? 1;
    this.#asap = options.asap ?? false;
    this.causal = options.causal ?? false;
    this.maxIdle = (options.maxIdle ?? Infinity) * 1000;
    this.from = options.from ?? 0;
    this.to = options.to ?? Infinity;
    this.dry = options.dry ?? false;
    if (!Number.isFinite(this.#speed) || this.#speed <= 0) {
      throw new RangeError(`Cannot scale time by ${this.#speed}: a positive number is needed`);
    }
    if (!(this.maxIdle >= 0)) {
      throw new RangeError("Cannot limit idle times: no negative number is possible");
    }
    if (!(this.from >= 0) || !(this.to > this.from)) {
      throw new RangeError(
        `Cannot play from ${this.from} to ${this.to} s: the end is not after the beginning`,
      );
    }
  }

  /**
   * Milliseconds after the beginning (that of the window) at which what was recorded at `seconds` is due; null when it
   * just follows.
   */
  due(seconds: number): number | null {
    if (this.#asap || seconds < this.from) return null;
    return ((seconds - this.from) * 1000) / this.#speed;
  }

  /** Milliseconds that a recorded pause of `seconds` lasts. */
  pause(seconds: number): number {
    return this.#asap || this.dry ? 0 : (seconds * 1000) / this.#speed;
  }
}
