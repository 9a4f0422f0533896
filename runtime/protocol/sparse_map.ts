/**
 * A map that takes no memory for one entry: thousands of connections have several that hold no more most of the time.
 * A `Map` whose entries come and go also leaves its former tables behind, each with what was in it, until V8 collects all
 * of its memory; a single entry leaves nothing.
 */

/**
 * A map of few entries for a short while, in the order in which they were set.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { SparseMap } from "./mod.ts";
 * const map = new SparseMap<string, number>();
 * map.set("a", 1);
 * assertEquals([map.get("a"), map.take("a"), map.size], [1, 1, 0]);
 * ```
 */
export class SparseMap<K, V> {
  /** The only entry; what it holds counts while `#hasOne`. */
  #key: K | undefined = undefined;
  #value: V | undefined = undefined;
  #hasOne = false;
  /** All entries, once there have been several at the same time, until there is none. */
  #map: Map<K, V> | null = null;

  get size(): number {
    return this.#map?.size ?? (this.#hasOne ? 1 : 0);
  }

  get(key: K): V | undefined {
    if (this.#map !== null) return this.#map.get(key);
    return this.#hasOne && this.#key === key ? this.#value : undefined;
  }

  set(key: K, value: V): void {
    if (this.#map === null) {
      if (!this.#hasOne || this.#key === key) {
        this.#key = key;
        this.#value = value;
        this.#hasOne = true;
        return;
      }
      this.#map = new Map([[this.#key as K, this.#value as V]]);
      this.#forgetOne();
    }
    this.#map.set(key, value);
  }

  has(key: K): boolean {
    if (this.#map !== null) return this.#map.has(key);
    return this.#hasOne && this.#key === key;
  }

  delete(key: K): void {
    if (this.#map !== null) {
      this.#map.delete(key);
      if (this.#map.size === 0) this.#map = null;
    } else if (this.#hasOne && this.#key === key) this.#forgetOne();
  }

  /** The value of a key, which is in the map no more. */
  take(key: K): V | undefined {
    const value = this.get(key);
    this.delete(key);
    return value;
  }

  *values(): IterableIterator<V> {
    if (this.#map !== null) yield* this.#map.values();
    else if (this.#hasOne) yield this.#value as V;
  }

  clear(): void {
    this.#map = null;
    this.#forgetOne();
  }

  *[Symbol.iterator](): IterableIterator<[K, V]> {
    if (this.#map !== null) yield* this.#map;
    else if (this.#hasOne) yield [this.#key as K, this.#value as V];
  }

  #forgetOne(): void {
    this.#key = undefined;
    this.#value = undefined;
    this.#hasOne = false;
  }
}
