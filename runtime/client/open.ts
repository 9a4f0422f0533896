/** One open: a file, directory or pipe within a tree. */
import type { CommandName, CreateResponse, FileId, RequestBodies } from "../wire/mod.ts";
import { type OpenState, ProtocolError, type SuccessReply } from "../protocol/mod.ts";
import type { BreakEvent, BreakPolicy } from "./break_event.ts";
import { FileRequests } from "./file_requests.ts";
import type { BreakTarget, Link } from "./link.ts";
import type { Answer, RequestOptions } from "./options.ts";
import { readWhole, type TransferOptions, writeWhole } from "./transfer.ts";
import type { Tree } from "./tree.ts";

/** An open. Made by `Tree.create` and `Chain.create`. */
export class Open extends FileRequests {
  readonly tree: Tree;
  readonly name: string;
  /** What the CREATE brought. */
  readonly reply: SuccessReply<"CREATE">;
  /** The engine's state; for this room alone. */
  readonly state: OpenState;
  /** Decides about breaks of this open; null leaves them to the connection's policy. */
  onBreak: BreakPolicy | null = null;
  readonly #link: Link;
  readonly #breaks: BreakEvent[] = [];
  readonly #waiting: PromiseWithResolvers<BreakEvent>[] = [];
  #failure: Error | null = null;

  constructor(
    tree: Tree,
    inner: { link: Link; name: string; state: OpenState; reply: SuccessReply<"CREATE"> },
  ) {
    super();
    this.tree = tree;
    this.name = inner.name;
    this.reply = inner.reply;
    this.state = inner.state;
    this.#link = inner.link;
    this.#link.watch(this.state, this.#target());
  }

  get fileId(): FileId {
    return this.state.fileId;
  }

  get response(): CreateResponse {
    return this.reply.body;
  }

  /** As granted, then as broken; 0xFF where a lease takes its place. */
  get oplockLevel(): number {
    return this.state.oplockLevel;
  }

  /** Null where no lease was granted. */
  get leaseKey(): Uint8Array | null {
    return this.state.lease?.key ?? null;
  }

  /** Bits of LeaseState, as granted, then as broken; 0 without a lease. */
  get leaseState(): number {
    return this.state.lease?.state ?? 0;
  }

  get isClosed(): boolean {
    return this.state.closed;
  }

  /**
   * The next break of this open's oplock or lease. Breaks that arrived before the call are kept, in order. Rejects
   * when the connection ends or the open is closed before.
   */
  nextBreak(): Promise<BreakEvent> {
    const event = this.#breaks.shift();
    if (event !== undefined) return Promise.resolve(event);
    const waiting = Promise.withResolvers<BreakEvent>();
    // Whoever waits for a break that never comes may have gone before the open has.
    waiting.promise.catch(() => {});
    if (this.#failure === null) this.#waiting.push(waiting);
    else waiting.reject(this.#failure);
    return waiting.promise;
  }

  /**
   * Reads `length` bytes from `offset` (everything unless told), split by MaxReadSize, several requests in flight.
   *
   * @returns The bytes; fewer than asked for where the file ends.
   */
  readAll(options: TransferOptions & { readonly length?: number } = {}): Promise<Uint8Array> {
    return readWhole(this, { ...options, limit: this.tree.session.connection.maxReadSize });
  }

  /** Writes `data` at `offset` (0 unless told), split by MaxWriteSize, several requests in flight. */
  writeAll(data: Uint8Array, options: TransferOptions = {}): Promise<void> {
    const limit = this.tree.session.connection.maxWriteSize;
    return writeWhole(this, data, { ...options, limit });
  }

  protected submit<C extends CommandName, O extends RequestOptions>(
    command: C,
    body: RequestBodies[C],
    options: O | undefined,
  ): Promise<Answer<C, O>> {
    const tree = this.state.tree ?? this.tree.state;
    const { session } = this.state;
    const input = options === undefined
      ? { command, body, session, tree }
      : { ...options, command, body, session, tree };
    return this.#link.request<C, Answer<C, O>>(input, options, { path: this.name });
  }

  #target(): BreakTarget {
    // deno-lint-ignore no-this-alias
    const open = this;
    return {
      get onBreak() {
        return open.onBreak;
      },
      broke: (event) => {
        const waiting = this.#waiting.shift();
        if (waiting === undefined) this.#breaks.push(event);
        else waiting.resolve(event);
      },
      ended: (error) => this.#end(error ?? this.#closedError()),
    };
  }

  #end(error: Error): void {
    this.#failure ??= error;
    for (const waiting of this.#waiting.splice(0)) waiting.reject(error);
  }

  #closedError(): ProtocolError {
    return new ProtocolError(
      `Cannot wait for a break of ${JSON.stringify(this.name)}: it is closed`,
      { side: "local" },
    );
  }

  /** Closes; a failure to do so is the caller's to see, by `close`. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.state.closed && this.#failure === null) await this.close({ accept: "any" });
  }
}
