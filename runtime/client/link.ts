/**
 * The loop between a transport and an engine: read, receive, perform effects. Everything that the public classes do
 * goes through here.
 */
import { type CommandName, isSuccess, type Message, Status } from "../wire/mod.ts";
import { LongFrames } from "./long_frames.ts";
import {
  type BreakNotice,
  ConnectionEngine,
  type Effect,
  Exchange,
  type LeaseTable,
  type Negotiated,
  type NegotiateOptions,
  type OpenState,
  type Reply,
  type RequestInput,
  type SessionKeyRecord,
  type SessionOptions,
  type SessionState,
  SparseMap,
  StatusError,
  type SuccessReply,
  type TreeInput,
  type TreeState,
} from "../protocol/mod.ts";
import { FaultTransport, type Transport, TransportError } from "../transport/mod.ts";
import type { AuthenticationExchange, Authenticator } from "./authenticator.ts";
import { randomBytes } from "./authenticator.ts";
import {
  type Acknowledgement,
  type BreakEvent,
  type BreakPolicy,
  NoticedBreak,
} from "./break_event.ts";
import type { RequestOptions } from "./options.ts";

/** Sees every message and break, in order, before the promises that they settle. Must not throw. */
export interface Observer {
  sent?(message: Message, at: number): void;
  received?(message: Message, at: number): void;
  broke?(event: BreakEvent): void;
  /** A session or channel got its keys. For those who decrypt captures: they are secrets. */
  keyed?(keys: SessionKeyRecord): void;
}

/** What a connection is made of beside its transport. */
export interface ConnectionOptions {
  /** Milliseconds, monotonic; `performance.now` unless told. */
  readonly now?: () => number;
  /** Random bytes for ClientGuid and salt; the platform's generator unless told. */
  readonly random?: (length: number) => Uint8Array;
  readonly observer?: Observer;
  /** Credits that requests ask to hold; 512 unless told. */
  readonly credits?: number;
  /** Leases shared by the connections of one ClientGuid. */
  readonly leases?: LeaseTable;
  /** Bytes from which encrypted frames are left to WebCrypto, where the cipher is GCM; 16 KiB unless told. */
  readonly webCryptoFrom?: number;
  /** Bytes from which messages are signed and verified by WebCrypto, where the algorithm is GMAC; 64 KiB unless told. */
  readonly webCryptoSignaturesFrom?: number;
  /** Bytes from which frames with data are compressed, where that was negotiated; 4096 unless told. */
  readonly compressFrom?: number;
}

/** Receives what concerns one open. */
export interface BreakTarget {
  readonly onBreak: BreakPolicy | null;
  broke(event: BreakEvent): void;
  /** No break will come any more; null where the open was closed. */
  ended(error: Error | null): void;
}

/** How a request's promise is settled. */
export interface Settler {
  readonly resolve: (reply: Reply, open: OpenState | null) => void;
  readonly reject: (error: unknown) => void;
  readonly options: RequestOptions;
  readonly path: string;
  readonly rescuer: Rescuer | null;
  /** Whether the request was repeated because its session had expired: once is enough. */
  readonly isRenewed?: boolean;
  readonly stopListening: (() => void) | null;
}

/** A request that did not get its answer, and the promise that waits for it. */
export interface Unanswered {
  readonly input: RequestInput;
  /** Why there is no answer. */
  readonly error: Error;
  /** Sends the request on a connection; its answer settles the promise. */
  resend(link: Link, input: RequestInput): void;
  /** The same without sending it, for a chain. */
  prepare(link: Link, input: RequestInput): Exchange;
  reject(error: unknown): void;
}

/** Who may send a request again. */
export interface Rescuer {
  /** Its connection is lost. Returns whether somebody takes care of it. */
  lost(request: Unanswered): boolean;
  /** Its session has expired (MS-SMB2 3.2.5.1.6). Returns whether somebody takes care of it. */
  expired(request: Unanswered): boolean;
}

/** What a request is about, how its reply becomes a value, and who may send it again. */
export interface RequestContext<C extends CommandName, T> {
  readonly path?: string;
  readonly map?: (reply: Reply<C>, open: OpenState | null) => T;
  readonly rescuer?: Rescuer;
}

/** How the promises of negotiate, session and tree are settled. */
interface Waiter<T> {
  readonly resolve: (value: T) => void;
  readonly reject: (error: unknown) => void;
}

/** A frame that waits for others. */
interface Outgoing {
  readonly chunks: readonly Uint8Array[] | Promise<readonly Uint8Array[]>;
  /** The connection ends in its place. */
  readonly drops: boolean;
}

/** A first read takes little, as most connections wait most of the time; later ones follow what arrives. */
const MIN_READ = 1024;
const MAX_READ = 256 * 1024;
/** Received bytes that may wait for decryption before reading pauses. */
const MAX_BACKLOG = 64 * 1024 * 1024;
const WEB_CRYPTO_FROM = 16 * 1024;
const WEB_CRYPTO_SIGNATURES_FROM = 64 * 1024;
/** Who has thought this long, in milliseconds, before a request... */
const PAUSE_MS = 1000;
/** ...will do so again: for so many reads the connection waits with little, when nothing is under way. */
const READS_AFTER_PAUSE = 16;
/** Room below which a fresh buffer is taken. */
const LEAST_ROOM = 256;
/** Rest of a frame that is worth a read of its own, which leaves it where it arrives. */
const DIRECT_FROM = 16 * 1024;
/** Behind such a rest another long frame is likely, of which no more than this should be in the wrong place. */
const AHEAD = 16 * 1024;

const NO_OPTIONS: RequestOptions = {};
const NO_CONTEXT = {};

/** The connection of each channel. */
const LINKS = new WeakMap<SessionState, Link>();

/** One connection at work. */
export class Link {
  readonly engine: ConnectionEngine;
  readonly transport: FaultTransport;
  readonly random: (length: number) => Uint8Array;
  readonly now: () => number;
  readonly disconnected: Promise<Error | null>;
  onBreak: BreakPolicy | null = null;
  /** Decides about each message that is about to be sent whether the connection ends in place of its frame. */
  dropsBefore: ((message: Message) => boolean) | null = null;

  readonly #observer: Observer | null;
  readonly #settleDisconnected: (error: Error | null) => void;
  readonly #sessions = new SparseMap<SessionState, Waiter<SessionState>>();
  readonly #authentications = new SparseMap<SessionState, AuthenticationExchange>();
  readonly #trees = new SparseMap<TreeState, Waiter<SuccessReply<"TREE_CONNECT">>>();
  /** Breaks that nobody has decided about yet. */
  readonly #breaks = new SparseMap<NoticedBreak, BreakNotice>();
  /** Made for the first long frame. */
  #longFrames: LongFrames | null = null;
  /** Frames that wait for one which is being encrypted; null where nothing waits. */
  #outgoing: Outgoing[] | null = null;
  /** The frame of the message that is being sent shall not arrive. */
  #dropsFrame = false;
  /** What the transport said of the last frame. */
  #written: Promise<void> | null = null;
  readonly #onWriteError = (error: unknown): void => this.#fail(error);
  #resumeReading: (() => void) | null = null;
  #negotiation: Waiter<Negotiated> | null = null;
  #timer: ReturnType<typeof setTimeout> | null = null;
  #timerDue = Infinity;
  #ended: Error | null = null;
  /** Settles when the peer has closed the connection, too; null where it is not waited for. */
  #leaving: PromiseWithResolvers<void> | null = null;

  constructor(transport: Transport, options: ConnectionOptions) {
    this.transport = transport instanceof FaultTransport
      ? transport
      : new FaultTransport(transport);
    this.random = options.random ?? randomBytes;
    this.now = options.now ?? monotonicNow;
    this.#observer = options.observer ?? null;
    this.engine = new ConnectionEngine({
      random: this.random,
      deferFrom: options.webCryptoFrom ?? WEB_CRYPTO_FROM,
      deferSignaturesFrom: options.webCryptoSignaturesFrom ?? WEB_CRYPTO_SIGNATURES_FROM,
      ...(options.compressFrom === undefined ? {} : { compressFrom: options.compressFrom }),
      ...(options.credits === undefined ? {} : { credits: options.credits }),
      ...(options.leases === undefined ? {} : { leases: options.leases }),
    });
    const { promise, resolve } = Promise.withResolvers<Error | null>();
    this.disconnected = promise;
    this.#settleDisconnected = resolve;
    this.#readLoop();
  }

  /** Sends one request; see {@linkcode Link.sendChain}. */
  request<C extends CommandName, T = Reply<C>>(
    input: RequestInput<C>,
    options: RequestOptions = NO_OPTIONS,
    more: RequestContext<C, T> = NO_CONTEXT,
  ): Promise<T> {
    const { exchange, promise } = this.enlist(new Exchange(input), options, more);
    this.perform(this.engine.send([exchange], this.now()));
    return promise;
  }

  /** Sends exchanges that `enlist` made, in one frame. */
  sendChain(exchanges: readonly Exchange[], related: boolean): void {
    this.perform(this.engine.send(exchanges, this.now(), related));
  }

  /** Ties a promise to an exchange that is about to be sent. `map` runs within the receive loop. */
  enlist<C extends CommandName, T = Reply<C>>(
    exchange: Exchange,
    options: RequestOptions = NO_OPTIONS,
    more: RequestContext<C, T> = NO_CONTEXT,
  ): { exchange: Exchange; promise: Promise<T> } {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const { path = "", map } = more;
    const settler: Settler = {
      resolve: map === undefined
        ? resolve as (reply: Reply) => void
        : (reply, open) => resolve(map(reply as Reply<C>, open)),
      reject,
      options,
      path,
      rescuer: more.rescuer ?? null,
      stopListening: this.#listen(exchange, options),
    };
    exchange.settler = settler;
    if (options.timeout !== undefined) this.#arm(this.now() + options.timeout);
    return { exchange, promise };
  }

  /** Whether requests can still be sent. */
  get isAlive(): boolean {
    return this.engine.failure === null;
  }

  negotiate(options: NegotiateOptions): Promise<Negotiated> {
    const effects = this.engine.negotiate(options, this.now());
    const { promise, resolve, reject } = Promise.withResolvers<Negotiated>();
    this.#negotiation = { resolve, reject };
    this.perform(effects);
    return promise;
  }

  session(
    authenticator: Authenticator,
    options: Omit<SessionOptions, "user">,
  ): Promise<SessionState> {
    const { session, effects } = this.engine.startSession({ ...options, user: authenticator.user });
    const { promise, resolve, reject } = Promise.withResolvers<SessionState>();
    this.#sessions.set(session, { resolve, reject });
    this.#authentications.set(session, authenticator.start());
    this.perform(effects);
    return promise;
  }

  tree(
    session: SessionState,
    request: TreeInput,
  ): Promise<{ tree: TreeState; reply: SuccessReply<"TREE_CONNECT"> }> {
    const { tree, effects } = this.engine.treeConnect(session, request, this.now());
    const { promise, resolve, reject } = Promise.withResolvers<SuccessReply<"TREE_CONNECT">>();
    this.#trees.set(tree, { resolve, reject });
    this.perform(effects);
    return promise.then((reply) => ({ tree, reply }));
  }

  /** Authenticates a session again. */
  reauthenticate(session: SessionState, authenticator: Authenticator): Promise<SessionState> {
    const effects = this.engine.reauthenticate(session);
    const { promise, resolve, reject } = Promise.withResolvers<SessionState>();
    this.#sessions.set(session, { resolve, reject });
    this.#authentications.set(session, authenticator.start());
    this.perform(effects);
    return promise;
  }

  /** Breaks of `open` go to `target` from now on. */
  watch(open: OpenState, target: BreakTarget): void {
    open.watcher = target;
  }

  /** Takes over a request of another connection, with the promise that waits for its answer; `sendChain` sends it. */
  adopt(input: RequestInput, settler: Settler): Exchange {
    const exchange = new Exchange(input);
    const { timeout } = settler.options;
    exchange.settler = { ...settler, stopListening: this.#listen(exchange, settler.options) };
    if (timeout !== undefined) this.#arm(this.now() + timeout);
    return exchange;
  }

  close(): void {
    if (this.#leaving !== null) this.transport.close();
    this.perform(this.engine.close(null, this.now()));
  }

  /** Ends it, and waits until the peer has closed it, too: no longer than so many milliseconds. */
  async leave(limit: number): Promise<void> {
    if (this.#ended === null) {
      this.#leaving = Promise.withResolvers();
      this.perform(this.engine.close(null, this.now()));
    }
    if (this.#leaving === null) return;
    const timer = setTimeout(() => this.transport.close(), limit);
    await this.#leaving.promise;
    clearTimeout(timer);
  }

  perform(effects: readonly Effect[]): void {
    for (const effect of effects) this.#perform(effect);
  }

  get #long(): LongFrames {
    return this.#longFrames ??= new LongFrames();
  }

  #perform(effect: Effect): void {
    switch (effect.kind) {
      case "write":
        this.#write(effect.chunks);
        return;
      case "writeSealed":
        this.#write(this.#long.seal(effect.job));
        return;
      case "writeSigned":
        this.#write(this.#long.sign(effect.job, effect));
        return;
      case "open":
        this.#long.open(effect.job)
          .then((text) => this.#settled(this.engine.opened(effect.id, text, this.now())))
          .catch((error) => this.#fail(error));
        return;
      case "verify":
        this.#long.verify(effect.job, effect.signature)
          .then((isValid) => this.#settled(this.engine.verified(effect.id, isValid, this.now())))
          .catch((error) => this.#fail(error));
        return;
      case "sent":
        this.#observer?.sent?.(effect.message, effect.at);
        if (this.dropsBefore?.(effect.message) === true) this.#dropsFrame = true;
        return;
      case "received":
        this.#observer?.received?.(effect.message, effect.at);
        return;
      case "replied":
        return this.#replied(effect.exchange, effect.reply, effect.open);
      case "interim": {
        const options = settlerOf(effect.exchange)?.options;
        options?.onInterim?.();
        options?.owner?.interim();
        return;
      }
      case "rejected":
        return this.#rejected(effect.exchange, effect.error);
      case "timedOut":
        return this.#timedOut(effect.exchange);
      case "withdrawn": {
        const settler = this.#settlerOf(effect.exchange);
        settler?.reject((settler.options.owner ?? settler.options).signal?.reason);
        return;
      }
      case "negotiated":
        this.#negotiation?.resolve(effect.negotiated);
        this.#negotiation = null;
        return;
      case "authenticate":
        this.#authenticate(effect.session, effect.token);
        return;
      case "sessionEstablished":
        this.#authentications.take(effect.session);
        LINKS.set(effect.session, this);
        if (effect.keys !== null) this.#observer?.keyed?.(effect.keys);
        this.#sessions.take(effect.session)?.resolve(effect.session);
        return;
      case "sessionFailed":
        this.#authentications.take(effect.session);
        this.#sessions.take(effect.session)?.reject(this.#errorFor(effect.error));
        return;
      case "treeConnected":
        this.#trees.take(effect.tree)?.resolve(effect.reply);
        return;
      case "treeFailed":
        this.#trees.take(effect.tree)?.reject(this.#errorFor(effect.error));
        return;
      case "openClosed":
        this.#release(effect.open, null);
        return;
      case "openLost":
        this.#release(effect.open, this.engine.failure);
        return;
      case "broke":
        return this.#broke(effect.notice);
      case "ended":
        return this.#end(effect.error);
    }
  }

  /** A frame was decrypted or verified, and others may have had their turn with it. */
  #settled(effects: readonly Effect[]): void {
    this.perform(effects);
    if (this.engine.backlog < MAX_BACKLOG) this.#resumeReading?.();
  }

  #replied(exchange: Exchange, reply: Reply, open: OpenState | null): void {
    const settler = this.#settlerOf(exchange);
    if (settler === null) return;
    const mayRenew = settler.rescuer !== null && settler.isRenewed !== true;
    if (reply.status === Status.NETWORK_SESSION_EXPIRED && mayRenew) {
      const error = new StatusError(reply, settler.path);
      const request = unanswered(exchange.input, { ...settler, isRenewed: true }, error);
      if (settler.rescuer?.expired(request) === true) return;
    }
    if (isAccepted(reply, settler.options.accept)) settler.resolve(reply, open);
    else settler.reject(new StatusError(reply, settler.path));
  }

  #rejected(exchange: Exchange, error: Error): void {
    const settler = this.#settlerOf(exchange);
    if (settler === null) return;
    // Closed on purpose, nothing is sent again.
    const isLost = error === this.engine.failure && this.engine.phase === "failed";
    if (isLost && settler.rescuer !== null) {
      if (settler.rescuer.lost(unanswered(exchange.input, settler, error))) return;
    }
    settler.reject(this.#errorFor(error));
  }

  #timedOut(exchange: Exchange): void {
    const settler = this.#settlerOf(exchange);
    settler?.reject(
      new TransportError(
        `Cannot ${exchange.input.command}: no response within ${settler.options.timeout} ms`,
        { reason: "timed out" },
      ),
    );
  }

  #settlerOf(exchange: Exchange): Settler | null {
    const settler = settlerOf(exchange);
    if (settler !== null) {
      exchange.settler = null;
      settler.stopListening?.();
      if (settler.options.timeout !== undefined) this.#arm(this.engine.nextDeadline);
    }
    return settler;
  }

  #listen(exchange: Exchange, { signal, owner }: RequestOptions): (() => void) | null {
    if (signal === undefined && owner === undefined) return null;
    const cancel = () => this.perform(this.engine.cancel(exchange, this.now()));
    if (signal?.aborted === true || owner?.isCancelled === true) {
      // Sent and cancelled at once: the caller asked for both.
      exchange.cancelWhenSent = true;
      return null;
    }
    owner?.cancelBy(cancel);
    if (signal === undefined) return null;
    signal.addEventListener("abort", cancel, { once: true });
    return () => signal.removeEventListener("abort", cancel);
  }

  async #authenticate(session: SessionState, token: Uint8Array | null): Promise<void> {
    let effects: Effect[];
    try {
      const step = await this.#authentications.get(session)?.step(token);
      if (step === undefined) return;
      effects = this.engine.authenticated(session, step, this.now());
    } catch (error) {
      effects = this.engine.authenticationFailed(session, asError(error));
    }
    this.perform(effects);
  }

  #broke(notice: BreakNotice): void {
    const event = new NoticedBreak(notice, (state, settle) => {
      this.#breaks.delete(event);
      this.#acknowledge(notice, state, settle);
    });
    const targets = notice.opens.flatMap((open) => watcherOf(open) ?? []);
    this.#observer?.broke?.(event);
    const policy = targets.find((target) => target.onBreak !== null)?.onBreak ?? this.onBreak;
    this.#breaks.set(event, notice);
    const reaction = policy?.(event) ?? "acknowledge";
    event.react(reaction);
    if (reaction !== "defer") this.#breaks.delete(event);
    for (const target of targets) target.broke(event);
  }

  #acknowledge(
    notice: BreakNotice,
    state: number,
    settle: (outcome: Acknowledgement | null) => void,
  ): void {
    const link = this.#linkFor(ownerOf(notice));
    if (link !== this) return link.#acknowledge(notice, state, settle);
    const now = this.now();
    const { exchange, effects } = this.engine.acknowledge(notice, now, state);
    if (exchange === null) return settle(null);
    const settler: Settler = {
      resolve: (reply) => settle({ sentAt: reply.sentAt, status: reply.status }),
      reject: () => settle(null),
      options: { accept: "any" },
      path: "",
      rescuer: null,
      stopListening: null,
    };
    exchange.settler = settler;
    this.perform(effects);
  }

  /** A server may send breaks on another connection of the client; the session's own takes the answer. */
  #linkFor(session: SessionState | null): Link {
    if (session === null) return this;
    if (this.isAlive && this.engine.channelOf(session) !== null) return this;
    for (const channel of session.shared.channels) {
      const link = LINKS.get(channel);
      if (link?.isAlive === true) return link;
    }
    return this;
  }

  #release(open: OpenState, error: Error | null): void {
    watcherOf(open)?.ended(error === null ? null : this.#errorFor(error));
    open.watcher = null;
  }

  /** Hands a frame to the transport, behind those that are still being encrypted or signed. */
  #write(chunks: readonly Uint8Array[] | Promise<readonly Uint8Array[]>): void {
    const drops = this.#dropsFrame;
    this.#dropsFrame = false;
    // Awaited in its turn, unless the connection ends before.
    if (chunks instanceof Promise) chunks.catch(() => {});
    if (this.#outgoing !== null) {
      this.#outgoing.push({ chunks, drops });
      return;
    }
    if (chunks instanceof Promise) {
      this.#outgoing = [{ chunks, drops }];
      this.#writeWaiting(this.#outgoing);
      return;
    }
    this.#handOver(chunks, drops);
  }

  async #writeWaiting(waiting: Outgoing[]): Promise<void> {
    try {
      for (let next = waiting[0]; next !== undefined && this.#ended === null; next = waiting[0]) {
        const { chunks, drops } = next;
        const ready = chunks instanceof Promise ? await chunks : chunks;
        waiting.shift();
        this.#handOver(ready, drops);
      }
    } catch (error) {
      this.#fail(error);
    }
    this.#outgoing = null;
  }

  #handOver(chunks: readonly Uint8Array[], drops: boolean): void {
    if (drops) this.transport.dropNext();
    const written = this.transport.write(chunks);
    // Frames that leave together have one promise.
    if (written === this.#written) return;
    this.#written = written;
    written.catch(this.#onWriteError);
  }

  async #readLoop(): Promise<void> {
    let buffer = new Uint8Array(MIN_READ);
    let start = 0;
    let most = MAX_READ;
    /** What a read may well bring: the longest one of late. */
    let usual = 0;
    let readAt = this.now();
    let readsAfterPause = READS_AFTER_PAUSE;
    try {
      for (;;) {
        const room = this.engine.room();
        const isDirect = room !== null && room.byteLength >= DIRECT_FROM;
        const into = isDirect ? room : buffer.subarray(start, start + most);
        const count = await this.transport.read(into);
        most = isDirect ? AHEAD : MAX_READ;
        if (count === null) {
          throw new TransportError(
            `Cannot read from ${this.transport.remote}: closed by the peer`,
            {
              reason: "closed",
            },
          );
        }
        const now = this.now();
        if (now - readAt >= PAUSE_MS) readsAfterPause = READS_AFTER_PAUSE;
        else if (readsAfterPause > 0) readsAfterPause--;
        readAt = now;
        this.perform(this.engine.receive(into.subarray(0, count), now));
        while (this.engine.backlog >= MAX_BACKLOG) {
          await new Promise<void>((resolve) => this.#resumeReading = resolve);
        }
        if (isDirect) continue;
        start += count;
        usual = Math.max(count, usual - (usual >> 4));
        // A response that lies in two buffers costs another read and a copy.
        const needed = Math.max(LEAST_ROOM, Math.min(usual, buffer.byteLength / 2));
        const rests = readsAfterPause > 0 && this.engine.outstanding === 0;
        const isFull = buffer.byteLength - start < needed;
        if (isFull || (rests && buffer.byteLength > MIN_READ) || this.#ended !== null) {
          // Replies refer to what was read, so the buffer is left to them.
          const length = rests ? MIN_READ : Math.max(MIN_READ, usual * 4);
          buffer = new Uint8Array(Math.min(MAX_READ, length));
          start = 0;
        }
      }
    } catch (error) {
      this.#fail(error);
    }
    if (this.#leaving === null) return;
    this.transport.close();
    this.#leaving.resolve();
  }

  /** The first failure counts. */
  #fail(error: unknown): void {
    this.perform(this.engine.close(asError(error), this.now()));
  }

  #end(error: Error | null): void {
    const failure = error ??
      new TransportError(`Cannot use ${this.transport.remote}: the connection was closed`, {
        reason: "closed",
      });
    this.#ended = failure;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#negotiation?.reject(failure);
    this.#negotiation = null;
    for (const [event, notice] of this.#breaks) {
      const heir = this.#linkFor(ownerOf(notice));
      if (heir === this) event.giveUp();
      else heir.#breaks.set(event, notice);
    }
    this.#breaks.clear();
    this.#resumeReading?.();
    if (this.#leaving === null) this.transport.close();
    else this.transport.endWrites();
    this.#settleDisconnected(error);
  }

  /** The engine knows no transport: where it says that the connection was closed, the shell says so in its words. */
  #errorFor(error: Error): Error {
    return this.engine.phase === "closed"
      ? new TransportError(`Cannot use ${this.transport.remote}: the connection was closed`, {
        reason: "closed",
        cause: error,
      })
      : error;
  }

  /** Wakes the engine at `due`; null when nothing waits any more. */
  #arm(due: number | null): void {
    if (due === null) {
      if (this.#timer !== null) clearTimeout(this.#timer);
      this.#timer = null;
      this.#timerDue = Infinity;
      return;
    }
    if (this.#timer !== null && this.#timerDue <= due) return;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timerDue = due;
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.#timerDue = Infinity;
      this.perform(this.engine.tick(this.now()));
      this.#arm(this.engine.nextDeadline);
    }, Math.max(0, Math.ceil(due - this.now())));
  }
}

/** How the promise of a request is settled; null where nobody waits for one. */
function settlerOf(exchange: Exchange): Settler | null {
  return exchange.settler as Settler | null;
}

/** Who hears of an open, whichever connection of its session the news come on. */
function watcherOf(open: OpenState): BreakTarget | null {
  return open.watcher as BreakTarget | null;
}

/** The session that a break concerns. */
function ownerOf(notice: BreakNotice): SessionState | null {
  return notice.opens[0]?.session ?? notice.lease?.session ?? null;
}

function unanswered(input: RequestInput, settler: Settler, error: Error): Unanswered {
  return {
    input,
    error,
    prepare: (link, again) => link.adopt(again, settler),
    resend: (link, again) => link.sendChain([link.adopt(again, settler)], false),
    reject: settler.reject,
  };
}

/** Success with a body, or data that did not fit, or what the caller accepts. */
function isAccepted(reply: Reply, accept: RequestOptions["accept"]): boolean {
  if (accept === "any") return true;
  const { status, body } = reply;
  if (body !== null && (isSuccess(status) || status === Status.BUFFER_OVERFLOW)) return true;
  return accept !== undefined && accept.includes(status);
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error), { cause: error });
}

function monotonicNow(): number {
  return performance.now();
}
