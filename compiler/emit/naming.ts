/**
 * Names of a script's variables: from users, shares and paths, in letters that look like what they are. A name is given
 * once, in order of first appearance; names that differ in case alone are not two names.
 */
import type { VariableInfo } from "./step.ts";

/** Longer ones are cut at a word. */
const LONGEST = 20;

/** Words of the language, and what a script uses by a name of its own. */
const TAKEN = new Set(
  ("abstract any arguments array arraybuffer as async at await bigint boolean break bytes c case catch class compound console " +
    "const continue data date debugger declare default delete deno do document else enum error eval " +
    "export extends false finally for from function get global globalthis hex i if implements import in " +
    "infinity instanceof interface is json key keyof let map math module moments namespace nan never new null number " +
    "object of p package params private promise protected public readonly replay require return row rows self set smbench " +
    "static string super switch symbol this throw true try type typeof undefined uint8array unique unknown var " +
    "void while window with yield z").split(" "),
);

/** The names of one scope; those of the scopes around it are taken. */
export class Scope {
  readonly #outer: Scope | null;
  /** In lower case. */
  readonly #taken = new Set<string>();
  readonly #names = new Map<string, string>();
  /** The last number that a name has got. */
  readonly #numbers = new Map<string, number>();

  constructor(outer: Scope | null = null) {
    this.#outer = outer;
  }

  /** A new name: that one, or with a number behind it; what means something else already is a file's. */
  fresh(wanted: string, other = "File"): string {
    return this.counter(isTaken(wanted) ? `${wanted}${other}` : wanted);
  }

  /** A new name as `fresh` gives them, though it may be one that is kept for a script's own use: `i`. */
  counter(base: string): string {
    const joint = /\d$/.test(base) ? "_" : "";
    let name = base;
    let number = this.#numbers.get(base) ?? 1;
    while (this.#has(name)) name = `${base}${joint}${++number}`;
    this.#numbers.set(base, number);
    this.#taken.add(name.toLowerCase());
    return name;
  }

  /** Gives a variable its name. */
  declare(id: string, wanted: string, kind: VariableInfo["kind"] = "file"): string {
    const name = this.fresh(wanted, capital(kind === "tree" ? "share" : kind));
    this.#names.set(id, name);
    return name;
  }

  /** The name of a variable; undefined where it has none here. */
  find(id: string): string | undefined {
    return this.#names.get(id) ?? this.#outer?.find(id);
  }

  #has(name: string): boolean {
    return this.#taken.has(name.toLowerCase()) ||
      (this.#outer !== null && this.#outer.#has(name));
  }
}

function isTaken(name: string): boolean {
  return TAKEN.has(name.toLowerCase()) || /^blob/i.test(name);
}

/** What a variable is called, if nothing else is called so. */
export function nameOf(info: VariableInfo): string {
  switch (info.kind) {
    case "connection":
      return "connection";
    case "session":
      return identifier(wordsOf(info.about)) ?? "session";
    case "tree":
      return treeName(info.about);
    case "file":
      return fileName(info.about);
    case "compound":
      return identifier([...wordsOf(baseName(info.about)).slice(0, 2), "chain"]) ?? "chain";
    case "pending":
      return pendingName(info);
  }
}

/** What it is called within a function or loop, where it stands for many. */
export function roleOf(info: VariableInfo): string {
  switch (info.kind) {
    case "tree":
      return treeName(info.about) === "ipc" ? "ipc" : "share";
    case "session":
      return "session";
    case "file":
      return "file";
    case "compound":
      return "chain";
    case "pending":
      return info.verb === undefined || isTaken(info.verb) ? "pending" : info.verb;
    case "connection":
      return "connection";
  }
}

/** `readQ1Report` */
function pendingName({ verb = "request", about }: VariableInfo): string {
  const words = wordsOf(baseName(about));
  return identifier([...wordsOf(verb), ...words]) ?? "request";
}

function treeName(path: string): string {
  const share = path.slice(path.lastIndexOf("\\") + 1);
  return share.toUpperCase() === "IPC$" ? "ipc" : identifier(wordsOf(share)) ?? "share";
}

function fileName(path: string): string {
  return identifier(wordsOf(baseName(path))) ?? (path === "" ? "root" : "file");
}

/** `capital("report")` is `Report`. */
export function capital(word: string): string {
  return word.slice(0, 1).toUpperCase() + word.slice(1);
}

/** The last part of a path without what ends like an extension. */
export function baseName(path: string): string {
  const base = path.slice(path.lastIndexOf("\\") + 1);
  return base.replace(/(?<=.)\.[A-Za-z0-9]{1,5}$/, "");
}

/** Words of letters and digits in ASCII: nothing else can be told from what it looks like. */
export function wordsOf(text: string): string[] {
  const some = text.slice(0, 200);
  const plain = /^[ -~]*$/.test(some)
    ? some
    : some.replaceAll("ß", "ss").normalize("NFKD").replaceAll(/\p{M}/gu, "");
  const words = plain.match(/[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+/g) ?? [];
  return words.filter((word, i) => word.toLowerCase() !== words[i - 1]?.toLowerCase());
}

/** `q1Report`; null without words. */
export function identifier(words: readonly string[]): string | null {
  let name = "";
  for (const word of words) {
    const lower = word.toLowerCase();
    const next = name === "" ? lower : capital(lower);
    if (name !== "" && name.length + next.length > LONGEST) break;
    name += next.slice(0, LONGEST);
  }
  if (name === "") return null;
  return /^\d/.test(name) ? `file${name}` : name;
}

/** What paths have in common: `src\file*.c`. */
export function fingerprint(paths: readonly string[]): string {
  const [first = ""] = paths;
  if (paths.every((path) => path === first)) return first;
  let start = first.length;
  let end = first.length;
  for (const path of paths) {
    let same = 0;
    while (same < start && same < path.length && path[same] === first[same]) same++;
    start = same;
  }
  for (const path of paths) {
    const most = Math.min(end, path.length - start, first.length - start);
    let same = 0;
    while (same < most && path[path.length - 1 - same] === first[first.length - 1 - same]) same++;
    end = same;
  }
  return `${first.slice(0, start)}*${end === 0 ? "" : first.slice(-end)}`;
}

/** Words that name nothing. */
const SMALL = /^(a|an|and|at|by|for|from|in|of|on|or|the|to|with)$/i;

/** A word for what all paths name: `Documents\*_Report.docx` are reports. */
export function nounOf(paths: readonly string[]): string {
  const [first] = paths;
  if (first === undefined) return "";
  let common = wordsOf(baseName(first)).filter((word) =>
    /[a-z]{2}/i.test(word) && !SMALL.test(word)
  );
  for (const path of paths.slice(1)) {
    const its = new Set(wordsOf(baseName(path)).map((word) => word.toLowerCase()));
    common = common.filter((word) => its.has(word.toLowerCase()));
    if (common.length === 0) return "file";
  }
  return identifier(common.slice(0, common.length > 2 ? 1 : 2)) ?? "file";
}

/** More than one of them. */
export function plural(noun: string): string {
  if (/(s|x|ch|sh|echo)$/.test(noun)) return `${noun}es`;
  if (/[^aeiou]y$/.test(noun)) return `${noun.slice(0, -1)}ies`;
  return `${noun}s`;
}
