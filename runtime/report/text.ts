/** The closing summary for people: 80 columns, aligned. */
import type {
  Distribution,
  Divergence,
  DivergenceGroup,
  Summary,
  ThresholdResult,
} from "../measure/mod.ts";
import { line, lines as wrapped, table } from "./layout.ts";
import { byteText, durationText, plural, printable } from "./units.ts";

/** What a report says beside the numbers. */
export interface ReportHead {
  readonly scenario: string;
  readonly kind: "scenario" | "replay" | "suite" | "workload";
  /** `smb://host:port/share`, or what stands for it. */
  readonly target: string;
  /** One sentence: how it ended. */
  readonly verdict: string;
  readonly ok: boolean;
  readonly thresholds?: readonly ThresholdResult[];
  /** What did not hold that must hold in every run. */
  readonly violations?: readonly string[];
}

/** How to write. */
export interface TextOptions {
  /** Whether escape sequences for colours may be used. */
  readonly color: boolean;
  /** Columns; 80 unless given. */
  readonly width?: number;
}

/** Divergence groups that are shown. */
const MAX_GROUPS = 20;

/**
 * The summary as text, with a line feed at its end.
 *
 * @example
 * ```ts
 * import { Measurement } from "../measure/mod.ts";
 *
 * const summary = new Measurement({ statusName: String }).summary();
 * const text = summaryText(summary, {
 *   scenario: "demo", kind: "scenario", target: "smb://127.0.0.1/share", verdict: "Passed", ok: true,
 * }, { color: false });
 * if (!text.includes("Passed") || text.includes("\u001b")) throw new Error(text);
 * ```
 */
export function summaryText(summary: Summary, head: ReportHead, options: TextOptions): string {
  const paint = new Paint(options.color);
  const width = options.width ?? 80;
  const sections = [
    [`${paint.bold(printable(head.scenario))} ${
      paint.faint(`${head.kind}, ${printable(head.target)}`)
    }`],
    overview(summary, width),
    scenarioTable(summary),
    commandTable(summary),
    statusTable(summary),
    checkTable(summary),
    thresholdTable(head.thresholds ?? []),
    divergences(summary, { paint, width }),
    violationLines(head.violations ?? []),
    [head.ok ? paint.good(head.verdict) : paint.bad(head.verdict)],
  ];
  return `${
    sections.filter((lines) => lines.length > 0).map((lines) => lines.join("\n")).join("\n\n")
  }\n`;
}

function overview(summary: Summary, width: number): string[] {
  const seconds = summary.duration / 1000;
  const rate = seconds > 0 ? `, ${(summary.sent / seconds).toFixed(seconds > 10 ? 0 : 1)}/s` : "";
  const lines = [
    line("operations", `${summary.sent} sent in ${durationText(summary.duration)}${rate}`),
    line(
      "status",
      [
        `${summary.matched} as expected`,
        `${summary.mismatched} different`,
        ...(summary.skipped > 0 ? [`${summary.skipped} skipped`] : []),
        ...(summary.unanswered > 0 ? [`${summary.unanswered} without response`] : []),
      ].join(", "),
    ),
    line(
      "data",
      `${byteText(summary.payloadRead)} read, ${byteText(summary.payloadWritten)} written ` +
        `(wire: ${byteText(summary.bytesSent)} out, ${byteText(summary.bytesReceived)} in)`,
    ),
  ];
  const { breaks, lag } = summary;
  if (breaks.received > 0) {
    const refused = breaks.refused > 0 ? `, ${breaks.refused} refused` : "";
    const after = breaks.acknowledged > 0 ? ` after ${spread(breaks.latency)}` : "";
    lines.push(
      line(
        "breaks",
        `${breaks.received} received, ${breaks.acknowledged} acknowledged${after}${refused}`,
      ),
    );
  }
  const { iterations } = summary;
  if (iterations !== null) {
    const dropped = iterations.dropped > 0
      ? `, ${iterations.dropped} dropped: no user was free`
      : "";
    const each = `${spread(iterations.duration)} each`;
    lines.push(
      ...wrapped(
        "iterations",
        `${iterations.count}, ${iterations.failed} failed, ${each}${dropped}`,
        width,
      ),
    );
  }
  if (lag.count > 0) {
    const fromDue = summary.latencyFromDue;
    lines.push(
      line("lag", `${spread(lag)} behind schedule`),
      line("from due", `${spread(fromDue)} to the response`),
    );
  }
  if (summary.creditStalls > 0) {
    lines.push(line("credits", `${summary.creditStalls} requests had to wait for them`));
  }
  return lines;
}

function spread(times: Distribution): string {
  if (times.count === 1) return durationText(times.max);
  return `p50 ${durationText(times.p50)}, p99 ${durationText(times.p99)}, max ${
    durationText(times.max)
  }`;
}

function scenarioTable({ scenarios }: Summary): string[] {
  if (scenarios.length === 0) return [];
  return table(
    ["scenario", "iterations", "failed", "operations", "errors", "p50", "p99"],
    scenarios.map(({ name, iterations, failed, operations, errors, latency }) => [
      printable(name),
      ...[iterations, failed, operations, errors].map(String),
      durationText(latency.p50),
      durationText(latency.p99),
    ]),
  );
}

function commandTable(summary: Summary): string[] {
  const shown = summary.commands.filter(({ command }) => command !== "BREAK");
  if (shown.length === 0) return [];
  return table(
    ["command", "count", "errors", "p50", "p95", "p99", "max", "data"],
    shown.map(({ command, count, errors, latency, payload }) => [
      command,
      String(count),
      String(errors),
      ...[latency.p50, latency.p95, latency.p99, latency.max].map((time) =>
        latency.count === 0 ? "-" : durationText(time)
      ),
      payload === 0 ? "-" : byteText(payload),
    ]),
  );
}

function statusTable(summary: Summary): string[] {
  const errors = summary.statuses.filter(({ status }) => status !== 0);
  if (errors.length === 0) return [];
  return table(
    ["status", "count", "expected"],
    errors.map(({ name, count, expected }) => [name, String(count), String(expected)]),
  );
}

function checkTable({ checks }: Summary): string[] {
  if (checks.length === 0) return [];
  return table(
    ["check", "passed", "failed"],
    checks.map(({ name, passed, failed }) => [printable(name), String(passed), String(failed)]),
  );
}

/** Violations that are shown. */
const MAX_VIOLATIONS = 5;

function violationLines(violations: readonly string[]): string[] {
  const lines = violations.slice(0, MAX_VIOLATIONS).map((text) =>
    `  ${printable(text.split("\n")[0] ?? "")}`
  );
  const more = violations.length - lines.length;
  return more > 0 ? [...lines, `  and ${more} more of the kind`] : lines;
}

function thresholdTable(thresholds: readonly ThresholdResult[]): string[] {
  if (thresholds.length === 0) return [];
  return table(
    ["threshold", "observed", "kept"],
    thresholds.map(({ metric, expression, passed, observed }) => [
      `${metric} ${expression}`,
      observed === null ? "no values" : String(Math.round(observed * 1000) / 1000),
      passed ? "yes" : "NO",
    ]),
  );
}

function divergences(summary: Summary, how: { paint: Paint; width: number }): string[] {
  const { paint } = how;
  if (summary.divergenceCount === 0) return [];
  const groups = summary.divergences;
  const lines = [
    paint.bad(
      `  ${plural(summary.divergenceCount, "difference")} of ${
        plural(groups.length, "kind")
      }, the first one first`,
    ),
  ];
  for (const [index, group] of groups.slice(0, MAX_GROUPS).entries()) {
    lines.push(...groupLines(index + 1, group));
  }
  if (groups.length > MAX_GROUPS) lines.push(`  and ${groups.length - MAX_GROUPS} more kinds`);
  return lines;
}

function groupLines(number: number, group: DivergenceGroup): string[] {
  const { first, count } = group;
  const lines = [
    `  ${String(number).padStart(2)}. ${subject(first)}`,
    `      ${difference(first)}`,
  ];
  if (count > 1) {
    const others = group.examples.slice(1).map((one) =>
      one.label === null ? `operation ${one.id}` : `#${one.label}`
    );
    const rest = count - 1 - others.length;
    lines.push(
      `      and ${count - 1} more like it: ${printable(others.join(" "))}${
        rest > 0 ? ` and ${rest} others` : ""
      }`,
    );
  }
  return lines;
}

function subject(divergence: Divergence): string {
  const { label, client, command, path, at } = divergence;
  return printable(
    [
      label === null ? "" : `#${label}`,
      command,
      path === "" ? "" : JSON.stringify(path),
      `client ${client}`,
      at === null ? "" : `at ${(at / 1000).toFixed(3)} s`,
    ].filter((part) => part !== "").join("  "),
  );
}

function difference(divergence: Divergence): string {
  const { kind, expected, actual } = divergence;
  switch (kind) {
    case "skipped":
      return printable(`expected ${expected}, not sent: ${actual}`);
    case "grant":
      return printable(`expected grant ${expected || "none"}, got ${actual || "none"}`);
    case "no response":
    case "no break":
      return printable(`expected ${expected}, got ${actual}`);
    case "data":
      return printable(`the data differs from ${expected}: ${actual}`);
    case "status":
      return printable(`expected ${expected}, got ${actual}`);
  }
}

/** Colours, or none. */
class Paint {
  readonly #color: boolean;

  constructor(color: boolean) {
    this.#color = color;
  }

  bold(text: string): string {
    return this.#code(text, 1);
  }

  faint(text: string): string {
    return this.#code(text, 2);
  }

  good(text: string): string {
    return this.#code(text, 32);
  }

  bad(text: string): string {
    return this.#code(text, 31);
  }

  #code(text: string, code: number): string {
    return this.#color ? `\u001b[${code}m${text}\u001b[0m` : text;
  }
}
