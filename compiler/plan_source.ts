/**
 * A plan that may be too large for memory: its operations can be gone through, in the order in which they were sent, as
 * often as wanted. Stages between reading and emitting turn one into another.
 */
import { round } from "./capture_clock.ts";
import type { OperationStore, Stored } from "./operation_store.ts";
import { neededFirst } from "./order.ts";
import type { Frames, Plan, PlanClient, PlanOperation } from "./plan.ts";
import type { Mutable } from "./plan_list.ts";

/** Operations in the order of sending, with what a plan says of all of them. */
export interface PlanSource {
  readonly source: Plan["source"];
  readonly clients: readonly PlanClient[];
  /** Number of operations. */
  readonly count: number;
  /** Clients of whom no answer was captured; null or absent where only the operations tell that, and more. */
  readonly unanswered?: ReadonlySet<string> | null;
  /** The operations: each time from the first one, in bounded memory. They may be changed by whoever comes behind. */
  operations(): Iterable<PlanOperation>;
}

/** What is known of a plan besides its operations once a capture was read. */
export interface StoredPlanOptions {
  readonly name: string;
  readonly start: string | null;
  readonly seconds: number;
  /** Seconds from where the times of stored operations count to the first message. */
  readonly late: number;
  /** The frame from which times count, where they are but the order of frames; else null. */
  readonly firstFrame: number | null;
  /** What is wrong with the times of the capture. */
  readonly fault: string | null;
  /** All clients by number. */
  readonly clients: readonly PlanClient[];
}

/** What stands for a frame where times mean nothing, in seconds. */
const FRAME_TIME = 1e-6;

/** The operations of a store as a plan. */
export class StoredPlan implements PlanSource {
  readonly source: Plan["source"];
  readonly clients: readonly PlanClient[];
  readonly #store: OperationStore;
  readonly #options: StoredPlanOptions;

  constructor(store: OperationStore, options: StoredPlanOptions) {
    const { name, start, seconds, firstFrame } = options;
    this.source = {
      name,
      start,
      seconds,
      ...(firstFrame === null ? {} : {
        timing: "order" as const,
        remarks: [
          `Its times cannot be true, as ${options.fault}: operations are in the order of their frames, and the time between them means nothing.`,
        ],
      }),
    };
    this.clients = options.clients.filter(({ operationCount }) => operationCount > 0);
    this.#store = store;
    this.#options = options;
  }

  get count(): number {
    return this.#store.count;
  }

  get unanswered(): ReadonlySet<string> | null {
    const { clients } = this.#options;
    const numbers = this.#store.unanswered(clients.map((_, number) => String(number)));
    return numbers === null ? null : new Set([...numbers].map((one) => clients[Number(one)]!.id));
  }

  operations(): Iterable<PlanOperation> {
    return neededFirst(this.#finished(this.#store.sorted()));
  }

  *#finished(stored: Iterable<Stored>): Generator<Stored> {
    for (const one of stored) {
      this.#finish(one.value);
      yield one;
    }
  }

  /** Gives an operation its client's id, and times from the first message on. */
  #finish(operation: Mutable<PlanOperation>): void {
    const { clients, firstFrame, late } = this.#options;
    operation.client = clients[Number(operation.client)]!.id;
    if (firstFrame !== null) return byFrame(operation, firstFrame);
    if (late === 0) return;
    operation.at = round(operation.at - late);
    if (operation.answeredAt !== null) operation.answeredAt = round(operation.answeredAt - late);
    if (operation.pendingAt !== undefined) operation.pendingAt = round(operation.pendingAt - late);
  }
}

function byFrame(operation: Mutable<PlanOperation>, first: number): void {
  const { frames, answeredAt, pendingAt } = operation;
  operation.at = frameTime(frames.first ?? frames.request, first);
  if (answeredAt !== null) operation.answeredAt = frameTime(lastFrame(frames), first);
  if (pendingAt !== undefined) operation.pendingAt = frameTime(frames.interim!, first);
}

function lastFrame({ response, first, request }: Frames): number {
  return response ?? first ?? request;
}

function frameTime(frame: number, first: number): number {
  return round((frame - first) * FRAME_TIME);
}

/** A plan that is in memory as a source. */
export function sourceOf(plan: Plan): PlanSource {
  return {
    source: plan.source,
    clients: plan.clients,
    count: plan.operations.length,
    operations: () => plan.operations,
  };
}

/** The whole plan in memory: for what is small. */
export function planOf(source: PlanSource): Plan {
  return {
    version: 1,
    source: source.source,
    clients: source.clients,
    operations: [...source.operations()],
  };
}
