/** Times of a capture: seconds from its first message, and whether they can be true. */
import type { Stamp } from "./capture/mod.ts";
import type { Exchange } from "./exchange.ts";

/** A point in time. */
export type Moment = Pick<Stamp, "seconds" | "nanoseconds">;

/** Messages that must agree before times count as made up: fewer may be equally far apart by chance. */
const ENOUGH = 16;

/** Nanoseconds: packets that are all less than that apart, and equally far, were not sent by machines. */
const SHORT_STEP = 1e6;

/** Messages that are looked at. */
const LOOKED_AT = 4096;

/** Of the answers, the part that may be older than their requests: packets are out of order in many captures. */
const TOLERATED = 0.1;

/** Counts seconds from the first message, and looks whether the stamps are those of a clock. */
export class CaptureClock {
  /** Times count from here until the first message is known: packets may be out of order. */
  #base: Moment | null = null;
  #start: Moment | null = null;
  #last = 0;
  #first: Stamp | null = null;
  #step: number | null = null;
  #looked = 0;
  #fitting = 0;
  #answers = 0;
  #backwards = 0;

  /** Time of the earliest message; null before any. */
  get start(): Moment | null {
    return this.#start;
  }

  /** Seconds from where times count to the earliest message: negative, or 0. */
  get late(): number {
    return this.#start === null ? 0 : this.seconds(this.#start);
  }

  /** Seconds from the first message to the latest one. */
  get duration(): number {
    return round(this.#last - this.late);
  }

  /** Frame of the message that was seen first. */
  get firstFrame(): number {
    return this.#first?.frame ?? 1;
  }

  /** Learns the times of an exchange. */
  saw({ request, response }: Exchange): void {
    const first = (request ?? response)?.first;
    if (first === undefined) return;
    if (this.#start === null || isEarlier(first, this.#start)) this.#start = first;
    this.#base ??= first;
    this.#look(first);
    if (request !== null && response !== null) this.answered(request.first, response.completed);
  }

  /** Learns when a request was answered. */
  answered(request: Stamp, response: Stamp): void {
    this.#look(response);
    this.#answers++;
    if (isEarlier(response, request)) this.#backwards++;
  }

  /** An operation was sent or answered then; returns the seconds from where times count. */
  reached(moment: Moment): number {
    const seconds = this.seconds(moment);
    if (seconds > this.#last) this.#last = seconds;
    return seconds;
  }

  /** Seconds from where times count. */
  seconds(moment: Moment): number {
    const start = this.#base ?? moment;
    return round(moment.seconds - start.seconds + (moment.nanoseconds - start.nanoseconds) / 1e9);
  }

  /** Whether each packet is equally far from the one before it, as tools make it that have no clock. */
  #look(stamp: Stamp): void {
    if (this.#first === null) this.#first = stamp;
    if (this.#looked >= LOOKED_AT) return;
    const frames = stamp.frame - this.#first.frame;
    if (frames === 0) return;
    const passed = (stamp.seconds - this.#first.seconds) * 1e9 + stamp.nanoseconds -
      this.#first.nanoseconds;
    this.#step ??= passed / frames;
    this.#looked++;
    if (passed === this.#step * frames) this.#fitting++;
  }

  /** What is wrong with the times; null when they can be true. */
  get fault(): string | null {
    const regular = this.#looked >= ENOUGH && this.#fitting === this.#looked;
    if (regular && this.#step !== null && this.#step < SHORT_STEP) {
      if (this.#step === 0) return "all packets have the same time";
      return this.#step < 0
        ? "each packet is older than the one before it"
        : `each packet is ${this.#step / 1000} µs after the one before it`;
    }
    if (this.#answers >= ENOUGH && this.#backwards > TOLERATED * this.#answers) {
      return "answers are older than what they answer";
    }
    return null;
  }
}

function isEarlier(one: Moment, other: Moment): boolean {
  return one.seconds < other.seconds ||
    (one.seconds === other.seconds && one.nanoseconds < other.nanoseconds);
}

/** Nanoseconds are as fine as captures go; sums of doubles are finer. */
export function round(seconds: number): number {
  return Math.round(seconds * 1e9) / 1e9;
}
