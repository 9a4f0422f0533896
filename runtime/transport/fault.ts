/** Faults of a network, made on this side of it and without any rights: a decorator of a transport. */
import { TransportError } from "./errors.ts";
import type { Transport } from "./transport.ts";

/** What is sent (`tx`), what is received (`rx`), or both. */
export type FaultDirection = "rx" | "tx" | "both";

/** Faults that can be made on a connection while it is in use. */
export interface FaultControls {
  /** Holds bytes back, in order, until `resume`: those that arrive (`rx`), those that are sent (`tx`), or both. */
  stall(direction?: FaultDirection): void;
  /** Delays every chunk by so many milliseconds; the order stays. 0 ends it. */
  delay(milliseconds: number, direction?: FaultDirection): void;
  /** The peer is gone without a word: what is sent vanishes, and nothing arrives any more, not even an end. */
  halfOpen(): void;
  /** Ends the connection once so many more bytes were sent (`tx`, unless told) or received, not one more. */
  dropAfter(bytes: number, direction?: "rx" | "tx"): void;
  /** Ends the connection in place of the next write, once those before it have left. */
  dropNext(): void;
  /** Ends the connection now. */
  drop(): void;
  /** Ends `stall`, `delay`, and a `dropAfter` or `dropNext` to come; what was held back goes on. */
  resume(): void;
}

/** What a {@linkcode FaultTransport} is given. */
export interface FaultOptions {
  /** Waits so many milliseconds; the system's timer unless told. The signal ends the wait early. */
  readonly sleep?: (milliseconds: number, signal: AbortSignal) => Promise<void>;
}

/** One direction. */
interface Lane {
  /** Settles when the stall ends; null where nothing is held back. */
  stalled: PromiseWithResolvers<void> | null;
  delay: number;
  /** Bytes until the end of the connection. */
  left: number;
}

const NOWHERE = new Uint8Array(0);

/**
 * A transport whose network can be made to fail. Without a fault it passes everything on.
 *
 * @example
 * ```ts
 * import { assertEquals, assertRejects } from "@std/assert";
 * import { FaultTransport, TransportError, transportPair } from "./mod.ts";
 *
 * const [here, there] = transportPair();
 * const faulty = new FaultTransport(here);
 * faulty.dropAfter(3);
 * await assertRejects(() => faulty.write([new Uint8Array(5)]), TransportError);
 * const into = new Uint8Array(8);
 * assertEquals([await there.read(into), await there.read(into)], [3, null]);
 * ```
 */
export class FaultTransport implements Transport, FaultControls {
  readonly #inner: Transport;
  readonly #sleep: (milliseconds: number, signal: AbortSignal) => Promise<void>;
  readonly #rx: Lane = { stalled: null, delay: 0, left: Infinity };
  readonly #tx: Lane = { stalled: null, delay: 0, left: Infinity };
  #isOver = false;
  /** Ends waits early; made for the first one. */
  #ending: AbortController | null = null;
  /** Made when somebody asks for it. */
  #closed: PromiseWithResolvers<TransportError | null> | null = null;
  // Made once, not for every read; there is one read at a time.
  readonly #onRead = (count: number | null): number | null | Promise<number | null> => {
    if (count !== null) this.seen?.(this.#into, count);
    return isFree(this.#rx) && !this.#isHalfOpen && this.#fault === null
      ? count
      : this.#arrived(count);
  };
  readonly #onReadError = (error: unknown): Promise<number | null> => {
    if (this.#fault !== null) throw this.#fault;
    if (!this.#isHalfOpen) throw error;
    return this.#arrived(null);
  };
  /** Where the read under way puts its bytes. */
  #into: Uint8Array = NOWHERE;
  #isHalfOpen = false;
  #dropsNext = false;
  #fault: TransportError | null = null;
  /** Sees what arrives, before any fault: so many bytes of an array. */
  protected seen: ((into: Uint8Array, count: number) => void) | null = null;
  /** The write before has been handed on; null where none is held back. */
  #lastWrite: Promise<void> | null = null;

  constructor(inner: Transport, options: FaultOptions = {}) {
    this.#inner = inner;
    this.#sleep = options.sleep ?? sleep;
  }

  get remote(): string {
    return this.#inner.remote;
  }

  get closed(): Promise<TransportError | null> {
    if (this.#closed === null) {
      const closed = this.#closed = Promise.withResolvers();
      if (this.#isOver) closed.resolve(this.#fault);
      this.#inner.closed.then((error) => {
        if (!this.#isHalfOpen) closed.resolve(this.#fault ?? error);
      });
    }
    return this.#closed.promise;
  }

  read(into: Uint8Array): Promise<number | null> {
    const { left } = this.#rx;
    const room = left < into.byteLength ? into.subarray(0, Math.max(1, left)) : into;
    this.#into = into;
    return this.#inner.read(room).then(this.#onRead, this.#onReadError);
  }

  write(chunks: readonly Uint8Array[]): Promise<void> {
    if (this.#fault !== null) return Promise.reject(this.#fault);
    if (this.#isHalfOpen) return Promise.resolve();
    if (this.#lastWrite === null && isFree(this.#tx) && !this.#dropsNext) {
      return this.#inner.write(chunks);
    }
    const before = this.#lastWrite ?? Promise.resolve();
    const passed = before.then(() => this.#pass(chunks));
    const settled: Promise<void> = passed.catch(() => {}).then(() => {
      if (this.#lastWrite === settled) this.#lastWrite = null;
    });
    this.#lastWrite = settled;
    return passed;
  }

  close(): void {
    this.#finish(null);
  }

  endWrites(): void {
    if (this.#isOver) return;
    // Nothing would come of it where a fault holds bytes back.
    const isWhole = isFree(this.#tx) && isFree(this.#rx) && this.#lastWrite === null;
    if (!isWhole || this.#isHalfOpen || this.#dropsNext || this.#inner.endWrites === undefined) {
      return this.close();
    }
    this.#inner.endWrites();
  }

  stall(direction: FaultDirection = "both"): void {
    for (const lane of this.#lanes(direction)) lane.stalled ??= Promise.withResolvers<void>();
  }

  delay(milliseconds: number, direction: FaultDirection = "both"): void {
    if (!(milliseconds >= 0)) {
      throw new RangeError(`Cannot delay by ${milliseconds} ms: it is not a duration`);
    }
    for (const lane of this.#lanes(direction)) lane.delay = milliseconds;
  }

  halfOpen(): void {
    this.#isHalfOpen = true;
  }

  dropAfter(bytes: number, direction: "rx" | "tx" = "tx"): void {
    if (!(Number.isInteger(bytes) && bytes >= 0)) {
      throw new RangeError(`Cannot drop after ${bytes} bytes: it is not a count`);
    }
    if (bytes === 0) return this.drop();
    for (const lane of this.#lanes(direction)) lane.left = bytes;
  }

  dropNext(): void {
    this.#dropsNext = true;
  }

  drop(): void {
    this.#finish(
      new TransportError(`Cannot use ${this.remote}: dropped on purpose`, { reason: "reset" }),
    );
  }

  resume(): void {
    this.#dropsNext = false;
    for (const lane of this.#lanes("both")) {
      lane.stalled?.resolve();
      lane.stalled = null;
      lane.delay = 0;
      lane.left = Infinity;
    }
  }

  /** What became of a read while there is a fault, or came one. */
  async #arrived(count: number | null): Promise<number | null> {
    const lane = this.#rx;
    await this.#hold(lane);
    if (this.#isHalfOpen) await this.#end();
    if (this.#fault !== null) throw this.#fault;
    if (count === null || this.#isOver) return null;
    lane.left -= count;
    // The limit may have come while the bytes were on their way.
    if (lane.left < 0) count += lane.left;
    if (lane.left <= 0) this.drop();
    return count > 0 ? count : this.read(this.#into);
  }

  #lanes(direction: FaultDirection): Lane[] {
    if (direction === "both") return [this.#rx, this.#tx];
    return direction === "rx" ? [this.#rx] : [this.#tx];
  }

  /** Waits as long as a chunk of a direction has to. */
  async #hold(lane: Lane): Promise<void> {
    if (lane.delay > 0) await this.#sleep(lane.delay, this.#ended);
    while (lane.stalled !== null && !this.#isOver) {
      await Promise.race([lane.stalled.promise, this.#end()]);
    }
  }

  async #pass(chunks: readonly Uint8Array[]): Promise<void> {
    const lane = this.#tx;
    await this.#hold(lane);
    if (this.#fault !== null) throw this.#fault;
    if (this.#isHalfOpen) return;
    const allowed = this.#dropsNext ? [] : takeBytes(chunks, lane.left);
    lane.left -= allowed.reduce((sum, chunk) => sum + chunk.byteLength, 0);
    await this.#inner.write(allowed);
    if (lane.left > 0 && !this.#dropsNext) return;
    this.drop();
    throw this.#fault ?? new TransportError("Cannot write: dropped", { reason: "reset" });
  }

  #finish(fault: TransportError | null): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#fault = fault;
    this.#ending?.abort();
    this.#inner.close();
    this.#closed?.resolve(fault);
  }

  get #ended(): AbortSignal {
    this.#ending ??= new AbortController();
    if (this.#isOver) this.#ending.abort();
    return this.#ending.signal;
  }

  /** The end of this side. */
  #end(): Promise<void> {
    const signal = this.#ended;
    if (signal.aborted) return Promise.resolve();
    return new Promise((resolve) =>
      signal.addEventListener("abort", () => resolve(), { once: true })
    );
  }
}

function isFree(lane: Lane): boolean {
  return lane.stalled === null && lane.delay === 0 && lane.left === Infinity;
}

/** The first `limit` bytes of some chunks. */
function takeBytes(chunks: readonly Uint8Array[], limit: number): Uint8Array[] {
  const taken: Uint8Array[] = [];
  let left = limit;
  for (const chunk of chunks) {
    if (left <= 0) break;
    taken.push(chunk.byteLength <= left ? chunk : chunk.subarray(0, left));
    left -= chunk.byteLength;
  }
  return taken;
}

function sleep(milliseconds: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, milliseconds);
    signal.addEventListener("abort", done, { once: true });
  });
}
