/** Options that a script gives again and again: they stand once, under a name that says what they are for. */
import { informationClassName } from "../../runtime/wire/mod.ts";
import type { PlanOperation } from "../plan.ts";
import { type Code, type ObjectCode, oneLine } from "./code.ts";
import type { Scope } from "./naming.ts";
import type { CallLine } from "./step.ts";

/** Shorter ones read better where they are used. */
const SHORTEST = 36;

/** Options that differ from one request to the next. */
const OWN = new Set([
  "lease",
  "onBreak",
  "expect",
  "label",
  "related",
  "raw",
  "channelSequence",
  "replay",
  "via",
  "shared",
]);

/** Methods whose options may have a name, by type of the options. */
const TYPES: Readonly<Record<string, string>> = {
  connect: "ConnectOptions",
  open: "OpenOptions",
  changes: "NotifyOptions",
  queryInfo: "QueryInfoOptions",
  queryDirectory: "QueryDirectoryOptions",
};

/** Options with a name. */
export interface OptionSet {
  readonly name: string;
  /** Type of the scripting API. */
  readonly type: string;
  readonly code: ObjectCode;
}

interface Seen {
  readonly type: string;
  readonly code: ObjectCode;
  readonly wanted: string;
  readonly fewest: number;
  count: number;
}

/** Counts the options of a script, and names those that come again. */
export class OptionSets {
  readonly #seen = new Map<string, Seen>();
  readonly #sets = new Map<string, OptionSet>();

  /** Takes note of a call. */
  see(line: CallLine): void {
    const shared = sharedOf(line);
    if (shared === null) return;
    const key = keyOf(line.method, shared);
    const seen = this.#seen.get(key);
    if (seen !== undefined) seen.count++;
    else {
      this.#seen.set(key, {
        type: TYPES[line.method]!,
        code: shared,
        wanted: wantedName(line),
        fewest: line.method === "connect" ? 2 : 3,
        count: 1,
      });
    }
  }

  /** Gives names, when every call was seen. */
  name(scope: Scope): void {
    for (const [key, { type, code, wanted, count, fewest }] of this.#seen) {
      if (count >= fewest) this.#sets.set(key, { name: scope.fresh(wanted), type, code });
    }
  }

  /** In order of first use. */
  get all(): readonly OptionSet[] {
    return [...this.#sets.values()];
  }

  /** The arguments of a call, with the name in place of what it stands for. */
  argsOf(line: CallLine): readonly Code[] {
    const shared = sharedOf(line);
    const set = shared === null ? undefined : this.#sets.get(keyOf(line.method, shared));
    if (set === undefined) return line.args;
    const options = line.args.at(-1) as ObjectCode;
    const own = options.members.filter(([name]) => OWN.has(name));
    const named: Code = own.length === 0
      ? set.name
      : { kind: "object", members: [[`...${set.name}`, ""], ...own] };
    return [...line.args.slice(0, -1), named];
  }
}

/** The part of a call's options that others may have, too; null where that is not worth a name. */
function sharedOf({ method, args }: CallLine): ObjectCode | null {
  if (!Object.hasOwn(TYPES, method)) return null;
  const options = args.at(-1);
  if (options === undefined || typeof options === "string" || options.kind !== "object") {
    return null;
  }
  const members = options.members.filter(([name]) => !OWN.has(name));
  if (members.length < 2 || members.some(([, value]) => hasLeaf(value))) return null;
  const shared: ObjectCode = { kind: "object", members };
  return oneLine(shared).length < SHORTEST ? null : shared;
}

function keyOf(method: string, shared: ObjectCode): string {
  return `${method} ${oneLine(shared)}`;
}

/** Whether there is something in it that belongs to one place of the script. */
function hasLeaf(code: Code): boolean {
  if (typeof code === "string") return false;
  switch (code.kind) {
    case "slot":
    case "variable":
      return true;
    case "call":
      return code.args.some(hasLeaf);
    case "list":
      return code.items.some(hasLeaf);
    case "object":
      return code.members.some(([, value]) => hasLeaf(value));
  }
}

function wantedName({ method, sends }: CallLine): string {
  if (method === "connect") return "offer";
  if (method === "changes") return "everyChange";
  if (method === "queryDirectory") return "listing";
  if (sends?.kind === "queryInfo") {
    const name = informationClassName(sends.infoType, sends.class).replace(/^File/, "");
    return /^[A-Z][A-Za-z]+$/.test(name) ? name[0]!.toLowerCase() + name.slice(1) : "information";
  }
  if (sends?.kind !== "create") return "options";
  return purpose(sends);
}

const DIRECTORY_FILE = 0x01;
const DELETE_ON_CLOSE = 0x1000;
const WRITES = 0x50000006;
const READS = 0x92000001;
const DELETES = 0x00010000;

/** What a file is opened for: `toRead`. */
function purpose({ access, disposition, options }: Extract<PlanOperation, { kind: "create" }>) {
  const isDirectory = (options & DIRECTORY_FILE) !== 0;
  if ((options & DELETE_ON_CLOSE) !== 0) return "toDelete";
  if (disposition === 0) return "toReplace";
  if (disposition === 2) return isDirectory ? "toMakeFolder" : "toCreate";
  if (disposition === 3) return isDirectory ? "toOpenFolder" : "toOpenOrCreate";
  if (disposition === 4 || disposition === 5) return "toOverwrite";
  if (!isDirectory && (access & WRITES) !== 0) return "toWrite";
  if ((access & READS) !== 0) return isDirectory ? "toList" : "toRead";
  if ((access & DELETES) !== 0) return "toDelete";
  return isDirectory ? "toQueryFolder" : "toQuery";
}
