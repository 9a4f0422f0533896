/**
 * The graph of a selection: operations and names as nodes, and what each of them needs.
 *
 * Nodes are text: an open or session by its client and name, `#12` an operation by its id, `%12` a compound, `!` before
 * an open what it did that may be in the way of others (locks, deletion), `~` before a lease. What a node needs is
 * remembered until it is kept or past, so that memory goes with what is kept and what is open.
 */
import { LIVE_KEPT, nodeOf, Recent } from "./places.ts";
import type { CreateOperation, PlanCreateContext, PlanOperation } from "./plan.ts";

/** Nodes, operations and paths that are remembered after they are past. */
export const PAST_KEPT = 8192;

/** An operation on a path, with what a selection knows of it. */
export interface Seen {
  readonly operation: PlanOperation;
  /** Path without case, and the one that a rename gives. */
  readonly key: string;
  readonly targetKey: string | null;
  /** Its open. */
  readonly file: string | null;
  /** Nodes that keep the operation: first itself, or the name that it makes. */
  readonly refs: readonly string[];
  readonly selected: boolean;
}

/** Which node needs which others, until it is kept or past; and which are kept. */
export class Needs {
  readonly #kept = new Set<string>();
  readonly #needs = new Recent<string, Set<string>>(LIVE_KEPT);
  readonly #past = new Recent<string, ReadonlySet<string>>(PAST_KEPT);

  get size(): number {
    return this.#kept.size;
  }

  has(node: string): boolean {
    return this.#kept.has(node);
  }

  need(node: string, others: readonly string[]): void {
    if (others.length === 0) return;
    if (this.#kept.has(node)) return this.keep(others);
    let needed = this.#needs.get(node);
    if (needed === undefined) {
      this.#needs.set(node, needed = new Set(this.#past.get(node)));
      this.#past.delete(node);
    }
    for (const other of others) needed.add(other);
  }

  keep(nodes: readonly string[]): void {
    const waiting = [...nodes];
    for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
      if (this.#kept.has(node)) continue;
      this.#kept.add(node);
      const needed = this.#needs.get(node) ?? this.#past.get(node);
      this.#needs.delete(node);
      this.#past.delete(node);
      if (needed !== undefined) waiting.push(...needed);
    }
  }

  /** What the answer of an operation needs: with the open that it makes, else with the operation where it is selected. */
  answer({ operation, file, selected }: Seen, nodes: readonly string[]): void {
    if (operation.kind === "create") this.need(file!, nodes);
    else if (selected) this.keep(nodes);
  }

  /** The node is not likely to be needed any more. */
  past(node: string): void {
    const needed = this.#needs.get(node);
    if (needed === undefined) return;
    this.#needs.delete(node);
    this.#past.set(node, needed);
  }

  /** The node does not need that other any more. */
  release(node: string, other: string): void {
    const needed = this.#needs.get(node);
    needed?.delete(other);
    if (needed?.size === 0) this.#needs.delete(node);
  }
}

/** The name with which the operation is kept, where it does not make it. */
export function ownerOf(operation: PlanOperation): string | null {
  switch (operation.kind) {
    case "logoff":
      return nodeOf(operation, operation.session);
    case "untree":
      return nodeOf(operation, operation.tree);
    case "close":
      return nodeOf(operation, operation.file);
    case "lock":
    case "setInfo":
      return `!${nodeOf(operation, operation.file)}`;
    default:
      return null;
  }
}

/** The name that the operation makes. */
export function madeBy(operation: PlanOperation): string | null {
  switch (operation.kind) {
    case "connect":
      return nodeOf(operation, operation.connection);
    case "login":
      return nodeOf(operation, operation.session);
    case "tree":
      return nodeOf(operation, operation.tree);
    case "create":
      return nodeOf(operation, operation.file);
    default:
      return null;
  }
}

/** Names that the operation uses. */
export function requiredBy(operation: PlanOperation): string[] {
  const made = madeBy(operation);
  const names: string[] = [];
  if ("connection" in operation) names.push(operation.connection);
  if ("session" in operation) names.push(operation.session);
  if ("tree" in operation) names.push(operation.tree);
  if ("file" in operation && operation.file !== null) names.push(operation.file);
  for (const name of [operation.ids?.tree, operation.ids?.session, operation.via]) {
    if (name !== undefined && name !== null) names.push(name);
  }
  if (operation.kind === "login") {
    for (const name of [operation.previous, operation.bind]) {
      if (name !== undefined) names.push(name);
    }
  }
  if (operation.kind === "create") {
    for (const context of operation.contexts) {
      if (context.kind === "DHnC" || context.kind === "DH2C") names.push(context.file);
    }
  }
  const nodes = names.map((name) => nodeOf(operation, name));
  if (operation.kind === "ioctl" && operation.resumeKey !== undefined) {
    const source = nodeOf(operation, operation.resumeKey);
    nodes.push(source, `!${source}`);
  }
  return nodes.filter((node) => node !== made);
}

/** Nodes that keep the operation: first itself, or the name that it makes. */
export function refsOf(operation: PlanOperation): readonly string[] {
  const made = madeBy(operation);
  const chain = operation.chain === undefined ? [] : [`%${operation.chain.id}`];
  return made === null
    ? [`#${operation.id}`, ...requiredBy(operation), ...chain]
    : [made, ...chain];
}

/** Whether `keeps` keeps the operation with its open. */
export function belongsToOpen({ kind }: PlanOperation): boolean {
  return kind === "create" || kind === "close";
}

/** The lease that a CREATE asks for. */
export function leaseOf(
  { contexts }: CreateOperation,
): Extract<PlanCreateContext, { kind: "RqLs" }> | undefined {
  return contexts.find((context) => context.kind === "RqLs");
}

/** Whether an operation marks a file for deletion, or takes that back. */
export function isDisposition(
  operation: PlanOperation,
): operation is Extract<PlanOperation, { kind: "setInfo" }> {
  return operation.kind === "setInfo" && operation.infoType === 1 &&
    (operation.class === FILE_DISPOSITION_INFORMATION ||
      operation.class === FILE_DISPOSITION_INFORMATION_EX);
}

const FILE_DISPOSITION_INFORMATION = 13;
const FILE_DISPOSITION_INFORMATION_EX = 64;

/** Directories above a path that are looked at: deeper paths are made up to be slow. */
const MAX_DEPTH = 64;

/** The directories above a path, nearest first. */
export function above(key: string): string[] {
  const directories: string[] = [];
  let end = key.lastIndexOf("\\");
  while (end > 0 && directories.length < MAX_DEPTH) {
    directories.push(key.slice(0, end));
    end = key.lastIndexOf("\\", end - 1);
  }
  return directories;
}
