/**
 * The names of a share as a capture shows them: what is there now, and what must have been there before the capture
 * began. A name that nothing was known of, when an answer tells of it, tells about the time before.
 */
import { type Content, type Contents, Origins } from "./prestate_content.ts";

/** What is known of a name before the capture. */
export interface PreRecord {
  /** Null for the root of a share. */
  readonly parent: PreRecord | null;
  readonly name: string;
  kind: "file" | "directory" | "absent" | null;
  /** A stream of `parent`. */
  readonly stream: boolean;
  /** Frame of the first answer that told of it. */
  readonly frame: number;
  /** It was named by more than a listing. */
  opened: boolean;
  size: number | null;
  attributes: number | null;
  modified: string | null;
  eas: readonly { readonly name: string; readonly length: number }[];
  content: Content | null;
  /** Frame of the first ACCESS_DENIED that an open of it got; absent without one. */
  denied?: number;
}

/** A place for a name in a directory. */
export interface Slot {
  readonly directory: Node;
  readonly name: string;
  /** Null: there is nothing of that name now. */
  node: Node | null;
  /** It goes when its last open is closed. */
  deletePending: boolean;
  /** Where a rename took what was here. */
  movedTo: Slot | null;
  /** It is only likely that there was nothing: what to change if there was. */
  guess: PreRecord | null;
  /** What was here before; null where nothing was, or nobody knows. */
  before: PreRecord | null;
  /** Frame of the last answer that changed it. */
  frame: number;
}

/** A file or directory, whatever its name is now. */
export class Node {
  /** What it was before the capture; null for what the capture made. */
  readonly pre: PreRecord | null;
  directory: boolean | null;
  /** Names below it, and streams with `:` before the name. */
  #slots: Map<string, Slot> | null = null;
  /** Made when it is asked for: nothing happens to the content of most files. */
  #origins: Origins | null = null;
  readonly #content: Content | null;
  opens = 0;
  /** What answers tell of these is no longer what was before. */
  sizeChanged = false;
  attributesChanged = false;
  easChanged = false;
  /** Present size, where it is known. */
  size: number | null = null;
  /** Whether the capture made it: what only appeared may have been made by anybody. */
  made = false;
  /** Frame of the last answer that changed its size. */
  frame = 0;

  constructor(pre: PreRecord | null, content: Content | null) {
    this.pre = pre;
    this.directory = pre?.kind === undefined || pre.kind === null ? null : pre.kind === "directory";
    this.#content = content;
  }

  get slots(): ReadonlyMap<string, Slot> {
    return this.#slots ?? NO_SLOTS;
  }

  /** Adds a name. */
  place(key: string, slot: Slot): void {
    this.#slots ??= new Map();
    this.#slots.set(key, slot);
  }

  /** Removes a name. @returns Whether it was there. */
  forget(key: string): boolean {
    return this.#slots?.delete(key) ?? false;
  }

  get origins(): Origins {
    return this.#origins ??= new Origins(this.#content);
  }
}

const NO_SLOTS: ReadonlyMap<string, Slot> = new Map();

/** Names are compared without case (MS-FSA 2.1.4.4 leaves how to the object store; this is how all of them do it). */
export function keyOf(name: string): string {
  return name.toUpperCase();
}

/** The names of one share. */
export class NameTree {
  readonly root: Node;
  /** Where the root is, as opens of it need it. */
  readonly rootSlot: Slot;
  readonly #contents: Contents;
  readonly #records: PreRecord[];
  readonly #limit: number;
  /** Slots that are found by their names. */
  #placed = 0;

  /** @param records Takes what must have been before, in order of appearance; at most `limit`. */
  constructor(shared: { contents: Contents; records: PreRecord[]; limit: number }) {
    this.#contents = shared.contents;
    this.#records = shared.records;
    this.#limit = shared.limit;
    this.root = new Node(newRecord(null, "", "directory", 0), null);
    this.rootSlot = { ...newSlot(this.root, ""), node: this.root };
  }

  /** Splits a path into names, streams as names of their own with `:`; null for what is no plain path. */
  static names(path: string): string[] | null {
    const parts = path.split("\\").filter((part) => part !== "");
    const names: string[] = [];
    for (const [index, part] of parts.entries()) {
      if (part === "." || part === ".." || part.startsWith("@GMT-")) return null;
      const [base = "", stream = "", type = ""] = part.split(":");
      if (base === "" && index < parts.length - 1) return null;
      // deno-lint-ignore no-control-regex
      if (/[*?<>"|/\u0000-\u001f]/.test(part)) return null;
      if (base !== "") names.push(base);
      if (stream === "") continue;
      if (index < parts.length - 1 || !/^(\$DATA)?$/i.test(type)) return null;
      names.push(`:${stream}`);
    }
    return names;
  }

  /** The directory that a path lies in: each name on the way is a directory that is there. */
  directoryOf(names: readonly string[], frame: number): Node {
    let node = this.root;
    for (const name of names.slice(0, -1)) {
      const stream = names.at(-1)!.startsWith(":") && name === names.at(-2);
      node = this.exists(node, name, { frame, ...(stream ? {} : { directory: true }) }).node;
    }
    return node;
  }

  /** The place for a name, if anything was said of it. */
  slot(directory: Node, name: string): Slot | undefined {
    return directory.slots.get(keyOf(name));
  }

  /** The name is there now. */
  exists(
    directory: Node,
    name: string,
    told: { readonly frame: number; readonly directory?: boolean },
  ): TakenSlot {
    const known = this.slot(directory, name);
    const slot = known !== undefined && isTaken(known)
      ? known
      : this.#appear(directory, name, told, known);
    const { node } = slot;
    if (told.directory !== undefined) {
      node.directory ??= told.directory;
      if (node.pre !== null) node.pre.kind ??= told.directory ? "directory" : "file";
    }
    return slot;
  }

  /** Something is there that was not known: from before, unless the name is known to have been free. */
  #appear(
    directory: Node,
    name: string,
    told: { readonly frame: number; readonly directory?: boolean },
    known: Slot | undefined,
  ): TakenSlot {
    const slot = this.#place(directory, name);
    const kind = told.directory === undefined ? null : told.directory ? "directory" : "file";
    let pre = slot.guess;
    if (pre !== null) {
      pre.kind = kind;
    } else if (known === undefined && directory.pre !== null && !this.isFull) {
      pre = newRecord(directory.pre, name, kind, told.frame);
      this.#records.push(pre);
    }
    slot.guess = null;
    slot.before = pre;
    if (pre !== null && kind !== "directory") pre.content = this.#contents.add();
    return taken(slot, new Node(pre, pre?.content ?? null));
  }

  /** Whether more names were told of than are kept. */
  get isFull(): boolean {
    return this.#records.length >= this.#limit;
  }

  /** The name is not there now. */
  absent(directory: Node, name: string, frame: number, likely = false): void {
    const known = this.slot(directory, name);
    if (known !== undefined) {
      if (!likely) known.guess = null;
      return this.freed(known, frame);
    }
    // In a directory that the capture made, what nobody made is not there.
    if (directory.pre === null || this.isFull) return;
    const slot = this.#place(directory, name);
    const record = newRecord(directory.pre, name, "absent", frame);
    record.opened = true;
    this.#records.push(record);
    if (likely) slot.guess = record;
  }

  /** There is nothing in the slot any more. */
  freed(slot: Slot, frame: number): void {
    const { directory } = slot;
    slot.node = null;
    slot.frame = frame;
    slot.deletePending = false;
    const key = keyOf(slot.name);
    const isOwn = directory.pre === null && directory.slots.get(key) === slot;
    if (isOwn && directory.forget(key)) this.#placed--;
  }

  /** A directory on the way is not there: the first one that is not known to be, though it may be a later one. */
  noWayTo(path: readonly string[], frame: number): void {
    let directory = this.root;
    for (const name of path.slice(0, -1)) {
      const slot = this.slot(directory, name);
      if (slot === undefined) return this.absent(directory, name, frame, true);
      if (slot.node === null) return;
      directory = slot.node;
    }
  }

  /** The name was free, and something new has it. */
  created(directory: Node, name: string, told: { frame: number; directory: boolean }): TakenSlot {
    this.absent(directory, name, told.frame);
    const node = new Node(null, null);
    node.directory = told.directory;
    node.made = true;
    node.size = 0;
    const slot = this.#place(directory, name);
    slot.frame = told.frame;
    return taken(slot, node);
  }

  /** What has one name gets another; the new one is free, or `replace`d. */
  moved(
    from: Slot,
    to: { readonly directory: Node; readonly name: string },
    how: { readonly frame: number; readonly replace: boolean; readonly keep: boolean },
  ): Slot {
    const { node } = from;
    if (!how.replace) this.absent(to.directory, to.name, how.frame);
    const slot = this.#place(to.directory, to.name);
    if (slot === from) return slot;
    slot.node = node;
    slot.frame = how.frame;
    slot.deletePending = false;
    slot.movedTo = null;
    if (!how.keep) {
      this.freed(from, how.frame);
      from.movedTo = slot;
    }
    return slot;
  }

  #place(directory: Node, name: string): Slot {
    let slot = this.slot(directory, name);
    if (slot === undefined) {
      slot = newSlot(directory, name);
      // What does not fit is known to whoever has it open, and to nobody else.
      if (this.#placed < 2 * this.#limit) {
        directory.place(keyOf(name), slot);
        this.#placed++;
      }
    }
    return slot;
  }
}

/** A slot in which something is. */
export type TakenSlot = Slot & { node: Node };

function isTaken(slot: Slot): slot is TakenSlot {
  return slot.node !== null;
}

function taken(slot: Slot, node: Node): TakenSlot {
  slot.node = node;
  return slot as TakenSlot;
}

function newSlot(directory: Node, name: string): Slot {
  return {
    directory,
    name,
    node: null,
    deletePending: false,
    movedTo: null,
    guess: null,
    before: null,
    frame: 0,
  };
}

/** Where what was in a slot is now. */
export function present(slot: Slot): Slot {
  let now = slot;
  // A file may come back to a name it had.
  for (let steps = 0; now.movedTo !== null && now.node === null && steps < 1000; steps++) {
    now = now.movedTo;
  }
  return now;
}

function newRecord(
  parent: PreRecord | null,
  name: string,
  kind: PreRecord["kind"],
  frame: number,
): PreRecord {
  return {
    parent,
    name: name.startsWith(":") ? name.slice(1) : name,
    stream: name.startsWith(":"),
    kind,
    frame,
    opened: false,
    size: null,
    attributes: null,
    modified: null,
    eas: [],
    content: null,
  };
}
