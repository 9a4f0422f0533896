/** Pre-state -> `provision` and `after` of workload JSON: what a scenario has as code, as plain values. */
import type { PreEntry, PreSegment, PreState } from "../prestate.ts";
import { attributesOf, provided, type ProvisionLevel } from "./provision.ts";

/** How it is written. */
export interface ProvisionJsonOptions {
  readonly level: ProvisionLevel;
  /** Path of the blob with that hash; undefined for synthetic content. */
  readonly blobPath?: ((sha256: string) => string) | undefined;
}

/** By share, then by path. */
type Shares = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/** What the shares held before, and what was left otherwise; empty where nothing is known. */
export function provisionJson(
  { shares }: PreState,
  options: ProvisionJsonOptions,
): { readonly provision?: Shares; readonly after?: Shares } {
  const before = sharesJson(shares.map(({ share, entries }) => ({ share, entries })), options);
  const after = sharesJson(
    shares.map((one) => ({ share: one.share, entries: one.after })),
    options,
  );
  if (before === undefined && after === undefined) return {};
  return { provision: before ?? {}, ...after === undefined ? {} : { after } };
}

/** Undefined where nothing is to be told. */
function sharesJson(
  shares: readonly { readonly share: string; readonly entries: readonly PreEntry[] }[],
  options: ProvisionJsonOptions,
): Shares | undefined {
  const given = shares.map(({ share, entries }) =>
    [share, provided(entries, options.level)] as const
  ).filter(([, entries]) => entries.length > 0);
  if (given.length === 0) return undefined;
  return Object.fromEntries(given.map(([share, entries]) => [
    share,
    Object.fromEntries(entries.map((entry) => [pathOf(entry), valueOf(entry, options)])),
  ]));
}

function pathOf({ path, kind }: PreEntry): string {
  return `${path.replaceAll("\\", "/")}${kind === "directory" ? "/" : ""}`;
}

function valueOf(entry: PreEntry, options: ProvisionJsonOptions): unknown {
  if (entry.kind === "absent") return null;
  const { size, content, eas = [] } = entry;
  const attributes = attributesOf(entry);
  return {
    ...size === undefined ? {} : { size },
    ...content === undefined ? {} : contentOf(content, size ?? 0, options),
    ...attributes.length === 0 ? {} : { attributes },
    ...eas.length === 0
      ? {}
      : { eas: Object.fromEntries(eas.map(({ name, length }) => [name, length])) },
  };
}

/** One source for what is one piece, else a list of parts. */
function contentOf(
  content: readonly PreSegment[],
  size: number,
  { blobPath }: ProvisionJsonOptions,
) {
  const source = ({ sha256, seed = 0 }: PreSegment) =>
    sha256 === undefined || blobPath === undefined ? `p${seed}` : { path: blobPath(sha256) };
  const [only] = content;
  const isWhole = only !== undefined && content.length === 1 && only.offset === 0 &&
    only.length === size && only.from === undefined;
  if (isWhole) {
    const value = source(only);
    return typeof value === "string" ? { seed: value } : { data: value };
  }
  return {
    parts: content.map((part) => [
      part.offset,
      part.length,
      source(part),
      ...part.from === undefined ? [] : [part.from],
    ]),
  };
}
