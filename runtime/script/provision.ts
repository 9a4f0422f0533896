/** The `provision` part of a scenario: checked, and as a list of what has to be there. */
import type { BlobReference, Provision, ProvisionedContent, ProvisionedFile } from "./api.ts";
import { isBlobPath } from "./data.ts";
import { attributesMask, sharePath } from "./names.ts";
import { size } from "./units.ts";

/** Bytes of a file; what no part tells is zero. */
export interface ContentPart {
  readonly offset: number;
  readonly length: number;
  readonly source: ContentSource;
  /** Where in the source they start. */
  readonly from: number;
}

/** Where bytes come from: synthetic ones of a seed, a blob, or themselves. */
export type ContentSource =
  | { readonly seed: string }
  | { readonly blob: string }
  | { readonly bytes: Uint8Array };

/** A path that has to be there, or must not. */
export interface ProvisionItem {
  /** As captured. */
  readonly share: string;
  /** `\` between names, `:` before the name of a stream. */
  readonly path: string;
  readonly kind: "file" | "directory" | "absent";
  readonly size: number;
  /** Whether the scenario says how long it is. */
  readonly sized: boolean;
  readonly parts: readonly ContentPart[];
  readonly attributes: number;
  /** Milliseconds since 1970; null: whenever it is made. */
  readonly modified: number | null;
  readonly eas: readonly { readonly name: string; readonly value: Uint8Array | number }[];
}

/** Paths of one scenario. */
const MAX_ITEMS = 1_000_000;

/** Most bytes that SMB2 has a name in: 255 characters of UTF-16 for each name, 32 KiB for a path. */
const MAX_PATH = 32_767;

/**
 * Reads the `provision` part of a scenario.
 *
 * @throws {TypeError} When it is not of that form, with share and path.
 */
export function provisionItems(provision: unknown): readonly ProvisionItem[] {
  if (provision === undefined) return [];
  const items: ProvisionItem[] = [];
  for (const [share, entries] of Object.entries(record(provision, "provision"))) {
    const within = `provision of share ${JSON.stringify(share)}`;
    for (const [path, entry] of Object.entries(record(entries, within))) {
      if (items.length === MAX_ITEMS) {
        throw new TypeError(`Cannot use provision: it has more than ${MAX_ITEMS} paths`);
      }
      try {
        items.push(itemOf(share, path, entry as Provision[string][string]));
      } catch (cause) {
        const reason = cause instanceof Error ? cause.message : String(cause);
        throw new TypeError(`Cannot use ${within}, ${JSON.stringify(path)}: ${reason}`, { cause });
      }
    }
  }
  return items;
}

function record(value: unknown, what: string): Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new TypeError(`Cannot use ${what}: an object with paths as names is needed`);
  }
  return value as Record<string, unknown>;
}

const NOTHING = {
  size: 0,
  sized: false,
  parts: [],
  attributes: 0,
  modified: null,
  eas: [],
} as const;

function itemOf(share: string, given: string, entry: Provision[string][string]): ProvisionItem {
  const file = entry as ProvisionedFile | null;
  const isDirectory = /[\\/]$/.test(given);
  const path = checkedPath(sharePath(given).replace(/\\+$/, ""));
  if (file === null) return { ...NOTHING, share, path, kind: "absent" };
  if (typeof file !== "object" || Array.isArray(file)) {
    throw wrong("an object is needed, or null for what must not be there");
  }
  const common = {
    share,
    path,
    attributes: file.attributes === undefined ? 0 : attributesMask(file.attributes),
    modified: file.modified === undefined ? null : timeOf(file.modified),
    eas: Object.entries(file.eas ?? {}).map(([name, value]) => ({
      name,
      value: typeof value === "number" ? size(value) : new TextEncoder().encode(value),
    })),
  };
  if (isDirectory) {
    known(file, DIRECTORY_FIELDS);
    return { ...NOTHING, ...common, kind: "directory" };
  }
  known(file, FILE_FIELDS);
  const parts = partsOf(file);
  const end = parts.reduce((most, part) => Math.max(most, part.offset + part.length), 0);
  const length = file.size === undefined ? end : size(file.size);
  if (end > length) throw wrong(`its content ends at ${end}, beyond its size`);
  return { ...common, kind: "file", size: length, sized: file.size !== undefined, parts };
}

const DIRECTORY_FIELDS = ["attributes", "modified", "eas"];
const FILE_FIELDS = [...DIRECTORY_FIELDS, "size", "seed", "data", "parts"];

function known(entry: object, fields: readonly string[]): void {
  for (const name of Object.keys(entry)) {
    if (!fields.includes(name)) {
      throw wrong(`${JSON.stringify(name)} is none of ${fields.join(", ")}`);
    }
  }
}

function checkedPath(path: string): string {
  const names = path.split("\\");
  // deno-lint-ignore no-control-regex
  const bad = names.find((name) => /^\.{0,2}$/.test(name) || /[\u0000-\u001f*?<>"|]/.test(name));
  if (bad !== undefined || path.length > MAX_PATH) {
    throw wrong("it is no path below a share");
  }
  return path;
}

function timeOf(text: string): number {
  const time = Date.parse(text);
  if (Number.isNaN(time)) throw wrong(`${JSON.stringify(text)} is no time`);
  return time;
}

function partsOf(entry: ProvisionedFile): ContentPart[] {
  const ways = [entry.seed, entry.data, entry.parts].filter((way) => way !== undefined);
  if (ways.length > 1) throw wrong("only one of seed, data and parts can be given");
  if (entry.parts !== undefined) return entry.parts.map(partOf);
  if (entry.data !== undefined) {
    const source = sourceOf(
      typeof entry.data === "string" ? new TextEncoder().encode(entry.data) : entry.data,
    );
    const length = "bytes" in source ? source.bytes.length : size(entry.size ?? NaN);
    return length === 0 ? [] : [{ offset: 0, length, source, from: 0 }];
  }
  if (entry.seed === undefined) return [];
  if (entry.size === undefined) throw wrong("a seed needs a size");
  const length = size(entry.size);
  return length === 0 ? [] : [{ offset: 0, length, source: sourceOf(entry.seed), from: 0 }];
}

function partOf(part: NonNullable<ProvisionedFile["parts"]>[number]): ContentPart {
  if (!Array.isArray(part) || part.length < 3 || part.length > 4) {
    throw wrong("a part is [offset, length, seed or blob], and where to start in it");
  }
  const [offset, length, source, from = 0] = part;
  return { offset: size(offset), length: size(length), source: sourceOf(source), from: size(from) };
}

function sourceOf(source: ProvisionedContent): ContentSource {
  if (source instanceof Uint8Array) return { bytes: source };
  if (typeof source === "string" || typeof source === "number") return { seed: String(source) };
  const { path } = source as BlobReference;
  if (typeof path !== "string" || !isBlobPath(path)) throw wrong("it has no such content");
  return { blob: path };
}

/** Why a path cannot be used: what is wrong where, the caller says. */
function wrong(reason: string): TypeError {
  return new TypeError(reason);
}
