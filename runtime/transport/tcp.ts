/** TCP through `Deno.connect`, which measured faster than node:net (design.md, section 6). */
import { TransportError, type TransportReason } from "./errors.ts";
import type { Transport } from "./transport.ts";

/** Where and how to connect. */
export interface TcpOptions {
  readonly hostname: string;
  /** 445 unless told. */
  readonly port?: number;
  /** Send small segments at once; true unless told. */
  readonly noDelay?: boolean;
  /** Aborting gives up the attempt. */
  readonly signal?: AbortSignal;
}

/**
 * Opens a TCP connection.
 *
 * @throws {TransportError} With the reason: refused, unreachable, timed out, aborted or failed.
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { connectTcp, listenTcp } from "./mod.ts";
 *
 * using listener = listenTcp({ hostname: "127.0.0.1", port: 0 });
 * const accepted = listener.accept();
 * const here = await connectTcp({ hostname: "127.0.0.1", port: listener.address.port });
 * const there = await accepted;
 * await here.write([new Uint8Array([1, 2]), new Uint8Array([3])]);
 * assertEquals(await there?.read(new Uint8Array(8)), 3);
 * here.close();
 * there?.close();
 * ```
 */
export async function connectTcp(options: TcpOptions): Promise<Transport> {
  const { hostname, port = 445, noDelay = true, signal } = options;
  const remote = `${hostname}:${port}`;
  try {
    const connection = await Deno.connect({
      hostname,
      port,
      ...(signal === undefined ? {} : { signal }),
    });
    connection.setNoDelay(noDelay);
    return new TcpTransport(connection, remote);
  } catch (cause) {
    const reason = signal?.aborted ? "aborted" : reasonOf(cause);
    throw new TransportError(`Cannot connect to ${remote}: ${reason}`, { reason, cause });
  }
}

/** Accepted connections; iterate it, or call `accept`. */
export interface Listener extends AsyncIterable<Transport>, Disposable {
  /** The bound address; the port that the system chose where 0 was asked for. */
  readonly address: { readonly hostname: string; readonly port: number };
  /** The next connection; null once the listener is closed. */
  accept(): Promise<Transport | null>;
  /** Stops listening; accepted connections live on. */
  close(): void;
}

/**
 * Listens on a TCP port.
 *
 * @throws {TransportError} When the address cannot be bound.
 * @example
 * ```ts
 * import { assert } from "@std/assert";
 * import { listenTcp } from "./mod.ts";
 *
 * using listener = listenTcp({ hostname: "127.0.0.1", port: 0 });
 * assert(listener.address.port > 0);
 * ```
 */
export function listenTcp(options: { hostname: string; port: number }): Listener {
  try {
    return new TcpListener(Deno.listen(options));
  } catch (cause) {
    const reason = reasonOf(cause);
    const address = `${options.hostname}:${options.port}`;
    const detail = cause instanceof Error ? cause.message : String(cause);
    throw new TransportError(`Cannot listen on ${address}: ${detail}`, { reason, cause });
  }
}

class TcpListener implements Listener {
  readonly #listener: Deno.TcpListener;
  readonly address: { readonly hostname: string; readonly port: number };

  constructor(listener: Deno.TcpListener) {
    this.#listener = listener;
    this.address = { hostname: listener.addr.hostname, port: listener.addr.port };
  }

  async accept(): Promise<Transport | null> {
    for (;;) {
      try {
        const connection = await this.#listener.accept();
        connection.setNoDelay(true);
        const { hostname, port } = connection.remoteAddr;
        return new TcpTransport(connection, `${hostname}:${port}`);
      } catch (cause) {
        if (cause instanceof Deno.errors.BadResource) return null;
        // A peer that gave up before it was accepted is no reason to stop listening.
        if (reasonOf(cause) === "reset") continue;
        const reason = reasonOf(cause);
        throw new TransportError(`Cannot accept a connection: ${reason}`, { reason, cause });
      }
    }
  }

  async *[Symbol.asyncIterator](): AsyncIterator<Transport> {
    for (let next = await this.accept(); next !== null; next = await this.accept()) yield next;
  }

  close(): void {
    try {
      this.#listener.close();
    } catch (cause) {
      if (!(cause instanceof Deno.errors.BadResource)) throw cause;
    }
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

/** Up to here, chunks are joined into one segment; a larger chunk is written alone, without a copy. */
const JOIN_LIMIT = 16 * 1024;

class TcpTransport implements Transport {
  readonly remote: string;
  readonly closed: Promise<TransportError | null>;
  readonly #connection: Deno.TcpConn;
  readonly #settleClosed: (error: TransportError | null) => void;
  // Made once, not for every read.
  readonly #onRead = (count: number | null): number | null => {
    if (count === null) this.#settleClosed(null);
    return count;
  };
  readonly #onReadError = (cause: unknown): null => {
    if (this.#isClosed) return null;
    throw this.#fail("read from", cause);
  };
  readonly #onTurnEnd = (): void => void this.#drain();
  #isClosed = false;
  #queue: Uint8Array[] = [];
  #batch: PromiseWithResolvers<void> | null = null;
  #draining = false;

  constructor(connection: Deno.TcpConn, remote: string) {
    this.#connection = connection;
    this.remote = remote;
    const { promise, resolve } = Promise.withResolvers<TransportError | null>();
    this.closed = promise;
    this.#settleClosed = resolve;
  }

  read(into: Uint8Array): Promise<number | null> {
    if (this.#isClosed) return Promise.resolve(null);
    return this.#connection.read(into).then(this.#onRead, this.#onReadError);
  }

  write(chunks: readonly Uint8Array[]): Promise<void> {
    if (this.#isClosed) {
      return Promise.reject(
        new TransportError(`Cannot write to ${this.remote}: closed`, { reason: "closed" }),
      );
    }
    for (const chunk of chunks) this.#queue.push(chunk);
    this.#batch ??= Promise.withResolvers<void>();
    const { promise } = this.#batch;
    if (!this.#draining) {
      // Everything that is written in the same turn leaves in one segment.
      this.#draining = true;
      queueMicrotask(this.#onTurnEnd);
    }
    return promise;
  }

  close(): void {
    this.#end(null);
  }

  endWrites(): void {
    const written = this.#batch?.promise ?? Promise.resolve();
    written.then(() => this.#isClosed ? undefined : this.#connection.closeWrite()).catch(
      (cause) => {
        if (!this.#isClosed) this.#fail("write to", cause);
      },
    );
  }

  async #drain(): Promise<void> {
    while (this.#batch !== null) {
      const batch = this.#batch;
      const chunks = joinSmall(this.#queue);
      this.#queue = [];
      this.#batch = null;
      try {
        for (const chunk of chunks) {
          const written = await this.#connection.write(chunk);
          if (written < chunk.byteLength) await this.#writeAll(chunk.subarray(written));
        }
        batch.resolve();
      } catch (cause) {
        const error = this.#isClosed
          ? new TransportError(`Cannot write to ${this.remote}: closed`, {
            reason: "closed",
            cause,
          })
          : this.#fail("write to", cause);
        batch.reject(error);
        this.#rejectQueued(error);
      }
    }
    this.#draining = false;
  }

  #rejectQueued(error: TransportError): void {
    const batch = this.#batch as PromiseWithResolvers<void> | null;
    this.#queue = [];
    this.#batch = null;
    batch?.reject(error);
  }

  async #writeAll(chunk: Uint8Array): Promise<void> {
    let written = 0;
    while (written < chunk.byteLength) {
      written += await this.#connection.write(chunk.subarray(written));
    }
  }

  #fail(action: string, cause: unknown): TransportError {
    const reason = reasonOf(cause);
    const error = new TransportError(`Cannot ${action} ${this.remote}: ${reason}`, {
      reason,
      cause,
    });
    this.#end(error);
    return error;
  }

  #end(error: TransportError | null): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    try {
      this.#connection.close();
    } catch (cause) {
      if (!(cause instanceof Deno.errors.BadResource)) throw cause;
    }
    this.#settleClosed(error);
  }
}

/** Joins neighbouring small chunks. */
export function joinSmall(chunks: readonly Uint8Array[], limit = JOIN_LIMIT): Uint8Array[] {
  if (chunks.length < 2) return [...chunks];
  const joined: Uint8Array[] = [];
  for (let start = 0; start < chunks.length;) {
    let end = start;
    let length = 0;
    while (end < chunks.length && length + chunkAt(chunks, end).byteLength <= limit) {
      length += chunkAt(chunks, end).byteLength;
      end++;
    }
    if (end - start < 2) {
      joined.push(chunkAt(chunks, start));
      start++;
      continue;
    }
    const whole = new Uint8Array(length);
    for (let at = 0; start < end; start++) {
      whole.set(chunkAt(chunks, start), at);
      at += chunkAt(chunks, start).byteLength;
    }
    joined.push(whole);
  }
  return joined;
}

function chunkAt(chunks: readonly Uint8Array[], index: number): Uint8Array {
  return chunks[index] as Uint8Array;
}

function reasonOf(cause: unknown): TransportReason {
  if (cause instanceof Deno.errors.ConnectionRefused) return "refused";
  if (
    cause instanceof Deno.errors.ConnectionReset || cause instanceof Deno.errors.BrokenPipe ||
    cause instanceof Deno.errors.ConnectionAborted || cause instanceof Deno.errors.UnexpectedEof
  ) return "reset";
  if (cause instanceof Deno.errors.TimedOut) return "timed out";
  if (
    cause instanceof Deno.errors.NetworkUnreachable || cause instanceof Deno.errors.AddrNotAvailable
  ) return "unreachable";
  if (cause instanceof Error && /unreachable|no route|lookup address/i.test(cause.message)) {
    return "unreachable";
  }
  if (cause instanceof Deno.errors.BadResource || cause instanceof Deno.errors.Interrupted) {
    return "closed";
  }
  return "failed";
}
