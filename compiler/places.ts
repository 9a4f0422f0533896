/** Where the operations of a plan take place: user, server, share and path of each, followed through opens and renames. */
import type { PlanOperation, SetInfoOperation } from "./plan.ts";

/** Where an operation takes place; null for what it does not have, or the capture does not tell. */
export interface Place {
  readonly user: string | null;
  /** `host:port` of the connection. */
  readonly server: string | null;
  /** Host that the tree connect names. */
  readonly host: string | null;
  readonly share: string | null;
  /** Relative to the share, as the client wrote it, without `\` at its ends. */
  readonly path: string | null;
  /** The new name that a rename gives. */
  readonly target: string | null;
  /** Share and path without case: equal for all that work on one file. */
  readonly key: string | null;
  /** The same of the new name. */
  readonly targetKey: string | null;
}

/** Opens remembered after their CLOSE: use after close still has a path. */
const CLOSED_KEPT = 8192;

/** Connections, sessions, tree connects and opens that are there at a time: more are made up to fill the memory. */
export const LIVE_KEPT = 131_072;

interface SessionPlace {
  readonly connection: string;
  user: string | null;
}

interface TreePlace {
  readonly session: string;
  readonly host: string;
  readonly share: string;
}

interface FilePlace {
  readonly tree: string;
  path: string;
}

/** Follows the operations of a plan in their order. */
export class Places {
  readonly #connections = new Recent<string, string>(LIVE_KEPT);
  readonly #sessions = new Recent<string, SessionPlace>(LIVE_KEPT);
  readonly #trees = new Recent<string, TreePlace>(LIVE_KEPT);
  readonly #files = new Recent<string, FilePlace>(LIVE_KEPT);
  readonly #closed = new Recent<string, FilePlace>(CLOSED_KEPT);

  /** The place of the next operation. */
  of(operation: PlanOperation): Place {
    this.#learn(operation);
    const file = fileNodeOf(operation);
    const filePlace = file === null ? undefined : this.#files.get(file) ?? this.#closed.get(file);
    const treeName = "tree" in operation ? nodeOf(operation, operation.tree) : filePlace?.tree;
    const tree = treeName === undefined ? undefined : this.#trees.get(treeName);
    const sessionName = "session" in operation
      ? nodeOf(operation, operation.session)
      : tree?.session;
    const session = sessionName === undefined ? undefined : this.#sessions.get(sessionName);
    const connectionName = "connection" in operation
      ? nodeOf(operation, operation.connection)
      : session?.connection;
    const path = filePlace?.path ?? null;
    const target = renameTarget(operation);
    const share = tree?.share ?? null;
    const place: Place = {
      user: session?.user ?? null,
      server: connectionName === undefined ? null : this.#connections.get(connectionName) ?? null,
      host: tree?.host ?? null,
      share,
      path,
      target,
      key: pathKey(share, path),
      targetKey: pathKey(share, target),
    };
    this.#happened(operation, { file, filePlace, target });
    return place;
  }

  #learn(operation: PlanOperation): void {
    switch (operation.kind) {
      case "connect":
        this.#connections.set(nodeOf(operation, operation.connection), operation.server);
        break;
      case "login": {
        const name = nodeOf(operation, operation.session);
        const known = this.#sessions.get(name);
        if (known !== undefined) known.user = operation.user ?? known.user;
        else {
          const connection = nodeOf(operation, operation.connection);
          this.#sessions.set(name, { connection, user: operation.user });
        }
        break;
      }
      case "tree": {
        const { host, share } = treeNames(operation.path);
        const session = nodeOf(operation, operation.session);
        this.#trees.set(nodeOf(operation, operation.tree), { session, host, share });
        break;
      }
      case "create": {
        const place = { tree: nodeOf(operation, operation.tree), path: plainPath(operation.path) };
        const name = nodeOf(operation, operation.file);
        if (operation.granted === null) this.#closed.set(name, place);
        else this.#files.set(name, place);
        break;
      }
    }
  }

  #happened(operation: PlanOperation, about: {
    readonly file: string | null;
    readonly filePlace: FilePlace | undefined;
    readonly target: string | null;
  }): void {
    const { file, filePlace, target } = about;
    if (file === null || filePlace === undefined || operation.status !== 0) return;
    if (target !== null) filePlace.path = target;
    if (operation.kind !== "close") return;
    this.#files.delete(file);
    this.#closed.set(file, filePlace);
  }
}

/**
 * A map that forgets what was put in first: at least so many of the latest are kept, and at most twice as many. In two
 * generations, as a Map that is deleted from at its front gets slow.
 */
export class Recent<Key, Value> {
  readonly #kept: number;
  #young = new Map<Key, Value>();
  #old = new Map<Key, Value>();

  constructor(kept: number) {
    this.#kept = kept;
  }

  get size(): number {
    return this.#young.size + this.#old.size;
  }

  has(key: Key): boolean {
    return this.#young.has(key) || this.#old.has(key);
  }

  get(key: Key): Value | undefined {
    return this.#young.get(key) ?? this.#old.get(key);
  }

  delete(key: Key): void {
    this.#young.delete(key);
    this.#old.delete(key);
  }

  set(key: Key, value: Value): void {
    if (this.#young.size >= this.#kept && !this.#young.has(key)) {
      this.#old = this.#young;
      this.#young = new Map();
    } else {
      this.#old.delete(key);
    }
    this.#young.set(key, value);
  }
}

/** The name of a connection, session, tree or open among all clients. */
export function nodeOf({ client }: Pick<PlanOperation, "client">, name: string): string {
  return `${client} ${name}`;
}

/** The open that an operation works on, or makes; null where there is none. */
export function fileNodeOf(operation: PlanOperation): string | null {
  if (!("file" in operation) || operation.file === null) return null;
  return nodeOf(operation, operation.file);
}

/** Host and share of `\\host\share`. */
export function treeNames(path: string): { readonly host: string; readonly share: string } {
  const [host = "", ...rest] = path.split("\\").filter((part) => part !== "");
  return { host, share: rest.join("\\") };
}

/** A path without `\` at its ends. */
export function plainPath(path: string): string {
  return path.replace(/^\\+|\\+$/g, "");
}

function pathKey(share: string | null, path: string | null): string | null {
  return path === null ? null : `${share ?? ""}\\${path}`.toLowerCase();
}

const FILE_INFORMATION = 1;
const FILE_RENAME_INFORMATION = 10;
const FILE_RENAME_INFORMATION_EX = 65;

/** Bytes of FILE_RENAME_INFORMATION before the name (MS-FSCC 2.4.42.2), and where its length is. */
const RENAME_FIXED_SIZE = 20;
const RENAME_LENGTH_AT = 16;

/** Whether an operation renames. */
export function isRename(operation: PlanOperation): operation is SetInfoOperation {
  return operation.kind === "setInfo" && operation.infoType === FILE_INFORMATION &&
    (operation.class === FILE_RENAME_INFORMATION || operation.class === FILE_RENAME_INFORMATION_EX);
}

/** The name that a rename gives; null for other operations, and for bodies that are cut. */
export function renameTarget(operation: PlanOperation): string | null {
  if (!isRename(operation) || operation.input.length < 2 * RENAME_FIXED_SIZE) return null;
  const bytes = Uint8Array.fromHex(operation.input);
  const length = new DataView(bytes.buffer).getUint32(RENAME_LENGTH_AT, true);
  const name = bytes.subarray(RENAME_FIXED_SIZE, RENAME_FIXED_SIZE + length);
  return plainPath(new TextDecoder("utf-16le", { ignoreBOM: true }).decode(name));
}
