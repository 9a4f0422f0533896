/**
 * Order between clients: where several work on one path and at least one of them changes it, what had been answered
 * before stays before. The timeline alone keeps that order only at recorded speed.
 *
 * A path is also changed by what happens to its directory, and a directory by what happens below it: it must exist
 * before, and be empty when it goes. A watch or a lock that was pending stays before what ended it.
 */
import type { OperationBase, PlanOperation } from "./plan.ts";

/** What alters a file, its name or what others may do with it. */
const ALTERING: ReadonlySet<PlanOperation["kind"]> = new Set<PlanOperation["kind"]>([
  "create",
  "write",
  "setInfo",
  "lock",
  "close",
  "ioctl",
]);

const FILE_RENAME_INFORMATION = 10;
const FILE_DISPOSITION_INFORMATION = 13;
const FILE_RENAME_INFORMATION_EX = 65;
const FILE_DISPOSITION_INFORMATION_EX = 64;
const CREATED = 2;

/** Directories above a path that are looked at: deeper paths are made up to be slow. */
const MAX_DEPTH = 64;

interface Touch {
  readonly id: number;
  readonly client: string;
  readonly answeredAt: number;
}

/** Latest touch of each client. */
type Latest = Map<string, Touch>;

/** What is remembered of a path. */
interface PathHistory {
  /** Any operation on it. */
  readonly touched: Latest;
  /** Operations that altered it. */
  readonly altered: Latest;
  /** Operations that made, renamed or removed it. */
  readonly named: Latest;
  /** Operations that altered something below it. */
  readonly below: Latest;
  /** Watches on it that have ended. */
  readonly watched: Latest;
}

/** Sets `afterOthers` and `afterPending` of each operation; `operations` are in the order in which they were sent. */
export function addConflicts(operations: readonly PlanOperation[]): void {
  const first = operations[0]?.client;
  if (operations.every(({ client }) => client === first)) return;
  const paths = pathsOf(operations);
  const answered = operations
    .filter((operation) => operation.answeredAt !== null && paths.has(operation.id))
    .toSorted((one, other) => (one.answeredAt ?? 0) - (other.answeredAt ?? 0));
  const histories = new Histories();
  const waited = new Map<string, { readonly answers: Set<number>; readonly queued: Set<number> }>();
  let open: PlanOperation[] = [];
  let told = 0;
  for (const operation of operations) {
    for (let next = answered[told]; next !== undefined; next = answered[++told]) {
      if (!answeredBefore(next, operation)) break;
      for (const path of paths.get(next.id) ?? []) histories.remember(path, next);
    }
    const own = paths.get(operation.id);
    if (own === undefined) continue;
    let seen = waited.get(operation.client);
    if (seen === undefined) {
      waited.set(operation.client, seen = { answers: new Set(), queued: new Set() });
    }
    const others = own.flatMap((path) => histories.conflicting(path, operation));
    const before = unseen(others, seen.answers);
    if (open.length > 0) open = open.filter((other) => !answeredBefore(other, operation));
    const pending = unseen(
      open.filter((other) => pendingFor(other, operation, paths)).map(({ id }) => id)
        .filter((id) => !seen.answers.has(id)),
      // Whoever waited until another was queued may have to wait for its answer, too.
      seen.queued,
    );
    setEdges(operation, before, pending);
    if (operation.frames.interim !== undefined) open.push(operation);
  }
}

/** Whether the capture has the answer of `one` before the request of `other`; equal times are told by their frames. */
export function answeredBefore(one: PlanOperation, other: PlanOperation): boolean {
  if (one.answeredAt === null) return false;
  if (one.answeredAt !== other.at) return one.answeredAt < other.at;
  return (one.frames.response ?? 0) < (other.frames.first ?? other.frames.request);
}

function setEdges(
  operation: PlanOperation,
  before: readonly number[],
  pending: readonly number[],
): void {
  const edges = operation as {
    afterOthers?: OperationBase["afterOthers"];
    afterPending?: OperationBase["afterPending"];
  };
  if (before.length > 0) edges.afterOthers = before;
  if (pending.length > 0) edges.afterPending = pending;
}

/** The ids that the client has not waited for yet, in order; remembers them. */
function unseen(ids: readonly number[], seen: Set<number>): readonly number[] {
  if (ids.length === 0) return ids;
  const fresh = [...new Set(ids)].filter((id) => !seen.has(id)).toSorted((one, two) => one - two);
  for (const id of fresh) seen.add(id);
  return fresh;
}

/** Whether `other`, of another client, waits for something that `operation` may bring about. */
function pendingFor(
  other: PlanOperation,
  operation: PlanOperation,
  paths: ReadonlyMap<number, readonly string[]>,
): boolean {
  if (other.client === operation.client || !ALTERING.has(operation.kind)) return false;
  if ((other.frames.interim ?? 0) >= (operation.frames.first ?? operation.frames.request)) {
    return false;
  }
  const waitsAt = paths.get(other.id) ?? [];
  return (paths.get(operation.id) ?? []).some((path) =>
    waitsAt.some((at) =>
      path === at || (other.kind === "changeNotify" && path.startsWith(`${at}\\`))
    )
  );
}

class Histories {
  readonly #paths = new Map<string, PathHistory>();

  remember(path: string, operation: PlanOperation): void {
    const { id, client } = operation;
    const touch = { id, client, answeredAt: operation.answeredAt ?? 0 };
    const history = this.#of(path);
    history.touched.set(client, touch);
    if (operation.kind === "changeNotify") history.watched.set(client, touch);
    if (!ALTERING.has(operation.kind)) return;
    history.altered.set(client, touch);
    if (namesPath(operation)) history.named.set(client, touch);
    for (const directory of directoriesOf(path)) this.#of(directory).below.set(client, touch);
  }

  /** Latest operations of other clients on the path that `operation` must not overtake. */
  conflicting(path: string, operation: PlanOperation): number[] {
    const own = this.#paths.get(path);
    const touches: Touch[] = [];
    const add = (latest: Latest | undefined) => {
      for (const touch of latest?.values() ?? []) {
        if (touch.client !== operation.client) touches.push(touch);
      }
    };
    add(ALTERING.has(operation.kind) ? own?.touched : own?.altered);
    for (const directory of directoriesOf(path)) {
      const above = this.#paths.get(directory);
      if (operation.kind === "create") add(above?.named);
      if (ALTERING.has(operation.kind)) add(above?.watched);
    }
    if (namesPath(operation) && operation.kind !== "create") add(own?.below);
    return latestOfEach(touches).map(({ id }) => id);
  }

  #of(path: string): PathHistory {
    let history = this.#paths.get(path);
    if (history === undefined) {
      history = {
        touched: new Map(),
        altered: new Map(),
        named: new Map(),
        below: new Map(),
        watched: new Map(),
      };
      this.#paths.set(path, history);
    }
    return history;
  }
}

function latestOfEach(touches: readonly Touch[]): Touch[] {
  const latest = new Map<string, Touch>();
  for (const touch of touches) {
    const known = latest.get(touch.client);
    if (known === undefined || known.answeredAt < touch.answeredAt) latest.set(touch.client, touch);
  }
  return [...latest.values()];
}

/** Whether the operation makes, renames or removes its path. */
function namesPath(operation: PlanOperation): boolean {
  if (operation.kind === "create") return operation.granted?.action === CREATED;
  if (operation.kind !== "setInfo" || operation.infoType !== 1) return false;
  return operation.class === FILE_RENAME_INFORMATION ||
    operation.class === FILE_RENAME_INFORMATION_EX ||
    operation.class === FILE_DISPOSITION_INFORMATION ||
    operation.class === FILE_DISPOSITION_INFORMATION_EX;
}

/** The directories above a path, nearest first. */
function directoriesOf(path: string): string[] {
  const directories: string[] = [];
  let end = path.lastIndexOf("\\");
  while (end > 0 && directories.length < MAX_DEPTH) {
    directories.push(path.slice(0, end));
    end = path.lastIndexOf("\\", end - 1);
  }
  return directories;
}

/** Paths of each operation that has one: share and name, without case; a rename has two, and its open the new one. */
function pathsOf(operations: readonly PlanOperation[]): ReadonlyMap<number, readonly string[]> {
  const shares = new Map<string, string>();
  const files = new Map<string, { path: string; readonly share: string }>();
  const paths = new Map<number, readonly string[]>();
  for (const operation of operations) {
    if (operation.kind === "tree") {
      const share = operation.path.slice(operation.path.lastIndexOf("\\") + 1);
      shares.set(`${operation.client}|${operation.tree}`, share.toLowerCase());
    } else if (operation.kind === "create") {
      const share = shares.get(`${operation.client}|${operation.tree}`) ?? "";
      if (share === "ipc$") continue;
      const path = fullPath(share, operation.path);
      files.set(`${operation.client}|${operation.file}`, { path, share });
      paths.set(operation.id, [path]);
    } else if ("file" in operation && operation.kind !== "break" && operation.file !== null) {
      const file = files.get(`${operation.client}|${operation.file}`);
      if (file === undefined) continue;
      const target = renameTarget(operation);
      paths.set(operation.id, [file.path]);
      if (target === null || operation.status !== 0) continue;
      const renamed = fullPath(file.share, target);
      paths.set(operation.id, [file.path, renamed]);
      file.path = renamed;
    }
  }
  return paths;
}

function fullPath(share: string, name: string): string {
  const path = name.toLowerCase().replace(/^\\+|\\+$/g, "");
  return path === "" ? share : `${share}\\${path}`;
}

/** Bytes of FILE_RENAME_INFORMATION before the name (MS-FSCC 2.4.42.2). */
const RENAME_FIXED_SIZE = 20;

function renameTarget(operation: PlanOperation): string | null {
  if (operation.kind !== "setInfo" || operation.infoType !== 1) return null;
  const { class: number } = operation;
  if (number !== FILE_RENAME_INFORMATION && number !== FILE_RENAME_INFORMATION_EX) return null;
  const bytes = Uint8Array.fromHex(operation.input);
  return new TextDecoder("utf-16le").decode(bytes.subarray(RENAME_FIXED_SIZE));
}
