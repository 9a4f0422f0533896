/**
 * What the operations of a plan did to the names and contents of shares, answer by answer, in the order in which they
 * came. Whatever contradicts what came before (a capture may have lost what explains it, or somebody else worked on the
 * share) changes nothing about the time before the capture.
 */
import { decodeInformation, InfoType, WireError } from "../runtime/wire/mod.ts";
import type { NoteBook } from "./capture/mod.ts";
import type {
  CloseOperation,
  CreateOperation,
  IoctlOperation,
  LoginOperation,
  PlanFacts,
  PlanOperation,
  QueryDirectoryOperation,
  ReadOperation,
  SetInfoOperation,
  WriteOperation,
} from "./plan.ts";
import { OF_OTHERS } from "./plan.ts";
import { Contents } from "./prestate_content.ts";
import { NameTree, type Node, type PreRecord, present, type Slot } from "./prestate_tree.ts";
import { RecentMap } from "./recent_map.ts";

const Status = {
  SUCCESS: 0,
  STOPPED_ON_SYMLINK: 0x8000002d,
  NO_SUCH_FILE: 0xc000000f,
  END_OF_FILE: 0xc0000011,
  ACCESS_DENIED: 0xc0000022,
  OBJECT_NAME_NOT_FOUND: 0xc0000034,
  OBJECT_NAME_COLLISION: 0xc0000035,
  OBJECT_PATH_NOT_FOUND: 0xc000003a,
  SHARING_VIOLATION: 0xc0000043,
  DELETE_PENDING: 0xc0000056,
  FILE_IS_A_DIRECTORY: 0xc00000ba,
  NOT_A_DIRECTORY: 0xc0000103,
} as const;

const Action = { SUPERSEDED: 0, OPENED: 1, CREATED: 2, OVERWRITTEN: 3 } as const;
const Disposition = { SUPERSEDE: 0, OPEN: 1, CREATE: 2, OPEN_IF: 3, OVERWRITE: 4 } as const;
const CreateOption = {
  DIRECTORY: 0x01,
  NON_DIRECTORY: 0x40,
  DELETE_ON_CLOSE: 0x1000,
  BY_ID: 0x2000,
} as const;
const DIRECTORY_ATTRIBUTE = 0x10;
const PIPE = 2;
const COPYCHUNK: ReadonlySet<number> = new Set([0x001440f2, 0x001480f2]);
const SET_ZERO_DATA = 0x000980c8;

/** Names of the contexts that ask for an open of before: `DHnC` and `DH2C` (MS-SMB2 2.2.13.2). */
const RECONNECTS: ReadonlySet<string> = new Set(["44486e43", "44483243"]);

interface OpenFile {
  readonly tree: string;
  readonly names: NameTree;
  readonly slot: Slot;
  readonly node: Node;
  readonly deleteOnClose: boolean;
  readonly durable: boolean;
  /** Its connection has ended: it can be reclaimed, and is in nobody's way. */
  isLost?: boolean;
}

/** Follows what the operations did to names and contents. */
export class PreStateWalk {
  readonly #notes: NoteBook;
  readonly #contents = new Contents();
  readonly #shares = new Map<string, { name: string; names: NameTree; records: PreRecord[] }>();
  readonly #limit: number;
  /** By client and name; null for pipes. */
  readonly #trees = new Map<string, NameTree | null>();
  readonly #sessionOfTree = new Map<string, string>();
  /** Opens and sessions that other clients name, by how they name them. */
  readonly #shared = new RecentMap<string, { client: string; name: string }>();
  readonly #connectionOfSession = new Map<string, string>();
  /** By client, then by name. */
  readonly #opens = new Map<string, Map<string, OpenFile>>();
  /** Sent and not answered before what was seen last, by the time of the answer. */
  readonly #underWay: PlanOperation[] = [];

  /** @param limit Most paths of a share. */
  constructor(notes: NoteBook, limit: number) {
    this.#notes = notes;
    this.#limit = limit;
  }

  /** Takes the next operation, in the order of sending. */
  see(operation: PlanOperation): void {
    this.#answeredUntil(operation.at);
    if (operation.answeredAt === null || operation.kind === "changeNotify") return;
    const at = operation.answeredAt;
    let index = this.#underWay.length;
    while (index > 0 && this.#underWay[index - 1]!.answeredAt! > at) index--;
    this.#underWay.splice(index, 0, operation);
  }

  /** What is known of each share, once all operations were seen. */
  finish(): readonly {
    readonly name: string;
    readonly names: NameTree;
    readonly records: readonly PreRecord[];
  }[] {
    this.#answeredUntil(Infinity);
    this.#contents.settle();
    for (const { name, names, records } of this.#shares.values()) {
      if (!names.isFull) continue;
      this.#notes.add(`Share ${name}: only ${records.length} paths are provided for`, {
        loss: false,
      });
    }
    if (this.#contents.isFull) {
      this.#notes.add("More was read than is told apart: further content is zeros", {
        loss: false,
      });
    }
    return [...this.#shares.values()];
  }

  #answeredUntil(time: number): void {
    let count = 0;
    for (const operation of this.#underWay) {
      if (operation.answeredAt! > time) break;
      this.#take(operation);
      count++;
    }
    if (count > 0) this.#underWay.splice(0, count);
  }

  #take(operation: PlanOperation): void {
    const { client } = operation;
    switch (operation.kind) {
      case "login":
        this.#connectionOfSession.set(key(client, operation.session), operation.connection);
        return this.#replaced(operation);
      case "tree":
        this.#sessionOfTree.set(key(client, operation.tree), operation.session);
        this.#trees.set(
          key(client, operation.tree),
          operation.status === Status.SUCCESS && operation.shareType !== PIPE
            ? this.#shareOf(operation.path)
            : null,
        );
        return;
      case "untree":
        return this.#closeAll(operation, (open) => open.tree === operation.tree);
      case "logoff":
        return this.#closeAll(
          operation,
          ({ tree }) => this.#sessionOfTree.get(key(client, tree)) === operation.session,
        );
      case "disconnect":
        return this.#loseAll(operation, ({ tree }) => {
          const session = this.#sessionOfTree.get(key(client, tree)) ?? "";
          return this.#connectionOfSession.get(key(client, session)) === operation.connection;
        });
      case "create":
        return this.#create(operation);
      case "close":
        return this.#close(operation);
      case "read":
        return this.#read(operation);
      case "write":
        return this.#write(operation);
      case "queryDirectory":
        return this.#listed(operation);
      case "queryInfo": {
        const open = this.#openOf(client, operation.file);
        if (open !== undefined && operation.told !== undefined) {
          this.#told(open, operation.told, operation.frames.request);
        }
        return;
      }
      case "setInfo":
        return this.#setInfo(operation);
      case "ioctl":
        return this.#ioctl(operation);
    }
  }

  /** The names of the share that `\\server\share` names; null for pipes. */
  #shareOf(path: string): NameTree | null {
    const name = path.slice(path.lastIndexOf("\\") + 1);
    if (name.toUpperCase() === "IPC$") return null;
    let share = this.#shares.get(name.toUpperCase());
    if (share === undefined) {
      const records: PreRecord[] = [];
      const names = new NameTree({ contents: this.#contents, records, limit: this.#limit });
      this.#shares.set(name.toUpperCase(), share = { name, names, records });
    }
    return share.names;
  }

  #create(operation: CreateOperation): void {
    const names = this.#trees.get(key(operation.client, operation.tree));
    if (names === undefined || names === null) return;
    const again = operation.contexts.find((context) =>
      context.kind === "DHnC" || context.kind === "DH2C"
    );
    if (again !== undefined) return this.#reconnect(operation, again.file);
    // A snapshot tells about another time; whose open a foreign handle is, nobody knows.
    const isElsewhere = operation.contexts.some((context) =>
      context.kind === "TWrp" || (context.kind === "raw" && RECONNECTS.has(context.name))
    );
    if (isElsewhere || (operation.options & CreateOption.BY_ID) !== 0) return;
    const path = NameTree.names(operation.path);
    if (path === null) return;
    // With SMB2_FLAGS_DFS_OPERATIONS server and share come first (MS-SMB2 2.2.13).
    if (operation.header?.dfs) path.splice(0, 2);
    const frame = operation.frames.response ?? operation.frames.request;
    if (operation.status === null && operation.used === true) {
      return this.#usedWithoutAnswer(names, path, operation);
    }
    if (operation.granted === null || operation.status !== Status.SUCCESS) {
      if (path.length > 0) this.#failedCreate(names, path, operation);
      return;
    }
    const { granted } = operation;
    const stream = path.at(-1)?.startsWith(":") === true;
    const directory = ((granted.attributes ?? 0) & DIRECTORY_ATTRIBUTE) !== 0 && !stream ||
      (operation.options & CreateOption.DIRECTORY) !== 0;
    const told = { frame, directory };
    const slot = this.#slotOf(names, path, { ...told, created: granted.action === Action.CREATED });
    const node = slot.node!;
    markOpened(node.pre);
    if (granted.action === Action.OPENED) {
      this.#told({ node, names }, stream ? { size: granted.size } : granted, frame);
    } else if (granted.action !== Action.CREATED) {
      resized(node, 0, frame);
      node.attributesChanged = true;
      node.origins.cut(0);
    }
    node.opens++;
    this.#share(operation);
    this.#opensOf(operation.client).set(operation.file, {
      tree: operation.tree,
      names,
      slot,
      node,
      deleteOnClose: (operation.options & CreateOption.DELETE_ON_CLOSE) !== 0,
      durable: operation.contexts.some(({ kind }) => kind === "DHnQ" || kind === "DH2Q"),
    });
  }

  /** The capture has no answer, but what followed worked on the open: what it asked for to be there was. */
  #usedWithoutAnswer(names: NameTree, path: readonly string[], operation: CreateOperation): void {
    const { disposition, frames } = operation;
    const mustExist = disposition === Disposition.OPEN || disposition === Disposition.OVERWRITE;
    if (path.length === 0 || !mustExist) return;
    const isDirectory = (operation.options & CreateOption.DIRECTORY) !== 0;
    const told = { frame: frames.request, ...isDirectory ? { directory: true } : {} };
    const parent = names.directoryOf(path, frames.request);
    markOpened(names.exists(parent, path.at(-1)!, told).node.pre);
  }

  #slotOf(
    names: NameTree,
    path: readonly string[],
    told: { readonly frame: number; readonly directory: boolean; readonly created: boolean },
  ): Slot {
    const name = path.at(-1);
    if (name === undefined) return names.rootSlot;
    const parent = names.directoryOf(path, told.frame);
    return told.created ? names.created(parent, name, told) : names.exists(parent, name, told);
  }

  /** A login ends the session that it replaces; what is durable stays open. */
  #replaced({ client, session, id, previous, shared, status, frames }: LoginOperation): void {
    if (shared === true) this.#shared.set(`${OF_OTHERS}${id}`, { client, name: session });
    if (previous === undefined || status !== Status.SUCCESS) return;
    const ended = this.#shared.get(previous) ?? { client, name: previous };
    this.#loseAll(
      { client: ended.client, frames },
      ({ tree }) => this.#sessionOfTree.get(key(ended.client, tree)) === ended.name,
    );
  }

  /** The open of before is open again, under another name, and perhaps another client's. */
  #reconnect(operation: CreateOperation, file: string): void {
    const { client, tree, granted } = operation;
    const owner = this.#shared.get(file) ?? { client, name: file };
    const before = this.#openOf(owner.client, owner.name);
    if (before === undefined || granted === null) return;
    this.#opensOf(owner.client).delete(owner.name);
    if (before.isLost === true) before.node.opens++;
    this.#opensOf(client).set(operation.file, { ...before, tree, isLost: false });
    this.#share(operation);
  }

  #share({ client, file, id, shared }: CreateOperation): void {
    if (shared === true) this.#shared.set(`${OF_OTHERS}${id}`, { client, name: file });
  }

  #failedCreate(names: NameTree, path: readonly string[], operation: CreateOperation): void {
    const frame = operation.frames.response ?? operation.frames.request;
    const name = path.at(-1)!;
    const exists = (directory?: boolean) => {
      const parent = names.directoryOf(path, frame);
      const told = { frame, ...(directory === undefined ? {} : { directory }) };
      const { pre } = names.exists(parent, name, told).node;
      markOpened(pre);
      return pre;
    };
    switch (operation.status) {
      case Status.OBJECT_NAME_NOT_FOUND:
        return names.absent(names.directoryOf(path, frame), name, frame);
      case Status.OBJECT_PATH_NOT_FOUND:
        return names.noWayTo(path, frame);
      case Status.OBJECT_NAME_COLLISION:
        return void exists((operation.options & CreateOption.DIRECTORY) !== 0);
      case Status.FILE_IS_A_DIRECTORY:
        return void exists(true);
      case Status.NOT_A_DIRECTORY:
        return void exists(false);
      case Status.SHARING_VIOLATION:
      case Status.DELETE_PENDING:
        return void exists();
      case Status.STOPPED_ON_SYMLINK:
        this.#notes.add("A path leads through a symbolic link: no link is provided", {
          frame,
          loss: false,
        });
        return;
      case Status.ACCESS_DENIED:
        this.#notes.add("ACCESS_DENIED was answered: what denied it is not provided", {
          frame,
          loss: false,
        });
        if (
          operation.disposition === Disposition.OPEN ||
          operation.disposition === Disposition.OVERWRITE
        ) {
          const pre = exists(
            (operation.options & CreateOption.DIRECTORY) !== 0
              ? true
              : (operation.options & CreateOption.NON_DIRECTORY) !== 0
              ? false
              : undefined,
          );
          if (pre !== null) pre.denied ??= frame;
        }
        return;
    }
  }

  #close({ client, file, status, told, frames }: CloseOperation): void {
    const open = this.#openOf(client, file);
    if (open === undefined || status !== Status.SUCCESS) return;
    if (told !== undefined && !open.slot.name.startsWith(":")) {
      this.#told(open, told, frames.request);
    }
    this.#closed(client, file, { open, frame: frames.response ?? frames.request });
  }

  #closed(client: string, file: string, last: { open: OpenFile; frame: number }): void {
    const { open, frame } = last;
    this.#opensOf(client).delete(file);
    if (open.isLost !== true) open.node.opens--;
    const slot = present(open.slot);
    if (open.deleteOnClose) slot.deletePending = true;
    if (slot.deletePending && slot.node === open.node && open.node.opens <= 0) {
      open.names.freed(slot, frame);
    }
  }

  #closeAll(
    { client, frames }: Pick<PlanOperation, "client" | "frames">,
    matches: (open: OpenFile) => boolean,
  ): void {
    const frame = frames.response ?? frames.request;
    for (const [file, open] of [...this.#opensOf(client)]) {
      if (matches(open)) this.#closed(client, file, { open, frame });
    }
  }

  /** Ends opens without a CLOSE: what is durable can be reclaimed. */
  #loseAll(
    ended: Pick<PlanOperation, "client" | "frames">,
    matches: (open: OpenFile) => boolean,
  ): void {
    this.#closeAll(ended, (open) => {
      if (!matches(open) || !open.durable) return matches(open);
      if (open.isLost !== true) open.node.opens--;
      open.isLost = true;
      return false;
    });
  }

  #opensOf(client: string): Map<string, OpenFile> {
    let opens = this.#opens.get(client);
    if (opens === undefined) this.#opens.set(client, opens = new Map());
    return opens;
  }

  #openOf(client: string, file: string): OpenFile | undefined {
    return this.#opens.get(client)?.get(file);
  }

  /** An answer tells about a file: what the capture did not change is from before. */
  #told({ node, names }: Pick<OpenFile, "node" | "names">, facts: PlanFacts, frame: number): void {
    const { pre } = node;
    const directory = facts.directory ??
      (facts.attributes === undefined ? undefined : (facts.attributes & DIRECTORY_ATTRIBUTE) !== 0);
    if (directory !== undefined) node.directory ??= directory;
    if (isSize(facts.size)) node.size = Number(facts.size);
    if (pre === null) return;
    if (directory !== undefined) pre.kind ??= directory ? "directory" : "file";
    if (isSize(facts.size) && !node.sizeChanged && node.directory !== true) {
      pre.size ??= Number(facts.size);
    }
    if (!node.attributesChanged) {
      if (facts.attributes !== undefined) pre.attributes ??= facts.attributes;
      if (facts.modified !== undefined && !node.sizeChanged) pre.modified ??= facts.modified;
    }
    if (facts.eas !== undefined && !node.easChanged && pre.eas.length === 0) pre.eas = facts.eas;
    for (const { name, size } of facts.streams ?? []) {
      const stream = names.exists(node, `:${name}`, { frame, directory: false });
      this.#told({ node: stream.node, names }, { size }, frame);
    }
  }

  #read({ client, file, status, offset, length, returned, minimumCount }: ReadOperation): void {
    const open = this.#openOf(client, file);
    const start = Number(offset);
    if (open === undefined || !Number.isSafeInteger(start)) return;
    const { node } = open;
    if (status === Status.END_OF_FILE && length > 0 && minimumCount <= 1) {
      const { pre } = node;
      if (pre !== null && !node.sizeChanged && pre.size === null && pre.content?.end === start) {
        pre.size = start;
      }
    }
    if (status !== Status.SUCCESS || returned === null || returned.length === 0) return;
    this.#contents.read(node.origins, start, returned);
    if (node.pre !== null && !node.sizeChanged && returned.length < length) {
      node.pre.size ??= start + returned.length;
    }
  }

  #write({ client, file, status, offset, data, frames }: WriteOperation): void {
    const open = this.#openOf(client, file);
    const start = Number(offset);
    if (open === undefined || status !== Status.SUCCESS || data.length === 0) return;
    const { node } = open;
    // A write with offset -1 goes to the end of the file.
    const known = Number.isSafeInteger(start) && node.size !== null;
    const end = start + data.length;
    resized(node, known ? Math.max(node.size ?? 0, end) : null, frames.response ?? 0);
    if (Number.isSafeInteger(start)) node.origins.overwrite(start, end);
  }

  #listed(operation: QueryDirectoryOperation): void {
    const open = this.#openOf(operation.client, operation.file);
    if (open === undefined) return;
    const { names, node: directory } = open;
    const frame = operation.frames.response ?? operation.frames.request;
    const { pattern } = operation;
    if (operation.status === Status.NO_SUCH_FILE && !/[*?<>"]/.test(pattern) && pattern !== "") {
      const path = NameTree.names(pattern);
      if (path?.length === 1) names.absent(directory, pattern, frame);
    }
    for (const { name, size, attributes } of operation.entries ?? []) {
      if (NameTree.names(name)?.length !== 1) continue;
      const isDirectory = attributes === undefined
        ? undefined
        : (attributes & DIRECTORY_ATTRIBUTE) !== 0;
      const { node } = names.exists(directory, name, {
        frame,
        ...(isDirectory === undefined ? {} : { directory: isDirectory }),
      });
      this.#told({ node, names }, {
        ...(size === undefined ? {} : { size }),
        ...(attributes === undefined ? {} : { attributes }),
      }, frame);
    }
  }

  #setInfo(
    { client, file, status, infoType, class: informationClass, input, frames }: SetInfoOperation,
  ): void {
    const open = this.#openOf(client, file);
    if (open === undefined || infoType !== InfoType.FILE) return;
    const value = informationOf(informationClass, input);
    if (value === null) return;
    const frame = frames.response ?? frames.request;
    const { node } = open;
    switch (value.kind) {
      case "FileRenameInformation":
      case "FileLinkInformation":
        return this.#renamed(open, status, {
          to: value.name,
          frame,
          replace: value.replaceIfExists,
          keep: value.kind === "FileLinkInformation",
        });
      case "FileRenameInformationEx":
        return this.#renamed(open, status, {
          to: value.name,
          frame,
          replace: (value.flags & 1) !== 0,
          keep: false,
        });
    }
    if (status !== Status.SUCCESS) return;
    switch (value.kind) {
      case "FileDispositionInformation":
        present(open.slot).deletePending = value.deletePending;
        return;
      case "FileDispositionInformationEx":
        present(open.slot).deletePending = (value.flags & 1) !== 0;
        return;
      case "FileEndOfFileInformation":
        resized(node, Number(value.endOfFile), frame);
        node.origins.cut(Number(value.endOfFile));
        return;
      case "FileAllocationInformation":
        // It cuts what is longer.
        resized(
          node,
          node.size === null ? null : Math.min(node.size, Number(value.allocationSize)),
          frame,
        );
        node.origins.cut(Number(value.allocationSize));
        return;
      case "FileBasicInformation":
        node.attributesChanged = true;
        return;
      case "FileFullEaInformation":
        node.easChanged = true;
        return;
    }
  }

  #renamed(open: OpenFile, status: number | null, how: {
    readonly to: string;
    readonly frame: number;
    readonly replace: boolean;
    readonly keep: boolean;
  }): void {
    const { names } = open;
    const from = present(open.slot);
    if (how.to.startsWith(":")) return;
    const path = NameTree.names(how.to);
    if (path === null || path.length === 0) return;
    const { frame } = how;
    if (status === Status.OBJECT_NAME_COLLISION) {
      markOpened(names.exists(names.directoryOf(path, frame), path.at(-1)!, { frame }).node.pre);
    } else if (status === Status.SUCCESS && from.node === open.node && from !== names.rootSlot) {
      const directory = names.directoryOf(path, frame);
      names.moved(from, { directory, name: path.at(-1)! }, how);
    }
  }

  #ioctl({ client, file, status, code, input, resumeKey, frames }: IoctlOperation): void {
    const open = this.#openOf(client, file ?? "");
    if (open === undefined || status !== Status.SUCCESS) return;
    const bytes = new DataView(Uint8Array.fromHex(input).buffer);
    if (code === SET_ZERO_DATA && bytes.byteLength >= 16) {
      const end = Number(bytes.getBigInt64(8, true));
      open.node.origins.overwrite(Number(bytes.getBigInt64(0, true)), end);
    }
    if (!COPYCHUNK.has(code)) return;
    const source = resumeKey === undefined ? undefined : this.#openOf(client, resumeKey)?.node;
    for (const { source: offset, target, length } of chunksOf(bytes)) {
      const { size } = open.node;
      resized(
        open.node,
        size === null ? null : Math.max(size, target + length),
        frames.response ?? 0,
      );
      if (source === undefined) open.node.origins.overwrite(target, target + length);
      else open.node.origins.copy(target, source.origins, { offset, length });
    }
  }
}

/** Ranges of a SRV_COPYCHUNK_COPY (MS-SMB2 2.2.31.1). */
function* chunksOf(bytes: DataView): Iterable<{ source: number; target: number; length: number }> {
  const FIXED = 32;
  const CHUNK = 24;
  if (bytes.byteLength < FIXED) return;
  const count = bytes.getUint32(24, true);
  for (let i = 0; i < count && FIXED + (i + 1) * CHUNK <= bytes.byteLength; i++) {
    const at = FIXED + i * CHUNK;
    yield {
      source: Number(bytes.getBigUint64(at, true)),
      target: Number(bytes.getBigUint64(at + 8, true)),
      length: bytes.getUint32(at + 16, true),
    };
  }
}

function informationOf(informationClass: number, input: string) {
  try {
    return decodeInformation(InfoType.FILE, informationClass, Uint8Array.fromHex(input));
  } catch (error) {
    if (error instanceof WireError) return null;
    throw error;
  }
}

/** A file has another size: null where nobody can tell which. */
function resized(node: Node, size: number | null, frame: number): void {
  node.sizeChanged = true;
  node.size = size;
  node.frame = frame;
}

/** Whether a number is one of bytes: a damaged capture may tell any. */
function isSize(text: string | undefined): boolean {
  const size = Number(text ?? -1);
  return Number.isSafeInteger(size) && size >= 0;
}

/** Names of a plan are those of a client. */
function key(client: string, name: string): string {
  return `${client} ${name}`;
}

function markOpened(record: PreRecord | null): void {
  for (let one = record; one !== null && !one.opened; one = one.parent) one.opened = true;
}
