/** The order of a plan's operations: by the time of their requests, but never before what they need. */
import type { Stored } from "./operation_store.ts";
import type { PlanOperation } from "./plan.ts";

/**
 * Operations that may wait for one that was made before them and is sent later: what a request needs has been made
 * before it, so that beyond the last of these nothing needs to be moved.
 */
const LOOKED_AHEAD = 16_384;

/**
 * Moves what a request needs before it: a capture whose packets are out of order may show a request before the one that
 * made its session or file. Takes operations by time, with the order in which they were made; where both orders agree,
 * as they do almost everywhere, nothing waits.
 */
export function* neededFirst(operations: Iterable<Stored>): Generator<PlanOperation> {
  /** Everything that was made before was given on. */
  let settled = 0;
  let waiting: Stored[] = [];
  let highest = -1;
  for (const stored of operations) {
    const { seq, value } = stored;
    if (waiting.length === 0 && seq === settled) {
      settled++;
      yield value;
      continue;
    }
    waiting.push(stored);
    highest = Math.max(highest, seq);
    // All that were made up to the latest one are here once they are as many.
    const missing = highest + 1 - settled - waiting.length;
    if (missing > 0 && waiting.length < LOOKED_AHEAD) continue;
    yield* makersFirst(waiting);
    settled = Math.max(settled, highest + 1);
    waiting = [];
  }
  yield* makersFirst(waiting);
}

/** The operations in their order, but each behind those that make what it needs. */
export function makersFirst(operations: readonly Stored[]): PlanOperation[] {
  const makers = new Map<string, PlanOperation>();
  for (const { value } of operations) {
    const name = madeBy(value);
    if (name !== undefined && !makers.has(name)) makers.set(name, value);
  }
  const placed = new Set<PlanOperation>();
  const ordered: PlanOperation[] = [];
  const place = (operation: PlanOperation): void => {
    if (placed.has(operation)) return;
    placed.add(operation);
    for (const name of neededBy(operation)) {
      const maker = makers.get(name);
      if (maker !== undefined) place(maker);
    }
    ordered.push(operation);
  };
  for (const { value } of operations) place(value);
  return ordered;
}

/** What later operations of the client refer to by the name that this one gives. */
function madeBy(operation: PlanOperation): string | undefined {
  switch (operation.kind) {
    case "connect":
      return `${operation.client}.${operation.connection}`;
    case "login":
      return operation.again ? undefined : `${operation.client}.${operation.session}`;
    case "tree":
      return `${operation.client}.${operation.tree}`;
    case "create":
      return `${operation.client}.${operation.file}`;
    default:
      return undefined;
  }
}

function neededBy(operation: PlanOperation): string[] {
  const names: string[] = [];
  if ("connection" in operation && operation.kind !== "connect") names.push(operation.connection);
  if ("session" in operation && (operation.kind !== "login" || operation.again)) {
    names.push(operation.session);
  }
  if ("tree" in operation && operation.kind !== "tree") names.push(operation.tree);
  for (const name of [operation.ids?.tree, operation.ids?.session, operation.via]) {
    if (name !== undefined && name !== null) names.push(name);
  }
  if ("file" in operation && operation.kind !== "create" && operation.file !== null) {
    names.push(operation.file);
  }
  if (operation.kind === "create") {
    for (const context of operation.contexts) {
      if (context.kind === "DHnC" || context.kind === "DH2C") names.push(context.file);
    }
  }
  return names.map((name) => `${operation.client}.${name}`);
}
