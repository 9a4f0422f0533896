/** The closing summary for programs. */
import type { Summary, ThresholdResult } from "../measure/mod.ts";

/** The failure of a scenario. */
export interface ReportFailure {
  readonly message: string;
  readonly place: {
    readonly file: string;
    readonly line: number | null;
    readonly column: number | null;
  } | null;
}

/** What `--json` writes. Fields may be added to version 1; none changes its meaning. */
export interface JsonReport {
  readonly version: 1;
  /** Version of smbench. */
  readonly smbench: string;
  readonly scenario: {
    readonly file: string;
    readonly name: string;
    readonly kind: "scenario" | "replay" | "suite" | "workload";
  };
  readonly target: string;
  /** ISO 8601. */
  readonly startedAt: string;
  readonly outcome: string;
  readonly exitCode: number;
  readonly failure: ReportFailure | null;
  readonly notes: readonly string[];
  readonly log: readonly string[];
  readonly thresholds: readonly ThresholdResult[];
  /** What did not hold that must hold in every run: files left open, operations that were stuck. */
  readonly violations: readonly string[];
  /** Times in milliseconds, sizes in bytes. */
  readonly summary: Summary;
}

/** The report as one line of JSON, with a line feed at its end. */
export function jsonText(report: Omit<JsonReport, "version">): string {
  return `${JSON.stringify({ version: 1, ...report })}\n`;
}
