/**
 * What smbtorture and a scenario say of the same subtest, and whether they agree.
 *
 * @module
 */

/** How a subtest or a scenario ended. */
export type Verdict = "pass" | "fail" | "skip";

/** A subtest of which smbtorture and its scenario say different things, and why that is right. */
export interface Difference {
  /** `lease.unlink`. */
  readonly test: string;
  readonly smbtorture: Verdict;
  readonly scenario: Verdict;
  readonly why: string;
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

/** What is wrong with the verdicts of a suite, or with the table of differences. */
export function disagreements(
  suite: string,
  pairs: readonly {
    readonly subtest: string;
    /** Undefined where smbtorture does not have the subtest. */
    readonly smbtorture: Verdict | undefined;
    readonly scenario: Verdict;
  }[],
  differences: readonly Difference[],
): Disagreement[] {
  const listed = new Map(differences.map((difference) => [difference.test, difference]));
  const found: Disagreement[] = [];
  for (const { subtest, smbtorture, scenario } of pairs) {
    const test = `${suite}.${subtest}`;
    const difference = listed.get(test);
    listed.delete(test);
    const ends = `${test}: smbtorture ${smbtorture}, scenario ${scenario}`;
    if (smbtorture === undefined) {
      found.push({ test, text: `${test}: smbtorture says nothing of it` });
    } else if (difference === undefined) {
      if (smbtorture === scenario) continue;
      found.push({ test, text: `${ends}, and not in the table` });
    } else if (difference.smbtorture !== smbtorture || difference.scenario !== scenario) {
      const { smbtorture, scenario } = difference;
      found.push({ test, text: `${ends}; the table has ${smbtorture} and ${scenario}` });
    }
  }
  for (const test of listed.keys()) {
    if (!test.startsWith(`${suite}.`)) continue;
    found.push({ test, text: `${test}: in the table, but has no scenario` });
  }
  return found;
}
