/** The order of a plan's operations: by the time of their requests, but never before what they need. */
import { answeredBefore } from "./conflicts.ts";
import type { PlanOperation } from "./plan.ts";
import type { Mutable } from "./plan_list.ts";

/**
 * Sorts by the time of the first byte, then by frame. A capture whose packets are out of order may show a request
 * before the one that made its session or file: what a request needs is then moved before it.
 */
export function inOrder<T extends PlanOperation>(operations: readonly T[]): T[] {
  const sorted = operations.toSorted((one, other) =>
    one.at - other.at || frameOf(one) - frameOf(other)
  );
  const makers = new Map<string, T>();
  for (const operation of sorted) {
    const name = madeBy(operation);
    if (name !== undefined && !makers.has(name)) makers.set(name, operation);
  }
  const placed = new Set<T>();
  const ordered: T[] = [];
  const place = (operation: T): void => {
    if (placed.has(operation)) return;
    placed.add(operation);
    for (const name of neededBy(operation)) {
      const maker = makers.get(name);
      if (maker !== undefined) place(maker);
    }
    ordered.push(operation);
  };
  for (const operation of sorted) place(operation);
  return ordered;
}

function frameOf(operation: PlanOperation): number {
  return operation.frames.first ?? operation.frames.request;
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
  for (const name of [operation.ids?.tree, operation.ids?.session]) {
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

/** For each operation, what its client had got an answer to since the operation before. */
export function addAfter(operations: readonly Mutable<PlanOperation>[]): void {
  for (const own of Map.groupBy(operations, (operation) => operation.client).values()) {
    const answered = own.filter(({ answeredAt }) => answeredAt !== null).toSorted(byAnswer);
    let told = 0;
    for (const operation of own) {
      const after: number[] = [];
      for (let next = answered[told]; next !== undefined; next = answered[++told]) {
        if (!answeredBefore(next, operation)) break;
        after.push(next.id);
      }
      operation.after = after;
    }
  }
}

function byAnswer(one: PlanOperation, other: PlanOperation): number {
  return (one.answeredAt ?? 0) - (other.answeredAt ?? 0) ||
    (one.frames.response ?? 0) - (other.frames.response ?? 0);
}
