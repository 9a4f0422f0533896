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
  readonly #ids = new Set<number>();
  readonly #notes: NoteBook;
  readonly #start: Stamp | null;

  /** `start` is the time of the capture's first message. */
  constructor(notes: NoteBook, start: Stamp | null) {
    this.#notes = notes;
    this.#start = start;
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
    return this.#push({
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
    return this.#push({
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

  /** Seconds from the plan's start. */
  seconds(stamp: Pick<Stamp, "seconds" | "nanoseconds">): number {
    const start = this.#start ?? stamp;
    return round(stamp.seconds - start.seconds + (stamp.nanoseconds - start.nanoseconds) / 1e9);
  }

  #push<F extends OwnFields>(base: OperationBase, fields: F): Mutable<OperationBase & F> {
    const operation = { ...base, ...fields };
    this.operations.push(operation as unknown as Mutable<PlanOperation>);
    return operation;
  }
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
