/** What is under way, of which there is much for a short while each. */

/** What can be in one list. */
export interface Linked<T> {
  before: T | null;
  after: T | null;
}

/**
 * Things in the order in which they came, linked among themselves. A `Set` or `Map` of them would leave its former
 * tables behind, each with what was in it, until V8 collects all of its memory: with operations that was most of what it
 * had to collect.
 */
export class LinkedList<T extends Linked<T>> {
  #first: T | null = null;
  #last: T | null = null;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** Appends what is in no list. */
  add(item: T): void {
    item.before = this.#last;
    item.after = null;
    if (this.#last === null) this.#first = item;
    else this.#last.after = item;
    this.#last = item;
    this.#size++;
  }

  /** Takes out what is in this list; anything else stays as it is. */
  remove(item: T): void {
    const { before, after } = item;
    if (before === null && this.#first !== item) return;
    if (before === null) this.#first = after;
    else before.after = after;
    if (after === null) this.#last = before;
    else after.before = before;
    item.before = null;
    item.after = null;
    this.#size--;
  }

  /** Those that are in it now, whatever happens to them meanwhile. */
  all(): T[] {
    const items: T[] = [];
    for (let item = this.#first; item !== null; item = item.after) items.push(item);
    return items;
  }
}
