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
import type { CaptureNote } from "./capture/mod.ts";
import type {
  CapturedMessage,
  CapturedUser,
  Exchange,
  Facts,
  Opened,
  Unwrapper,
} from "./exchange.ts";
import { LACKS_FILE_ID } from "./cut_message.ts";
import { OpenTable } from "./open_table.ts";
import { RecentMap } from "./recent_map.ts";
import { RecentRequests, TreeTable } from "./state_tables.ts";

const ALL_ONES_ID = 0xffffffffffffffffn;
const ALL_ONES_TREE = 0xffffffff;

/** Requests remembered by AsyncId, breaks, and opens with a lease. */
const ASYNC_KEPT = 8192;
const BREAKS_KEPT = 8192;
const LEASED_KEPT = 65_536;

/** Follows sessions, trees, opens and leases through a capture. */
export class ReplayState {
  readonly #trees = new TreeTable((stream) => this.#clientGuids.has(stream));
  readonly #opens = new OpenTable();
  /** Opens with a lease. */
  readonly #leased = new Set<Opened>();
  readonly #clientGuids = new Map<number, string>();
  #leasesLost = 0;
  readonly #breaks = new RecentMap<string, Exchange>(BREAKS_KEPT);
  readonly #recent = new RecentRequests();
  readonly #byAsyncId = new RecentMap<string, Exchange>(ASYNC_KEPT, isUnderWay);
  readonly #users: Pick<Unwrapper, "userOf"> | undefined;

  /** `users` tells of logins whose messages hide the user. */
  constructor(users?: Pick<Unwrapper, "userOf">) {
    this.#users = users;
  }

  /** Who a login is of whose messages do not say so. */
  userOf(stream: number, sessionId: bigint): CapturedUser | null {
    return this.#users?.userOf?.(stream, sessionId) ?? null;
  }

  /** What was forgotten, as too much was to be remembered. */
  notes(): CaptureNote[] {
    const forgotten = [
      ["What a session was connected to", this.#trees.lost],
      ["A file that was not closed", this.#opens.lost],
      ["The lease of an open file", this.#leasesLost],
      ["A pending request", this.#byAsyncId.lost],
    ] as const;
    return forgotten.filter(([, count]) => count > 0).map(([what, count]) => ({
      reason:
        `${what} was forgotten, as too many came after: what refers to it later does not know it`,
      loss: true,
      count,
      frames: [],
    }));
  }

  /** The facts of an exchange that was opened here. */
  facts(exchange: Exchange): Facts {
    const { facts } = exchange;
    if (facts === null) {
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
    exchange.facts = facts;
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
    const isNamed = response.lacks !== LACKS_FILE_ID;
    if (message?.kind === "response" && message.command === "CREATE" && isNamed) {
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
          const open = this.#opens.find(exchange.server, null, facts.reconnectFileId);
          if (open !== undefined) facts.path = open.path;
        }
      } else {
        facts.fileId = fileIdOf(message);
      }
    }
    if (header.command === CANCEL) {
      facts.cancels = header.asyncId !== undefined
        ? this.#byAsyncId.get(`${exchange.stream}:${header.asyncId}`) ?? null
        : exchange.unanswered ?? this.#recent.find(exchange.stream, header.messageId);
      return;
    }
    if (header.command === OPLOCK_BREAK) {
      const key = breakKey(message);
      const guid = this.#clientGuids.get(exchange.stream) ?? "";
      facts.acknowledges = key === null ? null : this.#breaks.get(`${guid}:${key}`) ?? null;
    }
    this.#recent.add(exchange);
  }

  /** An interim response gave the request an AsyncId. */
  pending(exchange: Exchange): void {
    if (exchange.interim === null) return;
    this.#byAsyncId.set(`${exchange.stream}:${exchange.interim.asyncId}`, exchange);
  }

  /** Nothing more comes of a connection. */
  ended(stream: number): void {
    this.#clientGuids.delete(stream);
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
    for (const open of this.#leased) {
      if (open.leaseKey === key && (open.clientGuid ?? "") === guid) paths.add(open.path ?? "");
    }
    facts.leasePaths = [...paths].sort();
  }

  #treeConnected(exchange: Exchange, facts: Facts, treeId: number): void {
    facts.treeId = treeId;
    const request = exchange.request?.message;
    if (request?.kind !== "request" || request.command !== "TREE_CONNECT") return;
    facts.tree = request.body.path;
    this.#trees.set(facts.sessionId, {
      server: exchange.server,
      stream: exchange.stream,
      treeId,
      path: facts.tree,
    });
  }

  #created(exchange: Exchange, facts: Facts, message: Message): void {
    const id = facts.fileId!;
    this.#resolve(exchange, facts);
    const { index, server, stream } = exchange;
    const { sessionId, treeId, tree, path } = facts;
    const open: Opened = {
      index,
      server,
      fileId: id,
      sessionId,
      treeId,
      tree,
      path,
      leaseKey: null,
      clientGuid: null,
    };
    const replaced = this.#opens.open(open);
    if (replaced !== null) this.#leased.delete(replaced);
    if (message.kind !== "response" || message.command !== "CREATE") return;
    for (const context of message.body.contexts) {
      if (context.kind !== "RqLs") continue;
      open.leaseKey = hex(context.leaseKey);
      open.clientGuid = this.clientGuid(stream);
      this.#leased.add(open);
    }
    if (this.#leased.size > LEASED_KEPT) {
      this.#leased.delete(this.#leased.values().next().value!);
      this.#leasesLost++;
    }
  }

  #fileClosed({ server }: Exchange, { sessionId, create }: Facts, id: FileId): void {
    const open = create ?? this.#opens.find(server, sessionId, id);
    if (open === undefined) return;
    this.#opens.close(open);
    if (open.leaseKey !== null) this.#leased.delete(open);
  }

  /** Inherits from the request before in a related compound, then names the tree and the file. */
  #resolve(exchange: Exchange, facts: Facts): void {
    const previous = exchange.chain?.previous ?? null;
    if (previous !== null) this.#inherit(facts, this.facts(previous), exchange.command);
    if (facts.tree === null && facts.treeId !== null) {
      facts.tree = this.#trees.find(exchange.server, facts.sessionId, facts.treeId);
    }
    if (exchange.command === "CREATE" || facts.path !== null) return;
    if (facts.fileId === null || sameFileId(facts.fileId, RELATED_FILE_ID)) return;
    const open = this.#opens.find(exchange.server, facts.sessionId, facts.fileId);
    if (open === undefined) return;
    facts.path = open.path;
    facts.create = open;
    facts.tree ??= open.tree;
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

/** Bytes of a header up to the end of TreeId and of SessionId. */
const TREE_ID_END = 40;
const SESSION_ID_END = 48;

function isUnderWay({ settled }: Exchange): boolean {
  return !settled;
}

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

function hex(bytes: Uint8Array): string {
  return bytes.toHex();
}
