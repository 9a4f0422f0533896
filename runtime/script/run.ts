/** One run of a scenario: sends operations, judges and records them, and holds what its clients share. */
import {
  type Authenticator,
  type Reply,
  type RequestOptions,
  type Session as NativeSession,
  StatusError as ClientStatusError,
  UnsupportedError,
} from "../client/mod.ts";
import type { OperationRecord } from "../measure/mod.ts";
import {
  type Event,
  Order,
  type OrderKey,
  type Pace,
  Pacing,
  pendingOf,
  type Timeline,
} from "../schedule/mod.ts";
import { statusName } from "../wire/mod.ts";
import type { Data, Duration, Operation, OperationOptions, Outcome, Session } from "./api.ts";
import { NoResponseError, ScriptError, StatusError } from "./errors.ts";
import { expectedStatus } from "./expected.ts";
import type { Commons } from "./commons.ts";
import type { Credentials, RunHost, RunOptions } from "./host.ts";
import { sharePath } from "./names.ts";
import { makeOperation, type Settlement } from "./operation.ts";
import { HELD_BY_OTHERS, Standstill } from "./standstill.ts";
import { duration } from "./units.ts";

/** SMB2_FLAGS_DFS_OPERATIONS and SMB2_FLAGS_REPLAY_OPERATION (MS-SMB2 2.2.1.2). */
const DFS_OPERATIONS = 0x10000000;
const REPLAY_OPERATION = 0x20000000;

/** Severity of an NTSTATUS that is an error (MS-ERREF 2.3). */
const ERROR_SEVERITY = 3;

/** Where an operation comes from, taken when the script makes it. */
export interface Origin {
  readonly client: string;
  readonly label: string | null;
  /** What others wait for it by, in place of its label: a row's number. */
  readonly key?: number;
  /** Milliseconds after the run's origin; null when it just follows. */
  readonly due: number | null;
  /** When it was recorded; absent in what was written by hand. */
  readonly recorded?: RecordedTime;
  /** The client's place in time. */
  readonly pace?: Pace;
}

/** An operation's times in the capture, in seconds. */
export interface RecordedTime {
  readonly at: number;
  /** Until the final answer; 0 where that is not told. */
  readonly took: number;
}

/** What goes to the client with every request. */
export type Sending = RequestOptions & {
  readonly accept: "any";
  readonly signal: AbortSignal;
};

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
  readonly leftOut?: string | null;
  /** Sends at once, and resolves to the reply, whatever its status. */
  readonly send: (options: Sending) => Promise<R>;
  /** The result, from a reply whose status is right. */
  readonly value: (reply: R) => T | Promise<T>;
  /** The result when there is no better one. */
  readonly empty: () => T;
  /** It did not succeed: told before the script goes on. */
  readonly failed?: (reason: string) => void;
  /** Bytes of file data in the reply or request. */
  readonly payload?: (reply: R) => number;
  /** What the server granted, for the operation log; empty when it granted nothing. */
  readonly granted?: () => string;
  /** What is asked for, for the operation log. */
  readonly parameters?: NonNullable<OperationRecord["parameters"]>;
  /** Recorded and actual grant, once the reply is there. */
  readonly grant?: () => OperationRecord["grant"];
  /** Where the data that came is wrong, once its value was taken; undefined where it is right. */
  readonly wrongData?: () => number | undefined;
}

/** What all clients of a run share. */
export class Run {
  readonly host: RunHost;
  readonly options: RunOptions;
  readonly commons: Commons;
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
  /** Answers by label, for think times. */
  #answers: Map<OrderKey, Event> | null = null;

  constructor(
    host: RunHost,
    options: RunOptions & { readonly strict: boolean; readonly commons: Commons },
  ) {
    this.host = host;
    this.commons = options.commons;
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
    return (timeout === undefined ? this.options.timeout : duration(timeout)) * 1000;
  }

  /** Carries an operation out. */
  perform<T, R extends Answered>(intent: Intent<T, R>): Operation<T> {
    const { options, origin } = intent;
    // A mistake in the options is the script's: it throws here, at its line.
    const expected = expectedStatus(options.expect);
    const limit = this.timeoutOf(options.timeout);
    const id = this.commons.id();
    const label = options.label === undefined ? origin.label : String(options.label);
    const abort = new AbortController();
    const pending = Promise.withResolvers<boolean>();
    const settled = Promise.withResolvers<Settlement<T>>();
    const operation = makeOperation({
      settled: settled.promise,
      pending: pending.promise,
      cancel: () => abort.abort(),
    });
    const madeAt = this.host.clock.now();
    // Where the script made it: its failure comes from elsewhere, and shall name that line.
    const site = this.strict || this.host.backend.name !== "native" ? new ScriptError("") : null;
    const key = origin.key ?? label;
    if (key !== null) {
      this.order.begin(key);
      this.order.begin(pendingOf(key));
      void pending.promise.then(() => this.order.end(pendingOf(key)));
    }
    this.#outstanding++;
    this.commons.inFlight++;
    const { watchdog } = this.commons;
    const outstanding = watchdog === null ? null : {
      client: origin.client,
      label,
      command: intent.command,
      path: intent.path,
      since: madeAt,
      held: false,
    };
    if (outstanding !== null) watchdog?.began(id, outstanding);
    const { pace, recorded } = origin;
    let held = false;
    const isOthers = HELD_BY_OTHERS.has(intent.command);
    this.#standstill.changed();
    pace?.sent(recorded === undefined ? null : { recorded: recorded.at, actual: madeAt });

    const finish = (result: {
      reply?: R;
      skipped?: string;
      leftOut?: boolean;
      error?: string;
      cause?: unknown;
    }): void => {
      let end = result;
      if (end.cause instanceof UnsupportedError) {
        const { cause } = end;
        cause.stack = `${cause.name}: ${cause.message}\n${framesOf(site)}`;
        this.refuse(cause);
        end = { skipped: cause.reason };
      }
      pending.resolve(end.reply?.interimAt !== undefined);
      const { reply } = end;
      const matched = end.leftOut === true ||
        (end.skipped === undefined && expected.matches(reply?.status ?? null));
      const sentAt = end.skipped !== undefined ? null : (reply?.sentAt ?? madeAt) - this.#origin;
      const completedAt = reply === undefined ? null : reply.receivedAt - this.#origin;
      const outcome: Outcome = {
        status: reply === undefined ? "" : statusName(reply.status),
        code: reply?.status ?? null,
        matched,
        duration: reply === undefined ? 0 : (reply.receivedAt - reply.sentAt) / 1000,
        ...end.skipped === undefined ? {} : { skipped: end.skipped },
        ...end.error === undefined ? {} : { error: end.error },
      };
      if (reply === undefined || reply.status >>> 30 === ERROR_SEVERITY) {
        intent.failed?.(end.skipped ?? end.error ?? outcome.status);
      }
      const record = () => {
        const grant = reply === undefined ? undefined : intent.grant?.();
        const wrongData = intent.wrongData?.();
        this.host.record({
          id,
          client: origin.client,
          command: intent.command,
          path: intent.path,
          label,
          due: origin.due,
          sentAt,
          completedAt,
          status: reply?.status ?? null,
          expected: expected.text,
          matched,
          ...options.tag === undefined ? {} : { tag: options.tag },
          ...this.options.parameters === true && intent.parameters !== undefined
            ? { parameters: intent.parameters }
            : {},
          ...this.options.parameters === true && intent.granted !== undefined && reply !== undefined
            ? { granted: intent.granted() }
            : {},
          payload: reply === undefined ? 0 : intent.payload?.(reply) ?? 0,
          bytesSent: reply?.bytesSent ?? 0,
          bytesReceived: reply?.bytesReceived ?? 0,
          ...end.skipped === undefined ? {} : { skipped: end.skipped },
          ...end.error === undefined ? {} : { error: end.error },
          ...grant === undefined ? {} : { grant },
          ...wrongData === undefined ? {} : { wrongData },
        });
        watchdog?.ended(id);
        this.#outstanding--;
        this.commons.inFlight--;
        const answered = recorded === undefined || reply === undefined ? null : {
          recorded: recorded.at + recorded.took,
          actual: reply.receivedAt,
        };
        if (answered !== null && key !== null && this.timeline.causal) {
          (this.#answers ??= new Map()).set(key, answered);
        }
        pace?.answered(held, answered);
        if (held && isOthers) this.#held--;
        this.#standstill.changed();
        if (key !== null) this.order.end(key);
        // The script has its turn first: it may send the next one.
        if (this.#waiting > 0) void this.host.clock.rest(0).then(() => this.#releaseIfStuck());
      };
      const failure = this.strict && end.leftOut !== true
        ? this.#failure(intent, { ...end, matched, expected: expected.text })
        : null;
      if (failure !== null) {
        failure.stack = `${failure.name}: ${failure.message}\n${framesOf(site)}`;
        record();
        settled.resolve({ outcome, error: failure });
        return;
      }
      // The value comes first: what a CREATE was granted is known only with it.
      const value = reply === undefined
        ? Promise.resolve(intent.empty())
        : Promise.resolve().then(() => intent.value(reply));
      value.then(
        (value) => {
          record();
          settled.resolve({ outcome, value });
        },
        (error: Error) => {
          record();
          settled.resolve({ outcome, error });
        },
      );
    };

    if (this.options.dryRun === true) {
      finish({ skipped: "dry run", leftOut: true });
      return operation;
    }
    const obstacle = this.#stopped ?? intent.obstacle ?? channelObstacle(options.via);
    if (obstacle !== null) {
      finish({ skipped: obstacle });
      return operation;
    }
    if (intent.leftOut !== undefined && intent.leftOut !== null) {
      this.differs(intent.leftOut);
      finish({ skipped: intent.leftOut, leftOut: true });
      return operation;
    }
    const how = {
      limit,
      abort,
      finish,
      request: this.#requestOptions(options, {
        signal: abort.signal,
        onInterim: () => {
          if (!held) {
            pace?.held();
            if (isOthers) this.#held++;
            this.#standstill.changed();
          }
          held = true;
          if (outstanding !== null) outstanding.held = true;
          pending.resolve(true);
        },
      }),
    };
    const { admission } = this.commons;
    if (this.host.step !== undefined) {
      const { command, path } = intent;
      void this.host.step(
        [origin.client, ...label === null ? [] : [`#${label}`], command, path].join(" ").trimEnd(),
      ).then(() => this.#send(intent, how));
    } else if (admission === null || admission.enter()) this.#send(intent, how);
    else admission.queue(() => this.#send(intent, how));
    return operation;
  }

  #send<T, R extends Answered>(intent: Intent<T, R>, how: {
    limit: number;
    abort: AbortController;
    request: Sending;
    finish: (end: { reply?: R; error?: string; cause?: unknown }) => void;
  }): void {
    let done = false;
    const end = (result: { reply?: R; error?: string; cause?: unknown }) => {
      if (done) return;
      done = true;
      stopTimer();
      this.commons.admission?.leave();
      how.finish(result);
    };
    const stopTimer = this.deadline(how.limit, () => {
      end({ error: `no response within ${how.limit / 1000} s` });
      how.abort.abort();
    });
    let sent: Promise<R>;
    try {
      sent = intent.send(how.request);
    } catch (error) {
      sent = Promise.reject(error);
    }
    sent.then(
      (reply) => end({ reply }),
      (error: unknown) => {
        if (error instanceof ClientStatusError) end({ reply: error.reply as Answered as R });
        else end({ error: error instanceof Error ? error.message : String(error), cause: error });
      },
    );
  }

  #requestOptions(
    options: OperationOptions,
    ears: Pick<Sending, "signal" | "onInterim">,
  ): Sending {
    const flags = (options.dfs === true ? DFS_OPERATIONS : 0) |
      (options.replay === true ? REPLAY_OPERATION : 0);
    const channel = options.via === undefined ? null : channelOf(options.via);
    return {
      accept: "any",
      ...ears,
      ...options.credits === undefined ? {} : { creditRequest: options.credits },
      ...options.creditCharge === undefined ? {} : { creditCharge: options.creditCharge },
      ...options.channelSequence === undefined ? {} : { channelSequence: options.channelSequence },
      ...flags === 0 ? {} : { flags },
      ...options.related === undefined ? {} : { related: options.related },
      ...options.sign === undefined ? {} : { sign: options.sign },
      ...options.encrypt === undefined ? {} : { encrypt: options.encrypt },
      ...channel === null ? {} : { via: channel },
      ...options.raw?.header === undefined ? {} : { override: options.raw.header },
      ...options.raw?.body === undefined ? {} : { rawBody: options.raw.body },
    };
  }

  #failure(intent: { command: string; path: string }, end: {
    reply?: Answered;
    skipped?: string;
    error?: string;
    cause?: unknown;
    matched: boolean;
    expected: string;
  }): Error | null {
    const { command, path } = intent;
    if (end.skipped !== undefined) {
      return new ScriptError(
        `Cannot send ${command}${path === "" ? "" : ` ${JSON.stringify(path)}`}: ${end.skipped}`,
      );
    }
    if (end.matched) return null;
    if (end.error !== undefined) {
      return new NoResponseError({ command, path, reason: end.error, cause: end.cause });
    }
    if (end.reply === undefined) return null;
    const code = end.reply.status;
    return new StatusError({
      command,
      path,
      code,
      status: statusName(code),
      expected: end.expected,
    });
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
   * Waits until the labels are done. Gives up, with the labels that lack, when the time is up, or when nobody is left
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
    const stopTimer = this.deadline(this.timeoutOf(undefined), giveUp);
    void abandoned?.then(giveUp);
    this.#releaseIfStuck();
    this.#standstill.changed();
    const unmet = await promise;
    stopTimer();
    return unmet;
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
  authenticator(credentials: Credentials): Authenticator {
    return this.host.authenticator(credentials, this.options.userNumber);
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

/** The frames of an error's stack, without its message. */
function framesOf(error: Error | null): string {
  return (error?.stack ?? "").split("\n").filter((line) => /^\s+at /.test(line)).join("\n");
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
