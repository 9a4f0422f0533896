/**
 * What smbtorture and a scenario say of the same subtest, and whether they agree.
 *
 * @module
 */

/** How a subtest or a scenario ended; an error is one of a scenario that could not be run. */
export type Verdict = "pass" | "fail" | "skip" | "error";

/** What is particular about a subtest. */
export interface Exception {
  /** `lease.unlink`. */
  readonly test: string;
  readonly smbtorture: Verdict;
  readonly scenario: Verdict;
  /** Words of what the scenario says, where it fails: that it fails there, and not on its way there. */
  readonly says?: string;
  readonly why: string;
}

/** How a scenario and its subtest ended. */
export interface Pair {
  readonly subtest: string;
  /** Undefined where smbtorture does not have the subtest. */
  readonly smbtorture: Verdict | undefined;
  readonly scenario: Verdict;
  /** What the scenario said. */
  readonly said: string;
}

/** `success: break`, and whatever smbtorture says of the failure in brackets behind it. */
const RESULT = /^(success|failure|error|skip): (\S+)/;

const VERDICTS: Readonly<Record<string, Verdict>> = {
  success: "pass",
  failure: "fail",
  error: "fail",
  skip: "skip",
};

/** Reads the verdicts out of what smbtorture printed, by name of the subtest without its suite. */
export function parseTorture(output: string): Map<string, Verdict> {
  const verdicts = new Map<string, Verdict>();
  for (const line of output.split("\n")) {
    const [, word = "", subtest = ""] = RESULT.exec(line) ?? [];
    const verdict = VERDICTS[word];
    if (verdict !== undefined) verdicts.set(subtest, verdict);
  }
  return verdicts;
}

/** One thing that is wrong. */
export interface Disagreement {
  readonly test: string;
  readonly text: string;
}

/** What is wrong with the verdicts of a suite, or with the table of exceptions. Without an exception both pass. */
export function disagreements(
  suite: string,
  pairs: readonly Pair[],
  exceptions: readonly Exception[],
): Disagreement[] {
  const listed = new Map(exceptions.map((exception) => [exception.test, exception]));
  const found: Disagreement[] = [];
  for (const pair of pairs) {
    const test = `${suite}.${pair.subtest}`;
    const wrong = disagreement(pair, listed.get(test));
    if (wrong !== null) found.push({ test, text: `${test}: ${wrong}` });
    listed.delete(test);
  }
  for (const test of listed.keys()) {
    if (!test.startsWith(`${suite}.`)) continue;
    found.push({ test, text: `${test}: in the table, but has no scenario` });
  }
  return found;
}

function disagreement(pair: Pair, exception: Exception | undefined): string | null {
  const { smbtorture, scenario, said } = pair;
  if (smbtorture === undefined) return "smbtorture says nothing of it";
  const ends = `smbtorture ${smbtorture}, scenario ${scenario}`;
  if (exception === undefined) {
    return smbtorture === "pass" && scenario === "pass" ? null : `${ends}, and not in the table`;
  }
  if (exception.smbtorture !== smbtorture || exception.scenario !== scenario) {
    return `${ends}; the table has ${exception.smbtorture} and ${exception.scenario}`;
  }
  if (exception.says !== undefined && !said.includes(exception.says)) {
    return `the scenario does not say ${JSON.stringify(exception.says)}`;
  }
  return null;
}
