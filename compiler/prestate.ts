/**
 * Operations -> the tree that they need: for every path what must be true before the capture began. It exists, as a file
 * of that size, those attributes and that content, or as a directory; or it must not exist. What the capture itself made
 * is not in it, whatever became of its name.
 */
import { type CaptureNote, NoteBook } from "./capture/mod.ts";
import type { PlanOperation } from "./plan.ts";
import type { PreSegment } from "./prestate_content.ts";
import type { PreRecord } from "./prestate_tree.ts";
import { changesOf } from "./prestate_after.ts";
import { PreStateWalk } from "./prestate_walk.ts";

export type { PreSegment } from "./prestate_content.ts";

/** What the shares of a capture held before it began. */
export interface PreState {
  readonly shares: readonly PreShare[];
  /** What of it no scenario can provide, and what contradicts itself. */
  readonly notes: readonly CaptureNote[];
}

/** One share. */
export interface PreShare {
  readonly share: string;
  /** By path; directories before what is in them. */
  readonly entries: readonly PreEntry[];
  /** What the capture left otherwise, in the same order. */
  readonly after: readonly PreEntry[];
}

/** What a path was. */
export interface PreEntry {
  /** `\` between names, `:` before the name of a stream. */
  readonly path: string;
  readonly kind: "file" | "directory" | "absent";
  /** An operation named it; otherwise a listing did. */
  readonly opened: boolean;
  /** Frame of the answer that first told of it. */
  readonly frame: number;
  readonly size?: number;
  readonly attributes?: number;
  /** LastWriteTime, a FILETIME. */
  readonly modified?: string;
  readonly eas?: readonly { readonly name: string; readonly length: number }[];
  /** Where it was read. */
  readonly content?: readonly PreSegment[];
  /** Frame of the first ACCESS_DENIED that an open of it got. */
  readonly denied?: number;
}

/** Limits of what is inferred. */
export interface PreStateOptions {
  /** Most paths; 100 000 unless given. */
  readonly maxEntries?: number;
}

const MAX_ENTRIES = 100_000;

/** Infers what must have been before. */
export class PreStateInference {
  readonly #notes = new NoteBook();
  readonly #walk: PreStateWalk;
  readonly #maxEntries: number;

  constructor(options: PreStateOptions = {}) {
    this.#maxEntries = options.maxEntries ?? MAX_ENTRIES;
    this.#walk = new PreStateWalk(this.#notes, this.#maxEntries);
  }

  /** Takes the next operation, in the order of sending. */
  see(operation: PlanOperation): void {
    this.#walk.see(operation);
  }

  /** What was before, once all operations were seen. */
  finish(): PreState {
    const shares = this.#walk.finish().map(({ name, names, records }) => ({
      share: name,
      entries: entriesOf(records),
      after: inOrder(changesOf(names, this.#maxEntries)),
    }));
    const notes = this.#notes.list();
    return {
      shares: shares.filter(({ entries, after }) => entries.length + after.length > 0),
      notes,
    };
  }
}

/** Infers what must have been before; takes the operations in the order of sending. */
export function inferPreState(
  operations: Iterable<PlanOperation>,
  options: PreStateOptions = {},
): PreState {
  const inference = new PreStateInference(options);
  for (const operation of operations) inference.see(operation);
  return inference.finish();
}

/** The records as entries, directories before what is in them. */
function entriesOf(records: readonly PreRecord[]): PreEntry[] {
  const paths = new Map<PreRecord, string>();
  const pathOf = (record: PreRecord): string => {
    const known = paths.get(record);
    if (known !== undefined) return known;
    const before = record.parent === null || record.parent.parent === null
      ? ""
      : pathOf(record.parent);
    const path = record.stream
      ? `${before}:${record.name}`
      : before === ""
      ? record.name
      : `${before}\\${record.name}`;
    paths.set(record, path);
    return path;
  };
  return inOrder(records.map((record) => entryOf(record, pathOf(record))));
}

function inOrder(entries: readonly PreEntry[]): PreEntry[] {
  return entries.filter(({ path }) => path.length <= MAX_PATH)
    .sort((one, other) => compare(one.path, other.path));
}

/** Longest path: 64 KiB of UTF-16 are what a CREATE has room for. */
const MAX_PATH = 32_767;

function compare(one: string, other: string): number {
  const [left, right] = [one.toUpperCase(), other.toUpperCase()];
  return left < right ? -1 : left > right ? 1 : 0;
}

function entryOf(record: PreRecord, path: string): PreEntry {
  const { kind, opened, frame, attributes, modified, eas, content, denied } = record;
  const common = { path, kind: kind ?? "file", opened, frame };
  if (kind === "absent") return common;
  const told = {
    ...(attributes === null ? {} : { attributes }),
    ...(modified === null ? {} : { modified }),
    ...(eas.length === 0 ? {} : { eas }),
    ...(denied === undefined ? {} : { denied }),
  };
  if (kind === "directory") return { ...common, ...told };
  const segments = content?.segments ?? [];
  return {
    ...common,
    size: Math.max(record.size ?? 0, content?.end ?? 0),
    ...told,
    ...(segments.length === 0 ? {} : { content: segments }),
  };
}
