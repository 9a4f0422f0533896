/** Sessions, trees, opens and leases of one connection, kept by what the server answers (MS-SMB2 3.2.1). */
import {
  type FileId,
  isSuccess,
  RELATED_FILE_ID,
  type RequestBodies,
  sameFileId,
} from "../wire/mod.ts";
import type { Exchange } from "./exchange.ts";
import type { LeaseTable } from "./lease_table.ts";
import type { Reply } from "./reply.ts";
import type { OpenState, SessionState, TreeState } from "./sessions.ts";

/** What exists on the server as far as this connection knows: its sessions, with all that their channels share. */
export class ClientTables {
  readonly leases: LeaseTable;
  readonly sessions = new Set<SessionState>();
  readonly #closed: (open: OpenState) => void;

  /** `closed` hears of every open that ends while the connection lives. */
  constructor(leases: LeaseTable, closed: (open: OpenState) => void) {
    this.leases = leases;
    this.#closed = closed;
  }

  /** The open of a file id. */
  findOpen(fileId: FileId): OpenState | null {
    for (const { shared } of this.sessions) {
      const open = shared.opens.get(fileId);
      if (open !== undefined) return open;
    }
    return null;
  }

  /** The session that encrypted a frame. */
  findSession(sessionId: bigint): SessionState | null {
    for (const session of this.sessions) if (session.sessionId === sessionId) return session;
    return null;
  }

  /** The channel of a session on this connection; null where it has none. */
  channelOf(session: SessionState): SessionState | null {
    for (const channel of this.sessions) {
      if (channel.shared === session.shared && channel.phase !== "authenticating") return channel;
    }
    return null;
  }

  /** A TREE_CONNECT succeeded. */
  addTree(tree: TreeState): void {
    tree.session.shared.trees.add(tree);
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
        if (succeeded && session !== null) this.forgetSession(session);
        return;
      default:
        return;
    }
  }

  /**
   * The connection is over (MS-SMB2 3.2.7.1): sessions without another channel end, and their opens with them; the
   * others count the loss. Returns the opens that ended.
   */
  clear(): OpenState[] {
    const ended: OpenState[] = [];
    for (const session of this.sessions) {
      const { shared } = session;
      if (!shared.channels.delete(session)) continue;
      if (shared.channels.size > 0) {
        shared.channelSequence = (shared.channelSequence + 1) & 0xffff;
        continue;
      }
      for (const open of shared.opens.values()) {
        open.closed = true;
        this.leases.released(open);
        ended.push(open);
      }
      for (const tree of shared.trees) tree.connected = false;
      shared.opens.clear();
      shared.trees.clear();
    }
    return ended;
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
      watcher: null,
    };
    open.lease?.opens.add(open);
    // An id that the server gives again does not mean the former open any more.
    this.#forgetOpen(session.shared.opens.get(open.fileId) ?? null);
    session.shared.opens.add(open);
    exchange.open = open;
  }

  #openOf(exchange: Exchange): OpenState | null {
    const { fileId } = exchange.input.body as RequestBodies["CLOSE"];
    if (!sameFileId(fileId, RELATED_FILE_ID)) {
      return exchange.session?.shared.opens.get(fileId) ?? null;
    }
    // In a related chain, the file of the nearest request before that opened one.
    let { previous } = exchange;
    while (previous !== null && previous.open === null) previous = previous.previous;
    return previous?.open ?? null;
  }

  #forgetOpen(open: OpenState | null): void {
    if (open === null) return;
    open.closed = true;
    open.session.shared.opens.delete(open.fileId);
    this.leases.released(open);
    this.#closed(open);
  }

  #forgetTree(tree: TreeState): void {
    const { opens, trees } = tree.session.shared;
    tree.connected = false;
    trees.delete(tree);
    for (const open of opens.values()) if (open.tree === tree) this.#forgetOpen(open);
  }

  /** A session is over on the server, on all of its channels. */
  forgetSession(session: SessionState): void {
    const { shared } = session;
    for (const channel of [session, ...shared.channels]) {
      channel.phase = "loggedOff";
      this.sessions.delete(channel);
    }
    shared.channels.clear();
    for (const tree of [...shared.trees]) this.#forgetTree(tree);
  }
}
