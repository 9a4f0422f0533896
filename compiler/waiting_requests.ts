/** Requests of one conversation that wait for their answers, by MessageId. */
import type { CapturedMessage, Exchange } from "./exchange.ts";

const FIRST_SIZE = 4;
const LARGEST_SIZE = 8192;

/** Bytes of a header up to the end of MessageId. */
const MESSAGE_ID_END = 32;

/** A MessageId, and its halves: arithmetic on bigints takes several times as long. */
const whole = new BigUint64Array(1);
const halves = new Uint32Array(whole.buffer);

/** Which of them is the upper one: the last, but on a big-endian machine. */
const HIGH = new Uint8Array(new Uint16Array([1]).buffer)[0]!;

/** A MessageId; of a cut header, which has none, this. */
type Key = number | bigint | "unknown";

/**
 * Requests by MessageId. Ids are counted up, so that those in flight have places of their own in a small table; what
 * finds its place taken, such as by a change notification that waits for hours, goes to a Map. A Map for all would be made
 * anew with every few requests.
 */
export class WaitingRequests {
  #slots: (Exchange | null)[] = new Array(FIRST_SIZE).fill(null);
  #ids: number[] = new Array(FIRST_SIZE).fill(-1);
  #inSlots = 0;
  #others: Map<Key, Exchange> | null = null;

  /** How many wait. */
  get size(): number {
    return this.#inSlots + (this.#others?.size ?? 0);
  }

  /** The request that a message with that header answers, or repeats. */
  get(message: CapturedMessage): Exchange | undefined {
    const key = keyOf(message);
    if (typeof key === "number") {
      const slot = key & (this.#slots.length - 1);
      if (this.#ids[slot] === key) return this.#slots[slot]!;
    }
    return this.#others?.get(key);
  }

  /** A request waits, in place of one with the same id. */
  set(message: CapturedMessage, exchange: Exchange): void {
    const key = keyOf(message);
    if (typeof key === "number") {
      if (2 * this.#inSlots >= this.#slots.length && this.#slots.length < LARGEST_SIZE) {
        this.#grow();
      }
      const slot = key & (this.#slots.length - 1);
      const id = this.#ids[slot];
      if (id === key || (id === -1 && this.#others?.has(key) !== true)) {
        if (id === -1) this.#inSlots++;
        this.#ids[slot] = key;
        this.#slots[slot] = exchange;
        return;
      }
    }
    (this.#others ??= new Map()).set(key, exchange);
  }

  /** Its answer came. */
  delete(message: CapturedMessage): void {
    const key = keyOf(message);
    if (typeof key === "number") {
      const slot = key & (this.#slots.length - 1);
      if (this.#ids[slot] === key) {
        this.#ids[slot] = -1;
        this.#slots[slot] = null;
        this.#inSlots--;
        return;
      }
    }
    this.#others?.delete(key);
  }

  /** All that wait, in the order of their sending. */
  all(): Exchange[] {
    const waiting = [...this.#others?.values() ?? []];
    for (const exchange of this.#slots) if (exchange !== null) waiting.push(exchange);
    return waiting.sort((one, other) => one.index - other.index);
  }

  /** Lets go of half of those that wait: looking for the oldest one each time would take long. */
  takeOlderHalf(): Exchange[] {
    const all = this.all();
    const older = new Set(all.slice(0, all.length / 2));
    for (const [key, exchange] of this.#others ?? []) {
      if (older.has(exchange)) this.#others?.delete(key);
    }
    for (const [slot, exchange] of this.#slots.entries()) {
      if (exchange === null || !older.has(exchange)) continue;
      this.#slots[slot] = null;
      this.#ids[slot] = -1;
      this.#inSlots--;
    }
    return [...older];
  }

  #grow(): void {
    const [slots, ids] = [this.#slots, this.#ids];
    const size = 4 * slots.length;
    this.#slots = new Array(size).fill(null);
    this.#ids = new Array(size).fill(-1);
    for (const [index, exchange] of slots.entries()) {
      if (exchange === null) continue;
      const id = ids[index]!;
      this.#slots[id & (size - 1)] = exchange;
      this.#ids[id & (size - 1)] = id;
    }
  }
}

function keyOf({ known, header }: CapturedMessage): Key {
  if (known < MESSAGE_ID_END) return "unknown";
  whole[0] = header.messageId;
  return halves[HIGH] === 0 ? halves[1 - HIGH]! : header.messageId;
}
