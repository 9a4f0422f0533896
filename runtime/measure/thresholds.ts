/**
 * Thresholds: what a run must keep to pass, as k6 writes them: a metric, tags that choose some of its values, and
 * expressions such as `p(95)<20`, `rate<0.01`, `count>=1000`. One whose metric has no values has failed: silence is no
 * success, but for the counters of faults where something else shows that there was something to count.
 */
import { Latency } from "./latency.ts";
import { type MetricKind, type MetricName, METRICS, type Tags } from "./metrics.ts";

/** One expression, with what to do when it does not hold. */
export type ThresholdOption = string | {
  readonly threshold: string;
  /** Ends the run as soon as it does not hold. */
  readonly abortOnFail?: boolean;
  /** Seconds before which that is not looked at: a first slow second ends no run. */
  readonly delayAbortEval?: number;
};

/** Thresholds by metric, or metric and tags: `"smb_op_duration{command:READ}"`. */
export type ThresholdOptions = Readonly<
  Record<string, ThresholdOption | readonly ThresholdOption[]>
>;

/** How a threshold stands. */
export interface ThresholdResult {
  /** Metric with its tags. */
  readonly metric: string;
  readonly expression: string;
  readonly passed: boolean;
  /** What is compared; null without values. */
  readonly observed: number | null;
}

/** A threshold cannot be read. */
export class ThresholdError extends Error {
  override readonly name = "ThresholdError";
}

type Comparison = "<" | "<=" | ">" | ">=" | "==" | "!=";

interface Expression {
  readonly text: string;
  readonly aggregate: string;
  readonly comparison: Comparison;
  readonly bound: number;
  readonly abortOnFail: boolean;
  /** Seconds. */
  readonly delay: number;
}

interface Selector {
  readonly text: string;
  readonly metric: MetricName;
  readonly kind: MetricKind;
  readonly tags: readonly (readonly [string, string])[];
  readonly expressions: readonly Expression[];
  readonly values: Values;
}

interface Values {
  /** Of a counter of faults: values of what shows that there could have been one. */
  witnessed: number;
  count: number;
  sum: number;
  readonly times: Latency | null;
}

/**
 * Counters of faults: that there is none is what one hopes for. What shows that there could have been one, and that the tags
 * are no mistake, are values of another metric with the same tags.
 */
const FAULTS: Readonly<Partial<Record<MetricName, MetricName>>> = {
  smb_divergences: "smb_ops",
  dropped_iterations: "iterations",
};

const AGGREGATES: Readonly<Record<MetricKind, RegExp>> = {
  trend: /^(?:p\((?:\d{1,2}(?:\.\d+)?|100)\)|avg|min|med|max|count)$/,
  rate: /^rate$/,
  counter: /^(?:count|rate)$/,
};

const COMPARISONS: Readonly<Record<Comparison, (one: number, other: number) => boolean>> = {
  "<": (one, other) => one < other,
  "<=": (one, other) => one <= other,
  ">": (one, other) => one > other,
  ">=": (one, other) => one >= other,
  "==": (one, other) => one === other,
  "!=": (one, other) => one !== other,
};

/**
 * Takes values, and says how the thresholds stand.
 *
 * @example
 * ```ts
 * const thresholds = new Thresholds({ "smb_op_duration{command:READ}": ["p(95)<20", "max<100"] });
 * for (const time of [3, 5, 8]) thresholds.take("smb_op_duration", time, { command: "READ" });
 * thresholds.take("smb_op_duration", 500, { command: "CREATE" });
 * if (!thresholds.results(1).every(({ passed }) => passed)) throw new Error();
 * ```
 */
export class Thresholds {
  readonly #selectors: readonly Selector[];
  readonly #byMetric: ReadonlyMap<MetricName, readonly Selector[]>;
  readonly #byWitness: ReadonlyMap<MetricName | undefined, readonly Selector[]>;

  /** @throws {ThresholdError} When one names no metric, or is no expression. */
  constructor(options: ThresholdOptions) {
    this.#selectors = Object.entries(options).map(([text, given]) => selectorOf(text, given));
    this.#byMetric = Map.groupBy(this.#selectors, ({ metric }) => metric);
    this.#byWitness = Map.groupBy(this.#selectors, ({ metric }) => FAULTS[metric]);
  }

  /** Whether there are none. */
  get isEmpty(): boolean {
    return this.#selectors.length === 0;
  }

  /** Adds a value. */
  take(metric: MetricName, value: number, tags: Tags): void {
    for (const selector of this.#byMetric.get(metric) ?? []) {
      if (!fits(selector, tags)) continue;
      selector.values.count++;
      selector.values.sum += value;
      selector.values.times?.add(value);
    }
    for (const selector of this.#byWitness.get(metric) ?? []) {
      if (fits(selector, tags)) selector.values.witnessed++;
    }
  }

  /** All thresholds after that many seconds of the run. */
  results(seconds: number): ThresholdResult[] {
    return this.#selectors.flatMap((selector) =>
      selector.expressions.map((expression) => resultOf(selector, expression, seconds))
    );
  }

  /** The first threshold that ends the run now; null when none does. */
  abortion(seconds: number): ThresholdResult | null {
    for (const selector of this.#selectors) {
      for (const expression of selector.expressions) {
        if (!expression.abortOnFail || seconds < expression.delay) continue;
        // Without values there is nothing yet that could be wrong.
        if (selector.values.count === 0) continue;
        const result = resultOf(selector, expression, seconds);
        if (!result.passed) return result;
      }
    }
    return null;
  }
}

function fits({ tags: wanted }: Selector, tags: Tags): boolean {
  return wanted.every(([name, value]) => tags[name] === value);
}

function selectorOf(
  text: string,
  given: ThresholdOption | readonly ThresholdOption[],
): Selector {
  const match = /^([a-z_]+)(?:\{([^{}]*)\})?$/.exec(text.trim());
  const name = match?.[1] ?? "";
  if (!Object.hasOwn(METRICS, name)) {
    throw new ThresholdError(
      `Cannot use threshold ${JSON.stringify(text)}: metrics are ${
        Object.keys(METRICS).join(", ")
      }, and tags are named as in smb_ops{command:READ}`,
    );
  }
  const metric = name as MetricName;
  const kind = METRICS[metric];
  const tags = (match?.[2] ?? "").split(",").filter((tag) => tag.trim() !== "").map((tag) => {
    const colon = tag.indexOf(":");
    if (colon <= 0) {
      throw new ThresholdError(
        `Cannot use threshold ${JSON.stringify(text)}: ${
          JSON.stringify(tag)
        } is no tag such as command:READ`,
      );
    }
    return [tag.slice(0, colon).trim(), tag.slice(colon + 1).trim()] as const;
  });
  const options = Array.isArray(given) ? given as readonly ThresholdOption[] : [given];
  return {
    text: text.trim(),
    metric,
    kind,
    tags,
    expressions: options.map((option) => expressionOf(option as ThresholdOption, kind)),
    values: { witnessed: 0, count: 0, sum: 0, times: kind === "trend" ? new Latency() : null },
  };
}

function expressionOf(option: ThresholdOption, kind: MetricKind): Expression {
  const text = typeof option === "string" ? option : String(option?.threshold);
  const match = /^\s*([a-z]+(?:\([\d.]+\))?)\s*(<=|>=|==|!=|<|>)\s*(-?\d+(?:\.\d+)?)\s*$/.exec(
    text,
  );
  const [, aggregate = "", comparison, bound] = match ?? [];
  if (match === null || !AGGREGATES[kind].test(aggregate)) {
    const known = {
      trend: "p(95)<20, avg, min, med, max or count",
      rate: "rate<0.01",
      counter: "count>100 or rate>10",
    }[kind];
    throw new ThresholdError(
      `Cannot use threshold expression ${JSON.stringify(text)}: for this metric it is ${known}`,
    );
  }
  return {
    text: text.trim(),
    aggregate,
    comparison: comparison as Comparison,
    bound: Number(bound),
    abortOnFail: typeof option === "object" && option.abortOnFail === true,
    delay: typeof option === "object" ? option.delayAbortEval ?? 0 : 0,
  };
}

function resultOf(selector: Selector, expression: Expression, seconds: number): ThresholdResult {
  const observed = observedOf(selector, expression.aggregate, seconds);
  return {
    metric: selector.text,
    expression: expression.text,
    passed: observed !== null && COMPARISONS[expression.comparison](observed, expression.bound),
    observed,
  };
}

function observedOf(
  { kind, values }: Selector,
  aggregate: string,
  seconds: number,
): number | null {
  if (values.count === 0 && values.witnessed === 0) return null;
  if (kind === "counter") {
    return aggregate === "count" ? values.sum : seconds > 0 ? values.sum / seconds : 0;
  }
  if (kind === "rate") return values.sum / values.count;
  const times = values.times as Latency;
  switch (aggregate) {
    case "count":
      return values.count;
    case "avg":
      return values.sum / values.count;
    case "min":
      return times.distribution().min;
    case "med":
      return times.distribution().p50;
    case "max":
      return times.distribution().max;
    default:
      return times.percentile(Number(aggregate.slice(2, -1)));
  }
}
