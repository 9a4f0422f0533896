/**
 * Order between clients: where several work on one path and at least one of them changes it, what had been answered
 * before stays before. The timeline alone keeps that order only at recorded speed. READ, WRITE and LOCK are in each
 * other's way only where their bytes meet and one of them alters these.
 *
 * A path is also changed by what happens to its directory, and a directory by what happens below it: it must exist
 * before, and be empty when it goes; and its listing shows what came and went in it. A watch or a lock that was pending
 * stays before what ended it. The end of a connection, session or tree connect closes what is open there: to others it is
 * a CLOSE of all of it.
 */
import { answeredBefore, ByAnswer, pendingBefore } from "./answers.ts";
import { endsOpens, OpenPaths } from "./open_paths.ts";
import type { ByteRange, PathNode, Touch } from "./path_table.ts";
import { withLatest } from "./path_table.ts";
import { OF_OTHERS, type OperationBase, type PlanOperation } from "./plan.ts";
import { RecentMap } from "./recent_map.ts";

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

/** Directories above a path that are looked at. */
const MAX_DEPTH = 64;

/** Clients whose latest operation on a path is remembered before those that others imply are left out. */
const CLIENTS_TOLD = 16;

/** Clients of which a directory is remembered to have been altered, or watched, by. */
const CLIENTS_KEPT = 64;

/** Operations on bytes of a file whose bytes are remembered; older ones count as operations on all of it. */
const RANGES_KEPT = 64;

/** Operations that may wait on one path. */
const PENDING_KEPT = 256;

/** Sets `afterOthers` and `afterPending` of operations, which come in the order in which they were sent. */
export class Conflicts {
  readonly #paths = new OpenPaths();
  readonly #answered = new ByAnswer();
  /** Paths of operations that are under way. */
  readonly #under = new Map<PlanOperation, readonly PathNode[]>();
  readonly #waited = new RecentMap<string, Waited>(CLIENTS_WAITING);

  /** The next operation. */
  take(operation: PlanOperation): void {
    for (let next = this.#answered.next(operation); next !== null;) {
      for (const node of this.#under.get(next) ?? []) remember(node, next);
      this.#under.delete(next);
      this.#paths.answered(next);
      next = this.#answered.next(operation);
    }
    const nodes = this.#paths.of(operation);
    const named = namedOf(operation);
    if (nodes.length === 0 && named.length === 0) return setEdges(operation, NO_IDS, NO_IDS);
    const waited = this.#waitedOf(operation.client);
    const others = nodes.length === 1
      ? conflicting(nodes[0]!, operation, waited)
      : latest(nodes.flatMap((node) => conflicting(node, operation, waited)));
    const pending = alters(operation) ? pendingOn(nodes, operation) : [];
    if (others.length > 0 || pending.length > 0 || named.length > 0) {
      const before = waited.answers.fresh([...others.map(({ id }) => id), ...named]);
      for (const { client, at } of others) {
        if (at > (waited.upTo.get(client) ?? -Infinity)) waited.upTo.set(client, at);
      }
      const queued = pending.map(({ id }) => id).filter((id) => !waited.answers.has(id));
      // Whoever waited until another was queued may have to wait for its answer, too.
      setEdges(operation, before, waited.queued.fresh(queued));
    } else setEdges(operation, NO_IDS, NO_IDS);
    if (operation.frames.interim !== undefined) {
      for (const node of nodes) {
        if (node.pending.length < PENDING_KEPT) node.pending = [...node.pending, operation];
      }
    }
    if (operation.answeredAt === null) return;
    this.#answered.add(operation);
    this.#under.set(operation, nodes);
  }

  #waitedOf(client: string): Waited {
    let waited = this.#waited.get(client);
    if (waited === undefined) {
      waited = {
        answers: new RecentIds(),
        queued: new RecentIds(),
        upTo: new RecentMap(OTHERS_KEPT),
      };
      this.#waited.set(client, waited);
    }
    return waited;
  }
}

/** What a client has waited for already. */
interface Waited {
  readonly answers: RecentIds;
  readonly queued: RecentIds;
  /** By client: when the latest of its operations was sent; what it had been answered before need not be waited for. */
  readonly upTo: RecentMap<string, number>;
}

/** Other clients that one client is remembered to have waited for. */
const OTHERS_KEPT = 128;

/** Clients that are remembered to have waited; of others, an order may be told again. */
const CLIENTS_WAITING = 128;

/** Ids that are remembered of each generation; who waits twice loses nothing. */
const IDS_KEPT = 64;

class RecentIds {
  #young = new Set<number>();
  #old = new Set<number>();

  has(id: number): boolean {
    return this.#young.has(id) || this.#old.has(id);
  }

  /** The ids that are new, in order, each once; remembers them. */
  fresh(ids: readonly number[]): readonly number[] {
    if (ids.length === 0) return ids;
    const fresh = [...new Set(ids)].filter((id) => !this.has(id)).sort((one, two) => one - two);
    for (const id of fresh) this.#young.add(id);
    if (this.#young.size > IDS_KEPT) {
      this.#old = this.#young;
      this.#young = new Set();
    }
    return fresh;
  }
}

/** Sets what there is, and takes away what an earlier pass over other operations set. */
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
  else if (edges.afterOthers !== undefined) delete edges.afterOthers;
  if (pending.length > 0) edges.afterPending = pending;
  else if (edges.afterPending !== undefined) delete edges.afterPending;
}

/** Operations of other clients that wait for something that `operation` may bring about. */
function pendingOn(nodes: readonly PathNode[], operation: PlanOperation): PlanOperation[] {
  const found: PlanOperation[] = [];
  const look = (node: PathNode, watchesOnly: boolean): void => {
    if (node.pending.length === 0) return;
    node.pending = node.pending.filter((other) => !answeredBefore(other, operation));
    for (const other of node.pending) {
      if (other.client === operation.client || !pendingBefore(other, operation)) continue;
      if (!watchesOnly || other.kind === "changeNotify") found.push(other);
    }
  };
  for (const node of nodes) {
    look(node, false);
    for (let above = node.parent; above !== null; above = above.parent) look(above, true);
  }
  return found;
}

/** An operation was answered: it becomes part of its path's history. */
function remember(node: PathNode, operation: PlanOperation): void {
  const { id, client, at } = operation;
  const touch: Touch = { id, client, at, answeredAt: operation.answeredAt ?? 0 };
  const ranges = rangesOf(operation);
  if (ranges !== null) {
    node.ranges = [...node.ranges, { touch, ranges }];
    if (node.ranges.length > RANGES_KEPT) forgetRange(node);
  } else node.touched = withLatest(node.touched, touch);
  if (operation.kind === "queryDirectory") node.listed = kept(withLatest(node.listed, touch));
  if (operation.kind === "changeNotify") node.watched = kept(withLatest(node.watched, touch));
  if (!alters(operation)) return;
  if (ranges === null) {
    node.altered = withLatest(node.altered, touch);
    if (namesPath(operation, node)) {
      node.named = withoutImplied(withLatest(node.named, touch), touch);
    }
    if (node.ranges.length > 0) {
      const many = node.touched.length > CLIENTS_TOLD;
      node.ranges = node.ranges.filter((other) =>
        other.touch.answeredAt >= at || (!many && other.touch.client !== client)
      );
    }
    node.touched = withoutImplied(node.touched, touch);
    node.altered = withoutImplied(node.altered, touch);
  }
  if (node.parent !== null && (closes(operation) || namesPath(operation, node))) {
    node.parent.entries = kept(withLatest(node.parent.entries, touch));
  }
  let above = node.parent;
  for (let depth = 0; above !== null && depth < MAX_DEPTH; depth++) {
    above.below = kept(withLatest(above.below, touch));
    above = above.parent;
  }
}

/** The oldest operation on bytes counts as one on the whole file from now on. */
function forgetRange(node: PathNode): void {
  const [oldest, ...others] = node.ranges;
  node.ranges = others;
  if (oldest === undefined) return;
  const { touch, ranges } = oldest;
  node.touched = withLater(node.touched, touch);
  if (ranges.some(({ alters }) => alters)) node.altered = withLater(node.altered, touch);
}

function withLater(list: Touch[], touch: Touch): Touch[] {
  const known = list.find(({ client }) => client === touch.client);
  return known !== undefined && known.answeredAt > touch.answeredAt
    ? list
    : withLatest(list, touch);
}

/** Who waits for `touch` need not wait for what it had waited for; left out where the list is long. */
function withoutImplied(list: Touch[], touch: Touch): Touch[] {
  if (list.length <= CLIENTS_TOLD) return list;
  return list.filter((other) => other === touch || other.answeredAt >= touch.at)
    .slice(-CLIENTS_KEPT);
}

function kept(list: Touch[]): Touch[] {
  return list.length <= CLIENTS_KEPT ? list : list.slice(-CLIENTS_KEPT);
}

/** Latest operations of other clients on the path that `operation` must not overtake. */
function conflicting(own: PathNode, operation: PlanOperation, waited: Waited): Touch[] {
  const { client } = operation;
  const altering = alters(operation);
  let latest: Touch[] = NONE;
  const addOne = (touch: Touch): void => {
    if (touch.client === client) return;
    // The other client had got that answer before it sent what was waited for already.
    if (touch.answeredAt < (waited.upTo.get(touch.client) ?? -Infinity)) return;
    const at = latest.findIndex((known) => known.client === touch.client);
    if (at === -1) latest = [...latest, touch];
    else if (latest[at]!.answeredAt < touch.answeredAt) latest[at] = touch;
  };
  const add = (touches: readonly Touch[]): void => {
    for (const touch of touches) addOne(touch);
  };
  add(altering ? own.touched : own.altered);
  if (own.ranges.length > 0) {
    const ranges = rangesOf(operation);
    for (const other of own.ranges) {
      if (other.touch.client === client) continue;
      const meets = ranges === null
        ? altering || other.ranges.some(({ alters }) => alters)
        : ranges.some((one) => other.ranges.some((two) => meet(one, two)));
      if (meets) addOne(other.touch);
    }
  }
  if (altering) {
    let above = own.parent;
    for (let depth = 0; above !== null && depth < MAX_DEPTH; depth++) {
      if (operation.kind === "create") add(above.named);
      add(above.watched);
      above = above.parent;
    }
  }
  if (operation.kind === "queryDirectory") add(own.entries);
  const names = namesPath(operation, own);
  if (own.parent !== null && names) add(own.parent.listed);
  if (own.below.length > 0 && names && operation.kind !== "create") add(own.below);
  return latest;
}

/**
 * Of operations on several paths those that the others of their client do not imply: it had got the answers of the rest
 * before it sent its last one.
 */
function latest(touches: readonly Touch[]): Touch[] {
  const last = new Map<string, number>();
  for (const { client, at } of touches) {
    if (at > (last.get(client) ?? -Infinity)) last.set(client, at);
  }
  return touches.filter(({ client, answeredAt }) => answeredAt >= last.get(client)!);
}

/** Operations of other clients that made what the operation names. */
function namedOf(operation: PlanOperation): readonly number[] {
  if (operation.kind === "login") return idOf(operation.previous ?? "");
  if (operation.kind !== "create" || operation.contexts.length === 0) return NO_IDS;
  return operation.contexts.flatMap((context) => "file" in context ? idOf(context.file) : NO_IDS);
}

function idOf(name: string): readonly number[] {
  return name.startsWith(OF_OTHERS) ? [Number(name.slice(OF_OTHERS.length))] : NO_IDS;
}

/** Whether the operation alters a file, its name or what others may do with it. */
function alters(operation: PlanOperation): boolean {
  return ALTERING.has(operation.kind) || endsOpens(operation);
}

const NONE: Touch[] = [];
const NO_IDS: readonly number[] = [];

function meet(one: ByteRange, two: ByteRange): boolean {
  return (one.alters || two.alters) && one.from < two.to && two.from < one.to;
}

/** The bytes that an operation works on; null where that is the whole file, or cannot be told. */
function rangesOf(operation: PlanOperation): readonly ByteRange[] | null {
  switch (operation.kind) {
    case "read":
      return rangeOf(operation.offset, operation.length, false);
    case "write":
      return rangeOf(operation.offset, operation.data.length, true);
    case "lock":
      return operation.ranges.flatMap(({ offset, length }) => rangeOf(offset, length, true));
    default:
      return null;
  }
}

/** Offsets beyond 2^53 are rounded: ranges may then meet that do not. */
function rangeOf(offset: string, length: string | number, alters: boolean): ByteRange[] {
  const from = Number(offset);
  return [{ from, to: from + Math.max(1, Number(length)), alters }];
}

function closes(operation: PlanOperation): boolean {
  return operation.kind === "close" || endsOpens(operation);
}

/** Whether the operation makes, renames or removes its path. */
function namesPath(operation: PlanOperation, node: PathNode): boolean {
  if (operation.kind === "create") return operation.granted?.action === CREATED;
  // What is to be deleted goes with the CLOSE.
  if (closes(operation)) return node.isDoomed;
  if (operation.kind !== "setInfo" || operation.infoType !== 1) return false;
  return operation.class === FILE_RENAME_INFORMATION ||
    operation.class === FILE_RENAME_INFORMATION_EX ||
    operation.class === FILE_DISPOSITION_INFORMATION ||
    operation.class === FILE_DISPOSITION_INFORMATION_EX;
}
