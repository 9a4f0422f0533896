/** The summary as OpenTelemetry metrics: an ExportMetricsServiceRequest of OTLP in its JSON form. */
import type { Summary } from "../measure/mod.ts";

/** What a request needs beside the counts; times in milliseconds of the epoch. */
export interface OtlpContext {
  readonly startedAt: number;
  readonly now: number;
  readonly version: string;
  readonly scenario: string;
  readonly target: string;
}

interface DataPoint {
  readonly value: number;
  readonly attributes?: Readonly<Record<string, string>>;
}

/** AGGREGATION_TEMPORALITY_CUMULATIVE of OTLP's metrics. */
const CUMULATIVE = 2;
const NANOS_PER_MILLI = 1_000_000n;

/**
 * The body of a request to `/v1/metrics`, as a JSON value.
 *
 * @example
 * ```ts
 * import { Measurement } from "../measure/mod.ts";
 *
 * const summary = new Measurement({ statusName: String }).summary();
 * const request = otlpMetrics(summary, { startedAt: 0, now: 1, version: "1", scenario: "s", target: "t" });
 * if (!JSON.stringify(request).includes('"smbench.lag"')) throw new Error();
 * ```
 */
export function otlpMetrics(summary: Summary, context: OtlpContext): unknown {
  const times = {
    startTimeUnixNano: nanos(context.startedAt),
    timeUnixNano: nanos(context.now),
  };
  const sum = (name: string, unit: string, points: readonly DataPoint[]) => ({
    name,
    unit,
    sum: {
      aggregationTemporality: CUMULATIVE,
      isMonotonic: true,
      dataPoints: points.map(({ value, attributes = {} }) => ({
        ...times,
        asInt: String(value),
        attributes: attributeList(attributes),
      })),
    },
  });
  const distribution = (
    name: string,
    lists: readonly (readonly [Readonly<Record<string, string>>, Summary["lag"]])[],
  ) => ({
    name,
    unit: "ms",
    summary: {
      dataPoints: lists.map(([attributes, latency]) => ({
        ...times,
        count: String(latency.count),
        sum: latency.mean * latency.count,
        quantileValues: latency.count === 0 ? [] : [
          { quantile: 0.5, value: latency.p50 },
          { quantile: 0.9, value: latency.p90 },
          { quantile: 0.95, value: latency.p95 },
          { quantile: 0.99, value: latency.p99 },
          { quantile: 1, value: latency.max },
        ],
        attributes: attributeList(attributes),
      })),
    },
  });
  const metrics = [
    sum(
      "smbench.operations",
      "{operation}",
      summary.commands.flatMap(({ command, matched, mismatched, skipped }) =>
        Object.entries({ matched, mismatched, skipped }).map(([outcome, value]) => ({
          value,
          attributes: { command, outcome },
        }))
      ),
    ),
    sum(
      "smbench.status",
      "{response}",
      summary.statuses.map(({ name, count }) => ({ value: count, attributes: { status: name } })),
    ),
    sum("smbench.payload.read", "By", [{ value: summary.payloadRead }]),
    sum("smbench.payload.written", "By", [{ value: summary.payloadWritten }]),
    sum("smbench.divergences", "{difference}", [{ value: summary.divergenceCount }]),
    sum("smbench.breaks", "{break}", [{ value: summary.breaks.received }]),
    ...summary.iterations === null ? [] : [
      sum("smbench.iterations", "{iteration}", [{ value: summary.iterations.count }]),
      sum("smbench.iterations.failed", "{iteration}", [{ value: summary.iterations.failed }]),
      sum("smbench.iterations.dropped", "{iteration}", [{ value: summary.iterations.dropped }]),
    ],
    distribution(
      "smbench.operation.duration",
      summary.commands.map(({ command, latency }) => [{ command }, latency] as const),
    ),
    distribution("smbench.lag", [[{}, summary.lag]]),
  ];
  return {
    resourceMetrics: [{
      resource: {
        attributes: attributeList({
          "service.name": "smbench",
          "service.version": context.version,
          "smbench.scenario": context.scenario,
          "smbench.target": context.target,
        }),
      },
      scopeMetrics: [{ scope: { name: "smbench", version: context.version }, metrics }],
    }],
  };
}

function attributeList(attributes: Readonly<Record<string, string>>) {
  return Object.entries(attributes).map(([key, value]) => ({
    key,
    value: { stringValue: value },
  }));
}

function nanos(milliseconds: number): string {
  return String(BigInt(Math.round(milliseconds)) * NANOS_PER_MILLI);
}
