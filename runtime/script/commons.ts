/** What all users of a worker share: the numbers of operations, blobs, time limits, and how much may be in flight. */
import { type Clock, type Segment, Timeline, type TimelineOptions } from "../schedule/mod.ts";
import { Activities } from "./activity.ts";
import { type Linked, LinkedList } from "./linked_list.ts";
import { Watchdog } from "./watchdog.ts";
import type { Contents } from "./contents.ts";
import type { Footprints } from "./footprints.ts";

/** How often overdue operations are looked for, in milliseconds. */
const SWEEP_MS = 100;

/** What has a time limit. */
export interface Watched extends Linked<Watched> {
  /** Moment of the clock. */
  expiresAt: number;
  expire(): void;
}

/** Time limits of many operations with one timer: one for each would cost more than the operations. */
export class Deadlines {
  readonly #clock: Clock;
  readonly #watched = new LinkedList<Watched>();
  #sweeping = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Calls `expire` once, unless the returned function is called within that many milliseconds. */
  set(milliseconds: number, expire: () => void): () => void {
    const watched: Watched = { expiresAt: Infinity, expire, before: null, after: null };
    this.watch(watched, milliseconds);
    return () => this.unwatch(watched);
  }

  /** Lets `watched` expire, unless `unwatch` is called within that many milliseconds. */
  watch(watched: Watched, milliseconds: number): void {
    watched.expiresAt = this.#clock.now() + milliseconds;
    this.#watched.add(watched);
    if (!this.#sweeping) void this.#sweep();
  }

  unwatch(watched: Watched): void {
    this.#watched.remove(watched);
  }

  async #sweep(): Promise<void> {
    this.#sweeping = true;
    while (this.#watched.size > 0) {
      await this.#clock.rest(SWEEP_MS);
      const now = this.#clock.now();
      for (const watched of this.#watched.all()) {
        if (watched.expiresAt <= now) {
          this.#watched.remove(watched);
          watched.expire();
        }
      }
    }
    this.#sweeping = false;
  }
}

/** Lets a limited number of operations be in flight; the others wait in their order. */
export class Admission {
  readonly #limit: number;
  readonly #queue: (() => void)[] = [];
  #inFlight = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Whether one may start at once; it then counts. */
  enter(): boolean {
    if (this.#inFlight >= this.#limit) return false;
    this.#inFlight++;
    return true;
  }

  /** Calls `start` when one may start; it then counts. */
  queue(start: () => void): void {
    this.#queue.push(start);
  }

  /** One has ended. */
  leave(): void {
    const next = this.#queue.shift();
    if (next === undefined) this.#inFlight--;
    else next();
  }

  /** How many wait. */
  get waiting(): number {
    return this.#queue.length;
  }
}

/**
 * Whether operations keep the line of the script that made them, for their failure. That costs as much as all the rest
 * that scripting adds to a request: the first ones do. Later ones take the line where they are awaited; of a command
 * whose operations have ended before anybody awaited them, all go on keeping it.
 */
export class Sites {
  #left: number;
  readonly #loose = new Set<string>();

  /** @param count Operations that keep their line. */
  constructor(count: number) {
    this.#left = count;
  }

  /** Whether one more operation keeps its line. */
  areDue(command: string): boolean {
    if (this.#left === 0) return this.#loose.has(command);
    this.#left--;
    return true;
  }

  /** An operation has ended that nobody awaited so far. */
  loose(command: string): void {
    this.#loose.add(command);
  }
}

/** Everything that is shared. */
export class Commons {
  readonly deadlines: Deadlines;
  readonly activities = new Activities();
  readonly sites: Sites;
  readonly timeline: Timeline;
  /** Null where nobody watches. */
  readonly watchdog: Watchdog | null;
  /** Null without a limit. */
  readonly admission: Admission | null;
  /** The names that the run makes, where they are removed after it. */
  footprints: Footprints | null = null;
  /** What files hold, where reads are verified. */
  contents: Contents | null = null;
  /** Requests that had to wait for credits, on connections that have ended. */
  creditStalls = 0;
  readonly #readBlob: (path: string) => Promise<Uint8Array>;
  readonly #blobs = new Map<string, Uint8Array | Promise<Uint8Array>>();
  readonly #step: number;
  #nextId: number;

  constructor(parts: {
    readonly clock: Clock;
    /** Hears when nothing moves any more. */
    readonly stuck?: (dump: string) => void;
    /** How recorded times become due times; as they are unless given. */
    readonly timeline?: TimelineOptions;
    readonly blob: (path: string) => Promise<Uint8Array>;
    /** Operations that keep the line of the script for a failure; all unless given. */
    readonly sites?: number;
    /** Most operations in flight; no limit unless given. */
    readonly maxConcurrent?: number | undefined;
    /** Which of several workers this is: their numbers differ. */
    readonly segment?: Segment | undefined;
  }) {
    this.deadlines = new Deadlines(parts.clock);
    this.sites = new Sites(parts.sites ?? Infinity);
    this.timeline = new Timeline(parts.timeline);
    this.watchdog = parts.stuck === undefined ? null : new Watchdog(parts.clock, parts.stuck);
    this.admission = parts.maxConcurrent === undefined ? null : new Admission(parts.maxConcurrent);
    this.#readBlob = parts.blob;
    this.#nextId = 1 + (parts.segment?.index ?? 0);
    this.#step = parts.segment?.of ?? 1;
  }

  /** A number for an operation. */
  id(): number {
    const id = this.#nextId;
    this.#nextId += this.#step;
    return id;
  }

  /** The content of a blob: at once when it is there. */
  blob(path: string): Uint8Array | Promise<Uint8Array> {
    const known = this.#blobs.get(path);
    if (known !== undefined) return known;
    const loading = this.#readBlob(path);
    this.#blobs.set(path, loading);
    loading.then((bytes) => this.#blobs.set(path, bytes), () => {});
    return loading;
  }

  /** Resolves when every blob named so far is there. @throws When one cannot be had. */
  async blobsReady(): Promise<void> {
    await Promise.all(this.#blobs.values());
  }
}
