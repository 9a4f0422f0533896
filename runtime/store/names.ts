/**
 * Names and paths: what is legal, how they compare, how a path falls into parts.
 *
 * @module
 */

import { StoreError } from "./errors.ts";
import { MAX_DEPTH, MAX_NAME_LENGTH, MAX_PATH_LENGTH } from "./limits.ts";

/** A path taken apart. The root has neither parents nor a name. */
export interface ParsedPath {
  /** Names of the directories from the root down. */
  readonly parents: readonly string[];
  /** The last name; undefined for the root. */
  readonly name: string | undefined;
  /** Name of the alternate stream; empty for the file itself. */
  readonly stream: string;
  /** Whether a stream was named at all, `file::$DATA` included. */
  readonly hasStream: boolean;
}

// MS-FSCC 2.1.5: characters that are illegal in a file name.
// deno-lint-ignore no-control-regex
const ILLEGAL_IN_NAME = /[\x00-\x1f"*/:<>?|\\]/;
// MS-FSCC 2.1.5.3: a stream name excludes fewer characters.
// deno-lint-ignore no-control-regex
const ILLEGAL_IN_STREAM = /[\x00/:\\]/;

/**
 * The form of a name under which names compare: upper case, character by character, so that the
 * length never changes and letters without a single-character upper case stay themselves.
 *
 * @param name Any name.
 * @returns The key.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(foldName("Straße.txt"), "STRAßE.TXT");
 * ```
 */
export function foldName(name: string): string {
  const upper = name.toUpperCase();
  if (upper.length === name.length && !/[\ud800-\udfff]/.test(name)) return upper;
  let folded = "";
  for (let i = 0; i < name.length; i++) {
    const unit = name.charAt(i);
    const raised = unit.toUpperCase();
    folded += raised.length === 1 ? raised : unit;
  }
  return folded;
}

/**
 * Checks one name of a path.
 *
 * @param name The name, without separators.
 * @throws {StoreError} `invalidName`.
 */
export function checkName(name: string): void {
  if (name.length === 0 || name === "." || name === "..") {
    throw new StoreError("invalidName", `Cannot use "${name}" as a name: reserved`);
  }
  if (name.length > MAX_NAME_LENGTH) {
    throw new StoreError("invalidName", `Cannot use a name of ${name.length}: too long`);
  }
  if (ILLEGAL_IN_NAME.test(name)) {
    throw new StoreError("invalidName", "Cannot use a name: illegal character");
  }
}

/**
 * Checks the name of an alternate stream.
 *
 * @param name The name, without colons and type.
 * @throws {StoreError} `invalidName`.
 */
export function checkStreamName(name: string): void {
  if (name.length === 0 || name.length > MAX_NAME_LENGTH || ILLEGAL_IN_STREAM.test(name)) {
    throw new StoreError("invalidName", "Cannot use a stream name: illegal character or length");
  }
}

/**
 * Takes a path apart: names between backslashes, then optionally `:stream` and `:$DATA`.
 *
 * @param path Path from the root, without a leading backslash; empty for the root.
 * @returns Its parts.
 * @throws {StoreError} `invalidName`.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(parsePath("a\\b.txt:notes:$DATA"), {
 *   parents: ["a"],
 *   name: "b.txt",
 *   stream: "notes",
 *   hasStream: true,
 * });
 * ```
 */
export function parsePath(path: string): ParsedPath {
  if (path.length > MAX_PATH_LENGTH) {
    throw new StoreError("invalidName", `Cannot use a path of ${path.length}: too long`);
  }
  if (path === "") return { parents: [], name: undefined, stream: "", hasStream: false };
  const lastSeparator = path.lastIndexOf("\\");
  const colon = path.indexOf(":", lastSeparator + 1);
  const names = colon < 0 ? path : path.slice(0, colon);
  const parents = names === "" ? [] : names.split("\\");
  if (parents.length > MAX_DEPTH) {
    throw new StoreError("invalidName", `Cannot use a path of ${parents.length} names: too deep`);
  }
  for (const name of parents) checkName(name);
  const name = parents.pop();
  if (colon < 0) return { parents, name, stream: "", hasStream: false };
  return { parents, name, stream: parseStreamSuffix(path.slice(colon + 1)), hasStream: true };
}

/**
 * Reads what follows the first colon of a stream path: `name`, `name:$DATA` or `:$DATA`.
 *
 * @param suffix The text after the colon.
 * @returns The stream name, empty for the unnamed stream.
 * @throws {StoreError} `invalidName`.
 */
export function parseStreamSuffix(suffix: string): string {
  const colon = suffix.indexOf(":");
  const name = colon < 0 ? suffix : suffix.slice(0, colon);
  const type = colon < 0 ? undefined : suffix.slice(colon + 1);
  if (type !== undefined && type.toUpperCase() !== "$DATA") {
    throw new StoreError("invalidName", "Cannot use a stream type: only $DATA exists");
  }
  if (name === "") {
    if (type === undefined) throw new StoreError("invalidName", "Cannot use a stream name: empty");
    return "";
  }
  checkStreamName(name);
  return name;
}

const SHORT_CHARACTERS = /^[\w$%'`@~!(){}^#&-]{1,8}(\.[\w$%'`@~!(){}^#&-]{1,3})?$/;

/**
 * The 8.3 name of a file (MS-FSCC 2.1.5.2.1): its own name where that has the form, else the beginning of it and the
 * number of the file, which makes it unique.
 *
 * @param name The name.
 * @param id Number of the node.
 * @returns At most 12 characters, upper case.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(shortNameOf("Read.me", 5n), "READ.ME");
 * assertEquals(shortNameOf("quarterly report.docx", 71n), "QUART~1Z.DOC");
 * ```
 */
export function shortNameOf(name: string, id: bigint): string {
  if (SHORT_CHARACTERS.test(name)) return foldName(name);
  const number = `~${id.toString(36)}`;
  const dot = name.lastIndexOf(".");
  const stem = plainCharacters(dot > 0 ? name.slice(0, dot) : name);
  const extension = dot > 0 ? plainCharacters(name.slice(dot + 1)).slice(0, 3) : "";
  const short = `${stem.slice(0, Math.max(1, 8 - number.length))}${number}`;
  return foldName(extension === "" ? short : `${short}.${extension}`);
}

/**
 * The number in a name that {@linkcode shortNameOf} may have made.
 *
 * @param name Any name.
 * @returns The number, or undefined.
 */
export function idInShortName(name: string): bigint | undefined {
  const match = /~([0-9a-z]{1,7})(\.[^.]{1,3})?$/i.exec(name);
  if (match?.[1] === undefined || name.length > 12) return undefined;
  let id = 0n;
  for (const digit of match[1]) id = id * 36n + BigInt(parseInt(digit, 36));
  return id;
}

function plainCharacters(text: string): string {
  return text.replace(/[^0-9A-Za-z_-]/g, "") || "_";
}
