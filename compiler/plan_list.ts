/** The operations of a plan as they are collected, with what every operation has: times, frames, place in a compound. */
import { HeaderFlags } from "../runtime/wire/mod.ts";
import type { NoteBook, Stamp } from "./capture/mod.ts";
import type { CapturedMessage, Exchange } from "./exchange.ts";
import type { OperationBase, PlanOperation } from "./plan.ts";
import type { ClientState } from "./plan_clients.ts";

/** A plan value while it is made. */
export type Mutable<T> = { -readonly [K in keyof T]: T[K] };

type OmitEach<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;

/** An operation without what every operation has. */
export type OwnFields = OmitEach<PlanOperation, keyof OperationBase>;

/** Ids of operations that are not exchanges start here: no capture has as many exchanges. */
const IMPLIED_IDS = 2 ** 40;

/** Collects operations. */
export class OperationList {
  readonly operations: Mutable<PlanOperation>[] = [];
  readonly #owners: ClientState[] = [];
  readonly #ids = new Set<number>();
  readonly #notes: NoteBook;
  /** Times count from here until the capture's first message is known: packets may be out of order. */
  #base: Moment | null = null;
  #start: Stamp | null = null;

  constructor(notes: NoteBook) {
    this.#notes = notes;
  }

  /** Time of the earliest message; null before any. */
  get start(): Stamp | null {
    return this.#start;
  }

  /** Learns the time of a message. */
  saw(first: Stamp): void {
    if (this.#start === null || earlier(first, this.#start)) this.#start = first;
    this.#base ??= first;
  }

  /** Completes the operations once all exchanges were seen: names of clients, and times from the first message. */
  finish(): void {
    const late = this.#start === null ? 0 : -this.seconds(this.#start);
    for (const [index, operation] of this.operations.entries()) {
      operation.client = this.#owners[index]!.id;
      if (late === 0) continue;
      operation.at = round(operation.at + late);
      if (operation.answeredAt !== null) operation.answeredAt = round(operation.answeredAt + late);
    }
  }

  /** Whether an exchange became an operation. */
  has(exchange: Exchange): boolean {
    return this.#ids.has(exchange.index);
  }

  /** Adds what an exchange did. */
  add<F extends OwnFields>(
    exchange: Exchange,
    client: ClientState,
    fields: F,
  ): Mutable<OperationBase & F> {
    const captured = (exchange.request ?? exchange.response)!;
    client.operationCount++;
    this.#ids.add(exchange.index);
    const { response, interim, chain } = exchange;
    return this.#push(client, {
      id: exchange.index,
      client: client.id,
      at: this.seconds(captured.first),
      answeredAt: response === null ? null : this.seconds(response.completed),
      frames: {
        request: captured.completed.frame,
        ...(captured.first.frame === captured.completed.frame
          ? {}
          : { first: captured.first.frame }),
        ...(interim === null ? {} : { interim: interim.completed.frame }),
        ...responseFrame(exchange),
      },
      status: response?.header.status ?? null,
      after: [],
      ...(chain === null
        ? {}
        : { chain: { id: chain.id, index: chain.index, related: chain.related } }),
      ...(exchange.request === null ? {} : headerFields(exchange.request)),
      ...(captured.known < captured.length
        ? { incomplete: "part of the request is not in the capture" }
        : {}),
    }, fields);
  }

  /** Adds what the capture does not have, but must have happened before it began. */
  imply<F extends OwnFields>(
    exchange: Exchange,
    client: ClientState,
    fields: F,
  ): Mutable<OperationBase & F> {
    const captured = (exchange.request ?? exchange.response)!;
    return this.happened({ ...captured.first, frame: captured.completed.frame }, client, fields);
  }

  /** Adds what was no exchange. */
  happened<F extends OwnFields>(
    stamp: Pick<Stamp, "frame" | "seconds" | "nanoseconds">,
    client: ClientState,
    fields: F,
  ): Mutable<OperationBase & F> {
    const at = this.seconds(stamp);
    client.operationCount++;
    return this.#push(client, {
      // Behind every real id, in order of appearance.
      id: IMPLIED_IDS + this.operations.length,
      client: client.id,
      at,
      answeredAt: at,
      frames: { request: stamp.frame },
      status: 0,
      after: [],
    }, fields);
  }

  /** Notes that an exchange is not in the plan. */
  drop(exchange: Exchange, reason: string): void {
    this.note(exchange, reason);
  }

  /** Notes what of an exchange the plan does not tell. */
  note(exchange: Exchange, reason: string): void {
    const captured = (exchange.request ?? exchange.response)!;
    this.#notes.add(reason, { frame: captured.completed.frame, loss: true });
  }

  /** Seconds from the first message that was seen. */
  seconds(stamp: Moment): number {
    const start = this.#base ?? stamp;
    return round(stamp.seconds - start.seconds + (stamp.nanoseconds - start.nanoseconds) / 1e9);
  }

  #push<F extends OwnFields>(
    client: ClientState,
    base: OperationBase,
    fields: F,
  ): Mutable<OperationBase & F> {
    this.#owners.push(client);
    const operation = { ...base, ...fields };
    this.operations.push(operation as unknown as Mutable<PlanOperation>);
    return operation;
  }
}

type Moment = Pick<Stamp, "seconds" | "nanoseconds">;

function earlier(one: Moment, other: Moment): boolean {
  return one.seconds < other.seconds ||
    (one.seconds === other.seconds && one.nanoseconds < other.nanoseconds);
}

/** The frame of the response, where there is one. */
export function responseFrame(exchange: Exchange): { response?: number } {
  return exchange.response === null ? {} : { response: exchange.response.completed.frame };
}

/** Nanoseconds are as fine as captures go; sums of doubles are finer. */
export function round(seconds: number): number {
  return Math.round(seconds * 1e9) / 1e9;
}

function headerFields(
  { header }: CapturedMessage,
): { header: NonNullable<OperationBase["header"]> } {
  const channelSequence = header.status & 0xffff;
  return {
    header: {
      creditCharge: header.creditCharge,
      credits: header.credits,
      ...(channelSequence === 0 ? {} : { channelSequence }),
      ...((header.flags & HeaderFlags.REPLAY_OPERATION) === 0 ? {} : { replay: true }),
      ...((header.flags & HeaderFlags.DFS_OPERATIONS) === 0 ? {} : { dfs: true }),
    },
  };
}
