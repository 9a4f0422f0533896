/** Distributions of times, in bounded memory. */
import { build, type Histogram } from "hdr-histogram-js";

/** Percentiles of a distribution, in milliseconds. */
export interface Distribution {
  readonly count: number;
  readonly min: number;
  readonly mean: number;
  readonly p50: number;
  readonly p90: number;
  readonly p95: number;
  readonly p99: number;
  readonly max: number;
}

/** One hour; what takes longer counts as an hour. */
const MAX_MICROSECONDS = 3_600_000_000;

/**
 * Times from 1 µs to an hour with three significant digits (HdrHistogram), and exact extremes.
 *
 * @example
 * ```ts
 * const latency = new Latency();
 * for (let i = 1; i <= 100; i++) latency.add(i);
 * const { p50, max, count } = latency.distribution();
 * if (Math.abs(p50 - 50) > 0.1 || max !== 100 || count !== 100) throw new Error();
 * ```
 */
export class Latency {
  readonly #histogram: Histogram = build({
    bitBucketSize: 32,
    autoResize: true,
    lowestDiscernibleValue: 1,
    highestTrackableValue: 2_000_000,
    numberOfSignificantValueDigits: 3,
    useWebAssembly: false,
  });
  #count = 0;
  #sum = 0;
  #min = Infinity;
  #max = 0;

  /** Adds one time; a negative one counts as 0. */
  add(milliseconds: number): void {
    const value = Math.max(0, milliseconds);
    this.#histogram.recordValue(Math.min(MAX_MICROSECONDS, Math.round(value * 1000)));
    this.#count++;
    this.#sum += value;
    this.#min = Math.min(this.#min, value);
    this.#max = Math.max(this.#max, value);
  }

  /** The time that so many percent of the times do not exceed; 0 when there are none. */
  percentile(percent: number): number {
    if (this.#count === 0) return 0;
    const value = this.#histogram.getValueAtPercentile(percent) / 1000;
    return Math.min(this.#max, Math.max(this.#min, value));
  }

  /** The distribution so far; zeros when it is empty. */
  distribution(): Distribution {
    if (this.#count === 0) {
      return { count: 0, min: 0, mean: 0, p50: 0, p90: 0, p95: 0, p99: 0, max: 0 };
    }
    return {
      count: this.#count,
      min: this.#min,
      mean: this.#sum / this.#count,
      p50: this.percentile(50),
      p90: this.percentile(90),
      p95: this.percentile(95),
      p99: this.percentile(99),
      max: this.#max,
    };
  }
}
