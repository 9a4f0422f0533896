/**
 * Load: many users of one scenario, begun and ended as a shape says. Each has its own connections, keys and random
 * numbers; an iteration that fails is counted, and its user goes on with the next one.
 */
import {
  arrivals,
  lengthOf,
  mostUsers,
  quota,
  type Segment,
  shareOf,
  userChanges,
} from "../schedule/mod.ts";
import type { Activity } from "./activity.ts";
import type { LoadUser } from "./api.ts";
import { AbortedError, firstError, NoResponseError, StatusError } from "./errors.ts";
import type { LoadPlan } from "./load_options.ts";
import { makeFolders } from "./own_folders.ts";
import type { LoadState, Runner } from "./runner.ts";
import { type UserParts, UserScope } from "./user_scope.ts";

/** The part of the load that one worker has. */
export interface LoadPart {
  readonly segment: Segment;
  /** Names of all users, by number; more users than names begin again with the first. */
  readonly names: readonly string[];
  /** Whether each user has a directory of its own. */
  readonly isolate: boolean;
}

const ALONE: LoadPart = { segment: { index: 0, of: 1 }, names: [], isolate: false };

/** Digits of a user's number in its name: 5000 users sort as they count. */
const DIGITS = 4;

/** Users that log off at the same time. */
const CLOSING_AT_ONCE = 50;

/** Name of a user, by number from 0. */
export function userName(names: readonly string[], number: number): string {
  return names[number % Math.max(1, names.length)] ??
    `user${String(number + 1).padStart(DIGITS, "0")}`;
}

/** How long a user waits whom the server did not let in: at once it would meet the same, or lock an account. */
const REFUSED_MS = 1000;

/** Commands by which a user comes to its share. */
const ENTRY: ReadonlySet<string> = new Set(["NEGOTIATE", "SESSION_SETUP", "TREE_CONNECT"]);

interface Slot {
  readonly number: number;
  readonly name: string;
  /** Null before the first iteration, and while a replay is between two of them. */
  scope: UserScope | null;
  iteration: number;
  /** No iteration begins any more. */
  ended: boolean;
}

/** One run of a load. */
export class LoadRun implements Runner {
  readonly #parts: UserParts;
  readonly #plan: LoadPlan;
  readonly #part: LoadPart;
  readonly #slots = new Map<number, Slot>();
  /** Iterations that are left of a fixed number; null without one. */
  #left: number | null;
  /** Moment of the clock at which the shape begins. */
  #origin = 0;
  #zero: number | null = null;
  /** Its users are those at work. */
  readonly #activity: Activity;
  #stopped: string | null = null;
  /** Users who log off. */
  readonly #leaving = new Set<Promise<void>>();
  /** Waits that end when the run is stopped. */
  readonly #waits = new Set<() => void>();

  constructor(parts: UserParts, plan: LoadPlan, part: LoadPart = ALONE) {
    this.#parts = parts;
    this.#activity = parts.commons.activities.of(parts.scenario);
    this.#plan = plan;
    this.#part = part;
    this.#left = quota(plan.shape, part.segment);
  }

  /** What the times of all users count from. */
  get zero(): number {
    return this.#zero ?? this.#origin;
  }

  get users(): number {
    return mostUsers(this.#plan.shape);
  }

  /** Users at work, and iterations that nobody was free for. */
  get load(): LoadState {
    return { users: this.#activity.users, dropped: this.#activity.dropped };
  }

  /** Plays the whole shape. */
  async play(zero?: number): Promise<void> {
    this.#zero = zero ?? null;
    const { shape, startTime } = this.#plan;
    if (this.#part.isolate) await makeFolders(this.#parts, this.#ownFolders());
    const { clock } = this.#parts.host;
    this.#origin = clock.now() + startTime * 1000;
    await this.#until(0);
    const work = "rate" in shape || "startRate" in shape ? this.#arrive() : this.#iterate();
    const length = lengthOf(shape);
    if (length === Infinity) {
      await this.#unlessStopped(work);
      return;
    }
    const end = this.#until(length).then(() => this.#end());
    await Promise.race([work, end.then(() => work), this.#grace(length)]);
  }

  /** Nothing is sent from now on. */
  stop(reason: string): void {
    this.#stopped ??= reason;
    this.#end();
    for (const { scope } of this.#slots.values()) scope?.run.stop(reason);
    for (const end of [...this.#waits]) end();
  }

  /**
   * Resolves with the promise, or when the run is stopped. (A race with one promise that lasts as long as the run would
   * keep a reaction of each of its rounds.)
   */
  #unlessStopped(promise: Promise<unknown>): Promise<void> {
    if (this.#stopped !== null) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const end = () => {
        this.#waits.delete(end);
        resolve();
      };
      this.#waits.add(end);
      promise.then(end, (error) => {
        this.#waits.delete(end);
        reject(error);
      });
    });
  }

  /** Logs all users off, and waits for those that are about to. */
  async close(): Promise<void> {
    const scopes = [...this.#slots.values()].flatMap(({ scope }) => scope ?? []);
    for (let at = 0; at < scopes.length; at += CLOSING_AT_ONCE) {
      await Promise.all(scopes.slice(at, at + CLOSING_AT_ONCE).map((scope) => scope.close()));
    }
    await Promise.all(this.#leaving);
  }

  async #leave(scope: UserScope): Promise<void> {
    const left = scope.close();
    this.#leaving.add(left);
    await left;
    this.#leaving.delete(left);
  }

  /** Where nothing is provisioned, what users made stays: it may be the next run's. */
  async tidy(): Promise<void> {}

  #ownFolders(): string[] {
    const { segment, names } = this.#part;
    const count = shareOf(mostUsers(this.#plan.shape), segment);
    return Array.from(
      { length: count },
      (_, index) => userName(names, segment.index + index * segment.of),
    );
  }

  /** No iteration begins any more. */
  #end(): void {
    for (const slot of this.#slots.values()) slot.ended = true;
    if (this.#left !== null) this.#left = 0;
  }

  async #grace(length: number): Promise<void> {
    await this.#until(length + this.#plan.gracefulStop);
    const { users } = this.#activity;
    if (this.#stopped === null && users > 0) {
      this.#parts.host.note(
        `${users} iterations were still under way at the end of the graceful stop`,
      );
    }
  }

  /** Waits until that many seconds after the beginning, or until the run is stopped. */
  async #until(seconds: number): Promise<void> {
    const moment = this.#origin + seconds * 1000;
    await this.#unlessStopped(this.#parts.host.clock.until(moment));
  }

  /** Users who iterate as fast as they can. */
  async #iterate(): Promise<void> {
    const { shape, stagger } = this.#plan;
    const share = stagger / Math.max(1, mostUsers(shape));
    const loops: Promise<void>[] = [];
    const running = new Map<number, Slot>();
    const later = shape.executor === "ramping-users" ? 0 : share;
    for (const { at, user, kind } of userChanges(shape, this.#part.segment)) {
      const moment = at + (kind === "start" ? user * later : 0);
      if (shape.executor !== "ramping-users" && kind === "stop") continue;
      await this.#until(moment);
      if (this.#stopped !== null) break;
      if (kind === "stop") {
        const slot = running.get(user);
        if (slot !== undefined) slot.ended = true;
        running.delete(user);
        continue;
      }
      const slot = this.#slot(user);
      running.set(user, slot);
      loops.push(this.#loop(slot));
    }
    await Promise.all(loops);
  }

  async #loop(slot: Slot): Promise<void> {
    const { shape } = this.#plan;
    let own = shape.executor === "per-user-iterations" ? shape.iterations : Infinity;
    this.#activity.users++;
    while (!slot.ended && own > 0 && this.#left !== 0) {
      own--;
      if (this.#left !== null) this.#left--;
      await this.#iteration(slot, null);
      if (!slot.ended && own > 0 && this.#left !== 0) await this.#think();
    }
    this.#activity.users--;
    const { scope } = slot;
    slot.scope = null;
    this.#slots.delete(slot.number);
    if (scope === null) return;
    scope.tellOpenFiles();
    await this.#leave(scope);
  }

  /** Iterations that begin at their times, each by whoever is free. */
  async #arrive(): Promise<void> {
    const free: Slot[] = [];
    const under = new Set<Promise<void>>();
    let made = 0;
    const { segment } = this.#part;
    const limit = shareOf(mostUsers(this.#plan.shape), segment);
    for (const { at } of arrivals(this.#plan.shape, segment)) {
      await this.#until(at);
      if (this.#stopped !== null) break;
      let slot = free.pop();
      if (slot === undefined && made < limit) {
        slot = this.#slot(segment.index + made++ * segment.of);
      }
      if (slot === undefined) {
        this.#activity.dropped++;
        continue;
      }
      const taken = slot;
      this.#activity.users++;
      const iteration = this.#iteration(taken, this.#origin + at * 1000).then(() => {
        this.#activity.users--;
        free.push(taken);
        under.delete(iteration);
      });
      under.add(iteration);
    }
    await Promise.all(under);
    for (const { scope } of this.#slots.values()) scope?.tellOpenFiles();
  }

  #slot(number: number): Slot {
    const slot: Slot = {
      number,
      name: userName(this.#part.names, number),
      scope: null,
      iteration: 0,
      ended: false,
    };
    this.#slots.set(number, slot);
    return slot;
  }

  async #iteration(slot: Slot, moment: number | null): Promise<void> {
    const { host, definition } = this.#parts;
    const { clock } = host;
    const scope = slot.scope ??= this.#scope(slot);
    const startedAt = clock.now();
    const iteration = slot.iteration++;
    const user: LoadUser = { number: slot.number + 1, name: slot.name, iteration };
    // Recorded times begin anew with each iteration; those of the records do not.
    scope.run.begin(this.zero);
    let failure: string | null = null;
    let refused = false;
    try {
      const due = moment === null ? null : moment - this.zero;
      await this.#unlessStopped(scope.play(user, due));
    } catch (error) {
      const first = firstError(error);
      if (first instanceof AbortedError) throw first;
      failure = this.#stopped === null ? (host.failureText ?? failureText)(first) : null;
      // What an iteration leaves behind when it fails is not what the next one begins with.
      slot.scope = null;
      refused = isRefusal(first);
    }
    if (definition.kind === "replay" || failure !== null) {
      slot.scope = null;
      await this.#leave(scope);
    }
    if (this.#stopped !== null && failure === null) return;
    host.iterated?.({
      user: slot.name,
      iteration,
      due: moment === null ? null : moment - this.zero,
      startedAt: startedAt - this.zero,
      endedAt: clock.now() - this.zero,
      failure,
    });
    if (refused && !slot.ended) await this.#unlessStopped(clock.until(clock.now() + REFUSED_MS));
  }

  #scope(slot: Slot): UserScope {
    const { options } = this.#parts;
    return new UserScope({
      ...this.#parts,
      options: {
        ...options,
        userNumber: slot.number + 1,
        ...this.#part.isolate ? { own: slot.name } : {},
      },
    }, true);
  }

  async #think(): Promise<void> {
    const { min, max } = this.#plan.think;
    if (max === 0) return;
    const { host } = this.#parts;
    const [low = 0, high = 0] = host.random(2);
    const seconds = min + (max - min) * ((high << 8 | low) / 0x10000);
    await this.#unlessStopped(host.clock.until(host.clock.now() + seconds * 1000));
  }
}

function isRefusal(error: unknown): boolean {
  return (error instanceof StatusError || error instanceof NoResponseError) &&
    ENTRY.has(error.command);
}

function failureText(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}
