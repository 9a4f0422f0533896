/** The path that each operation works on, through the open that it names. */
import { type PathNode, PathTable } from "./path_table.ts";
import type { PlanOperation, SetInfoOperation } from "./plan.ts";

const FILE_RENAME_INFORMATION = 10;
const FILE_RENAME_INFORMATION_EX = 65;

/** Closed opens that are still known: they may be used once more. */
const CLOSED_KEPT = 1024;

/** Opens of one client: more are never closed. */
const OPENS_KEPT = 65_536;

/** Tree connects of one client. */
const SHARES_KEPT = 8192;

interface Open {
  readonly name: string;
  readonly share: string;
  node: PathNode;
}

interface ClientPaths {
  readonly shares: Map<string, string>;
  readonly opens: Map<string, Open>;
}

/** Follows tree connects, opens and renames. */
export class OpenPaths {
  readonly #table = new PathTable();
  readonly #clients = new Map<string, ClientPaths>();
  #closed: (readonly [ClientPaths, Open])[] = [];

  /** Share and name without case, none where the operation has no path; a rename has two, and its open the new one. */
  of(operation: PlanOperation): readonly PathNode[] {
    if (operation.kind === "tree") {
      const { shares } = this.#client(operation.client);
      const share = operation.path.slice(operation.path.lastIndexOf("\\") + 1);
      shares.set(operation.tree, share.toLowerCase());
      if (shares.size > SHARES_KEPT) shares.delete(shares.keys().next().value!);
      return NONE;
    }
    if (operation.kind === "create") {
      const client = this.#client(operation.client);
      const share = client.shares.get(operation.tree) ?? "";
      if (share === "ipc$") return NONE;
      const node = this.#table.at(fullPath(share, operation.path));
      this.#open(client, { name: operation.file, share, node });
      return [node];
    }
    if (!("file" in operation) || operation.kind === "break" || operation.file === null) {
      return NONE;
    }
    const open = this.#clients.get(operation.client)?.opens.get(operation.file);
    if (open === undefined) return NONE;
    const { node } = open;
    const target = operation.kind === "setInfo" && operation.status === 0
      ? renameTarget(operation)
      : null;
    if (target === null) return [node];
    open.node = this.#table.at(fullPath(open.share, target));
    node.opens--;
    open.node.opens++;
    return [node, open.node];
  }

  #client(id: string): ClientPaths {
    let client = this.#clients.get(id);
    if (client === undefined) {
      this.#clients.set(id, client = { shares: new Map(), opens: new Map() });
    }
    return client;
  }

  #open(client: ClientPaths, open: Open): void {
    client.opens.set(open.name, open);
    open.node.opens++;
    if (client.opens.size <= OPENS_KEPT) return;
    this.#forget(client, client.opens.values().next().value!);
  }

  /** An operation was answered; what a CLOSE closed is forgotten some time later. */
  answered(operation: PlanOperation): void {
    if (operation.kind !== "close" && operation.kind !== "create") return;
    if (operation.kind === "create" ? operation.granted !== null : operation.status !== 0) return;
    const client = this.#client(operation.client);
    const open = client.opens.get(operation.file);
    if (open === undefined) return;
    this.#closed.push([client, open]);
    if (this.#closed.length < 2 * CLOSED_KEPT) return;
    for (const [owner, oldest] of this.#closed.slice(0, CLOSED_KEPT)) this.#forget(owner, oldest);
    this.#closed = this.#closed.slice(CLOSED_KEPT);
  }

  #forget(client: ClientPaths, open: Open): void {
    if (!client.opens.delete(open.name)) return;
    open.node.opens--;
  }
}

const NONE: readonly PathNode[] = [];

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
