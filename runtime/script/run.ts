/** One run of a scenario: sends operations, judges and records them, and holds what its clients share. */
import type {
  Authenticator,
  Reply,
  Session as NativeSession,
  UnsupportedError,
} from "../client/mod.ts";
import type { OperationRecord } from "../measure/mod.ts";
import {
  type Event,
  Order,
  type OrderKey,
  type Pace,
  Pacing,
  type Timeline,
} from "../schedule/mod.ts";
import type { Data, Duration, File, Operation, OperationOptions, Session } from "./api.ts";
import type { Activity } from "./activity.ts";
import { ScriptError } from "./errors.ts";
import type { Commons } from "./commons.ts";
import type { Credentials, RunHost, RunOptions } from "./host.ts";
import { sharePath } from "./names.ts";
import { Performed, type Sending } from "./performed.ts";
import { HELD_BY_OTHERS, Standstill } from "./standstill.ts";
import { duration } from "./units.ts";

/** How long after its recorded answer a watch is waited for, in milliseconds. */
const WATCH_PATIENCE_MS = 10_000;

/** Where an operation comes from, taken when the script makes it. */
export interface Origin {
  readonly client: string;
  readonly label: string | null;
  /** What others wait for it by, in place of its label: a row's number. */
  readonly key?: number | undefined;
  /** Milliseconds after the run's origin; null when it just follows. */
  readonly due: number | null;
  /** When it was recorded; absent in what was written by hand. */
  readonly recorded?: RecordedTime | undefined;
  /** The client's place in time. */
  readonly pace?: Pace | undefined;
  /** Nobody awaits it by itself: it is part of a compound. */
  readonly apart?: boolean;
}

/** An operation's times in the capture, in seconds. */
export interface RecordedTime {
  readonly at: number;
  /** Until the final answer; undefined where that is not told. */
  readonly took: number | undefined;
}

/** When an operation was answered, in the capture and now. */
export function answerOf({ at, took }: RecordedTime, actual: number): Event {
  return took === undefined
    ? { recorded: at, actual, isVague: true }
    : { recorded: at + took, actual };
}

/** What every answer has; a {@linkcode Reply} is one. */
export type Answered = Pick<
  Reply,
  "status" | "sentAt" | "receivedAt" | "interimAt" | "bytesSent" | "bytesReceived"
>;

/** An operation to carry out. */
export interface Intent<T, R extends Answered> {
  readonly origin: Origin;
  readonly command: string;
  readonly path: string;
  readonly options: OperationOptions;
  /** Why it cannot be sent; null when it can. */
  readonly obstacle: string | null;
  /** Why it is not sent though nothing is lost by that: neither a failure nor a difference. */
  readonly leftOut?: string | null | undefined;
  /** Sends at once, and resolves to the reply, whatever its status. */
  readonly send: (options: Sending) => Promise<R>;
  /** The result, from a reply whose status is right. */
  readonly value: (reply: R) => T;
  /** The result when there is no better one. */
  readonly empty: () => T;
  /** It did not succeed: told before the script goes on. */
  readonly failed?: ((reason: string) => void) | undefined;
  /** Bytes of file data in the reply or request. */
  readonly payload?: ((reply: R) => number) | undefined;
  /** What the server granted, for the operation log; empty when it granted nothing. */
  readonly granted?: (() => string) | undefined;
  /** What is asked for, for the operation log. */
  readonly parameters?: NonNullable<OperationRecord["parameters"]> | undefined;
  /** Recorded and actual grant, once the reply is there. */
  readonly grant?: (() => OperationRecord["grant"]) | undefined;
  /** Where the data that came is wrong, once its value was taken; undefined where it is right. */
  readonly wrongData?: (() => number | undefined) | undefined;
}

/** What all clients of a run share. */
export class Run {
  readonly host: RunHost;
  readonly options: RunOptions;
  readonly commons: Commons;
  /** What is told of it while it goes on. */
  readonly activity: Activity;
  /** Whether an unexpected status throws: in a scenario, not in a replay. */
  readonly strict: boolean;
  /** When the run began, on the host's clock. */
  #origin: number;
  #stopped: string | null = null;
  #order: Order | null = null;
  #pacing: Pacing | null = null;
  /** Moment of the clock at which recorded time begins. */
  #zero: number;
  #refusal: PromiseWithResolvers<never> | null = null;
  #differences: Set<string> | null = null;
  #clients = 0;
  /** Clients that wait for labels. */
  #waiting = 0;
  /** Operations that have ended. */
  #ended = 0;
  /** Operations without an end. */
  #outstanding = 0;
  /** Those of them that the server holds back until another client does something. */
  #held = 0;
  readonly #standstill = new Standstill(
    (milliseconds, expire) => this.deadline(milliseconds, expire),
    {
      isStill: () =>
        this.#waiting > 0 && this.#held > 0 && this.#held === this.#outstanding &&
        this.pacing.sleeping === 0,
      release: () => this.order.releaseOldest(),
    },
  );
  #names: Map<string, Uint8Array> | null = null;
  /** What other clients may name, by what made it. */
  #shared: Map<string, File | Session> | null = null;
  /** Answers by label, for think times. */
  #answers: Map<OrderKey, Event> | null = null;

  constructor(
    host: RunHost,
    options: RunOptions & {
      readonly strict: boolean;
      readonly commons: Commons;
      /** Part of a suite that it belongs to. */
      readonly scenario?: string | undefined;
    },
  ) {
    this.host = host;
    this.commons = options.commons;
    this.activity = options.commons.activities.of(options.scenario);
    const root = sharePath(options.root);
    this.options = root === options.root ? options : { ...options, root };
    this.strict = options.strict;
    this.#origin = this.#zero = host.clock.now();
  }

  // What most users under load never ask for is made when it is first asked for: there may be thousands of them.

  get timeline(): Timeline {
    return this.commons.timeline;
  }

  get order(): Order {
    if (this.#order === null) {
      this.#order = new Order();
      if (this.#stopped !== null) this.#order.close();
    }
    return this.#order;
  }

  get pacing(): Pacing {
    if (this.#pacing === null) {
      this.#pacing = new Pacing(this.host.clock, this.timeline);
      this.#pacing.begin(this.#zero);
    }
    return this.#pacing;
  }

  /** Rejects with the first operation that the back end cannot carry out; nothing is sent after it. */
  get refusal(): Promise<never> {
    if (this.#refusal === null) {
      this.#refusal = Promise.withResolvers();
      this.#refusal.promise.catch(() => {});
    }
    return this.#refusal.promise;
  }

  /** The back end cannot carry an operation out: the run ends. */
  refuse(error: UnsupportedError): void {
    this.stop("the back end cannot carry out all of the scenario");
    void this.refusal;
    this.#refusal?.reject(error);
  }

  /** The back end does something otherwise than asked: said once. */
  differs(difference: string): void {
    const told = this.#differences ??= new Set();
    if (told.has(difference)) return;
    told.add(difference);
    this.host.note(`${this.host.backend.name} back end: ${difference}`);
  }

  /**
   * Starts the common clock of the clients.
   *
   * @param origin What the records' times count from; now unless given.
   */
  begin(origin?: number): void {
    const now = this.host.clock.now();
    this.#origin = origin ?? now;
    this.#zero = now;
    this.#pacing?.begin(now);
  }

  /** When the run began, on the host's clock. */
  get origin(): number {
    return this.#origin;
  }

  /** From now on nothing is sent any more. */
  stop(reason: string): void {
    this.#stopped ??= reason;
    this.#order?.close();
  }

  /** Why nothing is sent any more; null while the run goes on. */
  get stopped(): string | null {
    return this.#stopped;
  }

  /** The limit of an operation in milliseconds. */
  timeoutOf(timeout: Duration | undefined): number {
    return timeout === undefined ? this.options.timeout * 1000 : duration(timeout) * 1000;
  }

  /** The limit of a watch: a while after its recorded answer, where there is one. */
  watchLimit(recorded: RecordedTime | undefined): number {
    // What is not told took no time to speak of.
    return recorded === undefined || this.host.step !== undefined
      ? this.timeoutOf(undefined)
      : this.timeline.pause(recorded.took ?? 0) + WATCH_PATIENCE_MS;
  }

  /** Carries an operation out. */
  perform<T, R extends Answered>(intent: Intent<T, R>): Operation<T> {
    const operation = new Performed(this, intent);
    operation.start();
    return operation;
  }

  // What operations tell of themselves.

  operationBegins(): void {
    this.#outstanding++;
    this.activity.inFlight++;
    this.#standstill.changed();
  }

  /** The server holds one back. */
  operationHeld(command: string): void {
    if (HELD_BY_OTHERS.has(command)) this.#held++;
    this.#standstill.changed();
  }

  operationEnds(end: {
    readonly command: string;
    readonly key: OrderKey | null;
    readonly isHeld: boolean;
    /** When it was answered, in the capture and now; null where that is not known. */
    readonly answered: Event | null;
  }): void {
    const { key, answered } = end;
    this.#outstanding--;
    this.#ended++;
    this.activity.inFlight--;
    if (answered !== null && key !== null && this.timeline.causal) {
      (this.#answers ??= new Map()).set(key, answered);
    }
    if (end.isHeld && HELD_BY_OTHERS.has(end.command)) this.#held--;
    this.#standstill.changed();
    if (key !== null) this.order.end(key);
    // The script has its turn first: it may send the next one.
    if (this.#waiting > 0) void this.host.clock.rest(0).then(() => this.#releaseIfStuck());
  }

  /** Acknowledges a break for the script; without `send` there is nothing to acknowledge. */
  acknowledge(
    about: { readonly client: string; readonly path: string; readonly options: OperationOptions },
    send: (() => Promise<{ readonly sentAt: number; readonly status: number }>) | null,
  ): Operation<void> {
    return this.perform<void, Answered>({
      origin: { client: about.client, label: null, due: null },
      command: "OPLOCK_BREAK",
      path: about.path,
      options: about.options,
      obstacle: send === null ? "the break did not come" : null,
      send: async () => {
        const { sentAt, status } = await (send as NonNullable<typeof send>)();
        return {
          sentAt,
          status,
          receivedAt: this.host.clock.now(),
          bytesSent: 0,
          bytesReceived: 0,
        };
      },
      value: () => {},
      empty: () => {},
    });
  }

  /** Records a break that never came. */
  missingBreak(origin: Origin, fields: { path: string; expected: string; error: string }): void {
    this.host.record({
      id: this.commons.id(),
      client: origin.client,
      command: "BREAK",
      path: fields.path,
      label: origin.label,
      due: null,
      sentAt: this.host.clock.now() - this.#origin,
      completedAt: null,
      status: null,
      expected: fields.expected,
      matched: false,
      payload: 0,
      bytesSent: 0,
      bytesReceived: 0,
      error: fields.error,
    });
  }

  /** How many clients of a replay have not come to their end. */
  get clients(): number {
    return this.#clients;
  }

  /** That many clients of a replay begin: told before the first of them does. */
  clientsStart(count: number): void {
    this.#clients = count;
  }

  /** A client of a replay has come to its end. */
  clientEnds(): void {
    this.#clients--;
    this.#releaseIfStuck();
    this.#standstill.changed();
  }

  /**
   * Waits until the labels are done. Gives up, with the labels that lack, when nothing moves any more, or when nobody is left
   * who could do them: every client waits, and no response is to come, or only of locks that they keep from each other; or
   * when `abandoned` resolves.
   */
  async waitFor(
    labels: readonly OrderKey[],
    abandoned?: Promise<void>,
  ): Promise<readonly OrderKey[]> {
    const { promise, resolve } = Promise.withResolvers<readonly OrderKey[]>();
    this.#waiting++;
    let waits = true;
    // A client that is let go waits no more, though it has its turn only later: others may ask meanwhile.
    const letGo = (unmet: readonly OrderKey[]) => {
      if (!waits) return;
      waits = false;
      this.#waiting--;
      this.#standstill.changed();
      resolve(unmet);
    };
    const stopWaiting = this.order.wait(labels, letGo);
    const giveUp = () => {
      stopWaiting();
      letGo(labels.filter((label) => !this.order.done(label)));
    };
    const stopTimer = this.#unlessMoving(giveUp);
    void abandoned?.then(giveUp);
    this.#releaseIfStuck();
    this.#standstill.changed();
    const unmet = await promise;
    stopTimer();
    return unmet;
  }

  /**
   * Calls back when nothing has happened for as long as a response may take: no operation has ended, and nobody waits
   * for a recorded moment. Step by step nobody knows how long somebody looks at an operation.
   */
  #unlessMoving(expire: () => void): () => void {
    if (this.host.step !== undefined) return () => {};
    let stop = () => {};
    const look = () => {
      const ended = this.#ended;
      stop = this.deadline(this.timeoutOf(undefined), () => {
        if (this.#ended === ended && this.pacing.sleeping === 0) expire();
        else look();
      });
    };
    look();
    return () => stop();
  }

  #releaseIfStuck(): void {
    if (this.#waiting > 0 && this.#waiting >= this.#clients && this.#outstanding === 0) {
      this.order.release();
    }
  }

  /** When the operations of these labels were answered, in the capture and now: for think times. */
  answersOf(labels: readonly OrderKey[]): Event[] {
    return labels.flatMap((label) => this.#answers?.get(label) ?? []);
  }

  /** Calls `expire` once, unless `cancel` (returned) is called within that many milliseconds. */
  deadline(milliseconds: number, expire: () => void): () => void {
    return this.commons.deadlines.set(milliseconds, expire);
  }

  /** The bytes of `data`: at once when they are there. */
  bytes(data: Data): Uint8Array | Promise<Uint8Array> {
    if (data instanceof Uint8Array) return data;
    if (typeof data === "string") return new TextEncoder().encode(data);
    if (typeof data?.path !== "string") {
      throw new ScriptError("Cannot write: the data is neither bytes, text nor a blob");
    }
    return this.commons.blob(data.path);
  }

  /**
   * The target's path of a path of the scenario: below the run's root, and there in the user's own directory. A path
   * that begins with a backslash is shared by all users.
   */
  ownPath(path: string): string {
    const { root, own, sharedRatio = 0 } = this.options;
    if (own === undefined) return below(root, path);
    const shared = path.startsWith("\\") || shareOfPath(path) < sharedRatio;
    return below(shared ? root : below(root, own), path.replace(/^\\+/, ""));
  }

  /** Why a path of a disk share is not to be touched: it is not below the run's root; null when it may be. */
  outside(share: string, path: string): string | null {
    const { root, outsideRoot } = this.options;
    if (root === "" || outsideRoot === true || /\\IPC\$$/i.test(share)) return null;
    const inside = `${path}\\`.toLowerCase().startsWith(`${root}\\`.toLowerCase());
    return inside ? null : `it is outside of ${root}, below which the run is to stay`;
  }

  /** Who logs in. */
  authenticator(credentials: Credentials, name?: string): Authenticator {
    const { userNumber: number, users = {} } = this.options;
    const captured = name?.toLowerCase() ?? "";
    const named = Object.hasOwn(users, captured) ? users[captured] : name;
    return this.host.authenticator(credentials, { number, name: named });
  }

  /** Remembers what other clients may name, by the operation that makes it. */
  share(origin: Origin, made: File | Session): void {
    const key = origin.key ?? origin.label;
    if (key !== null) (this.#shared ??= new Map()).set(String(key), made);
  }

  /** What an operation made for others; undefined where it has not, or did not say so. */
  sharedBy(key: string): unknown {
    return this.#shared?.get(key);
  }

  /** 16 bytes that this run has for a name: the same at every call, others in every run. */
  named(scope: string, name: string): Uint8Array {
    const key = JSON.stringify([scope, name]);
    const names = this.#names ??= new Map();
    let bytes = names.get(key);
    if (bytes === undefined) {
      bytes = this.host.random(16);
      names.set(key, bytes);
    }
    return bytes;
  }

  /** GUID text that this run has for a name. */
  guid(scope: string, name: string): string {
    return guidText(this.named(scope, name));
  }
}

function below(directory: string, path: string): string {
  return directory === "" ? path : path === "" ? directory : `${directory}\\${path}`;
}

/** A number from 0 to 1 that a path always has, whatever its case (FNV-1a). */
function shareOfPath(path: string): number {
  let hash = 0x811c9dc5;
  for (const character of path.toLowerCase()) {
    hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193);
  }
  return (hash >>> 0) / 2 ** 32;
}

/** Version 4 GUID text from 16 random bytes. */
export function guidText(random: Uint8Array): string {
  const digits = [...random.subarray(0, 16)].map((byte, index) => {
    const value = index === 6 ? (byte & 0x0f) | 0x40 : index === 8 ? (byte & 0x3f) | 0x80 : byte;
    return value.toString(16).padStart(2, "0");
  }).join("");
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

/** The session below; null where nobody is logged in. */
export function channelOf(session: Session): NativeSession | null {
  return (session as unknown as { readonly inner: NativeSession | null }).inner;
}

/** Why nothing can be sent on a channel. */
export function channelObstacle(via: Session | undefined): string | null {
  if (via === undefined || channelOf(via) !== null) return null;
  return "nobody is logged in on that channel";
}
