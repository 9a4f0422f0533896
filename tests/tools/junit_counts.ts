// deno-lint-ignore-file no-console
/**
 * Adds up the test runner's own counts from its JUnit files, for `.ci/run`: the last line is `N passed, N failed`.
 *
 *     deno run --allow-read tests/tools/junit_counts.ts [--failed-steps N] CODE=report.xml...
 *
 * CODE is the exit code of the test run that wrote the report: a run that failed although no test in its report did (or
 * that left no report) counts as one failure.
 *
 * A skipped test counts as failed, because `.ci/run` installs everything that tests need; only a test that reads `../shared`
 * may be skipped, where that folder is absent.
 *
 * @module
 */

import { parseArgs } from "@std/cli";

/** What the reports say. */
export interface Counts {
  readonly passed: number;
  readonly failed: number;
  /** Skipped tests that nothing excuses; they are counted as failed. */
  readonly skipped: readonly string[];
}

const EXCUSED = /\(skipped: no \.\.\/shared\//;

/** Counts the test cases of JUnit reports. */
export function countTests(reports: readonly string[]): Counts {
  let passed = 0;
  let failed = 0;
  const skipped: string[] = [];
  for (const report of reports) {
    for (const [, attributes = "", body = ""] of report.matchAll(TEST_CASE)) {
      if (/<skipped\b/.test(body)) {
        const name = unescapeXml(/\bname="([^"]*)"/.exec(attributes)?.[1] ?? "");
        if (!EXCUSED.test(name)) skipped.push(name);
      } else if (/<(failure|error)\b/.test(body)) failed++;
      else passed++;
    }
  }
  return { passed, failed: failed + skipped.length, skipped };
}

const TEST_CASE = /<testcase\b((?:[^>"]|"[^"]*")*?)(?:\/>|>(.*?)<\/testcase>)/gs;

function unescapeXml(text: string): string {
  return text.replace(/&(lt|gt|quot|apos|amp);/g, (_, name: string) => XML[name] ?? "");
}

const XML: Readonly<Record<string, string>> = { lt: "<", gt: ">", quot: '"', apos: "'", amp: "&" };

if (import.meta.main) {
  const args = parseArgs(Deno.args, { string: ["_", "failed-steps"] });
  let passed = 0;
  let failed = Number(args["failed-steps"] ?? 0);
  for (const argument of args._) {
    const [, code, path = ""] = /^(\d+)=(.*)$/.exec(String(argument)) ?? [];
    const counts = countTests([await readReport(path)]);
    for (const name of counts.skipped) console.log(`skipped, but nothing may be here: ${name}`);
    passed += counts.passed;
    failed += code !== "0" && counts.failed === 0 ? 1 : counts.failed;
  }
  console.log(`${passed} passed, ${failed} failed`);
  if (failed > 0 || passed === 0) Deno.exit(1);
}

async function readReport(path: string): Promise<string> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "";
    throw error;
  }
}
