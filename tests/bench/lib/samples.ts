/** What benchmarks measure: rates, their medians, and ratios with spread. */
import process from "node:process";

/** Something per second, and what of the processor one of them took, in microseconds. */
export interface Rate {
  readonly perSecond: number;
  /** Null where the other side does not tell. */
  readonly cpuMicros: number | null;
}

/** A rate of this process, which knows what it used. */
export interface OwnRate extends Rate {
  readonly cpuMicros: number;
}

/** What code needs to become fast, in milliseconds. */
const WARM_MS = 300;

/** Repeats `work`, which tells how many things it did, for some seconds; what it does first does not count. */
export async function measure(seconds: number, work: () => Promise<number>): Promise<OwnRate> {
  const warm = performance.now() + WARM_MS;
  do await work(); while (performance.now() < warm);
  return await timed(async () => {
    const end = performance.now() + seconds * 1000;
    let count = 0;
    while (performance.now() < end) count += await work();
    return count;
  });
}

/** The rate of `work`, which tells how many things it did. */
export async function timed(work: () => Promise<number>): Promise<OwnRate> {
  const rateOf = startTiming();
  return rateOf(await work());
}

/** Measures from now on; the returned function tells the rate of so many things. */
export function startTiming(): (count: number) => OwnRate {
  const cpu = process.cpuUsage();
  const start = performance.now();
  return (count) => {
    const elapsed = (performance.now() - start) / 1000;
    const { user, system } = process.cpuUsage(cpu);
    return { perSecond: count / elapsed, cpuMicros: (user + system) / count };
  };
}

/** The middle one; NaN of none. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? NaN;
}

/** A ratio of medians, and the least and the most that a single pair of rounds gave. */
export interface Ratio {
  readonly ratio: number;
  readonly least: number;
  readonly most: number;
}

/** How `ours` compare with `theirs`, which alternated with them. */
export function ratioOf(ours: readonly number[], theirs: readonly number[]): Ratio {
  const pairs = ours.flatMap((value, i) => {
    const other = theirs[i];
    return other === undefined ? [] : [value / other];
  });
  return {
    ratio: median(ours) / median(theirs),
    least: Math.min(...pairs),
    most: Math.max(...pairs),
  };
}
