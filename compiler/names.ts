/** Names that the plan hands out: identifiers in order of first appearance, so that equal captures give equal plans. */
import { RecentMap } from "./recent_map.ts";

/** Keys whose names are remembered: one that was not used for that many others gets a new name. */
const NAMES_KEPT = 32_768;

/** Gives each key a name `prefix` + number, the same name for the same key. */
export class Numbered<Key> {
  readonly #prefix: string;
  readonly #names = new RecentMap<Key, string>(NAMES_KEPT);
  #next = 1;

  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  /** The key's name; a new one the first time. */
  of(key: Key): string {
    let name = this.#names.get(key);
    if (name === undefined) this.#names.set(key, name = `${this.#prefix}${this.#next++}`);
    return name;
  }
}

/** Names of lease keys and CreateGuids. */
export class LeaseNames {
  readonly leaseKeys = new Numbered<string>("L");
  readonly createGuids = new Numbered<string>("G");
}

/** Words that an identifier must not be, and names that the emitted script uses itself. */
const TAKEN = new Set(
  [
    "arguments await break case catch class const continue debugger default delete do else enum eval export extends",
    "false finally for function if implements import in instanceof interface let new null package private protected",
    "public return static super switch this throw true try typeof undefined var void while with yield async of",
    "c p replay scenario expect blob data hex size duration z params provision",
  ].join(" ").split(" "),
);

/** Identifiers made from text that a capture contains: users, paths. */
export class Identifiers {
  /** In lower case: names become those of files, and letters of another case are no other file everywhere. */
  readonly #used = new Set<string>();

  /** `J. Smith` becomes `jSmith`, a second one `jSmith2`; text without letters becomes `fallback`. */
  make(text: string, fallback: string): string {
    const words = text.slice(0, 64).normalize("NFKD").split(/[^A-Za-z0-9]+/).filter((word) =>
      word !== ""
    );
    const joined = words.map((word, index) =>
      index === 0
        ? word.charAt(0).toLowerCase() + word.slice(1)
        : word.charAt(0).toUpperCase() + word.slice(1)
    ).join("");
    const base = /^[A-Za-z]/.test(joined) ? joined.slice(0, 32) : fallback;
    let name = base;
    const isUsed = () => TAKEN.has(name) || this.#used.has(name.toLowerCase());
    for (let count = 2; isUsed(); count++) name = `${base}${count}`;
    this.#used.add(name.toLowerCase());
    return name;
  }
}
