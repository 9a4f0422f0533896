/** Breaks: which file they concern, what the policy says, and who waits for them. */
import { type BreakEvent, type BreakReaction, SparseMap } from "../client/mod.ts";
import { fileIdText } from "../wire/mod.ts";
import type {
  Break,
  BreakPolicy,
  Duration,
  File,
  Label,
  LeaseStateText,
  Operation,
  OperationOptions,
  Oplock,
} from "./api.ts";
import { leaseStateBits, leaseStateText, oplockLevel, oplockText } from "./names.ts";
import { ExpectationError } from "./errors.ts";
import type { Run } from "./run.ts";
import { duration } from "./units.ts";

/** A file, as far as breaks concern it. */
export interface BreakSubject {
  readonly path: string;
  /** The policy of the file, or of its client. */
  readonly policy: BreakPolicy;
  readonly queue: BreakQueue;
  /** False where the server has granted nothing that it could break. */
  readonly mayBreak: boolean;
  /** What the script knows it as. */
  readonly file: File;
  /** Closes the file instead of acknowledging. */
  closeOnBreak(): void;
  /** Sends FLUSH before the acknowledgement. */
  flushOnBreak(): Promise<unknown>;
}

/** What the server offers or the client had, as text. */
function stateText(kind: "lease" | "oplock", state: number | null): string {
  if (state === null) return "unknown";
  return kind === "lease" ? leaseStateText(state) : oplockText(state);
}

function stateNumber(kind: "lease" | "oplock", state: LeaseStateText | Oplock): number {
  return kind === "lease" ? leaseStateBits(state) : oplockLevel(state as Oplock);
}

/** The breaks of a file: those that came, and those that the script waits for. */
export class BreakQueue {
  // Most files see none: made for the first.
  #all: Break[] | null = null;
  #arrived: Break[] | null = null;
  #waiting: { kind: Break["kind"]; resolve: (event: Break) => void }[] | null = null;

  /** Every break so far. */
  get all(): readonly Break[] {
    return [...this.#all ?? []];
  }

  push(event: Break): void {
    (this.#all ??= []).push(event);
    const waiting = this.#waiting ?? [];
    const index = waiting.findIndex((waiter) => waiter.kind === event.kind);
    if (index < 0) (this.#arrived ??= []).push(event);
    else waiting.splice(index, 1)[0]?.resolve(event);
  }

  /** Gives the first break of the kind, now or later; returns how to stop waiting. */
  next(kind: Break["kind"], resolve: (event: Break) => void): () => void {
    const index = this.#arrived?.findIndex((event) => event.kind === kind) ?? -1;
    const arrived = index < 0 ? undefined : this.#arrived?.splice(index, 1)[0];
    if (arrived !== undefined) {
      resolve(arrived);
      return () => {};
    }
    const waiter = { kind, resolve };
    const waiting = this.#waiting ??= [];
    waiting.push(waiter);
    return () => {
      const at = waiting.indexOf(waiter);
      if (at >= 0) waiting.splice(at, 1);
    };
  }
}

/** The breaks of one client: its connections report them, its files take them. */
export class BreakTable {
  readonly #run: Run;
  readonly #client: string;
  readonly #byKey = new SparseMap<string, Set<BreakSubject>>();
  readonly #byFile = new SparseMap<string, BreakSubject>();
  /** Oplock breaks that overtook the response of their CREATE. */
  readonly #early = new SparseMap<string, BreakEvent>();
  /** The policy of files without one of their own. */
  policy: BreakPolicy = "acknowledge";

  constructor(run: Run, client: string) {
    this.#run = run;
    this.#client = client;
  }

  /** A lease is asked for: its break may come before the response. */
  addLease(key: Uint8Array, subject: BreakSubject): void {
    const text = bytesText(key);
    const subjects = this.#byKey.get(text);
    if (subjects === undefined) this.#byKey.set(text, new Set([subject]));
    else subjects.add(subject);
  }

  /** A file is open under that id. */
  addFile(id: string, subject: BreakSubject): void {
    this.#byFile.set(id, subject);
    const early = this.#early.get(id);
    if (early !== undefined) {
      this.#early.delete(id);
      subject.queue.push(this.#scriptBreak(early, subject.path));
    }
  }

  /** The file is closed. Its lease may live on in other files. */
  remove(subject: BreakSubject, id: string | null, key: Uint8Array | null): void {
    if (id !== null) this.#byFile.delete(id);
    if (key === null) return;
    const subjects = this.#byKey.get(bytesText(key));
    subjects?.delete(subject);
    if (subjects?.size === 0) this.#byKey.delete(bytesText(key));
  }

  /** A connection of the client received a break: what to do about it. */
  react(event: BreakEvent): BreakReaction {
    const id = event.fileId === undefined ? null : fileIdText(event.fileId);
    const subjects = event.kind === "lease"
      ? [...this.#byKey.get(bytesText(event.leaseKey ?? new Uint8Array(0))) ?? []]
      : [this.#byFile.get(id ?? "")].filter((subject) => subject !== undefined);
    const [first] = subjects;
    this.#record(event, first?.path ?? "");
    if (first === undefined && id !== null) this.#early.set(id, event);
    for (const subject of subjects) subject.queue.push(this.#scriptBreak(event, subject.path));
    const policy = first?.policy ?? this.policy;
    if (policy === "acknowledge") return "acknowledge";
    if (policy === "withhold") return event.ackRequired ? "defer" : "never";
    if (policy === "close") {
      for (const subject of subjects) subject.closeOnBreak();
      return "never";
    }
    if (typeof policy === "function") {
      if (first === undefined) return "acknowledge";
      const { file, path } = first;
      // What it throws is the script's failure, and ends the run as any other does.
      void Promise.resolve().then(() => policy(this.#scriptBreak(event, path), file));
      return event.ackRequired ? "defer" : "never";
    }
    const to = policy.to === undefined ? undefined : stateNumber(event.kind, policy.to);
    if (!event.ackRequired) return "never";
    if (policy.flush === true) {
      const flushed = Promise.allSettled(subjects.map((subject) => subject.flushOnBreak()));
      void flushed.then(() => this.#acknowledgeLater(event, { delay: policy.delay ?? 0, to }));
      return "defer";
    }
    if (policy.delay === undefined) return to === undefined ? "acknowledge" : { state: to };
    void this.#acknowledgeLater(event, { delay: policy.delay, to });
    return "defer";
  }

  async #acknowledgeLater(
    event: BreakEvent,
    how: { readonly delay: Duration; readonly to: number | undefined },
  ): Promise<void> {
    const { clock } = this.#run.host;
    await clock.until(clock.now() + this.#run.timeline.pause(duration(how.delay)));
    event.acknowledge(how.to);
  }

  #record(event: BreakEvent, path: string): void {
    const { origin, activity } = this.#run;
    if (event.ackRequired) activity.breaksPending++;
    void event.acknowledged.then((ack) => {
      if (event.ackRequired) activity.breaksPending--;
      this.#run.host.broke({
        client: this.#client,
        kind: event.kind,
        path,
        from: stateText(event.kind, event.from),
        to: stateText(event.kind, event.to),
        ackRequired: event.ackRequired,
        receivedAt: event.receivedAt - origin,
        acknowledgedAt: ack === null ? null : ack.sentAt - origin,
        ackStatus: ack?.status ?? null,
      });
    });
  }

  #scriptBreak(event: BreakEvent, path: string): Break {
    return {
      kind: event.kind,
      from: stateText(event.kind, event.from),
      to: stateText(event.kind, event.to),
      ackRequired: event.ackRequired,
      ...event.newEpoch === undefined ? {} : { epoch: event.newEpoch },
      acknowledge: (options = {}) => this.#acknowledge(event, path, options),
    };
  }

  #acknowledge(
    event: BreakEvent,
    path: string,
    options: OperationOptions & { readonly to?: LeaseStateText | Oplock },
  ): Operation<void> {
    const state = options.to === undefined ? undefined : stateNumber(event.kind, options.to);
    return this.#run.acknowledge({ client: this.#client, path, options }, async () => {
      const ack = await event.send(state);
      if (ack === null) {
        throw new Error("Cannot acknowledge: the lease or file is gone, or the connection ended");
      }
      return ack;
    });
  }

  /** Waits for a break of a file. */
  async wait(subject: BreakSubject, kind: Break["kind"], options: {
    readonly timeout?: Duration;
    readonly label?: Label;
    readonly origin: {
      readonly client: string;
      readonly label: string | null;
      readonly due: number | null;
    };
  }): Promise<Break> {
    const run = this.#run;
    if (run.options.dryRun === true) return this.#absent(kind, subject.path);
    // A replay does not wait for what cannot come.
    const isHopeless = !run.strict && !subject.mayBreak;
    const limit = isHopeless ? 0 : run.timeoutOf(options.timeout);
    const label = options.label === undefined ? null : String(options.label);
    if (label !== null) run.order.begin(label);
    const { promise, resolve } = Promise.withResolvers<Break | null>();
    const stopWaiting = subject.queue.next(kind, resolve);
    const stopTimer = run.deadline(limit, () => resolve(null));
    const event = await promise;
    stopWaiting();
    stopTimer();
    if (label !== null) run.order.end(label);
    if (event !== null) return event;
    const error = isHopeless
      ? `no ${kind} break, as nothing was granted that it could break`
      : `no ${kind} break within ${limit / 1000} s`;
    run.missingBreak({ ...options.origin, label: label ?? options.origin.label }, {
      path: subject.path,
      expected: `${kind} break`,
      error,
    });
    if (run.strict) {
      throw new ExpectationError(`Cannot see a break of ${JSON.stringify(subject.path)}: ${error}`);
    }
    return this.#absent(kind, subject.path);
  }

  #absent(kind: Break["kind"], path: string): Break {
    return {
      kind,
      from: "",
      to: "",
      ackRequired: false,
      acknowledge: (options = {}) =>
        this.#run.acknowledge({ client: this.#client, path, options }, null),
    };
  }
}

function bytesText(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
