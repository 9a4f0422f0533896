/** Sessions, trees, opens and leases of one connection, kept by what the server answers (MS-SMB2 3.2.1). */
import {
  type FileId,
  fileIdText,
  isSuccess,
  RELATED_FILE_ID,
  type RequestBodies,
  sameFileId,
} from "../wire/mod.ts";
import type { Exchange } from "./exchange.ts";
import type { LeaseTable } from "./lease_table.ts";
import type { Reply } from "./reply.ts";
import type { OpenState, SessionState, TreeState } from "./sessions.ts";

/** What exists on the server as far as this connection knows. */
export class ClientTables {
  readonly leases: LeaseTable;
  readonly sessions = new Set<SessionState>();
  readonly #trees = new Set<TreeState>();
  readonly #opens = new Map<string, OpenState>();

  readonly #closed: (open: OpenState) => void;

  /** `closed` hears of every open that ends while the connection lives. */
  constructor(leases: LeaseTable, closed: (open: OpenState) => void) {
    this.leases = leases;
    this.#closed = closed;
  }

  /** The open of a file id. */
  findOpen(fileId: FileId): OpenState | null {
    return this.#opens.get(fileIdText(fileId)) ?? null;
  }

  /** A TREE_CONNECT succeeded. */
  addTree(tree: TreeState): void {
    this.#trees.add(tree);
  }

  /** Keeps the tables by a final response; `keepOpen` is false where nobody waits for the open any more. */
  remember(exchange: Exchange, reply: Reply, keepOpen: boolean): void {
    const { input, session, tree } = exchange;
    const succeeded = reply.body !== null && isSuccess(reply.status);
    switch (input.command) {
      case "CREATE":
        return this.#rememberCreate(exchange, reply as Reply<"CREATE">, keepOpen && succeeded);
      case "CLOSE":
        if (succeeded) this.#forgetOpen(this.#openOf(exchange));
        return;
      case "TREE_DISCONNECT":
        if (succeeded && tree !== null) this.#forgetTree(tree);
        return;
      case "LOGOFF":
        if (succeeded && session !== null) this.#forgetSession(session);
        return;
      default:
        return;
    }
  }

  /** The connection is over, and every open with it. */
  clear(): void {
    for (const open of this.#opens.values()) {
      open.closed = true;
      this.leases.released(open);
    }
    this.#opens.clear();
    this.#trees.clear();
  }

  #rememberCreate(exchange: Exchange, reply: Reply<"CREATE">, keep: boolean): void {
    const { session, tree, lease } = exchange;
    const response = reply.body;
    if (response === null || session === null || !keep) {
      if (lease !== null) this.leases.giveUp(lease);
      return;
    }
    const open: OpenState = {
      fileId: response.fileId,
      session,
      tree,
      response,
      oplockLevel: response.oplockLevel,
      lease: lease === null ? null : this.leases.granted(lease, response),
      closed: false,
    };
    open.lease?.opens.add(open);
    this.#opens.set(fileIdText(open.fileId), open);
    exchange.open = open;
  }

  #openOf(exchange: Exchange): OpenState | null {
    const { fileId } = exchange.input.body as RequestBodies["CLOSE"];
    if (!sameFileId(fileId, RELATED_FILE_ID)) return this.findOpen(fileId);
    // In a related chain, the file of the nearest request before that opened one.
    let { previous } = exchange;
    while (previous !== null && previous.open === null) previous = previous.previous;
    return previous?.open ?? null;
  }

  #forgetOpen(open: OpenState | null): void {
    if (open === null) return;
    open.closed = true;
    this.#opens.delete(fileIdText(open.fileId));
    this.leases.released(open);
    this.#closed(open);
  }

  #forgetTree(tree: TreeState): void {
    tree.connected = false;
    this.#trees.delete(tree);
    for (const open of [...this.#opens.values()]) if (open.tree === tree) this.#forgetOpen(open);
  }

  #forgetSession(session: SessionState): void {
    session.phase = "loggedOff";
    this.sessions.delete(session);
    for (const tree of [...this.#trees]) if (tree.session === session) this.#forgetTree(tree);
  }
}
