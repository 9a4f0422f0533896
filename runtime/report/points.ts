/** Values of metrics as lines: JSON and CSV, one line for each value, as they come. */
import type { MetricName, Tags } from "../measure/mod.ts";

/** A value of a metric, with its time in milliseconds of the epoch. */
export interface Point {
  readonly metric: MetricName;
  readonly time: number;
  readonly value: number;
  readonly tags: Tags;
}

/** Columns of the tags in CSV. */
const TAG_COLUMNS = ["command", "client", "scenario", "status", "tag", "check", "kind"] as const;

/** First line of a CSV file. */
export const CSV_HEAD = `metric_name,timestamp,metric_value,${TAG_COLUMNS.join(",")}\n`;

/**
 * A line of JSON, as k6's output of that name has them.
 *
 * @example
 * ```ts
 * const line = jsonPoint({ metric: "smb_ops", time: 0, value: 1, tags: { command: "READ" } });
 * const { metric, type, data } = JSON.parse(line);
 * if (metric !== "smb_ops" || type !== "Point" || data.time !== "1970-01-01T00:00:00.000Z") throw new Error(line);
 * ```
 */
export function jsonPoint({ metric, time, value, tags }: Point): string {
  const data = { time: new Date(time).toISOString(), value, tags };
  return `${JSON.stringify({ metric, type: "Point", data })}\n`;
}

/**
 * A line of CSV; the time in seconds of the epoch.
 *
 * @example
 * ```ts
 * const line = csvPoint({ metric: "checks", time: 1500, value: 1, tags: { check: 'a "b", c' } });
 * if (line !== 'checks,1.5,1,,,,,,"a ""b"", c",\n') throw new Error(line);
 * ```
 */
export function csvPoint({ metric, time, value, tags }: Point): string {
  const cells = [metric, String(time / 1000), String(value)];
  for (const name of TAG_COLUMNS) cells.push(csvCell(tags[name] ?? ""));
  return `${cells.join(",")}\n`;
}

/** A cell; what a spreadsheet would take for a formula is text. */
function csvCell(text: string): string {
  const inert = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(inert) ? `"${inert.replaceAll('"', '""')}"` : inert;
}
