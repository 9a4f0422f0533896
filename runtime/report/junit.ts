/** The outcome of a run as JUnit's XML: what build servers show. */
import type { Summary, ThresholdResult } from "../measure/mod.ts";

/** What is reported. */
export interface JUnitRun {
  readonly scenario: string;
  /** ISO 8601. */
  readonly startedAt: string;
  readonly ok: boolean;
  readonly verdict: string;
  readonly summary: Summary;
  readonly thresholds: readonly ThresholdResult[];
}

interface Case {
  readonly name: string;
  readonly kind: string;
  /** Null where it passed. */
  readonly failure: string | null;
  readonly details?: string;
}

/**
 * The XML: one case for the run, and one for each threshold, each check, and each kind of difference.
 *
 * @example
 * ```ts
 * import { Measurement } from "../measure/mod.ts";
 *
 * const summary = new Measurement({ statusName: String }).summary();
 * const xml = junitXml({
 *   scenario: "a < b", startedAt: "2026-01-01T00:00:00Z", ok: true, verdict: "Passed", summary, thresholds: [],
 * });
 * if (!xml.includes('name="a &lt; b"') || !xml.includes('failures="0"')) throw new Error(xml);
 * ```
 */
export function junitXml(run: JUnitRun): string {
  const cases = casesOf(run);
  const seconds = (run.summary.duration / 1000).toFixed(3);
  const failures = cases.filter(({ failure }) => failure !== null).length;
  const counts = `tests="${cases.length}" failures="${failures}" errors="0" time="${seconds}"`;
  const name = attribute(run.scenario);
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="smbench" ${counts}>`,
    `  <testsuite name="${name}" ${counts} skipped="0" timestamp="${attribute(run.startedAt)}">`,
    ...cases.flatMap((one) => caseLines(one, name)),
    "  </testsuite>",
    "</testsuites>",
    "",
  ].join("\n");
}

function casesOf({ ok, verdict, summary, thresholds }: JUnitRun): Case[] {
  return [
    { name: "run", kind: "run", failure: ok ? null : verdict },
    ...thresholds.map(({ metric, expression, passed, observed }) => ({
      name: `${metric} ${expression}`,
      kind: "threshold",
      failure: passed ? null : observed === null ? "no values" : `observed ${observed}`,
    })),
    ...summary.checks.map((check) => ({
      name: check.name,
      kind: "check",
      failure: check.failed === 0
        ? null
        : `did not hold ${check.failed} of ${check.passed + check.failed} times`,
    })),
    ...summary.divergences.map(({ first, count, examples }) => ({
      name: `${first.command} ${first.kind}: ${first.expected} expected, ${first.actual} found`,
      kind: "difference",
      failure: `${count} times, first ${
        first.label === null ? "" : `at frame ${first.label} `
      }by ${first.client}`,
      details: examples.map(({ label, client, path }) => `#${label ?? "-"} ${client} ${path}`).join(
        "\n",
      ),
    })),
  ];
}

function caseLines({ name, kind, failure, details }: Case, suite: string): string[] {
  const head = `    <testcase classname="${suite}.${kind}" name="${attribute(name)}"`;
  if (failure === null) return [`${head}/>`];
  return [
    `${head}>`,
    `      <failure message="${attribute(failure)}">${text(details ?? failure)}</failure>`,
    "    </testcase>",
  ];
}

/** What XML 1.0 has no way to write. */
// deno-lint-ignore no-control-regex
const UNWRITABLE = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g;

function text(value: string): string {
  return value.toWellFormed().replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(
    ">",
    "&gt;",
  ).replace(UNWRITABLE, "\ufffd");
}

function attribute(value: string): string {
  return text(value).replaceAll('"', "&quot;").replaceAll("\n", "&#10;").replaceAll("\r", "&#13;")
    .replaceAll("\t", "&#9;");
}
