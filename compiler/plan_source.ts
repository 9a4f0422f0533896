/** A plan whose operations may be too many to be in memory at once: they can be gone through any number of times. */
import type { Plan, PlanClient, PlanOperation } from "./plan.ts";

/** What every pass over a plan takes and gives. */
export interface PlanSource {
  /** Number of operations. */
  readonly count: number;
  readonly clients: readonly PlanClient[];
  readonly source: Plan["source"];
  /** In the order of sending. */
  operations(): Iterable<PlanOperation>;
}

/** A plan in memory as a source. */
export function sourceOf(plan: Plan): PlanSource {
  const { operations, clients, source } = plan;
  return { count: operations.length, clients, source, operations: () => operations };
}
