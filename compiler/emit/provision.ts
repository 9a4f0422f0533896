/**
 * Pre-state -> the `provision` part of a scenario: one line for each path, with the frame that told of it. A few paths
 * stand in the scenario itself, many in a module beside it.
 */
import { FileAttribute } from "../../runtime/wire/mod.ts";
import type { PreEntry, PreSegment, PreState } from "../prestate.ts";
import { callOf, type Code, list, memberLine, object, quoted } from "./code.ts";

/** Which paths are provided: what the operations named, or all that was listed too. */
export type ProvisionLevel = "full" | "opened" | "none";

/** How the text is made. */
export interface ProvisionOptions {
  readonly level: ProvisionLevel;
  /** Path of the module for many paths, relative to the scenario: `./customer.data/provision.ts`. */
  readonly module?: string;
  /** Path of the blob with that hash; undefined for synthetic content. */
  readonly blobPath?: (sha256: string) => string;
}

/** What the scenario needs for it. */
export interface ProvisionText {
  /** Lines of the members `provision` and `after` of the scenario's options; none where nothing is known. */
  readonly member: readonly string[];
  /** Line that imports the module; null without one. */
  readonly importLine: string | null;
  /** Functions of the scripting API that the member uses. */
  readonly imports: readonly string[];
  /** Text of the module; null where everything stands in the scenario. */
  readonly module: string | null;
}

/** Paths and parts of contents that may stand in the scenario itself: about a screen of them. */
const MAX_INLINE = 48;

/** Attributes that are provided; the others follow from what a file is, or are of no use without what is behind them. */
const ATTRIBUTES = [
  [FileAttribute.READONLY, "readOnly"],
  [FileAttribute.HIDDEN, "hidden"],
  [FileAttribute.SYSTEM, "system"],
  [FileAttribute.TEMPORARY, "temporary"],
  [FileAttribute.SPARSE_FILE, "sparse"],
  [FileAttribute.NOT_CONTENT_INDEXED, "notContentIndexed"],
] as const;

/** The text for a pre-state. */
export function provisionText(state: PreState, options: ProvisionOptions): ProvisionText {
  const before = state.shares.map(({ share, entries }) => ({
    share,
    entries: provided(entries, options.level),
  })).filter(({ entries }) => entries.length > 0);
  const after = state.shares.map(({ share, after }) => ({
    share,
    entries: provided(after, options.level),
  })).filter(({ entries }) => entries.length > 0);
  if (before.length + after.length === 0) {
    return { member: [], importLine: null, imports: [], module: null };
  }
  const parts = [
    { name: "provision", what: "What the shares held before the capture began", shares: before },
    { name: "after", what: "What the capture left otherwise than it was", shares: after },
  ].filter(({ name, shares }) => shares.length > 0 || name === "provision");
  const imports = parts.some(({ shares }) => hasBlobs(shares)) ? ["blob"] : [];
  const size = parts.reduce((sum, { shares }) => sum + sizeOf(shares), 0);
  if (size <= MAX_INLINE || options.module === undefined) {
    const member = parts.flatMap(({ name, shares }) =>
      shares.length === 0
        ? [`  ${name}: {},`]
        : [`  ${name}: {`, ...sharesLines(shares, "    ", options), "  },"]
    );
    return { member, importLine: null, imports, module: null };
  }
  const names = parts.map(({ name }) => name).sort();
  return {
    member: parts.map(({ name }) => `  ${name},`),
    importLine: `import { ${names.join(", ")} } from ${quoted(options.module)};`,
    imports: [],
    module: [
      `import { ${[...imports, "type Provision"].join(", ")} } from "smbench";`,
      ...parts.flatMap(({ name, what, shares }) => [
        "",
        `/** ${what}; the comments tell the frame that shows it. */`,
        `export const ${name}: Provision = {`,
        ...sharesLines(shares, "  ", options),
        "};",
      ]),
      "",
    ].join("\n"),
  };
}

interface ProvidedShare {
  readonly share: string;
  readonly entries: readonly PreEntry[];
}

function sharesLines(
  shares: readonly ProvidedShare[],
  indent: string,
  options: ProvisionOptions,
): string[] {
  return shares.flatMap(({ share, entries }) => [
    `${indent}${nameCode(share)}: {`,
    ...entries.map((entry) => entryLine(`${indent}  `, entry, options)),
    `${indent}},`,
  ]);
}

function sizeOf(shares: readonly ProvidedShare[]): number {
  return shares.reduce(
    (sum, { entries }) =>
      entries.reduce((count, { content }) => count + Math.max(1, content?.length ?? 0), sum),
    0,
  );
}

function hasBlobs(shares: readonly ProvidedShare[]): boolean {
  return shares.some(({ entries }) =>
    entries.some(({ content }) => content?.some(({ sha256 }) => sha256 !== undefined))
  );
}

/** The entries of that level, without directories that what is in them implies. */
export function provided(entries: readonly PreEntry[], level: ProvisionLevel): PreEntry[] {
  if (level === "none") return [];
  const kept = entries.filter(({ opened }) => opened || level === "full");
  const parents = new Set(
    kept.filter(({ kind }) => kind !== "absent").map(({ path }) => parentOf(path).toUpperCase()),
  );
  return kept.filter((entry) =>
    entry.kind !== "directory" || attributesOf(entry).length > 0 || entry.denied !== undefined ||
    !parents.has(entry.path.toUpperCase())
  );
}

function parentOf(path: string): string {
  return path.slice(0, Math.max(path.lastIndexOf("\\"), path.lastIndexOf(":"), 0));
}

/** Names of the attributes that are provided. */
export function attributesOf({ attributes = 0, kind }: PreEntry): readonly string[] {
  return ATTRIBUTES.filter(([bit, name]) =>
    (attributes & bit) !== 0 && (kind === "file" || name !== "temporary" && name !== "sparse")
  ).map(([, name]) => name);
}

function entryLine(indent: string, entry: PreEntry, options: ProvisionOptions): string {
  const path = entry.path.replaceAll("\\", "/");
  const named = quoted(entry.kind === "directory" ? `${path}/` : path);
  const name = named === '"__proto__"' ? `[${named}]` : named;
  const value: Code = entry.kind === "absent" ? "null" : object(members(entry, options)) ?? "{}";
  return `${memberLine(indent, name, value)} // ${remarkOf(entry)}`;
}

/** Which frame told of it, and what is not provided: no answer tells what stands behind a refusal or a link. */
function remarkOf({ kind, frame, attributes = 0, denied }: PreEntry): string {
  if (kind === "absent") return `not there, #${frame}`;
  const isLink = (attributes & FileAttribute.REPARSE_POINT) !== 0;
  return [
    `#${frame}`,
    ...isLink ? [`a reparse point, made as a plain ${kind}: where it leads is not told`] : [],
    ...denied === undefined ? [] : [`ACCESS_DENIED in #${denied}: to whom is not told`],
  ].join("; ");
}

/** Times are left out: no answer depends on them in status or length, and they would make every line two. */
function members(entry: PreEntry, options: ProvisionOptions): Record<string, Code | undefined> {
  const { size, content, eas } = entry;
  const attributes = attributesOf(entry);
  return {
    size: size === undefined ? undefined : String(size),
    ...(content === undefined ? {} : contentMembers(content, size ?? 0, options)),
    attributes: attributes.length === 0 ? undefined : list(attributes.map(quoted)),
    eas: eas === undefined || eas.length === 0 ? undefined : {
      kind: "object",
      members: eas.map(({ name, length }) => [nameCode(name), String(length)] as const),
    },
  };
}

/** One source for what is one piece, else a list of parts. */
function contentMembers(
  content: readonly PreSegment[],
  size: number,
  { blobPath }: ProvisionOptions,
): Record<string, Code> {
  const isBlob = ({ sha256 }: PreSegment) => sha256 !== undefined && blobPath !== undefined;
  const source = (part: PreSegment): Code =>
    isBlob(part) ? callOf("blob", quoted(blobPath!(part.sha256!))) : quoted(`p${part.seed ?? 0}`);
  const [only] = content;
  if (
    only !== undefined && content.length === 1 && only.offset === 0 && only.length === size &&
    only.from === undefined
  ) {
    return { [isBlob(only) ? "data" : "seed"]: source(only) };
  }
  const parts = content.map((part) =>
    list([
      String(part.offset),
      String(part.length),
      source(part),
      ...part.from === undefined ? [] : [String(part.from)],
    ])
  );
  return { parts: list(parts) };
}

/** A name as a member of an object; one of them would be no member. */
function nameCode(name: string): string {
  if (name === "__proto__") return '["__proto__"]';
  return /^[A-Za-z_$][\w$]*$/.test(name) ? name : quoted(name);
}
