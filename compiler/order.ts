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
 * made its session or file. Takes operations by time, with the order in which their clients' were made; where both
 * orders agree, as they do almost everywhere, nothing waits.
 */
export function* neededFirst(operations: Iterable<Stored>): Generator<PlanOperation> {
  const clients = new Map<string, Progress>();
  let waiting: PlanOperation[] = [];
  /** Clients of whom something is missing that was made before what is waiting. */
  let behind = 0;
  for (const { seq, value } of operations) {
    let client = clients.get(value.client);
    if (client === undefined) clients.set(value.client, client = { made: 0, highest: -1, seen: 0 });
    if (behind === 0 && seq === client.made) {
      client.made++;
      yield value;
      continue;
    }
    waiting.push(value);
    if (seq >= client.made) {
      if (client.seen > 0 && client.highest + 1 - client.made > client.seen) behind--;
      client.highest = Math.max(client.highest, seq);
      client.seen++;
      if (client.highest + 1 - client.made > client.seen) behind++;
      else {
        client.made = client.highest + 1;
        client.seen = 0;
      }
    }
    if (behind > 0 && waiting.length < LOOKED_AHEAD) continue;
    yield* makersFirst(waiting);
    waiting = [];
    if (behind === 0) continue;
    behind = 0;
    for (const progress of clients.values()) {
      progress.made = Math.max(progress.made, progress.highest + 1);
      progress.seen = 0;
    }
  }
  yield* makersFirst(waiting);
}

/** How far the operations of one client are. */
interface Progress {
  /** All that were made before this one are here. */
  made: number;
  /** The latest one that is here, and how many are since `made`. */
  highest: number;
  seen: number;
}

/** The operations in their order, but each behind those that make what it needs. */
function makersFirst(operations: readonly PlanOperation[]): readonly PlanOperation[] {
  if (operations.length < 2) return operations;
  const makers = new Map<string, PlanOperation>();
  for (const operation of operations) {
    const name = madeBy(operation);
    if (name !== undefined && !makers.has(name)) makers.set(name, operation);
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
  for (const operation of operations) place(operation);
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
