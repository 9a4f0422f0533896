/** Exchanges -> lines of `inspect --operations`, in the order of their requests. */
import type { Exchange, ExchangeSink } from "./exchange.ts";
import { type OperationRow, operationRow } from "./operation_row.ts";
import type { ReplayState } from "./replay_state.ts";

/**
 * Settled exchanges that wait behind one that is not (a change notification may stay open for hours): beyond this many
 * the open one is passed over, and its line comes when it is settled.
 */
const WINDOW = 65_536;

/** Writes one line per exchange; a line waits until those before it are settled. */
export class OperationLines implements ExchangeSink {
  readonly #state: ReplayState;
  readonly #write: (row: OperationRow) => void;
  #waiting: Exchange[] = [];
  /** Passed over while open: written when settled. */
  readonly #late = new Set<Exchange>();

  constructor(state: ReplayState, write: (row: OperationRow) => void) {
    this.#state = state;
    this.#write = write;
  }

  opened(exchange: Exchange): void {
    this.#waiting.push(exchange);
  }

  pending(): void {}

  settled(exchange: Exchange): void {
    if (this.#late.delete(exchange)) return this.#put(exchange);
    if (this.#waiting[0] === exchange || this.#waiting.length > WINDOW) this.#drain(false);
  }

  /** Writes what is left. */
  finish(): void {
    this.#drain(true);
  }

  #drain(all: boolean): void {
    let done = 0;
    for (const exchange of this.#waiting) {
      if (!exchange.settled && !all) {
        if (this.#waiting.length - done <= WINDOW) break;
        this.#late.add(exchange);
      } else {
        this.#put(exchange);
      }
      done++;
    }
    this.#waiting = this.#waiting.slice(done);
  }

  #put(exchange: Exchange): void {
    this.#write(operationRow(exchange, this.#state.facts(exchange)));
  }
}
