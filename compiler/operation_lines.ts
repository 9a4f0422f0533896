/** Exchanges -> lines of `inspect --operations`, in the order of their requests. */
import type { Exchange, ExchangeSink } from "./exchange.ts";
import { LineMaker } from "./operation_line.ts";
import type { ReplayState } from "./replay_state.ts";

/**
 * Lines that wait behind an exchange that is not settled (a change notification may stay open for hours): beyond this
 * many, or this many characters, the open one is passed over, and its line comes when it is settled.
 */
const WINDOW = 65_536;
const WINDOW_CHARACTERS = 32 * 1024 * 1024;

/** Characters that are written at once. */
const CHUNK = 64 * 1024;

/** Writes one line per exchange; a line waits until those before it are settled. */
export class OperationLines implements ExchangeSink {
  readonly #state: ReplayState;
  readonly #write: (lines: string) => void;
  readonly #keeps: ((exchange: Exchange) => boolean) | undefined;
  readonly #maker = new LineMaker();
  /** From `#first` to `#end`, the exchanges in order: open ones, and lines of those settled. */
  #waiting: (Exchange | string | null)[] = [];
  #first = 0;
  #end = 0;
  /** Index of the exchange at `#first`. */
  #index = 0;
  #characters = 0;
  /** Passed over while open: written when settled. */
  readonly #late = new Set<Exchange>();
  #chunk = "";

  /** `write` gets whole lines, many at a time: those of exchanges that `keeps` keeps, of all without it. */
  constructor(
    state: ReplayState,
    write: (lines: string) => void,
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
    const line = this.#lineOf(exchange);
    if (this.#late.size > 0 && this.#late.delete(exchange)) return this.#put(line);
    if (exchange.index === this.#index) {
      this.#take();
      this.#put(line);
      this.#putSettled();
      return;
    }
    // Looking at a character makes one piece of a text that refers to dozens: it may wait for long.
    line.charCodeAt(0);
    this.#waiting[this.#first + exchange.index - this.#index] = line;
    this.#characters += line.length;
    while (
      this.#end - this.#first > WINDOW || this.#characters > WINDOW_CHARACTERS
    ) {
      this.#passOver();
    }
  }

  ended(stream: number): void {
    this.#maker.ended(stream);
  }

  /** Writes what is left. */
  finish(): void {
    while (this.#first < this.#end) {
      const next = this.#take();
      this.#put(typeof next === "string" ? next : this.#lineOf(next));
    }
    for (const exchange of this.#late) this.#put(this.#lineOf(exchange));
    if (this.#chunk !== "") this.#write(this.#chunk);
  }

  #lineOf(exchange: Exchange): string {
    if (this.#keeps?.(exchange) === false) return "";
    return this.#maker.line(exchange, this.#state.facts(exchange));
  }

  #passOver(): void {
    const next = this.#take();
    if (typeof next === "string") this.#put(next);
    else this.#late.add(next);
    this.#putSettled();
  }

  #putSettled(): void {
    while (this.#first < this.#end) {
      const next = this.#waiting[this.#first];
      if (typeof next !== "string") break;
      this.#take();
      this.#put(next);
    }
    if (this.#first < SPENT || 2 * this.#first < this.#end) return;
    this.#waiting = this.#waiting.slice(this.#first, this.#end);
    this.#end -= this.#first;
    this.#first = 0;
  }

  #take(): Exchange | string {
    const next = this.#waiting[this.#first]!;
    this.#waiting[this.#first] = null;
    this.#first++;
    this.#index++;
    if (typeof next === "string") this.#characters -= next.length;
    return next;
  }

  #put(line: string): void {
    this.#chunk += line;
    if (this.#chunk.length < CHUNK) return;
    this.#write(this.#chunk);
    this.#chunk = "";
  }
}

/** Places that were taken before the rest moves to the front. */
const SPENT = 4096;
