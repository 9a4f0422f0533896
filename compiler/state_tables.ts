/** What later exchanges refer to by id: tree connects and opens of all servers, and requests that were just answered. */
import type { FileId } from "../runtime/wire/mod.ts";
import type { Exchange, Opened } from "./exchange.ts";

/** Sessions whose tree connects are remembered: of more, those that connected the longest ago are forgotten. */
const SESSIONS_KEPT = 65_536;

/** Tree connects of one session that are remembered. */
const TREES_KEPT = 1024;

interface Tree {
  readonly server: string;
  readonly treeId: number;
  readonly path: string;
}

/** Paths of tree connects. */
export class TreeTable {
  /** By SessionId; the latest last. */
  readonly #sessions = new Map<bigint | null, Tree[]>();
  #lastSession: bigint | null = null;
  #last: Tree[] | undefined;

  /** A TREE_CONNECT succeeded. */
  set(server: string, sessionId: bigint | null, treeId: number, path: string): void {
    const others = (this.#sessions.get(sessionId) ?? [])
      .filter((tree) => tree.treeId !== treeId || tree.server !== server);
    others.push({ server, treeId, path });
    this.#sessions.delete(sessionId);
    this.#sessions.set(sessionId, others.slice(-TREES_KEPT));
    if (this.#sessions.size > SESSIONS_KEPT) {
      this.#sessions.delete(this.#sessions.keys().next().value!);
    }
    this.#last = undefined;
  }

  /** Its path: a server may have several addresses, so that those of others count when its own are silent. */
  find(server: string, sessionId: bigint | null, treeId: number): string | null {
    if (this.#last === undefined || this.#lastSession !== sessionId) {
      this.#last = this.#sessions.get(sessionId);
      this.#lastSession = sessionId;
      if (this.#last === undefined) return null;
    }
    let path: string | null = null;
    for (let index = this.#last.length - 1; index >= 0; index--) {
      const tree = this.#last[index]!;
      if (tree.treeId !== treeId) continue;
      if (tree.server === server) return tree.path;
      path ??= tree.path;
    }
    return path;
  }
}

/** Opens that are remembered: of more, those opened the longest ago are forgotten. */
const OPENS_KEPT = 65_536;

/** Of these, how many after their CLOSE: its use after that is soon, or never. */
const CLOSED_KEPT = 512;

/** Opens with equal volatile halves of their file ids; more are made up to be slow. */
const SAME_HALF_KEPT = 64;

/** An open in its table. */
interface Entry {
  readonly open: Opened;
  /** The one before it whose file id has the same volatile half. */
  next: Entry | null;
}

/** Opens by server and FileId, the latest of each session. */
export class OpenTable {
  /** By the volatile half, latest first: there is one as a rule. */
  readonly #entries = new Map<bigint, Entry>();
  readonly #closed: Opened[] = [];
  #oldestClosed = 0;

  /** A CREATE returned the id. Returns the open that had it before in that session. */
  open(open: Opened): Opened | null {
    const { volatile } = open.fileId;
    const first = this.#entries.get(volatile) ?? null;
    if (first === null) {
      this.#entries.set(volatile, { open, next: null });
      if (this.#entries.size > OPENS_KEPT) {
        this.#entries.delete(this.#entries.keys().next().value!);
      }
      return null;
    }
    let replaced: Opened | null = null;
    let kept = 1;
    const head: Entry = { open, next: first };
    for (let before = head; before.next !== null;) {
      const other = before.next.open;
      if (matches(other, open.server, open.fileId) && other.sessionId === open.sessionId) {
        replaced = other;
        before.next = before.next.next;
      } else if (kept === SAME_HALF_KEPT) {
        before.next = null;
      } else {
        before = before.next;
        kept++;
      }
    }
    this.#entries.set(volatile, head);
    return replaced;
  }

  /** The open of the session, else the latest of any session. */
  find(server: string, sessionId: bigint | null, id: FileId): Opened | undefined {
    let found: Opened | undefined;
    let entry = this.#entries.get(id.volatile) ?? null;
    for (; entry !== null; entry = entry.next) {
      const { open } = entry;
      if (!matches(open, server, id)) continue;
      if (open.sessionId === sessionId) return open;
      found ??= open;
    }
    return found;
  }

  /** A CLOSE succeeded. The open is remembered for a while. */
  close(open: Opened): void {
    const oldest = this.#closed[this.#oldestClosed];
    this.#closed[this.#oldestClosed] = open;
    this.#oldestClosed = (this.#oldestClosed + 1) % CLOSED_KEPT;
    if (oldest !== undefined) this.#forget(oldest);
  }

  #forget(open: Opened): void {
    const { volatile } = open.fileId;
    const first = this.#entries.get(volatile) ?? null;
    if (first?.open === open) {
      if (first.next === null) this.#entries.delete(volatile);
      else this.#entries.set(volatile, first.next);
      return;
    }
    for (let before = first; before !== null && before.next !== null; before = before.next) {
      if (before.next.open === open) before.next = before.next.next;
    }
  }
}

function matches(open: Opened, server: string, id: FileId): boolean {
  return open.fileId.persistent === id.persistent && open.server === server;
}

/** Requests that are remembered: an answer that crosses a CANCEL on its way is as old as that way is long. */
const REQUESTS_KEPT = 128;

/** The latest requests of a capture by conversation and MessageId, for a CANCEL that comes too late. */
export class RecentRequests {
  readonly #requests: Exchange[] = [];
  #next = 0;

  /** Remembers a request. */
  add(exchange: Exchange): void {
    this.#requests[this.#next] = exchange;
    this.#next = (this.#next + 1) % REQUESTS_KEPT;
  }

  /** The latest request of the conversation with that MessageId, as far as it is remembered. */
  find(stream: number, messageId: bigint): Exchange | null {
    for (let back = 1; back <= this.#requests.length; back++) {
      const exchange = this.#requests[(this.#next - back + REQUESTS_KEPT) % REQUESTS_KEPT];
      if (exchange?.stream === stream && exchange.request?.header.messageId === messageId) {
        return exchange;
      }
    }
    return null;
  }
}
