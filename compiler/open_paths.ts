/** The paths that each operation works on: through the open that it names, or those that it ends. */
import { type PathNode, PathTable } from "./path_table.ts";
import {
  type CreateOperation,
  OF_OTHERS,
  type PlanOperation,
  type SetInfoOperation,
} from "./plan.ts";
import { RecentMap } from "./recent_map.ts";

const FILE_RENAME_INFORMATION = 10;
const FILE_RENAME_INFORMATION_EX = 65;
const FILE_DISPOSITION_INFORMATION = 13;
const FILE_DISPOSITION_INFORMATION_EX = 64;
const DELETE_ON_CLOSE = 0x00001000;
const CREATED = 2;

/** Closed opens that are still known: they may be used once more. */
const CLOSED_KEPT = 1024;

/** Opens of one client: more are never closed. */
const OPENS_KEPT = 65_536;

/** Tree connects of one client. */
const SHARES_KEPT = 8192;

/** Sessions of one client. */
const SESSIONS_KEPT = 8192;

/** Opens and sessions that are named by other clients. */
const SHARED_KEPT = 8192;

interface Open {
  readonly name: string;
  readonly tree: TreePaths | null;
  node: PathNode;
}

interface TreePaths {
  readonly share: string;
  readonly session: string;
  /** What is open on it. */
  readonly opens: Set<Open>;
}

interface ClientPaths {
  readonly trees: Map<string, TreePaths>;
  readonly opens: Map<string, Open>;
  /** Connections of each session; those of a channel's name are those of the session that it joined. */
  readonly sessions: Map<string, Set<string>>;
}

/** What ends opens without a CLOSE of them (MS-SMB2 3.3.5.6, 3.3.5.8, 3.3.7.1, and PreviousSessionId: 3.3.5.5.3). */
export function endsOpens(operation: PlanOperation): boolean {
  switch (operation.kind) {
    case "logoff":
    case "untree":
    case "disconnect":
      return true;
    case "login":
      return operation.previous !== undefined;
    default:
      return false;
  }
}

/** Follows logins, tree connects, opens and renames. */
export class OpenPaths {
  readonly #table = new PathTable();
  readonly #clients = new Map<string, ClientPaths>();
  #closed: (readonly [ClientPaths, Open])[] = [];
  /** Opens that other clients name, by how they name them. */
  readonly #sharedOpens = new RecentMap<string, Open>(SHARED_KEPT);
  /** Sessions that other clients name, by how they name them. */
  readonly #shared = new RecentMap<string, { client: ClientPaths; session: string }>(SHARED_KEPT);

  /** Share and name without case, none where the operation has no path; a rename has two, and its open the new one. */
  of(operation: PlanOperation): readonly PathNode[] {
    if (operation.kind === "create") {
      const client = this.#client(operation.client);
      const tree = client.trees.get(operation.tree) ?? null;
      const share = tree?.share ?? "";
      if (share === "ipc$") return NONE;
      const node = this.#reclaimed(client, operation)?.node ??
        this.#table.at(fullPath(share, operation.path));
      const open = { name: operation.file, tree, node };
      this.#open(client, open);
      if (operation.shared === true) this.#sharedOpens.set(`${OF_OTHERS}${operation.id}`, open);
      return [node];
    }
    if (!("file" in operation)) return this.#withoutFile(operation);
    if (operation.kind === "break" || operation.file === null) return NONE;
    const open = this.#clients.get(operation.client)?.opens.get(operation.file);
    if (open === undefined) return NONE;
    const { node } = open;
    const target = operation.kind === "setInfo" && operation.status === 0
      ? renameTarget(operation)
      : null;
    if (target === null) return [node];
    open.node = this.#table.at(fullPath(open.tree?.share ?? "", target));
    node.opens--;
    open.node.opens++;
    return [node, open.node];
  }

  /** The open that a CREATE asks back, whatever name it gives. */
  #reclaimed({ opens }: ClientPaths, { contexts }: CreateOperation): Open | undefined {
    for (const context of contexts) {
      if (!("file" in context)) continue;
      return opens.get(context.file) ?? this.#sharedOpens.get(context.file);
    }
    return undefined;
  }

  #client(id: string): ClientPaths {
    let client = this.#clients.get(id);
    if (client === undefined) {
      client = { trees: new Map(), opens: new Map(), sessions: new Map() };
      this.#clients.set(id, client);
    }
    return client;
  }

  /** Learns of sessions and tree connects; the paths of what an end of one leaves open. */
  #withoutFile(operation: PlanOperation): readonly PathNode[] {
    const client = this.#client(operation.client);
    switch (operation.kind) {
      case "login": {
        const { sessions } = client;
        const joined = operation.bind === undefined ? undefined : sessions.get(operation.bind);
        if (joined !== undefined && operation.status === 0) joined.add(operation.connection);
        if (operation.again !== true) {
          sessions.set(operation.session, joined ?? new Set([operation.connection]));
          dropOldest(sessions, SESSIONS_KEPT);
        }
        if (operation.shared === true) {
          this.#shared.set(`${OF_OTHERS}${operation.id}`, { client, session: operation.session });
        }
        return this.#nodesOf(this.#endedBy(operation));
      }
      case "tree": {
        const { tree, session, path } = operation;
        const share = path.slice(path.lastIndexOf("\\") + 1).toLowerCase();
        client.trees.set(tree, { share, session, opens: new Set() });
        dropOldest(client.trees, SHARES_KEPT);
        return NONE;
      }
      case "disconnect": {
        const nodes = this.#nodesOf(this.#endedBy(operation));
        // A session with further channels goes on.
        for (const connections of client.sessions.values()) {
          if (connections.size > 1) connections.delete(operation.connection);
        }
        return nodes;
      }
      default:
        return this.#nodesOf(this.#endedBy(operation));
    }
  }

  /** Whose opens an operation ends: a login may end a session of another client. */
  #endedBy(operation: PlanOperation): { client: ClientPaths; ended: readonly TreePaths[] } {
    const client = this.#client(operation.client);
    const named = operation.kind === "login"
      ? this.#shared.get(operation.previous ?? "")
      : undefined;
    if (named === undefined || operation.status !== 0) {
      return { client, ended: endedBy(operation, client) };
    }
    return { client: named.client, ended: treesOf(named.session, named.client) };
  }

  #nodesOf(
    { client, ended }: { client: ClientPaths; ended: readonly TreePaths[] },
  ): readonly PathNode[] {
    if (ended.every(({ opens }) => opens.size === 0)) return NONE;
    const nodes = new Set<PathNode>();
    for (const { opens } of ended) {
      for (const open of opens) if (client.opens.get(open.name) === open) nodes.add(open.node);
    }
    return [...nodes];
  }

  #open(client: ClientPaths, open: Open): void {
    client.opens.set(open.name, open);
    open.tree?.opens.add(open);
    open.node.opens++;
    if (client.opens.size <= OPENS_KEPT) return;
    this.#forget(client, client.opens.values().next().value!);
  }

  /** An operation was answered; what a CLOSE closed is forgotten some time later. */
  answered(operation: PlanOperation): void {
    this.#dooms(operation);
    if (operation.kind === "close" || operation.kind === "create") {
      if (operation.kind === "create" ? operation.granted !== null : operation.status !== 0) return;
      const client = this.#client(operation.client);
      const open = client.opens.get(operation.file);
      if (open !== undefined) this.#close(client, open);
    } else if (endsOpens(operation) && operation.status === 0) {
      const { client, ended } = this.#endedBy(operation);
      for (const { opens } of ended) {
        for (const open of [...opens]) this.#close(client, open);
      }
    }
  }

  /** Remembers what goes when it is closed. */
  #dooms(operation: PlanOperation): void {
    const isOpened = operation.kind === "create" && operation.granted !== null;
    if (!isOpened && !isDisposition(operation)) return;
    const node = this.#clients.get(operation.client)?.opens.get(operation.file)?.node;
    if (node === undefined) return;
    if (!isOpened) node.isDoomed = true;
    else if ((operation.options & DELETE_ON_CLOSE) !== 0) node.isDoomed = true;
    else if (operation.granted?.action === CREATED) node.isDoomed = false;
  }

  #close(client: ClientPaths, open: Open): void {
    open.tree?.opens.delete(open);
    this.#closed.push([client, open]);
    if (this.#closed.length < 2 * CLOSED_KEPT) return;
    for (const [owner, oldest] of this.#closed.slice(0, CLOSED_KEPT)) this.#forget(owner, oldest);
    this.#closed = this.#closed.slice(CLOSED_KEPT);
  }

  #forget(client: ClientPaths, open: Open): void {
    open.tree?.opens.delete(open);
    if (!client.opens.delete(open.name)) return;
    open.node.opens--;
  }
}

const NONE: readonly PathNode[] = [];
const NO_TREES: readonly TreePaths[] = [];

/** Whether it said that a file shall go, or stay after all. */
function isDisposition(operation: PlanOperation): operation is SetInfoOperation {
  return operation.kind === "setInfo" && operation.infoType === 1 && operation.status === 0 &&
    (operation.class === FILE_DISPOSITION_INFORMATION ||
      operation.class === FILE_DISPOSITION_INFORMATION_EX);
}

/** The tree connects whose opens an operation ends. */
function endedBy(
  operation: PlanOperation,
  { trees, sessions }: ClientPaths,
): readonly TreePaths[] {
  if (!endsOpens(operation) || (operation.status ?? 0) !== 0) return NO_TREES;
  if (operation.kind === "untree") {
    const tree = trees.get(operation.tree);
    return tree === undefined || operation.ids !== undefined ? NO_TREES : [tree];
  }
  if (operation.kind === "disconnect") {
    const { connection } = operation;
    return [...trees.values()].filter(({ session }) => {
      const connections = sessions.get(session);
      return connections?.size === 1 && connections.has(connection);
    });
  }
  if (operation.kind !== "logoff" && operation.kind !== "login") return NO_TREES;
  if (operation.ids !== undefined) return NO_TREES;
  const ended = operation.kind === "login" ? operation.previous : operation.session;
  return ended === undefined ? NO_TREES : treesOf(ended, { trees, sessions });
}

/** The tree connects of a session; a channel is another name of it. */
function treesOf(
  name: string,
  { trees, sessions }: Pick<ClientPaths, "trees" | "sessions">,
): readonly TreePaths[] {
  const connections = sessions.get(name);
  if (connections === undefined) return NO_TREES;
  return [...trees.values()].filter(({ session }) => sessions.get(session) === connections);
}

function dropOldest(map: Map<string, unknown>, most: number): void {
  if (map.size > most) map.delete(map.keys().next().value!);
}

function fullPath(share: string, name: string): string {
  const path = withoutSlashes(name.toLowerCase());
  return path === "" ? share : `${share}\\${path}`;
}

function withoutSlashes(path: string): string {
  let [from, to] = [0, path.length];
  while (from < to && path[from] === "\\") from++;
  while (to > from && path[to - 1] === "\\") to--;
  return path.slice(from, to);
}

/** Bytes of FILE_RENAME_INFORMATION before the name (MS-FSCC 2.4.42.2). */
const RENAME_FIXED_SIZE = 20;

function renameTarget(operation: SetInfoOperation): string | null {
  if (operation.infoType !== 1) return null;
  const { class: number } = operation;
  if (number !== FILE_RENAME_INFORMATION && number !== FILE_RENAME_INFORMATION_EX) return null;
  const bytes = Uint8Array.fromHex(operation.input);
  return new TextDecoder("utf-16le").decode(bytes.subarray(RENAME_FIXED_SIZE));
}
