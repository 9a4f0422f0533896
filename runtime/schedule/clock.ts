/** The clock that a run takes, and the real one. */
import { Alarms } from "./alarms.ts";

/** Time, for a run: milliseconds that never go back, from any origin. */
export interface Clock {
  now(): number;
  /** Resolves once `now()` is `at` or later: never before. */
  until(at: number): Promise<void>;
  /** Resolves after about that many milliseconds; cheap. */
  rest(milliseconds: number): Promise<void>;
}

/** What a real clock is made of; a test puts its own in. */
export interface ClockParts {
  now(): number;
  /** Calls back after about that many milliseconds. */
  timer(callback: () => void, milliseconds: number): void;
  /** Calls back as soon as pending input has had its turn. */
  turn(callback: () => void): void;
}

const REAL_PARTS: ClockParts = {
  now: () => performance.now(),
  timer: (callback, milliseconds) => void setTimeout(callback, milliseconds),
  turn: (callback) => void setImmediate(callback),
};

/**
 * A clock that is late by microseconds, not milliseconds: a timer takes it to 2 ms before the moment, turns of the
 * event loop the rest of the way. All waits share one timer, so that thousands of clients cost no more than one.
 */
export class PreciseClock implements Clock {
  readonly #parts: ClockParts;
  readonly #alarms = new Alarms();
  /** Counts the timers set: an older one that fires is stale. */
  #generation = 0;
  /** When the current timer fires; -Infinity while spinning, Infinity while nobody waits. */
  #wakeAt = Infinity;

  constructor(parts: ClockParts = REAL_PARTS) {
    this.#parts = parts;
  }

  now(): number {
    return this.#parts.now();
  }

  until(at: number): Promise<void> {
    if (at <= this.now()) return Promise.resolve();
    return new Promise((resolve) => {
      this.#alarms.set(at, resolve);
      if (at < this.#wakeAt) this.#step();
    });
  }

  rest(milliseconds: number): Promise<void> {
    return new Promise((resolve) => this.#parts.timer(resolve, milliseconds));
  }

  #step(): void {
    const generation = ++this.#generation;
    const again = () => {
      if (generation === this.#generation) this.#step();
    };
    const now = this.now();
    const step = this.#alarms.advance(now);
    switch (step.kind) {
      case "idle":
        this.#wakeAt = Infinity;
        return;
      case "sleep":
        this.#wakeAt = now + step.milliseconds;
        this.#parts.timer(again, step.milliseconds);
        return;
      case "spin":
        this.#wakeAt = -Infinity;
        this.#parts.turn(again);
        return;
    }
  }
}
