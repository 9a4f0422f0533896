/** A map that lets its oldest entries go: what a hostile capture makes without end. */

/** Connections and sessions that are remembered unless told. */
const MOST = 16_384;

/** Keeps the entries that were set last. */
export class RecentMap<K, V> extends Map<K, V> {
  readonly #most: number;
  readonly #isLoss: (value: V) => boolean;
  #lost = 0;

  /** `isLoss` tells which of the entries that are let go would still have been needed; none unless given. */
  constructor(most = MOST, isLoss: (value: V) => boolean = () => false) {
    super();
    this.#most = most;
    this.#isLoss = isLoss;
  }

  /** Entries that were let go and would still have been needed. */
  get lost(): number {
    return this.#lost;
  }

  override set(key: K, value: V): this {
    this.delete(key);
    super.set(key, value);
    if (this.size > this.#most) {
      for (const [oldest, value] of this) {
        this.delete(oldest);
        if (this.#isLoss(value)) this.#lost++;
        break;
      }
    }
    return this;
  }
}
