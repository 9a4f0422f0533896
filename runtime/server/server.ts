/**
 * The server as an engine: bytes and a clock reading in, effects out (MS-SMB2 3.3). It holds what connections share:
 * sessions, opens, oplocks, leases, watched directories. No socket, timer, clock or randomness of its own.
 *
 * @module
 */

import { type AcceptorContext, createAcceptor, ntHash } from "../security/mod.ts";
import {
  type ChangeEvent,
  type FileNode,
  type FileOpen,
  FileStore,
  firstLink,
  type LockTicket,
  type Stream,
} from "../store/mod.ts";
import { type FileId, Status } from "../wire/mod.ts";
import { announceBreak, leaseKeyOf } from "./breaks.ts";
import { type Break, Caching, FileCaching, type Grant } from "./caching.ts";
import { Connection } from "./connection.ts";
import { DurableOpens, isKept } from "./durable_opens.ts";
import { Disconnect } from "./errors.ts";
import { AUTHENTICATION_TIMEOUT, BREAK_TIMEOUT, MAX_TRANSACT_SIZE } from "./limits.ts";
import { DIALECTS } from "./negotiate.ts";
import { flushWatch, recordChange } from "./notify.ts";
import type { ServerOptions, UserOptions } from "./options.ts";
import type { Open, Session, Share, TreeConnect } from "./state.ts";
import { failure, type Reply, type Work } from "./work.ts";

/** What the engine wants done. */
export type Effect =
  | {
    readonly kind: "write";
    /** Which connection. */
    readonly connection: number;
    /** Bytes to write as one; they do not change any more. */
    readonly chunks: readonly Uint8Array[];
  }
  | {
    readonly kind: "close";
    /** Which connection. */
    readonly connection: number;
    /** Why. */
    readonly reason: string;
  };

/** What the engine needs from outside. */
export interface ServerEnvironment {
  /** Unpredictable bytes. */
  readonly random: (length: number) => Uint8Array;
  /** The present time in milliseconds since 1970. */
  readonly now: number;
}

/** 100 ns intervals between 1601 and 1970. */
const EPOCH_DIFFERENCE = 116_444_736_000_000_000n;

/**
 * The server's engine. Connections are numbers that `accept` hands out; every call returns what is to be done, for
 * any connection.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { Command, encodeChain, makeHeader } from "../wire/mod.ts";
 *
 * const random = (length: number) => new Uint8Array(length).fill(7);
 * const server = new Server({ shares: [{ name: "data" }] }, { random, now: 0 });
 * const connection = server.accept(0);
 * const header = makeHeader({ command: Command.NEGOTIATE, credits: 1 });
 * const body = {
 *   securityMode: 1,
 *   capabilities: 0,
 *   clientGuid: "00000000-0000-0000-0000-000000000001",
 *   dialects: [0x0210],
 *   clientStartTime: 0n,
 * };
 * const request = encodeChain([{ kind: "request", command: "NEGOTIATE", header, body }]);
 * const effects = request.frame.flatMap((bytes) => server.receive(connection, bytes, 1));
 * assertEquals(effects.map((effect) => effect.kind), ["write"]);
 * ```
 */
export class Server {
  readonly sessions = new Map<bigint, Session>();
  readonly dialects: readonly number[];
  readonly maxTransactSize: number;
  readonly requireSigning: boolean;
  readonly caching: boolean;
  /** Name of the server, for NTLM and share lists. */
  readonly name: string;
  /** ServerGuid. */
  readonly guid: string;
  /** Serial number of every volume. */
  readonly volumeId: bigint;
  readonly shares: readonly Share[];
  readonly random: (length: number) => Uint8Array;
  /** Leases by client and key (GlobalLeaseTableList, MS-SMB2 3.3.1.11). */
  readonly leases = new Map<string, Grant<Open>>();
  /** Watched directories. */
  readonly watchers = new Map<FileNode, Set<Open>>();
  /** The opens behind the store's. */
  readonly opens = new Map<FileOpen, Open>();
  /** Requests that wait for byte-range locks. */
  readonly lockWaits = new Map<LockTicket, Work>();
  /** Opens without a connection, and CREATEs that may come again. */
  readonly durables = new DurableOpens();
  readonly #options: ServerOptions;
  readonly #accounts: ReadonlyMap<string, Uint8Array>;
  readonly #connections = new Map<number, Connection>();
  readonly #unauthenticated = new Set<Connection>();
  readonly #caching = new Map<Stream, FileCaching<Open>>();
  readonly #breaking = new Set<FileCaching<Open>>();
  readonly #waiting = new Map<FileCaching<Open>, Set<Work>>();
  readonly #retries = new Map<Work, (now: number) => Reply | null>();
  #effects: Effect[] = [];
  #tasks: { readonly connection: Connection; readonly run: () => void }[] = [];
  #now: number;
  #nextConnection = 1;
  #nextFileId = 1n;

  /**
   * @param options What to serve and how.
   * @param environment Randomness and the present time.
   */
  constructor(options: ServerOptions, environment: ServerEnvironment) {
    this.#options = options;
    this.#now = environment.now;
    this.random = environment.random;
    this.name = options.name ?? "SMBENCH";
    this.dialects = options.dialects ?? DIALECTS;
    this.maxTransactSize = options.maxTransactSize ?? MAX_TRANSACT_SIZE;
    this.requireSigning = options.requireSigning ?? false;
    this.caching = options.caching ?? true;
    this.guid = guidFrom(this.random(16));
    this.volumeId = new DataView(this.random(8).slice().buffer).getBigUint64(0, true);
    this.#accounts = new Map((options.users ?? []).map(accountOf));
    this.shares = [
      ...options.shares.map((share): Share => ({
        name: share.name,
        comment: share.comment ?? "",
        readOnly: share.readOnly ?? false,
        guests: share.guests ?? true,
        store: share.store ?? new FileStore({ now: this.fileTime(environment.now) }),
      })),
      { name: "IPC$", comment: "Remote IPC", readOnly: false, guests: true, store: undefined },
    ];
  }

  /**
   * Begins a connection.
   *
   * @param now Milliseconds since 1970.
   * @returns Its number.
   */
  accept(now: number): number {
    const connection = new Connection(this, this.#nextConnection++, now);
    this.#connections.set(connection.id, connection);
    this.#unauthenticated.add(connection);
    return connection.id;
  }

  /**
   * Takes bytes from a peer.
   *
   * @param id The connection.
   * @param bytes Any part of its stream; not kept after the call.
   * @param now Milliseconds since 1970.
   * @returns What to do.
   */
  receive(id: number, bytes: Uint8Array, now: number): Effect[] {
    this.#now = now;
    const connection = this.#connections.get(id);
    if (connection !== undefined) this.#guard(connection, () => connection.receive(bytes, now));
    return this.#settle();
  }

  /**
   * Lets time pass: overdue breaks end, idle strangers go, and durable opens that nobody came back for.
   *
   * @param now Milliseconds since 1970.
   * @returns What to do.
   */
  tick(now: number): Effect[] {
    this.#now = now;
    for (const caching of [...this.#breaking]) {
      if (caching.expire(now)) this.cachingChanged(caching);
    }
    // MS-SMB2 3.3.2.2: the Durable Open Scavenger Timer.
    for (const open of this.durables.overdue(now)) this.closeOpen(open, now);
    for (const connection of [...this.#unauthenticated]) {
      if (hasSession(connection)) this.#unauthenticated.delete(connection);
      else if (now - connection.acceptedAt >= AUTHENTICATION_TIMEOUT) {
        this.#drop(connection, "no session in time");
      }
    }
    return this.#settle();
  }

  /** When {@linkcode tick} has something to do next, in milliseconds since 1970; Infinity when nothing is due. */
  get nextDeadline(): number {
    let next = this.durables.nextDeadline;
    for (const caching of this.#breaking) next = Math.min(next, caching.nextDeadline);
    for (const connection of this.#unauthenticated) {
      next = Math.min(next, connection.acceptedAt + AUTHENTICATION_TIMEOUT);
    }
    return next;
  }

  /**
   * Ends a connection whose peer is gone: its sessions end, its files are closed; durable ones wait for it.
   *
   * @param id The connection.
   * @param now Milliseconds since 1970.
   * @returns What to do for others.
   */
  close(id: number, now: number): Effect[] {
    this.#now = now;
    const connection = this.#connections.get(id);
    if (connection !== undefined) this.#forget(connection);
    return this.#settle();
  }

  /** Connections that exist. */
  get connectionCount(): number {
    return this.#connections.size;
  }

  /** A time as a FILETIME. */
  fileTime(now: number): bigint {
    return BigInt(Math.round(now * 10_000)) + EPOCH_DIFFERENCE;
  }

  /** A share by its name. */
  findShare(name: string): Share | undefined {
    const wanted = name.toUpperCase();
    return this.shares.find((share) => share.name.toUpperCase() === wanted);
  }

  /** An authentication that begins. */
  newAcceptor(): AcceptorContext {
    return createAcceptor({
      computerName: this.name,
      findNtHash: (user) => this.#accounts.get(user.toUpperCase()) ?? null,
      guest: this.#options.guest ?? false,
      anonymous: this.#options.anonymous ?? true,
      random: this.random,
      now: () => this.fileTime(this.#now),
    });
  }

  /** A session id that nobody has. */
  newSessionId(): bigint {
    for (;;) {
      const id = new DataView(this.random(8).slice().buffer).getBigUint64(0, true);
      if (id !== 0n && id !== 0xffff_ffff_ffff_ffffn && !this.sessions.has(id)) return id;
    }
  }

  /** A file id that nobody has. */
  newFileId(): FileId {
    const id = this.#nextFileId++;
    return { persistent: id, volatile: id };
  }

  /** Queues bytes for a connection. */
  send(connection: Connection, chunks: readonly Uint8Array[]): void {
    if (!this.#connections.has(connection.id)) return;
    this.#effects.push({ kind: "write", connection: connection.id, chunks });
  }

  /** Answers a deferred request once the one under way is done. */
  complete(work: Work, reply: Reply): void {
    const { connection } = work;
    this.#tasks.push({
      connection,
      run: () => connection.complete(work, reply, this.#now),
    });
  }

  /** The caching of a stream; made when there is none. */
  cachingOf(stream: Stream): FileCaching<Open> {
    let caching = this.#caching.get(stream);
    if (caching === undefined) {
      const timeout = this.#options.breakTimeout ?? BREAK_TIMEOUT;
      caching = new FileCaching<Open>({
        timeout,
        announce: (event) => this.#announce(event),
      });
      this.#caching.set(stream, caching);
    }
    return caching;
  }

  /** The caching of a stream where anybody caches it. */
  existingCaching(stream: Stream | undefined): FileCaching<Open> | undefined {
    return stream === undefined ? undefined : this.#caching.get(stream);
  }

  /**
   * Tries a request again whenever a break of a file ends.
   *
   * @param caching The file.
   * @param work The request, deferred.
   * @param retry Does it again; null when it must wait on.
   */
  waitForBreak(
    caching: FileCaching<Open>,
    work: Work,
    retry: (now: number) => Reply | null,
  ): void {
    let waiting = this.#waiting.get(caching);
    if (waiting === undefined) this.#waiting.set(caching, waiting = new Set());
    waiting.add(work);
    this.#retries.set(work, retry);
  }

  /** Forgets a request that waits for a break. */
  stopWaiting(work: Work): void {
    this.#retries.delete(work);
    for (const waiting of this.#waiting.values()) waiting.delete(work);
  }

  /** Takes notice that a break ended or a grant went: waiting requests are tried again. */
  cachingChanged(caching: FileCaching<Open>): void {
    // A break that goes on after an acknowledgement keeps everybody waiting.
    if (caching.nextDeadline !== Infinity) return;
    this.#breaking.delete(caching);
    const waiting = this.#waiting.get(caching);
    this.#waiting.delete(caching);
    for (const work of waiting ?? []) {
      const retry = this.#retries.get(work);
      if (retry === undefined) continue;
      this.#retries.delete(work);
      this.#tasks.push({
        connection: work.connection,
        run: () => {
          const reply = retry(this.#now);
          if (reply !== null) work.connection.complete(work, reply, this.#now);
        },
      });
    }
  }

  /** Tells watchers and waiters what happened in a store. */
  afterStore(store: FileStore): void {
    const touched = new Set<Open>();
    for (const event of store.takeEvents()) {
      switch (event.kind) {
        case "change":
          this.#changed(event, touched);
          break;
        case "lockGranted":
          this.#lockGranted(event.ticket);
          break;
        case "deletePending":
          this.#endWatches(event.node, Status.DELETE_PENDING);
          break;
        case "directoryGone":
          this.#endWatches(event.directory, Status.DELETE_PENDING);
          break;
        case "overflow":
          for (const opens of this.watchers.values()) {
            for (const open of opens) {
              if (open.watch !== undefined) open.watch.overflowed = true;
              touched.add(open);
            }
          }
      }
    }
    for (const open of touched) flushWatch(this, open);
  }

  /** Closes an open (MS-SMB2 3.3.4.17). */
  closeOpen(open: Open, now: number): void {
    if (open.closed) return;
    open.closed = true;
    open.session?.opens.delete(open.fileId.volatile);
    this.durables.forget(open);
    for (const work of open.lockWaits) this.complete(work, failure(Status.RANGE_NOT_LOCKED));
    open.lockWaits.clear();
    if (open.watch !== undefined) this.#unwatch(open, Status.NOTIFY_CLEANUP);
    const { file, grant } = open;
    const { store } = open.share;
    if (file?.deleteOnClose === true) this.#announceDeletion(open, now);
    if (file !== undefined) {
      this.opens.delete(file);
      store?.close(file, this.fileTime(now));
      if (store !== undefined) this.afterStore(store);
    }
    if (grant !== undefined) this.releaseGrant(open, grant);
    const { stream } = file ?? {};
    const caching = this.existingCaching(stream);
    if (stream !== undefined && caching !== undefined) {
      this.cachingChanged(caching);
      if (caching.grants.size === 0) this.#caching.delete(stream);
    }
  }

  /** Takes an open off its oplock or lease. */
  releaseGrant(open: Open, grant: Grant<Open>): void {
    open.grant = undefined;
    if (grant.file.release(grant, open) && grant.lease !== undefined) {
      this.leases.delete(leaseKeyOf(grant.lease));
    }
  }

  /** Ends a tree connect: its opens are closed. */
  endTree(tree: TreeConnect, now: number): void {
    for (const open of [...tree.session.opens.values()]) {
      if (open.tree === tree) this.closeOpen(open, now);
    }
    tree.session.trees.delete(tree.id);
  }

  /** Gives an open that waits for its client to a session. */
  attachOpen(open: Open, tree: TreeConnect): void {
    this.durables.release(open);
    if (open.durable !== undefined) open.durable.deadline = Infinity;
    open.fileId = { ...open.fileId, volatile: this.newFileId().volatile };
    open.session = tree.session;
    open.tree = tree;
    tree.session.opens.set(open.fileId.volatile, open);
  }

  /** Ends a session: its opens are closed, or wait for their client; its waiting requests are answered. */
  endSession(
    session: Session,
    now: number,
    how: { readonly keepDurable?: boolean } = {},
  ): void {
    for (const open of [...session.opens.values()]) {
      if (how.keepDurable === true && isKept(open)) this.#disconnectOpen(open, now);
      else this.closeOpen(open, now);
    }
    session.trees.clear();
    session.connection.sessions.delete(session.id);
    this.sessions.delete(session.id);
    for (const work of session.connection.pending.values()) {
      if (work.session !== session) continue;
      const reply = work.cancel?.() ?? null;
      if (reply !== null) this.complete(work, failure(Status.USER_SESSION_DELETED));
    }
  }

  #disconnectOpen(open: Open, now: number): void {
    open.session?.opens.delete(open.fileId.volatile);
    open.session = undefined;
    open.tree = undefined;
    const surplus = this.durables.keep(open, now);
    if (surplus !== undefined) this.closeOpen(surplus, now);
  }

  // MS-SMB2 3.3.2.2: a durable open without a connection is not kept against a break; nobody would answer it.
  #announce(event: Break<Open>): void {
    const { grant, from, to } = event;
    const lost = [...grant.holders].filter(({ session }) => session === undefined);
    const answered = lost.length < grant.holders.size;
    // A lease that others of its opens answer for goes on; those without a connection need its handles.
    if (!answered || (from & ~to & Caching.HANDLE) !== 0) {
      for (const open of lost) this.closeOpen(open, this.#now);
    }
    if (!answered) return;
    if (event.ackRequired) this.#breaking.add(grant.file);
    announceBreak(event, this.#connections.values());
  }

  // A file that is about to go is of no use to those who keep handles of it.
  #announceDeletion(open: Open, now: number): void {
    const revoke = Caching.HANDLE;
    this.existingCaching(open.file?.stream)?.contend({ by: open, revoke, waitFor: 0 }, now);
  }

  #changed(event: ChangeEvent, touched: Set<Open>): void {
    if (this.watchers.size === 0) return;
    let at: FileNode | undefined = event.directory;
    let name = event.name;
    let direct = true;
    while (at !== undefined) {
      for (const open of this.watchers.get(at) ?? []) {
        const { watch } = open;
        if (watch === undefined || (watch.filter & event.filter) === 0) continue;
        if ((watch.filter & (event.unless ?? 0)) !== 0) continue;
        if (!direct && !watch.recursive) continue;
        recordChange(watch, event.action, name);
        touched.add(open);
      }
      const link = firstLink(at);
      if (link === undefined) return;
      name = `${link.name}\\${name}`;
      at = link.parent;
      direct = false;
    }
  }

  #lockGranted(ticket: LockTicket): void {
    const work = this.lockWaits.get(ticket);
    if (work === undefined) return;
    this.lockWaits.delete(ticket);
    this.complete(work, { status: Status.SUCCESS, body: { reserved: 0 } });
  }

  #endWatches(directory: FileNode, status: number): void {
    for (const open of this.watchers.get(directory) ?? []) {
      for (const work of open.watch?.requests.splice(0) ?? []) this.complete(work, failure(status));
    }
  }

  #unwatch(open: Open, status: number): void {
    for (const work of open.watch?.requests.splice(0) ?? []) this.complete(work, failure(status));
    open.watch = undefined;
    if (open.file === undefined) return;
    const opens = this.watchers.get(open.file.node);
    opens?.delete(open);
    if (opens?.size === 0) this.watchers.delete(open.file.node);
  }

  #guard(connection: Connection, action: () => void): void {
    if (!this.#connections.has(connection.id)) return;
    try {
      action();
    } catch (error) {
      if (!(error instanceof Disconnect)) throw error;
      this.#drop(connection, error.message);
    }
  }

  #drop(connection: Connection, reason: string): void {
    this.#forget(connection);
    this.#effects.push({ kind: "close", connection: connection.id, reason });
  }

  #forget(connection: Connection): void {
    if (!this.#connections.delete(connection.id)) return;
    this.#unauthenticated.delete(connection);
    // MS-SMB2 3.3.7.1.
    for (const session of [...connection.sessions.values()]) {
      this.endSession(session, this.#now, { keepDurable: true });
    }
    for (const work of connection.pending.values()) work.cancel?.();
    connection.pending.clear();
  }

  // What one request sets off (answers to others, retried opens) comes after it, so that nothing nests.
  #settle(): Effect[] {
    for (let task = this.#tasks.shift(); task !== undefined; task = this.#tasks.shift()) {
      this.#guard(task.connection, task.run);
    }
    const effects = this.#effects;
    this.#effects = [];
    return effects;
  }
}

function hasSession(connection: Connection): boolean {
  for (const session of connection.sessions.values()) if (session.state === "valid") return true;
  return false;
}

function accountOf(user: UserOptions): [string, Uint8Array] {
  return [user.name.toUpperCase(), ntHash(user.password)];
}

function guidFrom(bytes: Uint8Array): string {
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    hex.slice(12, 16),
    hex.slice(16, 20),
    hex.slice(20, 32),
  ].join("-");
}
