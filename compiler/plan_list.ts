/** Operations as they are made of exchanges, with what every operation has: times, frames, place in a compound. */
import { HeaderFlags } from "../runtime/wire/mod.ts";
import type { NoteBook, Stamp } from "./capture/mod.ts";
import { CaptureClock, type Moment } from "./capture_clock.ts";
import type { Coverage } from "./coverage.ts";
import type { CapturedMessage, Exchange } from "./exchange.ts";
import type { Entry, OperationStore } from "./operation_store.ts";
import type { Frames, OperationBase, PlanOperation } from "./plan.ts";
import type { ClientState } from "./plan_clients.ts";

/** A plan value while it is made. */
export type Mutable<T> = { -readonly [K in keyof T]: T[K] };

type OmitEach<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;

/** An operation without what every operation has. */
export type OwnFields = OmitEach<
  PlanOperation,
  Exclude<keyof OperationBase, "ids" | "via" | "incomplete">
>;

/** Ids of operations that are not exchanges start here: no capture has as many exchanges. */
const IMPLIED_IDS = 2 ** 40;

/** Collects operations. */
export class OperationList {
  readonly clock = new CaptureClock();
  readonly #store: OperationStore;
  readonly #notes: NoteBook;
  readonly #coverage: Coverage;
  readonly #dropped = new WeakSet<Exchange>();
  readonly #cancelled = new WeakSet<Exchange>();
  /** Frames of the first round of operations that have several. */
  readonly #begun = new WeakMap<Entry, Frames>();
  #implied = 0;

  constructor(options: { store: OperationStore; notes: NoteBook; coverage: Coverage }) {
    this.#store = options.store;
    this.#notes = options.notes;
    this.#coverage = options.coverage;
  }

  /** Whether an exchange that was taken became an operation. */
  has(exchange: Exchange): boolean {
    return !this.#dropped.has(exchange);
  }

  /** A CANCEL names the request. */
  cancelled(exchange: Exchange): void {
    this.#cancelled.add(exchange);
  }

  /** Adds what an exchange did. */
  add(exchange: Exchange, client: ClientState, fields: OwnFields): Entry {
    const { request, response, chain } = exchange;
    const captured = (request ?? response)!;
    const seq = client.operationCount++;
    const operation = {
      ...fields,
      id: exchange.index,
      client: client.number,
      at: this.clock.reached(captured.first),
      answeredAt: response === null ? null : this.clock.reached(response.completed),
      frames: framesOf(exchange),
      status: response === null ? null : response.header.status,
      after: NONE,
    } as unknown as Mutable<PlanOperation>;
    if (chain !== null) {
      operation.chain = { id: chain.id, index: chain.index, related: chain.related };
    }
    if (exchange.interim !== null) {
      operation.pendingAt = this.clock.reached(exchange.interim.completed);
    }
    if (request !== null) operation.header = headerOf(request);
    if (captured.known < captured.length) {
      operation.incomplete = captured.lacks === undefined
        ? "part of the request is not in the capture"
        : `the capture lacks ${captured.lacks}`;
    }
    if (this.#cancelled.has(exchange)) operation.cancelled = true;
    this.#coverage.emitted(exchange, operation.incomplete !== undefined);
    const entry = this.#store.add(operation, seq);
    if (operation.kind === "login" || operation.kind === "connect") {
      this.#begun.set(entry, operation.frames);
    }
    return entry;
  }

  /** Tells an operation what its exchange was answered, later than it was added. */
  answered(entry: Entry, exchange: Exchange, fields: object = {}): void {
    const { response } = exchange;
    this.change(entry, {
      status: response?.header.status ?? null,
      answeredAt: response === null ? null : this.clock.reached(response.completed),
      frames: framesOf(exchange),
      ...(exchange.interim === null
        ? {}
        : { pendingAt: this.clock.reached(exchange.interim.completed) }),
      ...(this.#cancelled.has(exchange) ? { cancelled: true } : {}),
      ...fields,
    });
  }

  /** A later round answers an operation that an earlier one began: the request stays where it was. */
  answeredAgain(entry: Entry, exchange: Exchange, fields: object): void {
    const { response } = exchange;
    const begun = this.#begun.get(entry) ?? framesOf(exchange);
    this.change(entry, {
      status: response?.header.status ?? null,
      answeredAt: response === null ? null : this.clock.reached(response.completed),
      frames: response === null ? begun : { ...begun, response: response.completed.frame },
      ...fields,
    });
  }

  /** Tells an operation what else became known of it. */
  change(entry: Entry, fields: object): void {
    this.#store.change(entry, fields);
  }

  /** Adds what the capture does not have, but must have happened before it began. */
  imply(exchange: Exchange, client: ClientState, fields: OwnFields): Entry {
    const { first, completed } = (exchange.request ?? exchange.response)!;
    return this.happened({ ...momentOf(first), frame: completed.frame }, client, fields);
  }

  /** Adds what was no exchange. */
  happened(
    stamp: Pick<Stamp, "frame" | "seconds" | "nanoseconds">,
    client: ClientState,
    fields: OwnFields,
  ): Entry {
    const at = this.clock.reached(stamp);
    const seq = client.operationCount++;
    const operation = {
      ...fields,
      // Behind every real id, in order of appearance.
      id: IMPLIED_IDS + this.#implied++,
      client: client.number,
      at,
      answeredAt: at,
      frames: { request: stamp.frame },
      status: 0,
      after: NONE,
    };
    return this.#store.add(operation as unknown as Mutable<PlanOperation>, seq);
  }

  /** Notes that an exchange is not in the plan. */
  drop(exchange: Exchange, reason: string): null {
    this.#dropped.add(exchange);
    this.#coverage.dropped(exchange);
    this.note(exchange, reason);
    return null;
  }

  /** Notes what of an exchange the plan does not tell. */
  note(exchange: Exchange, reason: string): void {
    const captured = (exchange.request ?? exchange.response)!;
    this.#notes.add(reason, { frame: captured.completed.frame, loss: true });
  }
}

const NONE: readonly number[] = [];

function momentOf({ seconds, nanoseconds }: Moment): Moment {
  return { seconds, nanoseconds };
}

/** Where an exchange is in the capture. */
function framesOf({ request, response, interim }: Exchange): Frames {
  const { first, completed } = (request ?? response)!;
  const frames: Mutable<Frames> = { request: completed.frame };
  if (first.frame !== completed.frame) frames.first = first.frame;
  if (interim !== null) frames.interim = interim.completed.frame;
  if (response !== null) frames.response = response.completed.frame;
  return frames;
}

function headerOf({ header }: CapturedMessage): NonNullable<OperationBase["header"]> {
  const fields: Mutable<NonNullable<OperationBase["header"]>> = {
    creditCharge: header.creditCharge,
    credits: header.credits,
  };
  const channelSequence = header.status & 0xffff;
  if (channelSequence !== 0) fields.channelSequence = channelSequence;
  if ((header.flags & HeaderFlags.REPLAY_OPERATION) !== 0) fields.replay = true;
  if ((header.flags & HeaderFlags.DFS_OPERATIONS) !== 0) fields.dfs = true;
  return fields;
}
