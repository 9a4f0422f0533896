/** One open: a file, directory or pipe within a tree. */
import {
  type CommandName,
  type CreateRequest,
  type CreateRequestContext,
  type CreateResponse,
  DHANDLE_FLAG_PERSISTENT,
  encodeFsctlBody,
  type FileId,
  Fsctl,
  isSuccess,
  type RequestBodies,
} from "../wire/mod.ts";
import {
  Capability,
  Dialect,
  type LockSequence,
  LockSequences,
  type OpenState,
  ProtocolError,
  replayOf,
  type SuccessReply,
} from "../protocol/mod.ts";
import { TransportError } from "../transport/mod.ts";
import type { BreakEvent, BreakPolicy } from "./break_event.ts";
import { leaseContext } from "./create.ts";
import { FileRequests, type LockRange } from "./file_requests.ts";
import type { BreakTarget, Rescuer, Unanswered } from "./link.ts";
import type { Answer, RequestOptions } from "./options.ts";
import { readWhole, type TransferOptions, writeWhole } from "./transfer.ts";
import type { Tree } from "./tree.ts";

/** What the server promised to keep when the connection is lost. */
export type Durability = "none" | "resilient" | "durable" | "durable2" | "persistent";

/** How an open is established again. */
export interface ReconnectOptions extends Omit<RequestOptions, "accept"> {
  /** The file id to name; the one that the open has unless told. */
  readonly fileId?: FileId;
  /** The CreateGuid to name; the one that the open was made with unless told. */
  readonly createGuid?: string;
  /** Fields of the CREATE in place of those that made the open. */
  readonly request?: Partial<Omit<CreateRequest, "name">>;
}

/** SMB2_CREATE_DURABLE_HANDLE_RECONNECT and its second version go without the request that they follow. */
const REPLACED: ReadonlySet<string> = new Set(["DHnQ", "DH2Q", "DHnC", "DH2C", "RqLs"]);
const LEASE_LEVEL = 0xff;
/** SMB2_READFLAG_REQUEST_COMPRESSED (MS-SMB2 2.2.19). */
const READFLAG_REQUEST_COMPRESSED = 0x02;

/** An open. Made by `Tree.create` and `Chain.create`. */
export class Open extends FileRequests implements BreakTarget, Rescuer {
  readonly name: string;
  /** What the CREATE brought. */
  readonly reply: SuccessReply<"CREATE">;
  /** Decides about breaks of this open; null leaves them to the connection's policy. */
  onBreak: BreakPolicy | null = null;
  readonly #request: CreateRequest;
  readonly #resumes: boolean;
  /** Made by the first LOCK that is numbered: most opens have none. */
  #lockSequences: LockSequences | null = null;
  // Made where they are needed, as well.
  #breaks: BreakEvent[] | null = null;
  #waiting: PromiseWithResolvers<BreakEvent>[] | null = null;
  /** Requests that lost their connection and wait for `reconnect`. */
  #held: Unanswered[] | null = null;
  #tree: Tree;
  #state: OpenState;
  #durability: Durability;
  /** No break will come any more. */
  #isEnded = false;
  /** Why it ended; null while it lives, and after a close. */
  #failure: Error | null = null;

  constructor(tree: Tree, inner: {
    name: string;
    request: CreateRequest;
    state: OpenState;
    reply: SuccessReply<"CREATE">;
    resumes: boolean;
  }) {
    super();
    this.name = inner.name;
    this.reply = inner.reply;
    this.#request = inner.request;
    this.#resumes = inner.resumes;
    this.#tree = tree;
    this.#state = inner.state;
    this.#durability = durabilityOf(inner.reply.body);
    tree.session.link.watch(inner.state, this);
  }

  /** The share; another one after `reconnect`. */
  get tree(): Tree {
    return this.#tree;
  }

  override get ownTree(): Tree {
    return this.#tree;
  }

  /** The engine's state; for this room alone. */
  get state(): OpenState {
    return this.#state;
  }

  get fileId(): FileId {
    return this.#state.fileId;
  }

  get response(): CreateResponse {
    return this.reply.body;
  }

  /** As granted, then as broken; 0xFF where a lease takes its place. */
  get oplockLevel(): number {
    return this.#state.oplockLevel;
  }

  /** Null where no lease was granted. */
  get leaseKey(): Uint8Array | null {
    return this.#state.lease?.key ?? null;
  }

  /** Bits of LeaseState, as granted, then as broken; 0 without a lease. */
  get leaseState(): number {
    return this.#state.lease?.state ?? 0;
  }

  /** Epoch of a version 2 lease, as granted, then as broken; 0 without one. */
  get leaseEpoch(): number {
    return this.#state.lease?.epoch ?? 0;
  }

  /** ParentLeaseKey that was asked for; null without one. */
  get parentLeaseKey(): Uint8Array | null {
    return this.#state.lease?.parentKey ?? null;
  }

  /** What the server keeps when the connection is lost. */
  get durability(): Durability {
    return this.#durability;
  }

  /** Requests that wait for `reconnect`. */
  get held(): number {
    return this.#held?.length ?? 0;
  }

  get isClosed(): boolean {
    return this.#state.closed;
  }

  /**
   * The next break of this open's oplock or lease. Breaks that arrived before the call are kept, in order. Rejects
   * when the connection ends or the open is closed before.
   */
  nextBreak(): Promise<BreakEvent> {
    const event = this.#breaks?.shift();
    if (event !== undefined) return Promise.resolve(event);
    const waiting = Promise.withResolvers<BreakEvent>();
    // Whoever waits for a break that never comes may have gone before the open has.
    waiting.promise.catch(() => {});
    if (this.#isEnded) waiting.reject(this.#failure ?? this.#closedError());
    else (this.#waiting ??= []).push(waiting);
    return waiting.promise;
  }

  /**
   * Reads `length` bytes from `offset` (everything unless told), split by MaxReadSize, several requests in flight.
   *
   * @returns The bytes; fewer than asked for where the file ends.
   */
  readAll(options: TransferOptions & { readonly length?: number } = {}): Promise<Uint8Array> {
    const { maxReadSize: limit, compresses } = this.#tree.session.connection;
    return readWhole(this, {
      ...options,
      limit,
      readFlags: compresses ? READFLAG_REQUEST_COMPRESSED : 0,
    });
  }

  /** Writes `data` at `offset` (0 unless told), split by MaxWriteSize, several requests in flight. */
  writeAll(data: Uint8Array, options: TransferOptions = {}): Promise<void> {
    const limit = this.#tree.session.connection.maxWriteSize;
    return writeWhole(this, data, { ...options, limit });
  }

  /**
   * LOCK (MS-SMB2 2.2.26). Where the server knows repetitions, LockSequence is counted, unless told (MS-SMB2 3.2.4.19).
   */
  override lock<O extends RequestOptions & { readonly lockSequence?: number } = RequestOptions>(
    ranges: readonly LockRange[],
    options?: O,
  ): Promise<Answer<"LOCK", O>> {
    const sequence = options?.lockSequence === undefined ? this.#lockSequence() : null;
    if (sequence === null) return super.lock(ranges, options);
    const locked = super.lock(ranges, { ...options, lockSequence: sequence.value } as O);
    const release = () => sequence.release();
    locked.then(release, release);
    return locked;
  }

  /**
   * Asks the server to keep the open for so many milliseconds when the connection is lost: FSCTL_LMR_REQUEST_RESILIENCY
   * (MS-SMB2 3.2.4.20.8).
   */
  async resilient<O extends RequestOptions = RequestOptions>(
    timeout: number,
    options?: O,
  ): Promise<Answer<"IOCTL", O>> {
    const input = encodeFsctlBody({ kind: "resiliencyRequest", timeout, reserved: 0 });
    const ctlCode = Fsctl.LMR_REQUEST_RESILIENCY;
    const reply = await this.ioctl({ ctlCode, input, maxOutputResponse: 0 }, options);
    if (isSuccess(reply.status) && this.#durability === "none") this.#durability = "resilient";
    return reply;
  }

  /**
   * Establishes the open again on another connection, after its own was lost (MS-SMB2 3.2.4.4): names it by its file id,
   * or by its CreateGuid, and asks for its lease again. What waited since the loss goes out then.
   *
   * @param tree The same share, connected anew.
   * @returns The response to the CREATE.
   * @throws {ProtocolError} (local) When the open is not durable, or not lost.
   * @throws {StatusError} When the server does not keep it any more; what waited is rejected with the same error.
   */
  async reconnect(tree: Tree, options: ReconnectOptions = {}): Promise<SuccessReply<"CREATE">> {
    const { fileId = this.fileId, createGuid, request, ...tuning } = options;
    if (!this.isClosed) throw this.#cannotReconnect("it is open");
    if (this.#durability === "none") throw this.#cannotReconnect("it is not durable");
    const channel = tree.session.channel(tuning.via);
    const body: CreateRequest = {
      ...this.#request,
      contexts: this.#reconnectContexts(fileId, createGuid),
      ...request,
    };
    try {
      const { reply, state } = await channel.link.request<"CREATE", Established>(
        { ...tuning, command: "CREATE", body, session: channel.state, tree: tree.state },
        tuning,
        { path: this.name, map: (reply, state) => this.#established(tree, { reply, state }) },
      );
      this.#resume(state);
      return reply;
    } catch (error) {
      this.giveUp(error);
      throw error;
    }
  }

  /** Nobody will reconnect: what waits for it is rejected. */
  giveUp(error?: unknown): void {
    const reason = error ??
      new TransportError(`Cannot use ${JSON.stringify(this.name)}: it was given up`, {
        reason: "aborted",
      });
    for (const request of this.#takeHeld()) request.reject(reason);
  }

  protected submit<C extends CommandName, O extends RequestOptions>(
    command: C,
    body: RequestBodies[C],
    options: O | undefined,
  ): Promise<Answer<C, O>> {
    const tree = this.#state.tree ?? this.#tree.state;
    const { link, state: session } = this.#tree.session.channel(options?.via);
    const input = options === undefined
      ? { command, body, session, tree }
      : { ...options, command, body, session, tree };
    const more = { path: this.name, rescuer: this };
    return link.request<C, Answer<C, O>>(input, options, more);
  }

  /** A break came. For this room alone. */
  broke(event: BreakEvent): void {
    const waiting = this.#waiting?.shift();
    if (waiting === undefined) (this.#breaks ??= []).push(event);
    else waiting.resolve(event);
  }

  /** No break will come any more. For this room alone. */
  ended(error: Error | null): void {
    if (!this.#isEnded) this.#failure = error;
    this.#isEnded = true;
    // Errors take longer to make than all the rest of a close: only where somebody waits.
    const waiting = this.#waiting;
    if (waiting === null || waiting.length === 0) return;
    const failure = error ?? this.#closedError();
    for (const one of waiting.splice(0)) one.reject(failure);
  }

  /** A request lost its connection. For this room alone. */
  lost(request: Unanswered): boolean {
    return this.#session.lost(request) || this.#hold(request);
  }

  /** The session of a request has expired. For this room alone. */
  expired(request: Unanswered): boolean {
    return this.#session.expired(request);
  }

  get #session(): Rescuer {
    return this.#tree.rescuer;
  }

  #takeHeld(): Unanswered[] {
    return this.#held?.splice(0) ?? [];
  }

  #hold(request: Unanswered): boolean {
    if (!this.#resumes || this.#durability === "none") return false;
    (this.#held ??= []).push(request);
    return true;
  }

  /** Runs in the receive loop, so that a break which follows at once finds the open. */
  #established(tree: Tree, made: {
    reply: SuccessReply<"CREATE"> | { readonly body: CreateResponse | null };
    state: OpenState | null;
  }): Established {
    const { reply, state } = made;
    if (state === null || reply.body === null) {
      throw new ProtocolError(
        `Cannot open ${JSON.stringify(this.name)}: the response has no file id`,
        { side: "remote" },
      );
    }
    const before = this.#state.fileId;
    this.#tree = tree;
    this.#state = state;
    this.#isEnded = false;
    this.#failure = null;
    tree.session.link.watch(state, this);
    return { reply: reply as SuccessReply<"CREATE">, state: { from: before, to: state.fileId } };
  }

  /** Sends what waited, in order. */
  #resume(fileId: { readonly from: FileId; readonly to: FileId }): void {
    const channel = this.#tree.session.channel();
    const { state: session, connection: { dialect } } = channel;
    const target = { session, tree: this.#tree.state, dialect, fileId };
    for (const request of this.#takeHeld()) {
      request.resend(channel.link, replayOf(request.input, target));
    }
  }

  #reconnectContexts(fileId: FileId, createGuid?: string): CreateRequestContext[] {
    const contexts = this.#request.contexts.filter(({ kind }) => !REPLACED.has(kind));
    const asked = this.#request.contexts.find((context) => context.kind === "DH2Q");
    const isVersion2 = this.#durability === "durable2" || this.#durability === "persistent";
    if (isVersion2 && asked !== undefined) {
      const flags = this.#durability === "persistent" ? DHANDLE_FLAG_PERSISTENT : 0;
      contexts.push({ kind: "DH2C", fileId, createGuid: createGuid ?? asked.createGuid, flags });
    } else contexts.push({ kind: "DHnC", fileId });
    const lease = this.#request.contexts.find((context) => context.kind === "RqLs");
    const held = this.#state.lease;
    if (lease !== undefined && held !== null && this.#state.oplockLevel === LEASE_LEVEL) {
      const { version, leaseKey: key } = lease;
      contexts.push(leaseContext({
        key,
        version,
        state: held.state,
        ...(held.parentKey === null ? {} : { parentKey: held.parentKey }),
      }, held.epoch ?? 0));
    }
    return contexts;
  }

  #lockSequence(): LockSequence | null {
    const { connection } = this.#tree.session;
    const isKnown = this.#durability === "resilient" || this.#durability === "persistent" ||
      (connection.dialect >= Dialect.SMB_3_0 &&
        (connection.capabilities & Capability.MULTI_CHANNEL) !== 0);
    return isKnown ? (this.#lockSequences ??= new LockSequences()).take() : null;
  }

  #closedError(): ProtocolError {
    return new ProtocolError(
      `Cannot wait for a break of ${JSON.stringify(this.name)}: it is closed`,
      { side: "local" },
    );
  }

  #cannotReconnect(state: string): ProtocolError {
    return new ProtocolError(`Cannot reconnect ${JSON.stringify(this.name)}: ${state}`, {
      side: "local",
    });
  }

  /** Closes; a failure to do so is the caller's to see, by `close`. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.giveUp();
    if (!this.#state.closed && this.#failure === null) await this.close({ accept: "any" });
  }
}

/** An open that was established again: the response, and the file ids before and now. */
interface Established {
  readonly reply: SuccessReply<"CREATE">;
  readonly state: { readonly from: FileId; readonly to: FileId };
}

function durabilityOf(response: CreateResponse): Durability {
  for (const context of response.contexts) {
    if (context.kind === "DHnQ") return "durable";
    if (context.kind !== "DH2Q") continue;
    return (context.flags & DHANDLE_FLAG_PERSISTENT) === 0 ? "durable2" : "persistent";
  }
  return "none";
}
