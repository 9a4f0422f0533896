/** What later exchanges refer to by id: tree connects of all servers, and requests that were just answered. */
import type { Exchange } from "./exchange.ts";

/** Sessions whose tree connects are remembered: of more, those that connected the longest ago are forgotten. */
const SESSIONS_KEPT = 16_384;

/** Tree connects of one session that are remembered. */
const TREES_KEPT = 1024;

interface Tree {
  readonly server: string;
  /** Connection on which it was connected. */
  readonly stream: number;
  readonly treeId: number;
  readonly path: string;
}

/** Paths of tree connects. */
export class TreeTable {
  /** By SessionId; the latest last. */
  readonly #sessions = new Map<bigint | null, Tree[]>();
  readonly #goesOn: (stream: number) => boolean;
  #lost = 0;
  #lastSession: bigint | null = null;
  #last: Tree[] | undefined;

  /** `goesOn` tells whether more may come of a connection. */
  constructor(goesOn: (stream: number) => boolean = () => false) {
    this.#goesOn = goesOn;
  }

  /** Sessions that were forgotten, though their connections go on. */
  get lost(): number {
    return this.#lost;
  }

  /** A TREE_CONNECT succeeded. */
  set(sessionId: bigint | null, connected: Tree): void {
    const { server, treeId } = connected;
    const others = (this.#sessions.get(sessionId) ?? [])
      .filter((tree) => tree.treeId !== treeId || tree.server !== server);
    others.push(connected);
    this.#sessions.delete(sessionId);
    this.#sessions.set(sessionId, others.slice(-TREES_KEPT));
    if (this.#sessions.size > SESSIONS_KEPT) {
      const [oldest] = this.#sessions;
      if (oldest?.[1].some(({ stream }) => this.#goesOn(stream))) this.#lost++;
      this.#sessions.delete(oldest![0]);
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
