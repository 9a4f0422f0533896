/** Tables of `inspect` that stay small whatever the capture has: counts by name, the most of many, spreads of values. */

import { round } from "./capture_clock.ts";

/** Values that are kept as they are; of more, what each is near to. */
const EXACT = 512;

/** Neighbouring steps of a spread differ by this: its percentiles are as true as that. */
const STEP = 1.02;

/** How values lie; times in seconds. */
export interface Spread {
  readonly count: number;
  readonly min: number;
  readonly median: number;
  readonly p95: number;
  readonly max: number;
}

/** Collects values that are not negative. */
export class SpreadCounter {
  #exact: number[] | null = [];
  readonly #steps = new Map<number, number>();
  #count = 0;
  #min = Infinity;
  #max = 0;

  add(value: number): void {
    this.#count++;
    this.#min = Math.min(this.#min, value);
    this.#max = Math.max(this.#max, value);
    if (this.#exact === null) return this.#step(value);
    this.#exact.push(value);
    if (this.#exact.length <= EXACT) return;
    for (const one of this.#exact) this.#step(one);
    this.#exact = null;
  }

  /** Null without values. */
  get spread(): Spread | null {
    if (this.#count === 0) return null;
    const sorted = this.#exact?.toSorted((one, other) => one - other);
    const at = (share: number) => {
      const rank = Math.max(Math.ceil(share * this.#count) - 1, 0);
      return sorted?.[rank] ?? this.#valueAt(rank);
    };
    return {
      count: this.#count,
      min: round(this.#min),
      median: round(at(0.5)),
      p95: round(at(0.95)),
      max: round(this.#max),
    };
  }

  #step(value: number): void {
    const step = value <= 0 ? -Infinity : Math.round(Math.log(value) / Math.log(STEP));
    this.#steps.set(step, (this.#steps.get(step) ?? 0) + 1);
  }

  #valueAt(rank: number): number {
    let before = 0;
    for (const [step, count] of [...this.#steps].sort(([one], [other]) => one - other)) {
      before += count;
      if (before > rank) return Math.min(Math.max(STEP ** step, this.#min), this.#max);
    }
    return this.#max;
  }
}

/** Counts by name. Beyond the limit, further names are counted together. */
export class Tally {
  readonly #limit: number;
  readonly #counts = new Map<string, number>();

  constructor(limit = 1000) {
    this.#limit = limit;
  }

  add(name: string, count = 1): void {
    const known = this.#counts.get(name);
    const key = known === undefined && this.#counts.size >= this.#limit ? OTHERS : name;
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + count);
  }

  /** The most first. */
  get counts(): Readonly<Record<string, number>> {
    return Object.fromEntries(
      [...this.#counts].sort(([one, a], [other, b]) => b - a || (one < other ? -1 : 1)),
    );
  }
}

/** Name of what has none of its own in a table. */
export const OTHERS = "others";

/** Rows by key, of which those that weigh least are forgotten when there are too many. */
export class Heaviest<Row> {
  readonly #kept: number;
  readonly #weigh: (row: Row) => number;
  readonly #rows = new Map<string, Row>();
  #forgotten = 0;

  constructor(kept: number, weigh: (row: Row) => number) {
    this.#kept = kept;
    this.#weigh = weigh;
  }

  /** The row of that key; `make` makes a new one. */
  of(key: string, make: () => Row): Row {
    let row = this.#rows.get(key);
    if (row === undefined) {
      if (this.#rows.size >= 2 * this.#kept) this.#forget();
      this.#rows.set(key, row = make());
    }
    return row;
  }

  /** Rows that there were. */
  get count(): number {
    return this.#rows.size + this.#forgotten;
  }

  /** Whether rows were forgotten: one that came back counts from there on. */
  get isWhole(): boolean {
    return this.#forgotten === 0;
  }

  /** The heaviest ones. */
  top(count: number, weigh = this.#weigh): Row[] {
    return [...this.#rows.values()].filter((row) => weigh(row) > 0)
      .sort((one, other) => weigh(other) - weigh(one)).slice(0, count);
  }

  #forget(): void {
    const sorted = [...this.#rows].sort(([, one], [, other]) =>
      this.#weigh(one) - this.#weigh(other)
    );
    for (const [key] of sorted.slice(0, this.#kept)) this.#rows.delete(key);
    this.#forgotten += this.#kept;
  }
}
