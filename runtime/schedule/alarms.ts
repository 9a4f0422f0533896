/** Who waits for which moment, and what to do until the next one. */

/** What the owner of an `Alarms` does next. */
export type AlarmStep =
  /** Nobody waits. */
  | { readonly kind: "idle" }
  /** A timer of that many milliseconds, then ask again. */
  | { readonly kind: "sleep"; readonly milliseconds: number }
  /** Give other work a turn, then ask again. */
  | { readonly kind: "spin" };

/**
 * How long before a moment the timer is left for turns of the event loop. Timers fire up to 0.95 ms early and are
 * 0.5 ms (median) to 2.3 ms (p99) late, turns 0.001 to 0.15 ms: design.md, section 6.
 */
export const SPIN_MS = 2;

/** Longest timer: setTimeout takes 31 bits of milliseconds, and a run's clock may be changed under way. */
const MAX_SLEEP_MS = 60_000;

interface Alarm {
  readonly at: number;
  readonly order: number;
  readonly ring: () => void;
}

/**
 * A heap of moments. Equal moments ring in the order in which they were set.
 *
 * @example
 * ```ts
 * const alarms = new Alarms();
 * const rung: string[] = [];
 * alarms.set(10, () => rung.push("b"));
 * alarms.set(5, () => rung.push("a"));
 * const step = alarms.advance(5);
 * if (rung.join() !== "a" || step.kind !== "sleep" || step.milliseconds !== 3) throw new Error();
 * ```
 */
export class Alarms {
  readonly #heap: Alarm[] = [];
  #order = 0;

  /** How many moments are to come. */
  get size(): number {
    return this.#heap.length;
  }

  /** Rings once the time is `at`. */
  set(at: number, ring: () => void): void {
    const heap = this.#heap;
    heap.push({ at, order: this.#order++, ring });
    let child = heap.length - 1;
    while (child > 0) {
      const parent = (child - 1) >> 1;
      if (!this.#before(child, parent)) break;
      this.#swap(child, parent);
      child = parent;
    }
  }

  /** Rings everything whose moment is `now` or earlier, and says what to do until the next one. */
  advance(now: number): AlarmStep {
    for (let first = this.#heap[0]; first !== undefined; first = this.#heap[0]) {
      if (first.at > now) {
        const rest = first.at - now;
        if (rest <= SPIN_MS) return { kind: "spin" };
        return { kind: "sleep", milliseconds: Math.min(rest - SPIN_MS, MAX_SLEEP_MS) };
      }
      this.#removeFirst();
      first.ring();
    }
    return { kind: "idle" };
  }

  #removeFirst(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    heap[0] = last;
    let parent = 0;
    while (true) {
      const left = 2 * parent + 1;
      if (left >= heap.length) return;
      const right = left + 1;
      const child = right < heap.length && this.#before(right, left) ? right : left;
      if (!this.#before(child, parent)) return;
      this.#swap(child, parent);
      parent = child;
    }
  }

  #before(a: number, b: number): boolean {
    const one = this.#heap[a] as Alarm;
    const two = this.#heap[b] as Alarm;
    return one.at < two.at || (one.at === two.at && one.order < two.order);
  }

  #swap(a: number, b: number): void {
    const one = this.#heap[a] as Alarm;
    this.#heap[a] = this.#heap[b] as Alarm;
    this.#heap[b] = one;
  }
}
