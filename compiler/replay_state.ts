/**
 * Which Session, TreeConnect, Open and lease each exchange belongs to, as the capture tells it: ids inherited within
 * compounds (MS-SMB2 3.2.4.1.4), file ids named by the CREATE that returned them, breaks matched by key or file id.
 */
import {
  type CreateRequestContext,
  type FileId,
  fileIdText,
  HeaderFlags,
  type Message,
  RELATED_FILE_ID,
  sameFileId,
} from "../runtime/wire/mod.ts";
import type { CapturedMessage, Exchange } from "./exchange.ts";

/** What is known about an exchange beyond its own bytes. */
export interface Facts {
  /** Null where the header is cut. */
  sessionId: bigint | null;
  /** Null where the header is cut, or asynchronous. */
  treeId: number | null;
  /** `\\server\share`; null when its TREE_CONNECT is not in the capture. */
  tree: string | null;
  fileId: FileId | null;
  /** The file id came from the request before in a related compound. */
  fileIdInherited: boolean;
  path: string | null;
  /** The CREATE that returned the file id. */
  create: Exchange | null;
  /** File id that a durable reconnect asks for. */
  reconnectFileId: FileId | null;
  /** The request that a CANCEL withdraws. */
  cancels: Exchange | null;
  /** The break that an acknowledgement answers. */
  acknowledges: Exchange | null;
  /** Paths that the client held open under a broken lease. */
  leasePaths: readonly string[];
}

const ALL_ONES_ID = 0xffffffffffffffffn;
const ALL_ONES_TREE = 0xffffffff;

/** Opens remembered after their CLOSE, so that use after close still has a name. */
const CLOSED_KEPT = 65_536;

interface Held {
  readonly leaseKey: string | null;
  readonly clientGuid: string | null;
  readonly path: string;
}

/** Follows sessions, trees, opens and leases through a capture. */
export class ReplayState {
  readonly #facts = new WeakMap<Exchange, Facts>();
  readonly #trees = new Map<string, string>();
  readonly #opens = new Map<string, Exchange>();
  readonly #closed = new Set<string>();
  readonly #held = new Map<string, Held>();
  readonly #clientGuids = new Map<number, string>();
  readonly #breaks = new Map<string, Exchange>();
  readonly #byMessage = new Map<number, Map<bigint, Exchange>>();
  readonly #byAsyncId = new Map<string, Exchange>();

  /** The facts of an exchange that was opened here. */
  facts(exchange: Exchange): Facts {
    const facts = this.#facts.get(exchange);
    if (facts === undefined) {
      throw new Error(
        `Cannot tell the facts of exchange ${exchange.index}: it was not opened here`,
      );
    }
    return facts;
  }

  /** GUID that the conversation's NEGOTIATE request named; null when it is not in the capture. */
  clientGuid(stream: number): string | null {
    return this.#clientGuids.get(stream) ?? null;
  }

  /** A request, notification or orphan response was seen. */
  opened(exchange: Exchange): void {
    const captured = exchange.request ?? exchange.response;
    const facts = newFacts(captured);
    this.#facts.set(exchange, facts);
    if (captured === null || exchange.kind === "smb1" || exchange.kind === "encrypted") return;
    const { message } = captured;
    if (exchange.kind === "break") this.#broken(exchange, facts, message);
    if (exchange.request !== null) this.#requested(exchange, facts, message);
    this.#resolve(exchange, facts);
  }

  /** The exchange is complete. */
  settled(exchange: Exchange): void {
    const facts = this.facts(exchange);
    const { response } = exchange;
    if (exchange.kind !== "exchange") return;
    if (response === null) return this.#resolve(exchange, facts);
    if (exchange.request === null) Object.assign(facts, orphanFacts(facts, response));
    const { header, message } = response;
    if (header.command === SESSION_SETUP && facts.sessionId === 0n) {
      facts.sessionId = header.sessionId;
    }
    if (
      header.command === TREE_CONNECT && header.status === 0 && response.known >= TREE_ID_END
    ) {
      this.#treeConnected(exchange, facts, header.treeId);
    }
    if (message?.kind === "response" && message.command === "CREATE") {
      facts.fileId = message.body.fileId;
      facts.fileIdInherited = false;
      this.#created(exchange, facts, message);
    }
    this.#resolve(exchange, facts);
    if (header.command === CLOSE && header.status === 0 && facts.fileId !== null) {
      this.#fileClosed(exchange, facts, facts.fileId);
    }
  }

  #requested(exchange: Exchange, facts: Facts, message: Message | null): void {
    const captured = exchange.request!;
    const { header } = captured;
    if (message?.kind === "request") {
      if (message.command === "NEGOTIATE") {
        this.#clientGuids.set(exchange.stream, message.body.clientGuid);
      } else if (message.command === "CREATE") {
        facts.path = message.body.name;
        facts.reconnectFileId = reconnectFileId(message.body.contexts);
        if (facts.reconnectFileId !== null && facts.path === "") {
          const open = this.#opens.get(openKey(exchange.server, null, facts.reconnectFileId));
          if (open !== undefined) facts.path = this.facts(open).path;
        }
      } else {
        facts.fileId = fileIdOf(message);
      }
    }
    if (header.command === CANCEL) {
      facts.cancels = header.asyncId !== undefined
        ? this.#byAsyncId.get(`${exchange.stream}:${header.asyncId}`) ?? null
        : this.#byMessage.get(exchange.stream)?.get(header.messageId) ?? null;
      return;
    }
    if (header.command === OPLOCK_BREAK) {
      const key = breakKey(message);
      const guid = this.#clientGuids.get(exchange.stream) ?? "";
      facts.acknowledges = key === null ? null : this.#breaks.get(`${guid}:${key}`) ?? null;
    }
    let recent = this.#byMessage.get(exchange.stream);
    if (recent === undefined) this.#byMessage.set(exchange.stream, recent = new Map());
    recent.set(header.messageId, exchange);
    // A CANCEL names a request that is still waiting: far older ones cannot be meant.
    if (recent.size > RECENT_KEPT) recent.delete(recent.keys().next().value!);
  }

  /** An interim response gave the request an AsyncId. */
  pending(exchange: Exchange): void {
    if (exchange.interim === null) return;
    this.#byAsyncId.set(`${exchange.stream}:${exchange.interim.asyncId}`, exchange);
    if (this.#byAsyncId.size > CLOSED_KEPT) {
      this.#byAsyncId.delete(this.#byAsyncId.keys().next().value!);
    }
  }

  #broken(exchange: Exchange, facts: Facts, message: Message | null): void {
    const key = breakKey(message);
    if (key === null) return;
    const guid = this.#clientGuids.get(exchange.stream) ?? "";
    this.#breaks.set(`${guid}:${key}`, exchange);
    if (message?.kind !== "response" || message.command !== "OPLOCK_BREAK") return;
    if (message.body.kind === "oplock") {
      facts.fileId = message.body.fileId;
      return;
    }
    const paths = new Set<string>();
    for (const held of this.#held.values()) {
      if (held.leaseKey === key && (held.clientGuid ?? "") === guid) paths.add(held.path);
    }
    facts.leasePaths = [...paths].sort();
  }

  #treeConnected(exchange: Exchange, facts: Facts, treeId: number): void {
    facts.treeId = treeId;
    const request = exchange.request?.message;
    if (request?.kind !== "request" || request.command !== "TREE_CONNECT") return;
    facts.tree = request.body.path;
    this.#trees.set(treeKey(exchange.server, facts.sessionId, treeId), facts.tree);
    this.#trees.set(treeKey(null, facts.sessionId, treeId), facts.tree);
  }

  #created(exchange: Exchange, facts: Facts, message: Message): void {
    const id = facts.fileId!;
    this.#resolve(exchange, facts);
    for (const session of [facts.sessionId, null]) {
      const key = openKey(exchange.server, session, id);
      this.#closed.delete(key);
      this.#opens.set(key, exchange);
    }
    if (message.kind !== "response" || message.command !== "CREATE") return;
    for (const context of message.body.contexts) {
      if (context.kind !== "RqLs") continue;
      this.#held.set(openKey(exchange.server, facts.sessionId, id), {
        leaseKey: hex(context.leaseKey),
        clientGuid: this.#clientGuids.get(exchange.stream) ?? null,
        path: facts.path ?? "",
      });
    }
  }

  #fileClosed(exchange: Exchange, facts: Facts, id: FileId): void {
    this.#held.delete(openKey(exchange.server, facts.sessionId, id));
    for (const session of [facts.sessionId, null]) {
      this.#closed.add(openKey(exchange.server, session, id));
    }
    while (this.#closed.size > CLOSED_KEPT) {
      const oldest = this.#closed.values().next().value!;
      this.#closed.delete(oldest);
      this.#opens.delete(oldest);
    }
  }

  /** Inherits from the request before in a related compound, then names the tree and the file. */
  #resolve(exchange: Exchange, facts: Facts): void {
    const previous = exchange.chain?.previous ?? null;
    if (previous !== null) this.#inherit(facts, this.facts(previous), exchange.command);
    if (facts.tree === null && facts.treeId !== null) {
      facts.tree = this.#trees.get(treeKey(exchange.server, facts.sessionId, facts.treeId)) ??
        this.#trees.get(treeKey(null, facts.sessionId, facts.treeId)) ?? null;
    }
    if (exchange.command === "CREATE" || facts.path !== null) return;
    if (facts.fileId === null || sameFileId(facts.fileId, RELATED_FILE_ID)) return;
    const open = this.#opens.get(openKey(exchange.server, facts.sessionId, facts.fileId)) ??
      this.#opens.get(openKey(exchange.server, null, facts.fileId));
    if (open === undefined) return;
    const opened = this.facts(open);
    facts.path = opened.path;
    facts.create = open;
    facts.tree ??= opened.tree;
  }

  #inherit(facts: Facts, before: Facts, command: string): void {
    if (facts.sessionId === ALL_ONES_ID || facts.sessionId === 0n) {
      facts.sessionId = before.sessionId;
    }
    if (facts.treeId === ALL_ONES_TREE || facts.treeId === 0) facts.treeId = before.treeId;
    if (command === "CREATE") return;
    const inherits = facts.fileId === null || facts.fileIdInherited ||
      sameFileId(facts.fileId, RELATED_FILE_ID);
    if (!inherits) return;
    if (facts.fileId !== null && before.fileId !== null) {
      if (!sameFileId(before.fileId, RELATED_FILE_ID)) {
        facts.fileId = before.fileId;
        facts.fileIdInherited = true;
      }
    }
    if (before.path !== null) facts.path = before.path;
  }
}

const SESSION_SETUP = 0x0001;
const TREE_CONNECT = 0x0003;
const CLOSE = 0x0006;
const CANCEL = 0x000c;
const OPLOCK_BREAK = 0x0012;

/** Message ids remembered per conversation, for CANCEL. */
const RECENT_KEPT = 8192;

/** Bytes of a header up to the end of TreeId and of SessionId. */
const TREE_ID_END = 40;
const SESSION_ID_END = 48;

function newFacts(captured: CapturedMessage | null): Facts {
  const known = captured?.known ?? 0;
  const header = captured?.header;
  const asynchronous = header !== undefined && (header.flags & HeaderFlags.ASYNC_COMMAND) !== 0;
  return {
    sessionId: header === undefined || known < SESSION_ID_END ? null : header.sessionId,
    treeId: header === undefined || known < TREE_ID_END || asynchronous ? null : header.treeId,
    tree: null,
    fileId: null,
    fileIdInherited: false,
    path: null,
    create: null,
    reconnectFileId: null,
    cancels: null,
    acknowledges: null,
    leasePaths: [],
  };
}

/** An orphan response is all there is: its own ids count. */
function orphanFacts(facts: Facts, response: CapturedMessage): Partial<Facts> {
  const { message } = response;
  const own = newFacts(response);
  return {
    sessionId: facts.sessionId ?? own.sessionId,
    treeId: facts.treeId ?? own.treeId,
    fileId: message === null ? null : fileIdOf(message),
  };
}

function fileIdOf(message: Message): FileId | null {
  if (message.kind !== "request" && message.kind !== "response") return null;
  return "fileId" in message.body ? message.body.fileId : null;
}

function reconnectFileId(contexts: readonly CreateRequestContext[]): FileId | null {
  for (const context of contexts) {
    if (context.kind === "DHnC" || context.kind === "DH2C") return context.fileId;
  }
  return null;
}

/** What a break and its acknowledgement have in common: the lease key, or the file id. */
function breakKey(message: Message | null): string | null {
  if (message === null || message.kind === "raw" || message.kind === "error") return null;
  if (message.command !== "OPLOCK_BREAK") return null;
  return message.body.kind === "oplock"
    ? fileIdText(message.body.fileId)
    : hex(message.body.leaseKey);
}

function treeKey(server: string | null, session: bigint | null, treeId: number): string {
  return `${server ?? ""}|${session ?? ""}|${treeId}`;
}

function openKey(server: string, session: bigint | null, id: FileId): string {
  return `${server}|${session ?? ""}|${fileIdText(id)}`;
}

function hex(bytes: Uint8Array): string {
  return bytes.toHex();
}
