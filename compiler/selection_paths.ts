/** What became of paths: a selected operation gets the answer that it had only where they are what they were. */
import { Status } from "../runtime/wire/mod.ts";
import { Recent } from "./places.ts";
import type { PlanOperation } from "./plan.ts";
import { above, isDisposition, type Needs, PAST_KEPT, type Seen } from "./selection_nodes.ts";

const DELETE_ON_CLOSE = 0x1000;
const OPENED = 1;
const CREATED = 2;

const ABSENT: ReadonlySet<number> = new Set<number>([
  Status.OBJECT_NAME_NOT_FOUND,
  Status.OBJECT_PATH_NOT_FOUND,
  Status.NO_SUCH_FILE,
]);

/** A change of whether a path exists. */
interface Transition {
  readonly exists: boolean;
  readonly refs: readonly string[];
}

/** Follows names: who made, renamed and removed them, and who looked. */
export class PathStates {
  readonly #graph: Needs;
  readonly #renamed = new Recent<string, readonly string[]>(PAST_KEPT);
  /** Whether a selected operation found the path, and what became of it since. */
  readonly #observed = new Map<string, boolean>();
  readonly #since = new Map<string, Transition>();
  /** Who made each path, and the paths that selected operations made. */
  readonly #makers = new Recent<string, readonly string[]>(PAST_KEPT);
  readonly #made = new Set<string>();

  constructor(graph: Needs) {
    this.#graph = graph;
  }

  /** Takes the next operation on a path. */
  see(seen: Seen): void {
    const { operation, key, selected } = seen;
    if (operation.kind === "create") {
      this.#graph.answer(seen, this.#renameTo(key));
      if (selected) this.#found(seen);
    }
    if (operation.kind === "queryDirectory" && selected && isPlainName(operation.pattern)) {
      this.#observe(below(key) + operation.pattern.toLowerCase(), foundBy(operation));
    }
    if (operation.status === 0) this.#change(seen);
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
  #found({ operation, key }: Seen): void {
    if (operation.kind !== "create") return;
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

  #change({ operation, key, targetKey, refs }: Seen): void {
    if (targetKey !== null) {
      this.#renamed.delete(key);
      this.#renamed.set(targetKey, refs);
      this.#changed(key, { exists: false, refs });
      this.#changed(targetKey, { exists: true, refs });
    } else if (operation.kind === "create") {
      if (operation.granted?.action === CREATED) {
        this.#renamed.delete(key);
        this.#makers.set(key, refs);
        this.#changed(key, { exists: true, refs });
      }
      if ((operation.options & DELETE_ON_CLOSE) !== 0) this.#changed(key, { exists: false, refs });
    } else if (isDisposition(operation) && (parseInt(operation.input.slice(0, 2), 16) & 1) === 1) {
      this.#changed(key, { exists: false, refs });
    }
  }

  #changed(key: string, transition: Transition): void {
    if (this.#observed.has(key)) this.#since.set(key, transition);
  }
}

/** Whether the operation found its path; null where its answer does not tell. */
function foundBy({ status }: PlanOperation): boolean | null {
  return status === 0 ? true : ABSENT.has(status ?? 0) ? false : null;
}

/** Whether a search is for one file. */
function isPlainName(pattern: string): boolean {
  return pattern !== "" && !/[*?<>"]/.test(pattern);
}

/** What the keys of paths below a directory begin with. */
function below(key: string): string {
  return key.endsWith("\\") ? key : `${key}\\`;
}
