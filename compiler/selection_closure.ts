/**
 * What selected operations need so that they still work: the connection, login, tree connect and open of each, the rest
 * of its compound, a cancel and its target, opens that share a lease, who broke a lease and whose lease was broken, who
 * was in the way, the rename that gave a file its name, and the change that ended a watch.
 *
 * Nodes are text: an open or session by its client and name, `#12` an operation by its id, `%12` a compound, `!` before
 * an open what it did that may be in the way of others (locks, deletion). What a node needs is remembered until it is
 * kept or past, so that memory goes with what is kept and what is open.
 */
import { fileNodeOf, nodeOf, type Place, Recent } from "./places.ts";
import type { CreateOperation, PlanCreateContext, PlanOperation } from "./plan.ts";
import { Status } from "../runtime/wire/mod.ts";

/** Nodes, operations and paths that are remembered after they are past. */
const PAST_KEPT = 8192;

/** Directories above a path that are looked at: deeper paths are made up to be slow. */
const MAX_DEPTH = 64;

const FSCTL_SRV_REQUEST_RESUME_KEY = 0x00140078;
/** FSCTL_SRV_COPYCHUNK, FSCTL_SRV_COPYCHUNK_WRITE. */
const COPIES: ReadonlySet<number> = new Set([0x001440f2, 0x001480f2]);
const FILE_DISPOSITION_INFORMATION = 13;
const FILE_DISPOSITION_INFORMATION_EX = 64;
const DIRECTORY_FILE = 0x0001;
const DELETE_ON_CLOSE = 0x1000;
const ATTRIBUTE_DIRECTORY = 0x10;
const FILE_END_OF_FILE_INFORMATION = 20;
const OPENED = 1;
const CREATED = 2;

/** Another open of the file was in the way. */
const IN_THE_WAY: ReadonlySet<number> = new Set<number>([
  Status.SHARING_VIOLATION,
  Status.DELETE_PENDING,
  Status.FILE_LOCK_CONFLICT,
  Status.LOCK_NOT_GRANTED,
]);

const ABSENT: ReadonlySet<number> = new Set<number>([
  Status.OBJECT_NAME_NOT_FOUND,
  Status.OBJECT_PATH_NOT_FOUND,
  Status.NO_SUCH_FILE,
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

/** What made a file as long as it is, within the capture. */
interface Length {
  /** The file was made, or emptied, in the capture: before, it had nothing. */
  readonly made: boolean;
  readonly end: number;
  readonly refs: readonly string[];
}

/** A change of whether a path exists. */
interface Transition {
  readonly exists: boolean;
  readonly refs: readonly string[];
}

/** Learns from all operations, in order, what the selected ones need. */
export class Closure {
  readonly #graph = new Needs();
  readonly #underWay = new Recent<string, readonly Cause[]>(PAST_KEPT);
  /** Opens of each path. */
  readonly #open = new Map<string, Set<string>>();
  readonly #renamed = new Recent<string, readonly string[]>(PAST_KEPT);
  /** Whether a selected operation found the path, and what became of it since. */
  readonly #observed = new Map<string, boolean>();
  readonly #since = new Map<string, Transition>();
  readonly #leases = new Map<string, string>();
  readonly #lengths = new Recent<string, Length>(PAST_KEPT);
  /** Of each open, its file's length when it was opened. */
  readonly #opened = new Map<string, { readonly key: string; readonly length: number }>();
  /** Selected operations that a CANCEL may name: those that were pending are not pushed out by others. */
  readonly #selected = new Recent<number, true>(PAST_KEPT);
  readonly #selectedPending = new Recent<number, true>(PAST_KEPT);
  /** By directory. */
  readonly #watched = new Map<string, Watched>();
  /** Who made each path, and the paths that selected operations made. */
  readonly #makers = new Recent<string, readonly string[]>(PAST_KEPT);
  readonly #made = new Set<string>();

  /** Takes the next operation. */
  see(operation: PlanOperation, place: Place, selected: boolean): void {
    const refs = refsOf(operation);
    this.#require(operation, refs);
    this.#onPath(operation, place, { refs, selected });
    if (!selected) return;
    // Itself it is kept by its own attributes: that needs no memory.
    this.#graph.keep(refs.filter((node) => node !== `#${operation.id}`));
    if (operation.kind === "cancel") this.#graph.keep([`#${operation.target}`]);
    const pending = operation.frames.interim !== undefined || operation.answeredAt === null;
    (pending ? this.#selectedPending : this.#selected).set(operation.id, true);
  }

  /** All operations were seen. */
  finish(): void {
    for (const watched of this.#watched.values()) this.#settle(watched, Infinity);
  }

  /** How many names and single operations are kept. */
  get size(): number {
    return this.#graph.size;
  }

  /** Whether an operation that was not selected is needed by those that were. */
  keeps(operation: PlanOperation): boolean {
    const { chain } = operation;
    if (this.#graph.has(`#${operation.id}`)) return true;
    if (chain !== undefined && this.#graph.has(`%${chain.id}`)) return true;
    switch (operation.kind) {
      case "connect":
      case "disconnect":
        return this.#graph.has(nodeOf(operation, operation.connection));
      case "login":
      case "logoff":
        return this.#graph.has(nodeOf(operation, operation.session));
      case "tree":
      case "untree":
        return this.#graph.has(nodeOf(operation, operation.tree));
      case "create":
      case "close":
        return this.#graph.has(nodeOf(operation, operation.file));
      case "break":
        return operation.file !== null && this.#graph.has(nodeOf(operation, operation.file));
      case "lock":
        return this.#graph.has(`!${nodeOf(operation, operation.file)}`);
      case "setInfo":
        return isDisposition(operation) &&
          this.#graph.has(`!${nodeOf(operation, operation.file)}`);
      case "ioctl":
        // Whoever copies from the open names it by the key that this answers.
        return operation.code === FSCTL_SRV_REQUEST_RESUME_KEY && operation.file !== null &&
          this.#graph.has(`!${nodeOf(operation, operation.file)}`);
      default:
        return false;
    }
  }

  /** What the operation, and the name that it makes, need by themselves. */
  #require(operation: PlanOperation, refs: readonly string[]): void {
    const made = madeBy(operation);
    const needed = requiredBy(operation);
    if (made !== null) this.#graph.need(made, needed);
    // What goes with a name may be sent on another channel, or name what is not its own.
    const owner = ownerOf(operation);
    const names = operation.ids !== undefined || operation.via !== undefined;
    if (owner !== null && names) this.#graph.need(owner, needed);
    const { chain } = operation;
    if (chain !== undefined) {
      const compound = `%${chain.id}`;
      this.#graph.need(compound, made === null ? needed : [made]);
      if (operation.cancelled) this.#graph.need(compound, [`#${operation.id}`]);
      // Who keeps the open keeps what belongs to it, and with that the compound.
      const file = fileNodeOf(operation);
      if (file !== null && belongsToOpen(operation)) this.#graph.need(file, [compound]);
      this.#graph.past(compound);
    }
    if (operation.kind === "cancel") {
      const { target } = operation;
      const isSelected = this.#selected.has(target) || this.#selectedPending.has(target);
      if (isSelected) this.#graph.keep(refs);
      else this.#graph.need(`#${target}`, refs);
    }
    if (made === null) {
      this.#graph.need(`#${operation.id}`, refs.slice(1));
      this.#graph.past(`#${operation.id}`);
    }
    if (operation.kind === "create") {
      this.#lease(operation);
      if (operation.granted === null) this.#graph.past(made!);
    }
    // Kept for what it may be in the way of, a lock needs the CANCEL that ends its waiting.
    if (operation.kind === "lock" && operation.cancelled) {
      this.#graph.need(`!${fileNodeOf(operation)}`, [`#${operation.id}`]);
    }
    if (operation.kind === "close") this.#closed(operation);
  }

  /** Opens of one client under one lease key break together. */
  #lease(operation: CreateOperation): void {
    const lease = leaseOf(operation);
    const file = nodeOf(operation, operation.file);
    if (lease === undefined || operation.granted === null) return;
    const node = `~${nodeOf(operation, lease.key)}`;
    this.#leases.set(file, node);
    this.#graph.need(file, [node]);
    this.#graph.need(node, [file]);
  }

  #closed(operation: PlanOperation): void {
    const file = fileNodeOf(operation)!;
    const lease = operation.status === 0 ? this.#leases.get(file) : undefined;
    if (lease !== undefined) {
      this.#leases.delete(file);
      this.#graph.release(lease, file);
    }
    this.#graph.past(file);
  }

  #onPath(operation: PlanOperation, place: Place, about: {
    readonly refs: readonly string[];
    readonly selected: boolean;
  }): void {
    const { key, targetKey } = place;
    if (key === null) return;
    const { refs, selected } = about;
    const file = fileNodeOf(operation);
    // What the open itself needs is kept with it, also when it is kept for another's sake.
    const subject = operation.kind === "create" ? [file!] : selected ? null : undefined;
    const needs = (nodes: readonly string[]) => {
      if (subject === null) this.#graph.keep(nodes);
      else for (const node of subject ?? []) this.#graph.need(node, nodes);
    };
    if (wasInTheWay(operation)) {
      for (const rival of this.#open.get(key) ?? []) {
        if (rival !== file) needs([rival, `!${rival}`]);
      }
    }
    if (operation.kind === "create") {
      needs(this.#renameTo(key));
      if (selected) this.#found(key, operation);
    }
    if (operation.kind === "queryDirectory" && selected && isPlainName(operation.pattern)) {
      this.#observe(below(key) + operation.pattern.toLowerCase(), foundBy(operation));
    }
    if (operation.kind === "break") this.#broken(operation, key);
    else if (ALTERING.has(operation.kind)) this.#mayCause(operation, key, about);
    if (operation.kind === "changeNotify" && selected) this.#watch(operation, key);
    if (operation.kind === "read" && selected) this.#reads(operation, key);
    this.#measure(operation, key, about);
    this.#follow(operation, { key, targetKey, file });
    this.#transition(operation, { key, targetKey, refs });
  }

  /** The rename that gave a path, or a directory above it, its name. */
  #renameTo(key: string): readonly string[] {
    if (this.#renamed.size === 0) return [];
    const found: string[] = [];
    for (const path of [key, ...above(key)]) {
      const rename = this.#renamed.get(path);
      if (rename !== undefined) found.push(...rename);
    }
    return found;
  }

  /** A CREATE tells of its path, and one that did not fail before it of the directories above. */
  #found(key: string, operation: CreateOperation): void {
    this.#observe(key, foundBy(operation));
    if (operation.status !== 0 && operation.status !== Status.OBJECT_NAME_NOT_FOUND) return;
    const directories = above(key);
    for (const directory of directories) {
      if (this.#since.has(directory)) this.#observe(directory, true);
    }
    // What lies in a directory that is made by what is kept was made after it.
    const top = directories.findLastIndex((directory) => this.#isMade(directory));
    for (const path of directories.slice(0, Math.max(top, 0))) {
      this.#graph.keep(this.#makers.get(path) ?? []);
    }
    if (top >= 0 && operation.granted?.action === OPENED) {
      this.#graph.keep(this.#makers.get(key) ?? []);
    }
    if (operation.granted?.action === CREATED) this.#made.add(key);
  }

  /** Whether something that is kept, as far as is known yet, made the path. */
  #isMade(path: string): boolean {
    if (this.#made.has(path)) return true;
    const maker = this.#makers.get(path)?.[0];
    return maker !== undefined && this.#graph.has(maker);
  }

  /** A selected operation tells whether a path exists; where that changed since the one before, it needs the change. */
  #observe(key: string, found: boolean | null): void {
    const before = this.#observed.get(key);
    const change = this.#since.get(key);
    if (before !== undefined && change !== undefined && change.exists !== before) {
      this.#graph.keep(change.refs);
    }
    this.#since.delete(key);
    if (found !== null) this.#observed.set(key, found);
  }

  /** Whoever was under way at a break of another's open may have caused it: each needs the other. */
  #broken(operation: PlanOperation, key: string): void {
    const file = fileNodeOf(operation)!;
    for (const cause of this.#underWay.get(key) ?? []) {
      const ended = cause.answeredAt !== null && cause.answeredAt < operation.at;
      if (cause.file === file || ended) continue;
      this.#graph.need(file, cause.refs);
      if (cause.selected) this.#graph.keep([file]);
      else this.#graph.need(cause.refs[0]!, [file]);
    }
  }

  #mayCause(operation: PlanOperation, key: string, about: {
    readonly refs: readonly string[];
    readonly selected: boolean;
  }): void {
    const { at, answeredAt } = operation;
    const { refs, selected } = about;
    const others = (this.#underWay.get(key) ?? []).filter((one) =>
      one.answeredAt === null || one.answeredAt >= at
    );
    const file = fileNodeOf(operation);
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

  /** A selected READ needs that somebody wrote as far as it read. */
  #reads(operation: Extract<PlanOperation, { kind: "read" }>, key: string): void {
    const { returned, offset } = operation;
    const length = this.#lengths.get(key);
    if (returned === null || returned.length === 0 || length === undefined) return;
    const before = length.made ? 0 : this.#opened.get(fileNodeOf(operation)!)?.length ?? 0;
    if (Number(offset) + returned.length > before) this.#graph.keep(length.refs);
  }

  #measure(operation: PlanOperation, key: string, about: {
    readonly refs: readonly string[];
    readonly selected: boolean;
  }): void {
    if (operation.status !== 0) return;
    const { refs } = about;
    const known = this.#lengths.get(key);
    if (operation.kind === "create" && operation.granted !== null) {
      const { action, size } = operation.granted;
      this.#opened.set(fileNodeOf(operation)!, { key, length: Number(size) });
      if (action !== OPENED) this.#lengths.set(key, { made: true, end: 0, refs: [] });
    } else if (operation.kind === "close") {
      this.#opened.delete(fileNodeOf(operation)!);
    } else if (operation.kind === "write") {
      const end = Number(operation.offset) + operation.data.length;
      if (end <= (known?.end ?? 0)) return;
      this.#lengths.set(key, { made: known?.made ?? false, end, refs });
    } else if (operation.kind === "ioctl" && COPIES.has(operation.code)) {
      this.#copies(operation, about);
      const end = copiedTo(operation.input);
      if (end <= (known?.end ?? 0)) return;
      this.#lengths.set(key, { made: known?.made ?? false, end, refs });
    } else if (isEndOfFile(operation)) {
      const end = endOfFile(operation.input);
      this.#lengths.set(key, { made: known?.made ?? false, end, refs });
    }
  }

  /** Whoever copies needs that there is something to copy. */
  #copies(operation: Extract<PlanOperation, { kind: "ioctl" }>, about: {
    readonly refs: readonly string[];
    readonly selected: boolean;
  }): void {
    if (operation.resumeKey === undefined) return;
    const source = this.#opened.get(nodeOf(operation, operation.resumeKey));
    const length = source === undefined ? undefined : this.#lengths.get(source.key);
    if (length === undefined) return;
    if (about.selected) this.#graph.keep(length.refs);
    else this.#graph.need(about.refs[0]!, length.refs);
  }

  #follow(operation: PlanOperation, about: {
    readonly key: string;
    readonly targetKey: string | null;
    readonly file: string | null;
  }): void {
    const { key, targetKey, file } = about;
    if (file === null || operation.status !== 0) return;
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

  #transition(operation: PlanOperation, about: {
    readonly key: string;
    readonly targetKey: string | null;
    readonly refs: readonly string[];
  }): void {
    const { key, targetKey, refs } = about;
    if (operation.status !== 0) return;
    if (targetKey !== null) {
      this.#renamed.delete(key);
      this.#renamed.set(targetKey, refs);
      const length = this.#lengths.get(key);
      if (length !== undefined) this.#lengths.set(targetKey, length);
      this.#changed(key, { exists: false, refs });
      this.#changed(targetKey, { exists: true, refs });
    } else if (operation.kind === "create") {
      if (operation.granted?.action === CREATED) {
        this.#renamed.delete(key);
        this.#makers.set(key, refs);
        this.#changed(key, { exists: true, refs });
      }
      if ((operation.options & DELETE_ON_CLOSE) !== 0) this.#changed(key, { exists: false, refs });
    } else if (isDisposition(operation) && operation.input.startsWith("01")) {
      this.#changed(key, { exists: false, refs });
    }
  }

  #changed(key: string, transition: Transition): void {
    if (this.#observed.has(key)) this.#since.set(key, transition);
  }
}

/** Which node needs which others, until it is kept or past; and which are kept. */
class Needs {
  readonly #kept = new Set<string>();
  readonly #needs = new Map<string, Set<string>>();
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
function ownerOf(operation: PlanOperation): string | null {
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

function madeBy(operation: PlanOperation): string | null {
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
function requiredBy(operation: PlanOperation): string[] {
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
function refsOf(operation: PlanOperation): readonly string[] {
  const made = madeBy(operation);
  const chain = operation.chain === undefined ? [] : [`%${operation.chain.id}`];
  return made === null
    ? [`#${operation.id}`, ...requiredBy(operation), ...chain]
    : [made, ...chain];
}

/** Whether `keeps` keeps the operation with its open. */
function belongsToOpen({ kind }: PlanOperation): boolean {
  return kind === "create" || kind === "close";
}

function leaseOf(
  { contexts }: CreateOperation,
): Extract<PlanCreateContext, { kind: "RqLs" }> | undefined {
  return contexts.find((context) => context.kind === "RqLs");
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

/** What the keys of paths below a directory begin with. */
function below(key: string): string {
  return key.endsWith("\\") ? key : `${key}\\`;
}

/** Whether the operation found its path; null where its answer does not tell. */
function foundBy({ status }: PlanOperation): boolean | null {
  return status === 0 ? true : ABSENT.has(status ?? 0) ? false : null;
}

/** Whether a search is for one file. */
function isPlainName(pattern: string): boolean {
  return pattern !== "" && !/[*?<>"]/.test(pattern);
}

function isDisposition(
  operation: PlanOperation,
): operation is Extract<PlanOperation, { kind: "setInfo" }> {
  return operation.kind === "setInfo" && operation.infoType === 1 &&
    (operation.class === FILE_DISPOSITION_INFORMATION ||
      operation.class === FILE_DISPOSITION_INFORMATION_EX);
}

function isEndOfFile(
  operation: PlanOperation,
): operation is Extract<PlanOperation, { kind: "setInfo" }> {
  return operation.kind === "setInfo" && operation.infoType === 1 &&
    operation.class === FILE_END_OF_FILE_INFORMATION && operation.input.length === 16;
}

function endOfFile(input: string): number {
  return Number(new DataView(Uint8Array.fromHex(input).buffer).getBigUint64(0, true));
}

/** Where the chunks of an FSCTL_SRV_COPYCHUNK end (MS-SMB2 2.2.31.1): key, count, and 24 bytes for each. */
function copiedTo(input: string): number {
  const bytes = Uint8Array.fromHex(input);
  const view = new DataView(bytes.buffer);
  let end = 0;
  for (let at = 32; at + 24 <= bytes.length; at += 24) {
    end = Math.max(end, Number(view.getBigUint64(at + 8, true)) + view.getUint32(at + 16, true));
  }
  return end;
}

/** Whether a watch may tell of the operation. */
function changes(operation: PlanOperation): boolean {
  if (operation.kind !== "create") return operation.kind !== "close" && operation.kind !== "lock";
  return operation.granted !== null && operation.granted.action !== OPENED;
}

/** The directories above a path, nearest first. */
function above(key: string): string[] {
  const directories: string[] = [];
  let end = key.lastIndexOf("\\");
  while (end > 0 && directories.length < MAX_DEPTH) {
    directories.push(key.slice(0, end));
    end = key.lastIndexOf("\\", end - 1);
  }
  return directories;
}
