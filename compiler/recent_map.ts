/** A map that lets its oldest entries go: what a hostile capture makes without end. */

/** Connections and sessions that are remembered unless told. */
const MOST = 65_536;

/** Keeps the entries that were set last. */
export class RecentMap<K, V> extends Map<K, V> {
  readonly #most: number;

  constructor(most = MOST) {
    super();
    this.#most = most;
  }

  override set(key: K, value: V): this {
    this.delete(key);
    super.set(key, value);
    if (this.size > this.#most) {
      for (const oldest of this.keys()) {
        this.delete(oldest);
        break;
      }
    }
    return this;
  }
}
