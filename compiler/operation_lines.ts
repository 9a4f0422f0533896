/** Exchanges -> lines of `inspect --operations`, in the order of their requests. */
import type { Exchange, ExchangeSink } from "./exchange.ts";
import { LineBytes } from "./line_bytes.ts";
import { LineMaker } from "./operation_line.ts";
import type { ReplayState } from "./replay_state.ts";

/**
 * Lines that wait behind an exchange that is not settled (a change notification may stay open for hours): beyond this
 * many, or this many bytes, the open one is passed over, and its line comes when it is settled.
 */
const WINDOW = 65_536;
const WINDOW_BYTES = 32 * 1024 * 1024;

/** Bytes that are written at once. */
const CHUNK = 64 * 1024;

/** Writes one line per exchange; a line waits until those before it are settled. */
export class OperationLines implements ExchangeSink {
  readonly #state: ReplayState;
  readonly #write: (lines: Uint8Array) => void;
  readonly #keeps: ((exchange: Exchange) => boolean) | undefined;
  readonly #maker = new LineMaker();
  /** From `#first` to `#end`, the exchanges in order: open ones, and lines of those settled. */
  #waiting: (Exchange | Uint8Array | null)[] = [];
  #first = 0;
  #end = 0;
  /** Index of the exchange at `#first`. */
  #index = 0;
  #bytes = 0;
  /** Passed over while open: written when settled. */
  readonly #late = new Set<Exchange>();
  readonly #chunk = new LineBytes();

  /** `write` gets whole lines, many at a time, until it returns: those of exchanges that `keeps` keeps, of all without it. */
  constructor(
    state: ReplayState,
    write: (lines: Uint8Array) => void,
    options: { readonly keeps?: (exchange: Exchange) => boolean } = {},
  ) {
    this.#state = state;
    this.#write = write;
    this.#keeps = options.keeps;
  }

  opened(exchange: Exchange): void {
    if (this.#first === this.#end) {
      this.#first = this.#end = 0;
      this.#index = exchange.index;
    }
    this.#waiting[this.#end++] = exchange;
  }

  pending(): void {}

  settled(exchange: Exchange): void {
    if (this.#late.size > 0 && this.#late.delete(exchange)) return this.#put(exchange);
    if (exchange.index === this.#index) {
      this.#take();
      this.#put(exchange);
      this.#putSettled();
      return;
    }
    // Made behind what is written next, and taken from there.
    const chunk = this.#chunk;
    const { length } = chunk;
    this.#line(exchange);
    const line = chunk.view(length).slice();
    chunk.cut(length);
    this.#waiting[this.#first + exchange.index - this.#index] = line;
    this.#bytes += line.length;
    while (this.#end - this.#first > WINDOW || this.#bytes > WINDOW_BYTES) this.#passOver();
  }

  ended(stream: number): void {
    this.#maker.ended(stream);
  }

  /** Writes what is left. */
  finish(): void {
    while (this.#first < this.#end) this.#put(this.#take());
    for (const exchange of this.#late) this.#put(exchange);
    this.#flush();
  }

  #line(exchange: Exchange): void {
    if (this.#keeps?.(exchange) === false) return;
    this.#maker.put(this.#chunk, exchange, this.#state.facts(exchange));
  }

  #passOver(): void {
    const next = this.#take();
    if (next instanceof Uint8Array) this.#put(next);
    else this.#late.add(next);
    this.#putSettled();
  }

  #putSettled(): void {
    while (this.#first < this.#end) {
      const next = this.#waiting[this.#first];
      if (!(next instanceof Uint8Array)) break;
      this.#take();
      this.#put(next);
    }
    if (this.#first < SPENT || 2 * this.#first < this.#end) return;
    this.#waiting = this.#waiting.slice(this.#first, this.#end);
    this.#end -= this.#first;
    this.#first = 0;
  }

  #take(): Exchange | Uint8Array {
    const next = this.#waiting[this.#first]!;
    this.#waiting[this.#first] = null;
    this.#first++;
    this.#index++;
    if (next instanceof Uint8Array) this.#bytes -= next.length;
    return next;
  }

  #put(line: Exchange | Uint8Array): void {
    if (line instanceof Uint8Array) this.#chunk.put(line);
    else this.#line(line);
    if (this.#chunk.length >= CHUNK) this.#flush();
  }

  #flush(): void {
    if (this.#chunk.length > 0) this.#write(this.#chunk.view());
    this.#chunk.cut(0);
  }
}

/** Places that were taken before the rest moves to the front. */
const SPENT = 4096;
