/** Happens-before: an operation that was sent after others had been answered waits for them at any speed. */
import { IdSet } from "./id_set.ts";

/**
 * What an operation is waited for by: its label, or its number, which stands for one operation alone. The pending moment
 * of a number is the negative number below it ({@linkcode pendingOf}).
 */
export type OrderKey = string | number;

/** The moment at which the server says that an operation is pending. */
export function pendingOf(key: OrderKey): OrderKey {
  return typeof key === "number" ? -1 - key : `${key} pending`;
}

interface Entry {
  outstanding: number;
  finished: number;
}

interface Waiter {
  readonly missing: Set<OrderKey>;
  readonly release: (unmet: readonly OrderKey[]) => void;
}

/**
 * Which labelled operations are under way and which are answered. A label is done when at least one operation of it
 * was answered (or skipped, or given up) and none is outstanding.
 *
 * @example
 * ```ts
 * const order = new Order();
 * order.begin("12");
 * let released = false;
 * order.wait(["12"], () => released = true);
 * order.end("12");
 * if (!released) throw new Error();
 * ```
 */
export class Order {
  readonly #entries = new Map<string, Entry>();
  readonly #waiters = new Map<OrderKey, Set<Waiter>>();
  /** Numbers that are done, and those whose pending moment has come: there may be millions. */
  readonly #done = new IdSet();
  readonly #pending = new IdSet();
  #closed = false;

  /** An operation of that label is sent. */
  begin(label: OrderKey): void {
    if (typeof label === "number") return;
    const entry = this.#entries.get(label);
    if (entry === undefined) this.#entries.set(label, { outstanding: 1, finished: 0 });
    else entry.outstanding++;
  }

  /** An operation of that label is answered, skipped or given up. */
  end(label: OrderKey): void {
    if (typeof label === "number") {
      if (label < 0) this.#pending.add(-1 - label);
      else this.#done.add(label);
      this.#settle(label);
      return;
    }
    const entry = this.#entries.get(label);
    if (entry === undefined || entry.outstanding === 0) {
      throw new Error(`Cannot end operation ${label}: it has not begun`);
    }
    entry.outstanding--;
    entry.finished++;
    if (entry.outstanding === 0) this.#settle(label);
  }

  /** Whether nothing has to wait for the label any more. */
  done(label: OrderKey): boolean {
    if (typeof label === "number") {
      return label < 0 ? this.#pending.has(-1 - label) : this.#done.has(label);
    }
    const entry = this.#entries.get(label);
    return entry !== undefined && entry.finished > 0 && entry.outstanding === 0;
  }

  /**
   * Calls `release` once every label is done: at once when they are. Its argument names the labels that never will
   * be, because `close` was called first. Returns how to stop waiting.
   */
  wait(labels: readonly OrderKey[], release: (unmet: readonly OrderKey[]) => void): () => void {
    const missing = new Set(labels.filter((label) => !this.done(label)));
    if (missing.size === 0 || this.#closed) {
      release([...missing]);
      return () => {};
    }
    const waiter: Waiter = { missing, release };
    for (const label of missing) {
      const set = this.#waiters.get(label);
      if (set === undefined) this.#waiters.set(label, new Set([waiter]));
      else set.add(waiter);
    }
    return () => this.#remove(waiter);
  }

  /** How many waits are unanswered. */
  get waiting(): number {
    return new Set([...this.#waiters.values()].flatMap((set) => [...set])).size;
  }

  /** No further operation will begin: every wait is released, with the labels that it lacks. */
  close(): void {
    this.#closed = true;
    this.release();
  }

  /** Releases every wait that there is now, with the labels that it lacks. */
  release(): void {
    const waiters = new Set([...this.#waiters.values()].flatMap((set) => [...set]));
    this.#waiters.clear();
    for (const waiter of waiters) waiter.release([...waiter.missing]);
  }

  /** Releases the wait for the label that was asked for first, with the labels that it lacks. */
  releaseOldest(): void {
    for (const [waiter] of this.#waiters.values()) {
      if (waiter === undefined) continue;
      this.#remove(waiter);
      return waiter.release([...waiter.missing]);
    }
  }

  #settle(label: OrderKey): void {
    const waiters = this.#waiters.get(label);
    if (waiters === undefined) return;
    this.#waiters.delete(label);
    for (const waiter of waiters) {
      waiter.missing.delete(label);
      if (waiter.missing.size === 0) waiter.release([]);
    }
  }

  #remove(waiter: Waiter): void {
    for (const label of waiter.missing) {
      const set = this.#waiters.get(label);
      set?.delete(waiter);
      if (set?.size === 0) this.#waiters.delete(label);
    }
  }
}
