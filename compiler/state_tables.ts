/** What later exchanges refer to by id: tree connects and opens of all servers, and requests of a conversation. */
import type { FileId } from "../runtime/wire/mod.ts";
import type { Exchange, Opened } from "./exchange.ts";
import { FileIdMap } from "./file_id_map.ts";

/** Opens remembered after their CLOSE, so that use after close still has a name. */
const CLOSED_KEPT = 8192;

/** Paths of tree connects. */
export class TreeTable {
  /** By server, SessionId and TreeId; under the server "" whatever the server. */
  readonly #paths = new Map<string, Map<bigint | null, Map<number, string>>>();

  /** A TREE_CONNECT succeeded. */
  set(server: string, sessionId: bigint | null, treeId: number, path: string): void {
    for (const owner of [server, ""]) {
      let sessions = this.#paths.get(owner);
      if (sessions === undefined) this.#paths.set(owner, sessions = new Map());
      let trees = sessions.get(sessionId);
      if (trees === undefined) sessions.set(sessionId, trees = new Map());
      trees.set(treeId, path);
    }
  }

  /** Its path: a server may have several addresses, so that those of others count when its own are silent. */
  find(server: string, sessionId: bigint | null, treeId: number): string | null {
    return this.#paths.get(server)?.get(sessionId)?.get(treeId) ??
      this.#paths.get("")?.get(sessionId)?.get(treeId) ?? null;
  }
}

/** Opens by FileId. */
export class OpenTable {
  /** The latest of each session, latest session last. */
  readonly #servers = new Map<string, FileIdMap<readonly Opened[]>>();
  #closed: { server: string; id: FileId; open: Opened }[] = [];

  /** A CREATE returned the id. */
  open(server: string, id: FileId, open: Opened): void {
    let opens = this.#servers.get(server);
    if (opens === undefined) this.#servers.set(server, opens = new FileIdMap());
    const others = (opens.get(id) ?? []).filter(({ sessionId }) => sessionId !== open.sessionId);
    opens.set(id, [...others, open]);
  }

  /** The open of the session, else of any session. */
  find(server: string, sessionId: bigint | null, id: FileId): Opened | undefined {
    const opens = this.#servers.get(server)?.get(id);
    if (opens === undefined) return undefined;
    return opens.findLast((open) => open.sessionId === sessionId) ?? opens.at(-1);
  }

  /** A CLOSE succeeded. The open is remembered for a while. */
  close(server: string, id: FileId, sessionId: bigint | null): void {
    const open = this.find(server, sessionId, id);
    if (open === undefined) return;
    this.#closed.push({ server, id, open });
    if (this.#closed.length < 2 * CLOSED_KEPT) return;
    for (const oldest of this.#closed.slice(0, CLOSED_KEPT)) this.#forget(oldest);
    this.#closed = this.#closed.slice(CLOSED_KEPT);
  }

  #forget({ server, id, open }: { server: string; id: FileId; open: Opened }): void {
    const opens = this.#servers.get(server);
    const left = (opens?.get(id) ?? []).filter((other) => other !== open);
    if (left.length === 0) opens?.delete(id);
    else opens?.set(id, left);
  }
}

/** Requests of one conversation that are remembered before old ones are looked at. */
const GENERATION = 256;

/** Unanswered requests that are remembered: more are only where a direction is missing. */
const WAITING_KEPT = 8192;

/**
 * Requests of one conversation by MessageId, for a CANCEL: it names one that waits, or that was answered only just now.
 * Two generations: the older one is dropped when the younger is full, apart from what still waits.
 */
export class RecentRequests {
  #young = new Map<bigint, Exchange>();
  #old = new Map<bigint, Exchange>();
  #full = GENERATION;

  /** Remembers a request. */
  add(messageId: bigint, exchange: Exchange): void {
    this.#young.set(messageId, exchange);
    if (this.#young.size < this.#full) return;
    const waiting = new Map<bigint, Exchange>();
    for (const [id, older] of this.#old) {
      if (!older.settled && waiting.size < WAITING_KEPT) waiting.set(id, older);
    }
    this.#old = this.#young;
    this.#young = waiting;
    this.#full = waiting.size + GENERATION;
  }

  /** The latest request with that MessageId, as far as it is remembered. */
  get(messageId: bigint): Exchange | undefined {
    return this.#young.get(messageId) ?? this.#old.get(messageId);
  }
}
