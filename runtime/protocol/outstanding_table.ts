/** Connection.OutstandingRequests: requests by their message id (MS-SMB2 3.2.1.7). */
import type { Exchange } from "./exchange.ts";

/** Places for requests, a power of two: more than most connections have in flight. */
const PLACES = 16;

/**
 * Requests by their message id. Ids follow each other, so that each has a place of its own as long as few are in flight;
 * a `Map` takes the others. (A `Map` alone leaves its former tables behind, each with the requests that were in it, until
 * V8 collects all of its memory.)
 */
export class OutstandingTable {
  readonly #places: (Exchange | null)[] = new Array(PLACES).fill(null);
  #placed = 0;
  #others: Map<number | bigint, Exchange> | null = null;

  get size(): number {
    return this.#placed + (this.#others?.size ?? 0);
  }

  get(messageId: bigint): Exchange | null {
    const placed = this.#places[placeOf(messageId)] ?? null;
    if (placed !== null && placed.messageId === messageId) return placed;
    return this.#others?.get(keyOf(messageId)) ?? null;
  }

  /** Enters a request that has its message id. */
  add(exchange: Exchange): void {
    const place = placeOf(exchange.messageId);
    if (this.#places[place] === null) {
      this.#places[place] = exchange;
      this.#placed++;
    } else (this.#others ??= new Map()).set(keyOf(exchange.messageId), exchange);
  }

  delete(exchange: Exchange): void {
    const place = placeOf(exchange.messageId);
    if (this.#places[place] === exchange) {
      this.#places[place] = null;
      this.#placed--;
    } else this.#others?.delete(keyOf(exchange.messageId));
  }

  clear(): void {
    this.#places.fill(null);
    this.#placed = 0;
    this.#others = null;
  }

  /** All of them, in no order that means anything. */
  *values(): IterableIterator<Exchange> {
    for (const exchange of this.#places) if (exchange !== null) yield exchange;
    if (this.#others !== null) yield* this.#others.values();
  }
}

function placeOf(messageId: bigint): number {
  return Number(messageId) & (PLACES - 1);
}

/** Numbers are looked up faster than 64-bit ids, of which only overridden ones are too large for a number. */
function keyOf(messageId: bigint): number | bigint {
  const key = Number(messageId);
  return Number.isSafeInteger(key) ? key : messageId;
}
