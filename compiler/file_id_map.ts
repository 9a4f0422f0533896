/** A map by FileId: two 64-bit numbers, without making text of them. */
import type { FileId } from "../runtime/wire/mod.ts";

interface Entry<T> {
  readonly persistent: bigint;
  value: T;
  next: Entry<T> | null;
}

/** Values by FileId. */
export class FileIdMap<T> {
  /** Entries with equal volatile halves are a list; it has one element as a rule. */
  readonly #entries = new Map<bigint, Entry<T>>();

  #size = 0;

  /** Number of values. */
  get size(): number {
    return this.#size;
  }

  get({ persistent, volatile }: FileId): T | undefined {
    let entry = this.#entries.get(volatile) ?? null;
    while (entry !== null && entry.persistent !== persistent) entry = entry.next;
    return entry?.value;
  }

  set({ persistent, volatile }: FileId, value: T): void {
    const first = this.#entries.get(volatile) ?? null;
    for (let entry = first; entry !== null; entry = entry.next) {
      if (entry.persistent === persistent) {
        entry.value = value;
        return;
      }
    }
    this.#entries.set(volatile, { persistent, value, next: first });
    this.#size++;
  }

  /** Takes out what need not be kept; the values come in the order in which their ids did. */
  keepOnly(isKept: (value: T) => boolean): void {
    for (const [volatile, first] of this.#entries) {
      let kept: Entry<T> | null = null;
      let last: Entry<T> | null = null;
      for (let entry: Entry<T> | null = first; entry !== null; entry = entry.next) {
        if (!isKept(entry.value)) {
          this.#size--;
          continue;
        }
        if (last === null) kept = entry;
        else last.next = entry;
        last = entry;
      }
      if (last !== null) last.next = null;
      if (kept === null) this.#entries.delete(volatile);
      else if (kept !== first) this.#entries.set(volatile, kept);
    }
  }

  delete({ persistent, volatile }: FileId): void {
    let before: Entry<T> | null = null;
    for (let entry = this.#entries.get(volatile) ?? null; entry !== null; entry = entry.next) {
      if (entry.persistent === persistent) {
        this.#size--;
        if (before !== null) before.next = entry.next;
        else if (entry.next !== null) this.#entries.set(volatile, entry.next);
        else this.#entries.delete(volatile);
        return;
      }
      before = entry;
    }
  }
}
