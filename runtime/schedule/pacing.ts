/**
 * When each client's next operation is sent, under all modes of time. A client asks with the recorded second; the answer
 * comes when the moment has: never before what it must follow, which the client has awaited itself.
 */
import type { Clock } from "./clock.ts";
import type { Timeline } from "./timeline.ts";

/** Thrown to a client that has come to the end of the window (`to`). */
export class WindowEnd extends Error {
  override readonly name = "WindowEnd";

  constructor() {
    super("Cannot go on: the window of recorded time has ended");
  }
}

/** Something that happened in the capture and has happened now. */
export interface Event {
  /** Recorded seconds. */
  readonly recorded: number;
  /** On the clock. */
  readonly actual: number;
  /** An answer of which no more is recorded than when it was asked for: it came within {@linkcode SOON}. */
  readonly isVague?: boolean;
}

/**
 * Seconds within which an answer came whose time is not recorded. What was sent within that time, too, followed it at once:
 * who answers and asks so fast is no person.
 */
export const SOON = 0.005;

interface Waiting {
  readonly recorded: number;
  readonly release: () => void;
}

/** The times of all clients of a run. */
export class Pacing {
  readonly #clock: Clock;
  readonly #timeline: Timeline;
  readonly #paces = new Set<Pace>();
  /** Waits for moments, where moments may come nearer. */
  readonly #waiting = new Set<Waiting>();
  /** Waits for the window to open. */
  #gate: (() => void)[] = [];
  #open: boolean;
  /** Moment of the clock at which the timeline's zero is. */
  #zero: number;
  /** Milliseconds of idle time that were cut so far. */
  #cut = 0;
  /** Recorded seconds of the latest operation that was let go. */
  #latest: number;
  #sleeping = 0;
  /** Earliest moment that is waited for on the clock. */
  #armed = Infinity;

  constructor(clock: Clock, timeline: Timeline) {
    this.#clock = clock;
    this.#timeline = timeline;
    this.#zero = clock.now();
    this.#open = timeline.from === 0;
    this.#latest = timeline.from;
  }

  /** The time begins, or began, at that moment of the clock. */
  begin(zero: number): void {
    this.#zero = zero;
  }

  /** Milliseconds of idle time that were left out. */
  get cut(): number {
    return this.#cut;
  }

  /** Clients that wait for a moment. */
  get sleeping(): number {
    return this.#sleeping;
  }

  /** A client; call `end()` when it has come to its end. */
  join(): Pace {
    const pace = new Pace(this);
    this.#paces.add(pace);
    return pace;
  }

  /**
   * Waits until what was recorded at `seconds` may be sent.
   *
   * @param enabledBy What it followed in the capture; for `causal`.
   * @returns The moment at which it was due; null when it just follows.
   * @throws {WindowEnd} When it is not to be sent.
   */
  async at(pace: Pace, seconds: number, enabledBy: Event | null): Promise<number | null> {
    if (seconds > this.#timeline.to) throw new WindowEnd();
    if (this.#timeline.dry) return this.#zero + (this.#timeline.due(seconds) ?? 0);
    if (!this.#open && seconds >= this.#timeline.from) await this.#window(pace);
    const due = this.#timeline.due(seconds);
    if (due === null) return null;
    const moment = this.#timeline.causal && enabledBy !== null
      ? enabledBy.actual + this.#think(thinkTime(enabledBy, seconds))
      : null;
    if (moment !== null) {
      await this.#sleep(this.#clock.until(moment));
      return moment;
    }
    if (this.#timeline.maxIdle === Infinity) {
      await this.#sleep(this.#clock.until(this.#zero + due));
      return this.#zero + due;
    }
    await this.#sleep(this.#movable(pace, seconds));
    return this.#momentOf(seconds);
  }

  /** A client's state has changed: time may be cut, or the window may open. */
  changed(): void {
    const needed = !this.#open || (this.#timeline.maxIdle !== Infinity && this.#waiting.size > 0);
    if (!needed || !this.#idle()) return;
    if (!this.#open) {
      if (this.#gate.length > 0) this.#openWindow();
      return;
    }
    const earliest = this.#earliest();
    const gap = this.#timeline.pause(earliest - this.#latest);
    if (gap > this.#timeline.maxIdle) {
      this.#cut += gap - this.#timeline.maxIdle;
      // The same gap is not cut twice.
      this.#latest = earliest - (earliest - this.#latest) * (this.#timeline.maxIdle / gap);
      this.#armed = Infinity;
      this.#arm();
    }
  }

  /** A client has come to its end. */
  leave(pace: Pace): void {
    this.#paces.delete(pace);
    this.changed();
  }

  #think(seconds: number): number {
    return Math.min(this.#timeline.pause(Math.max(0, seconds)), this.#timeline.maxIdle);
  }

  #momentOf(seconds: number): number {
    return this.#zero + (this.#timeline.due(seconds) ?? 0) - this.#cut;
  }

  /** Nobody sends anything before time goes on: every client waits, if only for what the server holds back. */
  #idle(): boolean {
    for (const pace of this.#paces) if (!pace.idle) return false;
    return true;
  }

  async #sleep(until: Promise<void>): Promise<void> {
    this.#sleeping++;
    await until;
    this.#sleeping--;
  }

  async #window(pace: Pace): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#gate.push(resolve);
    pace.wait();
    await promise;
    pace.go();
  }

  #openWindow(): void {
    this.#open = true;
    this.#zero = this.#clock.now();
    const gate = this.#gate;
    this.#gate = [];
    for (const release of gate) release();
  }

  async #movable(pace: Pace, seconds: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const waiting = {
      recorded: seconds,
      release: () => {
        this.#waiting.delete(waiting);
        this.#latest = Math.max(this.#latest, seconds);
        pace.go();
        resolve();
      },
    };
    this.#waiting.add(waiting);
    pace.wait();
    this.#arm();
    await promise;
  }

  /** Waits for the earliest moment, and lets everything go that is due then. */
  #arm(): void {
    if (this.#waiting.size === 0) return;
    const moment = this.#momentOf(this.#earliest());
    if (moment >= this.#armed) return;
    this.#armed = moment;
    void this.#clock.until(moment).then(() => {
      if (this.#armed !== moment) return;
      this.#armed = Infinity;
      const now = this.#clock.now();
      const due = [...this.#waiting].filter(({ recorded }) => this.#momentOf(recorded) <= now);
      due.sort((one, other) => one.recorded - other.recorded);
      for (const { release } of due) release();
      this.#arm();
    });
  }

  #earliest(): number {
    let earliest = Infinity;
    for (const { recorded } of this.#waiting) earliest = Math.min(earliest, recorded);
    return earliest;
  }
}

/** Recorded seconds from an event to what it enabled. */
function thinkTime({ recorded, isVague }: Event, seconds: number): number {
  const time = seconds - recorded;
  return isVague === true && time < SOON ? 0 : time;
}

/** One client's place in time. */
export class Pace {
  readonly #pacing: Pacing;
  #waits = 0;
  #outstanding = 0;
  #pending = 0;
  /** What the client did last, sending or getting an answer, by recorded time. */
  #latest: Event | null = null;

  constructor(pacing: Pacing) {
    this.#pacing = pacing;
  }

  /** Whether it does nothing before time goes on, or the server answers what it holds back (STATUS_PENDING). */
  get idle(): boolean {
    return this.#waits > 0 || (this.#outstanding > 0 && this.#pending === this.#outstanding);
  }

  /**
   * Waits until what was recorded at `seconds` may be sent.
   *
   * @param others Answers to others that it followed in the capture.
   * @returns The moment at which it was due; null when it just follows.
   * @throws {WindowEnd} When it is not to be sent.
   */
  async at(seconds: number, others: readonly Event[] = []): Promise<number | null> {
    let enabledBy: Event | null = null;
    for (const event of this.#latest === null ? others : [this.#latest, ...others]) {
      // What the capture had only later did not enable it.
      if (event.recorded > seconds) continue;
      if (enabledBy === null || event.recorded >= enabledBy.recorded) enabledBy = event;
    }
    return await this.#pacing.at(this, seconds, enabledBy);
  }

  /** The client waits for others. */
  wait(): void {
    this.#waits++;
    this.#pacing.changed();
  }

  /** It goes on. */
  go(): void {
    this.#waits--;
  }

  /** An operation is sent. */
  sent(event: Event | null): void {
    this.#outstanding++;
    this.#happened(event);
  }

  /** The server holds an operation back. */
  held(): void {
    this.#pending++;
    this.#pacing.changed();
  }

  /** An operation has ended; `wasHeld` tells whether `held` was called for it. */
  answered(wasHeld: boolean, event: Event | null): void {
    this.#outstanding--;
    if (wasHeld) this.#pending--;
    this.#happened(event);
  }

  /** The client has come to its end. */
  end(): void {
    this.#pacing.leave(this);
  }

  #happened(event: Event | null): void {
    if (event === null) return;
    if (this.#latest === null || event.recorded >= this.#latest.recorded) this.#latest = event;
  }
}
