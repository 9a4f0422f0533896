/** The summary in Prometheus' text format (version 0.0.4): what a scraper or a collector of text files reads. */
import type { Distribution, Summary, ThresholdResult } from "../measure/mod.ts";

const QUANTILES = [["0.5", "p50"], ["0.9", "p90"], ["0.95", "p95"], ["0.99", "p99"]] as const;

/** What is there beside the counts. */
export interface LiveState {
  /** Users at work; null without load. */
  readonly users: number | null;
  readonly thresholds: readonly ThresholdResult[];
}

/**
 * The metrics as text.
 *
 * @example
 * ```ts
 * import { Measurement } from "../measure/mod.ts";
 *
 * const summary = new Measurement({ statusName: String }).summary();
 * const text = prometheusText(summary, { users: 3, thresholds: [] });
 * if (!text.includes("smbench_users 3\n")) throw new Error(text);
 * ```
 */
export function prometheusText(summary: Summary, state: LiveState): string {
  const writer = new Writer();
  writer.family("operations_total", "counter", "Operations by command and outcome.");
  for (const { command, matched, mismatched, skipped } of summary.commands) {
    for (const [outcome, count] of Object.entries({ matched, mismatched, skipped })) {
      writer.sample("operations_total", count, { command, outcome });
    }
  }
  writer.family("status_total", "counter", "Final responses by NTSTATUS.");
  for (const { name, count } of summary.statuses) {
    writer.sample("status_total", count, { status: name });
  }
  writer.family("operation_duration_seconds", "summary", "Time from request to final response.");
  for (const { command, latency } of summary.commands) {
    writer.distribution("operation_duration_seconds", latency, { command });
  }
  writer.family("lag_seconds", "summary", "Time by which operations were sent later than due.");
  writer.distribution("lag_seconds", summary.lag, {});
  const counters: Readonly<Record<string, readonly [help: string, value: number]>> = {
    payload_read_bytes_total: ["File data read.", summary.payloadRead],
    payload_written_bytes_total: ["File data written.", summary.payloadWritten],
    wire_sent_bytes_total: ["Bytes of requests.", summary.bytesSent],
    wire_received_bytes_total: ["Bytes of responses.", summary.bytesReceived],
    unanswered_total: ["Operations without a response.", summary.unanswered],
    breaks_received_total: ["Lease and oplock breaks.", summary.breaks.received],
    breaks_acknowledged_total: ["Acknowledged breaks.", summary.breaks.acknowledged],
    divergences_total: ["Differences from the capture.", summary.divergenceCount],
    ...summary.iterations === null ? {} : {
      iterations_total: ["Iterations of users.", summary.iterations.count],
      iterations_failed_total: ["Iterations that failed.", summary.iterations.failed],
      iterations_dropped_total: [
        "Iterations that nobody was free for.",
        summary.iterations.dropped,
      ],
    },
  };
  for (const [name, [help, value]] of Object.entries(counters)) {
    writer.family(name, "counter", help);
    writer.sample(name, value, {});
  }
  writer.family("checks_total", "counter", "Checks of the script by outcome.");
  for (const { name, passed, failed } of summary.checks) {
    writer.sample("checks_total", passed, { check: name, outcome: "passed" });
    writer.sample("checks_total", failed, { check: name, outcome: "failed" });
  }
  if (state.users !== null) {
    writer.family("users", "gauge", "Users at work.");
    writer.sample("users", state.users, {});
  }
  writer.family("threshold_passed", "gauge", "1 where the threshold holds.");
  for (const { metric, expression, passed } of state.thresholds) {
    writer.sample("threshold_passed", passed ? 1 : 0, { metric, expression });
  }
  return writer.text;
}

type Labels = Readonly<Record<string, string>>;

class Writer {
  text = "";

  family(name: string, type: "counter" | "gauge" | "summary", help: string): void {
    this.text += `# HELP smbench_${name} ${help}\n# TYPE smbench_${name} ${type}\n`;
  }

  sample(name: string, value: number, labels: Labels): void {
    this.text += `smbench_${name}${labelText(labels)} ${value}\n`;
  }

  distribution(name: string, times: Distribution, labels: Labels): void {
    for (const [quantile, key] of QUANTILES) {
      if (times.count > 0) this.sample(name, times[key] / 1000, { ...labels, quantile });
    }
    this.sample(`${name}_sum`, times.mean * times.count / 1000, labels);
    this.sample(`${name}_count`, times.count, labels);
  }
}

function labelText(labels: Labels): string {
  const parts = Object.entries(labels).map(([name, value]) =>
    `${name}="${value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n")}"`
  );
  return parts.length === 0 ? "" : `{${parts.join(",")}}`;
}
