/**
 * Order between clients: where two clients work on one path and at least one of them changes it, what had been answered
 * before stays before. The timeline alone keeps that order only at recorded speed.
 */
import type { OperationBase, PlanOperation } from "./plan.ts";

/** SET_INFO and what else alters a file, its name or what others may do with it. */
const ALTERING: ReadonlySet<PlanOperation["kind"]> = new Set<PlanOperation["kind"]>([
  "create",
  "write",
  "setInfo",
  "lock",
  "close",
  "ioctl",
]);

interface Touch {
  readonly id: number;
  readonly client: string;
  readonly answeredAt: number;
  readonly alters: boolean;
}

/** Touches of one path that are remembered: the latest of each client, altering or not. */
type History = Map<string, Touch>;

/** Sets `afterOthers` of each operation; `operations` are in the order in which they were sent. */
export function addConflicts(operations: readonly PlanOperation[]): void {
  const paths = pathsOf(operations);
  const answered = operations
    .filter((operation) => operation.answeredAt !== null && paths.has(operation.id))
    .toSorted((one, other) => (one.answeredAt ?? 0) - (other.answeredAt ?? 0));
  const histories = new Map<string, History>();
  const known = new Map<string, Set<number>>();
  let told = 0;
  for (const operation of operations) {
    for (let next = answered[told]; next !== undefined; next = answered[++told]) {
      if (!answeredBefore(next, operation)) break;
      remember(histories, next, paths.get(next.id) ?? "");
    }
    const path = paths.get(operation.id);
    if (path === undefined) continue;
    const others = conflicting(histories.get(path), operation);
    let seen = known.get(operation.client);
    if (seen === undefined) known.set(operation.client, seen = new Set());
    const after = others.filter((id) => !seen.has(id));
    for (const id of after) seen.add(id);
    if (after.length > 0) {
      (operation as { afterOthers?: OperationBase["afterOthers"] }).afterOthers = after;
    }
  }
}

/** Whether the capture has the answer of `one` before the request of `other`; equal times are told by their frames. */
export function answeredBefore(one: PlanOperation, other: PlanOperation): boolean {
  if (one.answeredAt === null) return false;
  if (one.answeredAt !== other.at) return one.answeredAt < other.at;
  return (one.frames.response ?? 0) < (other.frames.first ?? other.frames.request);
}

/** Path of each operation that has one: share and name, without case. */
function pathsOf(operations: readonly PlanOperation[]): ReadonlyMap<number, string> {
  const shares = new Map<string, string>();
  const files = new Map<string, string>();
  const paths = new Map<number, string>();
  for (const operation of operations) {
    if (operation.kind === "tree") {
      const share = operation.path.slice(operation.path.lastIndexOf("\\"));
      shares.set(`${operation.client}|${operation.tree}`, share.toLowerCase());
    }
    if (operation.kind === "create") {
      const share = shares.get(`${operation.client}|${operation.tree}`) ?? "";
      if (share === "\\ipc$") continue;
      const path = `${share}\\${operation.path.toLowerCase()}`;
      files.set(`${operation.client}|${operation.file}`, path);
      paths.set(operation.id, path);
    } else if ("file" in operation && operation.kind !== "break" && operation.file !== null) {
      const path = files.get(`${operation.client}|${operation.file}`);
      if (path !== undefined) paths.set(operation.id, path);
    }
  }
  return paths;
}

function remember(
  histories: Map<string, History>,
  operation: PlanOperation,
  path: string,
): void {
  let history = histories.get(path);
  if (history === undefined) histories.set(path, history = new Map());
  const { id, client, kind } = operation;
  const touch = { id, client, answeredAt: operation.answeredAt ?? 0, alters: ALTERING.has(kind) };
  history.set(touch.alters ? `${client}|alters` : client, touch);
}

/** Latest touches by other clients that this operation must not overtake. */
function conflicting(history: History | undefined, operation: PlanOperation): number[] {
  if (history === undefined) return [];
  const alters = ALTERING.has(operation.kind);
  const latest = new Map<string, Touch>();
  for (const touch of history.values()) {
    if (touch.client === operation.client || (!alters && !touch.alters)) continue;
    const known = latest.get(touch.client);
    if (known === undefined || known.answeredAt < touch.answeredAt) latest.set(touch.client, touch);
  }
  return [...latest.values()].map(({ id }) => id).toSorted((one, other) => one - other);
}
