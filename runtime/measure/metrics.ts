/** The metrics that thresholds and outputs speak of: their names, kinds, and what each record adds to them. */
import type { BreakRecord, CheckRecord, IterationRecord, OperationRecord } from "./record.ts";

/**
 * How values of a metric add up: `trend`, a distribution of times in milliseconds; `rate`, the part that is not zero;
 * `counter`, a sum.
 */
export type MetricKind = "trend" | "rate" | "counter";

/** Metrics by name. */
export const METRICS = {
  /** From sending to the final response. */
  smb_op_duration: "trend",
  /** From the moment at which the operation was due: a server that holds up those behind is not flattered. */
  smb_op_duration_due: "trend",
  /** How much later than due operations were sent. */
  smb_lag: "trend",
  smb_ops: "counter",
  /** Operations that did not end as expected, or got no response. */
  smb_errors: "rate",
  smb_bytes_read: "counter",
  smb_bytes_written: "counter",
  /** From a break to its acknowledgement. */
  smb_break_ack: "trend",
  smb_breaks: "counter",
  /** Operations with another status or grant than recorded. */
  smb_divergences: "counter",
  checks: "rate",
  iterations: "counter",
  iteration_duration: "trend",
  iteration_failures: "rate",
  dropped_iterations: "counter",
} as const satisfies Readonly<Record<string, MetricKind>>;

/** Name of a metric. */
export type MetricName = keyof typeof METRICS;

/** What tells the values of a metric apart: `command`, `client`, `scenario`, `status`, `tag`, `check`. */
export type Tags = Readonly<Record<string, string>>;

/** Takes a value of a metric. */
export type MetricSink = (metric: MetricName, value: number, tags: Tags) => void;

/** What an operation adds. */
export function operationValues(
  record: OperationRecord,
  options: { readonly statusName: (status: number) => string },
  take: MetricSink,
): void {
  const tags: Record<string, string> = { command: record.command, client: record.client };
  if (record.tag !== undefined) tags.tag = record.tag;
  if (record.scenario !== undefined) tags.scenario = record.scenario;
  if (record.status !== null) tags.status = options.statusName(record.status);
  const diverged = !record.matched || record.wrongData !== undefined ||
    (record.grant !== undefined && record.grant.expected !== record.grant.actual);
  if (diverged) take("smb_divergences", 1, tags);
  if (record.sentAt === null) {
    if (!record.matched) take("smb_errors", 1, tags);
    return;
  }
  take("smb_ops", 1, tags);
  take("smb_errors", record.matched ? 0 : 1, tags);
  if (record.due !== null) take("smb_lag", record.sentAt - record.due, tags);
  if (record.completedAt !== null) {
    take("smb_op_duration", record.completedAt - record.sentAt, tags);
    take("smb_op_duration_due", record.completedAt - (record.due ?? record.sentAt), tags);
  }
  if (record.command === "READ") take("smb_bytes_read", record.payload, tags);
  if (record.command === "WRITE") take("smb_bytes_written", record.payload, tags);
}

/** What a break adds. */
export function breakValues(record: BreakRecord, take: MetricSink): void {
  const tags: Record<string, string> = { client: record.client, kind: record.kind };
  if (record.scenario !== undefined) tags.scenario = record.scenario;
  take("smb_breaks", 1, tags);
  if (record.acknowledgedAt !== null) {
    take("smb_break_ack", record.acknowledgedAt - record.receivedAt, tags);
  }
}

/** What an iteration adds. */
export function iterationValues(record: IterationRecord, take: MetricSink): void {
  const tags: Record<string, string> = { client: record.user };
  if (record.scenario !== undefined) tags.scenario = record.scenario;
  take("iterations", 1, tags);
  take("iteration_duration", record.endedAt - record.startedAt, tags);
  take("iteration_failures", record.failure === null ? 0 : 1, tags);
}

/** What checks add. */
export function checkValues(record: CheckRecord, take: MetricSink): void {
  const tags: Record<string, string> = { check: record.name };
  if (record.scenario !== undefined) tags.scenario = record.scenario;
  for (let i = 0; i < record.passed; i++) take("checks", 1, tags);
  for (let i = 0; i < record.failed; i++) take("checks", 0, tags);
}
