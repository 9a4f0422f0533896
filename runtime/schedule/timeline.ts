/** Recorded times -> due times. */

/** How recorded times become due times. */
export interface TimelineOptions {
  /** Recorded time is divided by it: 2 plays twice as fast. 1 unless given. */
  readonly speed?: number;
  /** Keep the order only: nothing has a due time. */
  readonly asap?: boolean;
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
 * ```
 */
export class Timeline {
  readonly #speed: number;
  readonly #asap: boolean;

  /** @throws {RangeError} When the speed is not a positive finite number. */
  constructor(options: TimelineOptions = {}) {
    this.#speed = options.speed ?? 1;
    this.#asap = options.asap ?? false;
    if (!Number.isFinite(this.#speed) || this.#speed <= 0) {
      throw new RangeError(`Cannot scale time by ${this.#speed}: a positive number is needed`);
    }
  }

  /** Milliseconds after the origin at which what was recorded at `seconds` is due; null when it just follows. */
  due(seconds: number): number | null {
    return this.#asap ? null : (seconds * 1000) / this.#speed;
  }

  /** Milliseconds that a recorded pause of `seconds` lasts. */
  pause(seconds: number): number {
    return this.#asap ? 0 : (seconds * 1000) / this.#speed;
  }
}
