/** A map that takes no memory until it is used: thousands of connections have several that are so most of the time. */

/**
 * A map of few entries for a short while.
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
  #map: Map<K, V> | null = null;

  get size(): number {
    return this.#map?.size ?? 0;
  }

  get(key: K): V | undefined {
    return this.#map?.get(key);
  }

  set(key: K, value: V): void {
    (this.#map ??= new Map()).set(key, value);
  }

  has(key: K): boolean {
    return this.#map?.has(key) === true;
  }

  /** Keeps the memory: what was needed once is needed again. */
  delete(key: K): void {
    this.#map?.delete(key);
  }

  /** The value of a key, which is in the map no more; the last one frees the memory. */
  take(key: K): V | undefined {
    if (this.#map === null) return undefined;
    const value = this.#map.get(key);
    this.#map.delete(key);
    if (this.#map.size === 0) this.#map = null;
    return value;
  }

  values(): IterableIterator<V> {
    return (this.#map ?? new Map<K, V>()).values();
  }

  clear(): void {
    this.#map = null;
  }

  [Symbol.iterator](): IterableIterator<[K, V]> {
    return (this.#map ?? new Map<K, V>())[Symbol.iterator]();
  }
}
