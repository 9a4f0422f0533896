/** The operation log: one line of JSON for each operation and each break. */
import type { BreakRecord, OperationRecord } from "../measure/mod.ts";

/** What a line needs beside the record. */
export interface LogContext {
  /** Milliseconds of the epoch at which the records' times begin. */
  readonly zero: number;
  readonly statusName: (status: number) => string;
}

/**
 * An operation as a line. Times are ISO 8601 with microseconds; `due_us`, `sent_us` and `completed_us` count from the
 * beginning of the run. Members that do not apply are left out.
 *
 * @example
 * ```ts
 * const line = operationLine({
 *   id: 1, client: "a", command: "READ", path: "f", label: "214", due: 1.5, sentAt: 2, completedAt: 2.25, status: 0,
 *   expected: "SUCCESS", matched: true, payload: 4096, bytesSent: 113, bytesReceived: 4176,
 * }, { zero: 0, statusName: () => "SUCCESS" });
 * const { frame, due_us, sent_us, latency_us } = JSON.parse(line);
 * if (frame !== "214" || due_us !== 1500 || sent_us !== 2000 || latency_us !== 250) throw new Error(line);
 * ```
 */
export function operationLine(record: OperationRecord, context: LogContext): string {
  const { sentAt, completedAt, due, status } = record;
  return line({
    type: "operation",
    id: record.id,
    scenario: record.scenario,
    client: record.client,
    frame: record.label ?? undefined,
    command: record.command,
    path: record.path === "" ? undefined : record.path,
    tag: record.tag,
    parameters: record.parameters,
    time: timeText(sentAt ?? due, context),
    due_us: micros(due),
    sent_us: micros(sentAt),
    completed_us: micros(completedAt),
    latency_us: sentAt === null || completedAt === null ? undefined : micros(completedAt - sentAt),
    status: status === null ? undefined : context.statusName(status),
    status_code: status ?? undefined,
    expected: record.expected,
    matched: record.matched,
    payload: record.payload === 0 ? undefined : record.payload,
    bytes_sent: record.bytesSent,
    bytes_received: record.bytesReceived,
    granted: record.granted ?? record.grant?.actual,
    expected_grant: record.grant?.expected,
    skipped: record.skipped,
    error: record.error,
  });
}

/** A break as a line. */
export function breakLine(record: BreakRecord, context: LogContext): string {
  return line({
    type: "break",
    client: record.client,
    kind: record.kind,
    path: record.path === "" ? undefined : record.path,
    from: record.from,
    to: record.to,
    ack_required: record.ackRequired,
    time: timeText(record.receivedAt, context),
    received_us: micros(record.receivedAt),
    acknowledged_us: micros(record.acknowledgedAt),
    ack_status: record.ackStatus === null ? undefined : context.statusName(record.ackStatus),
  });
}

function line(members: Readonly<Record<string, unknown>>): string {
  return `${JSON.stringify(members)}\n`;
}

function micros(milliseconds: number | null): number | undefined {
  return milliseconds === null ? undefined : Math.round(milliseconds * 1000);
}

const MICROS_DIGITS = 3;

/** ISO 8601 with microseconds. */
function timeText(milliseconds: number | null, { zero }: LogContext): string | undefined {
  if (milliseconds === null) return undefined;
  const total = Math.round((zero + milliseconds) * 1000);
  const rest = String(total % 1000).padStart(MICROS_DIGITS, "0");
  return new Date(Math.floor(total / 1000)).toISOString().replace("Z", `${rest}Z`);
}
