/**
 * Going through a directory: entries in order of folded names, continued by name, so that changes made
 * between two calls neither repeat an entry nor skip one.
 *
 * @module
 */

import { StoreError } from "./errors.ts";
import type { DirectoryCursor, FileNode, FileOpen } from "./node.ts";
import { NamePattern } from "./wildcard.ts";

/** One entry of a directory. */
export interface DirectoryEntry {
  /** Name; "." and ".." for the directory itself and its parent. */
  readonly name: string;
  /** What it leads to. */
  readonly node: FileNode;
}

/** How to go on with an enumeration. */
export interface EnumerateOptions {
  /** What to search for; counts on the first call and when starting again. Default `*`. */
  readonly pattern?: string;
  /** Start again from the first entry. */
  readonly restart?: boolean;
  /** Takes an entry, or refuses it (false): then the enumeration stops before it. */
  readonly accept: (entry: DirectoryEntry) => boolean;
}

/** What an enumeration call gave. */
export interface EnumerateResult {
  /** Number of entries accepted. */
  readonly count: number;
  /** Whether it was the first call since the start: no entry then means that none matches. */
  readonly first: boolean;
  /** Whether the end was reached. */
  readonly ended: boolean;
}

/**
 * Continues the enumeration that belongs to an open directory.
 *
 * @param open The open directory.
 * @param options How.
 * @returns What was given out.
 * @throws {StoreError} `notDirectory`, `invalidName` for a pattern that is too long.
 */
export function enumerate(open: FileOpen, options: EnumerateOptions): EnumerateResult {
  if (!open.node.isDirectory) {
    throw new StoreError("notDirectory", "Cannot list entries: not a directory");
  }
  const cursor = startCursor(open, options);
  const first = !cursor.started;
  cursor.started = true;
  let count = 0;
  while (cursor.stage < 2) {
    const name = cursor.stage === 0 ? "." : "..";
    const node = cursor.stage === 0 ? open.node : open.link.parent ?? open.node;
    if (cursor.pattern.matchesFolded(name)) {
      if (!options.accept({ name, node })) return { count, first, ended: false };
      count++;
    }
    cursor.stage++;
  }
  for (const key of keysAfter(open.node, cursor)) {
    const link = open.node.children.get(key);
    if (link === undefined || !cursor.pattern.matchesFolded(key)) continue;
    if (!options.accept({ name: link.name, node: link.node })) {
      return { count, first, ended: false };
    }
    count++;
    cursor.after = key;
  }
  return { count, first, ended: true };
}

function startCursor(open: FileOpen, options: EnumerateOptions): DirectoryCursor {
  const current = open.cursor;
  if (current !== undefined && options.restart !== true) return current;
  const text = options.pattern === undefined || options.pattern === ""
    ? current?.pattern.text ?? "*"
    : options.pattern;
  const cursor: DirectoryCursor = {
    pattern: new NamePattern(text),
    stage: 0,
    after: "",
    started: false,
  };
  open.cursor = cursor;
  return cursor;
}

function* keysAfter(directory: FileNode, cursor: DirectoryCursor): Generator<string> {
  const literal = cursor.pattern.literal;
  if (literal !== undefined) {
    if (literal > cursor.after) yield literal;
    return;
  }
  const keys = directory.sortedKeys ??= [...directory.children.keys()].sort();
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const key = keys[middle];
    if (key === undefined || key > cursor.after) high = middle;
    else low = middle + 1;
  }
  yield* low === 0 ? keys : keys.slice(low);
}
