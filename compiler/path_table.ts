/** What other clients did to paths, for a bounded number of paths: those used lately, and those that are open. */
import type { PlanOperation } from "./plan.ts";

/** An operation that was answered, as far as later ones may have to stay behind it. */
export interface Touch {
  readonly id: number;
  readonly client: string;
  readonly at: number;
  readonly answeredAt: number;
}

/** Bytes that a READ, WRITE or LOCK touched. */
export interface RangeTouch {
  readonly touch: Touch;
  readonly ranges: readonly ByteRange[];
}

/** Some bytes of a file. */
export interface ByteRange {
  readonly from: number;
  /** Behind the last one. */
  readonly to: number;
  /** Whether others may not do anything there at the same time. */
  readonly alters: boolean;
}

/** What is remembered of a path. */
export interface PathNode {
  readonly path: string;
  /** The directory; null above the share, or where the path is too deep. */
  readonly parent: PathNode | null;
  /** Latest operation of each client, apart from those on some bytes. */
  touched: Touch[];
  /** Latest operation of each client that altered it. */
  altered: Touch[];
  /** Operations that made, renamed or removed it. */
  named: Touch[];
  /** Operations that altered something below it. */
  below: Touch[];
  /** Operations that may have changed what is directly in it. */
  entries: Touch[];
  /** Answers that told what is in it. */
  listed: Touch[];
  /** Watches on it that have ended. */
  watched: Touch[];
  /** Operations on some of its bytes. */
  ranges: RangeTouch[];
  /** Operations that wait for something. */
  pending: PlanOperation[];
  /** Opens that are on it. */
  opens: number;
  /** Whether a CLOSE may remove it: it was opened to be deleted, or said to be. */
  isDoomed: boolean;
}

/** Directories above a path that are looked at: deeper paths are made up to be slow. */
const MAX_DEPTH = 64;

/** Paths of one generation. */
const GENERATION = 8192;

/** Nodes by path. Two generations: what was not used in one, and is not open, is forgotten after the next. */
export class PathTable {
  #young = new Map<string, PathNode>();
  #old = new Map<string, PathNode>();

  /** The node of a path, and those of the directories above it. */
  at(path: string, depth = 0): PathNode {
    const young = this.#young.get(path);
    if (young !== undefined) return young;
    const old = this.#old.get(path);
    if (old !== undefined) {
      this.#old.delete(path);
      this.#young.set(path, old);
      return old;
    }
    const end = path.lastIndexOf("\\");
    const parent = end > 0 && depth < MAX_DEPTH ? this.at(path.slice(0, end), depth + 1) : null;
    const node: PathNode = {
      path,
      parent,
      touched: NONE,
      altered: NONE,
      named: NONE,
      below: NONE,
      entries: NONE,
      listed: NONE,
      watched: NONE,
      ranges: NONE,
      pending: NONE,
      opens: 0,
      isDoomed: false,
    };
    this.#young.set(path, node);
    if (depth === 0 && this.#young.size > GENERATION) this.#rotate();
    return node;
  }

  #rotate(): void {
    const kept = this.#young;
    for (const node of this.#old.values()) if (node.opens > 0) kept.set(node.path, node);
    // A directory that was forgotten would be another one when it comes again.
    for (const { parent } of [...kept.values()]) {
      for (let node = parent; node !== null && !kept.has(node.path); node = node.parent) {
        kept.set(node.path, node);
      }
    }
    this.#old = kept;
    this.#young = new Map();
  }
}

/** Shared by all nodes that have none; never changed. */
const NONE: never[] = [];

/** The list with the touch in place of the client's earlier one. */
export function withLatest(list: Touch[], touch: Touch): Touch[] {
  if (list.length === 0) return [touch];
  const at = list.findIndex(({ client }) => client === touch.client);
  if (at === -1) list.push(touch);
  else list[at] = touch;
  return list;
}
