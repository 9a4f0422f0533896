/**
 * What came before what, where the timeline alone would not keep it: answers that a client had got before it sent
 * (`after`), the one of them that enabled it (`enabledBy`), and what other clients did on the same path (`afterOthers`,
 * `afterPending`, see conflicts.ts). One pass over operations in the order of sending, with tables that hold what is
 * under way.
 */
import { ByAnswer } from "./answers.ts";
import { Conflicts } from "./conflicts.ts";
import type { PlanOperation } from "./plan.ts";
import type { Mutable } from "./plan_list.ts";
import type { PlanSource } from "./plan_source.ts";

/** Opens of one client of which the latest answer is remembered. */
const OPENS_KEPT = 65_536;

/** The same operations, each with what came before it; `see` gets each of them, too. */
export function withCausality(
  plan: PlanSource,
  see?: (operation: PlanOperation) => void,
): PlanSource {
  const { source, clients, count } = plan;
  return { source, clients, count, operations: () => ordered(plan, see) };
}

function* ordered(
  plan: PlanSource,
  see: ((operation: PlanOperation) => void) | undefined,
): Generator<PlanOperation> {
  const own = new Map<string, OwnOrder>();
  const conflicts = plan.clients.length > 1 ? new Conflicts() : null;
  for (const operation of plan.operations()) {
    let order = own.get(operation.client);
    if (order === undefined) own.set(operation.client, order = new OwnOrder());
    order.take(operation);
    conflicts?.take(operation);
    see?.(operation);
    yield operation;
  }
}

/** The order within one client. */
export class OwnOrder {
  /** Operations that are under way. */
  readonly #pending = new ByAnswer();
  /** Those of them that the server did not say to be waiting for something. */
  #busy = 0;
  /** The latest answer or break, and the latest on each open. */
  #latest: number | null = null;
  readonly #onFile = new Map<string, number>();
  #chain: { readonly id: number; readonly enabledBy: number | null } | null = null;

  /** Sets `after` and `enabledBy` of the client's next operation. */
  take(operation: Mutable<PlanOperation>): void {
    const after: number[] = [];
    for (let told = this.#pending.next(operation); told !== null;) {
      after.push(told.id);
      this.#told(told);
      told = this.#pending.next(operation);
    }
    operation.after = after;
    operation.enabledBy = this.#enabling(operation);
    if (operation.answeredAt === null) return;
    this.#pending.add(operation);
    if (isBusy(operation)) this.#busy++;
  }

  #told(operation: PlanOperation): void {
    if (isBusy(operation)) this.#busy--;
    this.#latest = operation.id;
    if (!("file" in operation) || operation.file === null) return;
    if (operation.kind === "close") this.#onFile.delete(operation.file);
    else this.#onFile.set(operation.file, operation.id);
    if (this.#onFile.size <= OPENS_KEPT) return;
    this.#onFile.delete(this.#onFile.keys().next().value!);
  }

  /**
   * With nothing else under way it was the latest answer that the client had waited for. With more, there are several
   * threads: what works on an open goes on when something on that open was answered.
   */
  #enabling(operation: PlanOperation): number | null {
    const { chain } = operation;
    if (chain !== undefined && this.#chain?.id === chain.id) return this.#chain.enabledBy;
    const file = this.#busy > 0 && "file" in operation ? operation.file : null;
    const enabledBy = (file === null ? undefined : this.#onFile.get(file)) ?? this.#latest;
    if (chain !== undefined) this.#chain = { id: chain.id, enabledBy };
    return enabledBy;
  }
}

function isBusy({ kind, frames }: PlanOperation): boolean {
  return frames.interim === undefined && kind !== "break" && kind !== "changeNotify";
}
