/**
 * Who waited for whom: opens whose leases were broken and who broke them, opens that were in the way, and the changes that
 * ended a watch.
 */
import { Status } from "../runtime/wire/mod.ts";
import { LIVE_KEPT, Recent } from "./places.ts";
import type { PlanOperation } from "./plan.ts";
import { above, leaseOf, type Needs, PAST_KEPT, type Seen } from "./selection_nodes.ts";

const DIRECTORY_FILE = 0x0001;
const ATTRIBUTE_DIRECTORY = 0x10;
const OPENED = 1;

/** Another open of the file was in the way. */
const IN_THE_WAY: ReadonlySet<number> = new Set<number>([
  Status.SHARING_VIOLATION,
  Status.DELETE_PENDING,
  Status.FILE_LOCK_CONFLICT,
  Status.LOCK_NOT_GRANTED,
]);

/** What may break another's lease, or end a watch. */
const ALTERING: ReadonlySet<PlanOperation["kind"]> = new Set<PlanOperation["kind"]>([
  "create",
  "write",
  "setInfo",
  "lock",
  "close",
  "ioctl",
]);

/** An operation that others may have waited for. */
interface Cause {
  readonly selected: boolean;
  readonly file: string | null;
  readonly answeredAt: number | null;
  readonly refs: readonly string[];
}

/** A change of what a watched directory has. */
interface Change {
  readonly at: number;
  readonly answeredAt: number;
  readonly refs: readonly string[];
}

/** A directory with a selected watch. */
interface Watched {
  /** The latest changes. */
  changes: Change[];
  /** When the watches under way were answered, and the one before. */
  answers: number[];
  before: number;
}

/** Changes of a watched directory that are remembered between two answers. */
const CHANGES_KEPT = 16;

/** Follows what is under way on each path, its opens, and its watches. */
export class Waits {
  readonly #graph: Needs;
  readonly #underWay = new Recent<string, readonly Cause[]>(PAST_KEPT);
  /** Opens of each path. */
  readonly #open = new Recent<string, Set<string>>(LIVE_KEPT);
  /** By directory. */
  readonly #watched = new Map<string, Watched>();

  constructor(graph: Needs) {
    this.#graph = graph;
  }

  /** Takes the next operation on a path. */
  see(seen: Seen): void {
    const { operation, key, file, selected } = seen;
    if (wasInTheWay(operation)) {
      for (const rival of this.#open.get(key) ?? []) {
        if (rival !== file) this.#graph.answer(seen, [rival, `!${rival}`]);
      }
    }
    if (operation.kind === "break") this.#broken(operation, seen);
    else if (ALTERING.has(operation.kind)) this.#mayCause(seen);
    if (operation.kind === "changeNotify" && selected) this.#watch(operation, key);
    if (operation.status === 0) this.#follow(seen);
  }

  /** All operations were seen. */
  finish(): void {
    for (const watched of this.#watched.values()) this.#settle(watched, Infinity);
  }

  /** Whoever was under way at a break of another's open may have caused it: each needs the other. */
  #broken({ at }: PlanOperation, { key, file }: Seen): void {
    for (const cause of this.#underWay.get(key) ?? []) {
      const ended = cause.answeredAt !== null && cause.answeredAt < at;
      if (cause.file === file || ended) continue;
      this.#graph.need(file!, cause.refs);
      if (cause.selected) this.#graph.keep([file!]);
      else this.#graph.need(cause.refs[0]!, [file!]);
    }
  }

  #mayCause({ operation, key, file, refs, selected }: Seen): void {
    const { at, answeredAt } = operation;
    const others = (this.#underWay.get(key) ?? []).filter((one) =>
      one.answeredAt === null || one.answeredAt >= at
    );
    this.#underWay.set(key, [...others, { selected, file, answeredAt, refs }]);
    if (this.#watched.size === 0 || !changes(operation)) return;
    for (const directory of above(key)) {
      const watched = this.#watched.get(directory);
      if (watched === undefined) continue;
      this.#settle(watched, at);
      watched.changes = watched.changes.slice(1 - CHANGES_KEPT);
      watched.changes.push({ at, answeredAt: answeredAt ?? Infinity, refs });
    }
  }

  #watch({ at, answeredAt, status }: PlanOperation, key: string): void {
    if (answeredAt === null || status !== 0) return;
    const directory = key.endsWith("\\") ? key.slice(0, -1) : key;
    let watched = this.#watched.get(directory);
    if (watched === undefined) {
      this.#watched.set(directory, watched = { changes: [], answers: [], before: at });
    }
    this.#settle(watched, at);
    watched.answers.push(answeredAt);
  }

  /** Answers that had come by then are there because of what changed since the one before. */
  #settle(watched: Watched, now: number): void {
    const due = watched.answers.filter((answer) => answer < now).sort((one, two) => one - two);
    if (due.length === 0) return;
    for (const answer of due) {
      for (const change of watched.changes) {
        if (change.at <= answer && change.answeredAt >= watched.before) {
          this.#graph.keep(change.refs);
        }
      }
      watched.before = answer;
    }
    watched.answers = watched.answers.filter((answer) => answer >= now);
    watched.changes = watched.changes.filter(({ answeredAt }) => answeredAt >= watched.before);
  }

  #follow({ operation, key, targetKey, file }: Seen): void {
    if (file === null) return;
    if (operation.kind === "create" && operation.granted !== null) this.#enter(key, file);
    if (operation.kind === "close") this.#leave(key, file);
    if (targetKey === null) return;
    this.#leave(key, file);
    this.#enter(targetKey, file);
  }

  #enter(key: string, file: string): void {
    let opens = this.#open.get(key);
    if (opens === undefined) this.#open.set(key, opens = new Set());
    opens.add(file);
  }

  #leave(key: string, file: string): void {
    const opens = this.#open.get(key);
    opens?.delete(file);
    if (opens?.size === 0) this.#open.delete(key);
  }
}

/** Whether the answer would be another one without the other opens of the file. */
function wasInTheWay(operation: PlanOperation): boolean {
  if (IN_THE_WAY.has(operation.status ?? 0)) return true;
  if (operation.kind === "lock") return operation.frames.interim !== undefined;
  if (operation.kind !== "create" || operation.granted === null) return false;
  const { granted, options, path } = operation;
  // Directories are granted less by whoever has no directory leases.
  const directory = ((granted.attributes ?? 0) & ATTRIBUTE_DIRECTORY) !== 0 ||
    (options & DIRECTORY_FILE) !== 0 || path === "";
  if (directory) return false;
  const lease = leaseOf(operation);
  return lease === undefined ? granted.oplock !== operation.oplock : granted.lease !== lease.state;
}

/** Whether a watch may tell of the operation. */
function changes(operation: PlanOperation): boolean {
  if (operation.kind !== "create") return operation.kind !== "close" && operation.kind !== "lock";
  return operation.granted !== null && operation.granted.action !== OPENED;
}
