/** Two ends of a pipe in memory, for tests and for a server in the same process. */
import { TransportError } from "./errors.ts";
import type { Transport } from "./transport.ts";

/** How the pair behaves. */
export interface PairOptions {
  /** Bytes that one direction holds before `write` waits for the reader; 256 KiB unless told. */
  readonly capacity?: number;
  /** Names of the two ends, as the other side sees them. */
  readonly names?: readonly [string, string];
}

/**
 * Two connected transports. Bytes move in microtasks alone, so that a test's order of events is always the same;
 * a write waits once the other end has not read `capacity` bytes.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { transportPair } from "./mod.ts";
 *
 * const [client, server] = transportPair();
 * await client.write([new Uint8Array([1]), new Uint8Array([2, 3])]);
 * const into = new Uint8Array(2);
 * assertEquals([await server.read(into), ...into], [2, 1, 2]);
 * client.close();
 * assertEquals([await server.read(into), await server.read(into)], [1, null]);
 * ```
 */
export function transportPair(options: PairOptions = {}): [Transport, Transport] {
  const { capacity = 256 * 1024, names = ["memory:client", "memory:server"] } = options;
  const forth = new Pipe(capacity);
  const back = new Pipe(capacity);
  return [new PairEnd(names[1], back, forth), new PairEnd(names[0], forth, back)];
}

class PairEnd implements Transport {
  readonly remote: string;
  readonly closed: Promise<TransportError | null>;
  readonly #incoming: Pipe;
  readonly #outgoing: Pipe;
  readonly #settleClosed: (error: TransportError | null) => void;

  constructor(remote: string, incoming: Pipe, outgoing: Pipe) {
    this.remote = remote;
    this.#incoming = incoming;
    this.#outgoing = outgoing;
    const { promise, resolve } = Promise.withResolvers<TransportError | null>();
    this.closed = promise;
    this.#settleClosed = resolve;
  }

  async read(into: Uint8Array): Promise<number | null> {
    const count = await this.#incoming.take(into);
    if (count === null) this.#settleClosed(null);
    return count;
  }

  async write(chunks: readonly Uint8Array[]): Promise<void> {
    if (!await this.#outgoing.put(chunks)) {
      throw new TransportError(`Cannot write to ${this.remote}: closed`, { reason: "closed" });
    }
  }

  endWrites(): void {
    this.#outgoing.finish();
  }

  close(): void {
    this.#outgoing.finish();
    this.#incoming.abandon();
    this.#settleClosed(null);
  }
}

/** One direction: a bounded queue of bytes. */
class Pipe {
  readonly #capacity: number;
  readonly #chunks: Uint8Array[] = [];
  /** Writes that wait for room, in order. */
  readonly #waiting: { chunk: Uint8Array; settle: (accepted: boolean) => void }[] = [];
  #held = 0;
  #finished = false;
  #wake: (() => void) | null = null;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  put(chunks: readonly Uint8Array[]): Promise<boolean> {
    if (this.#finished) return Promise.resolve(false);
    const chunk = concat(chunks);
    if (chunk.byteLength === 0) return Promise.resolve(true);
    if (this.#waiting.length === 0 && this.#held < this.#capacity) {
      this.#accept(chunk);
      return Promise.resolve(true);
    }
    const { promise, resolve } = Promise.withResolvers<boolean>();
    this.#waiting.push({ chunk, settle: resolve });
    return promise;
  }

  async take(into: Uint8Array): Promise<number | null> {
    while (this.#held === 0) {
      if (this.#finished) return null;
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wake = resolve;
      await promise;
    }
    let count = 0;
    while (count < into.byteLength && this.#chunks.length > 0) {
      const chunk = this.#chunks[0] as Uint8Array;
      const part = chunk.subarray(0, into.byteLength - count);
      into.set(part, count);
      count += part.byteLength;
      if (part.byteLength === chunk.byteLength) this.#chunks.shift();
      else this.#chunks[0] = chunk.subarray(part.byteLength);
    }
    this.#held -= count;
    while (this.#waiting.length > 0 && this.#held < this.#capacity) {
      const next = this.#waiting.shift() as { chunk: Uint8Array; settle: (ok: boolean) => void };
      this.#accept(next.chunk);
      next.settle(true);
    }
    return count;
  }

  /** The writing end closed: what was accepted can still be read. */
  finish(): void {
    this.#finished = true;
    for (const { settle } of this.#waiting.splice(0)) settle(false);
    this.#wakeReader();
  }

  /** The reading end closed: nothing will be read any more. */
  abandon(): void {
    this.#chunks.length = 0;
    this.#held = 0;
    this.finish();
  }

  #accept(chunk: Uint8Array): void {
    this.#chunks.push(chunk);
    this.#held += chunk.byteLength;
    this.#wakeReader();
  }

  #wakeReader(): void {
    this.#wake?.();
    this.#wake = null;
  }
}

function concat(chunks: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const chunk of chunks) length += chunk.byteLength;
  const whole = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.byteLength;
  }
  return whole;
}
