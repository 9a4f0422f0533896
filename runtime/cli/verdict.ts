/** What a run amounts to: one sentence, and the exit code. */
import type { Summary, ThresholdResult } from "../measure/mod.ts";
import { plural, printable } from "../report/mod.ts";
import { placeText, type ScenarioFailure } from "../sandbox/mod.ts";
import { UsageError } from "./command.ts";
import { ExitCode } from "./exit_codes.ts";
import type { Subject } from "./subject.ts";

/** Sentence and code. */
export interface Verdict {
  readonly code: ExitCode;
  readonly verdict: string;
}

/** How a run ended. */
export interface RunEnd {
  /** What failed first; null when nothing did. */
  readonly failure: ScenarioFailure | null;
  readonly interrupted: boolean;
  /** The threshold that ended the run; null when none did. */
  readonly abortion: string | null;
  /** Why workers ended that should not have, and how many workers there were. */
  readonly deaths: readonly string[];
  readonly workers: number;
  /** What did not hold that must hold in every run, where that fails the run. */
  readonly violations: readonly string[];
  readonly thresholds: readonly ThresholdResult[];
  readonly summary: Summary;
}

/** What was run. */
interface About {
  readonly path: string;
  readonly subject: Pick<Subject, "kind" | "shownPath">;
}

/**
 * The verdict: of several reasons the one that explains the others.
 *
 * @throws {UsageError} When a parameter of the command line was wrong.
 */
export function verdictOf(end: RunEnd, about: About): Verdict {
  if (end.failure !== null) return failureVerdict(end.failure, about);
  if (end.interrupted) return { code: ExitCode.INTERRUPTED, verdict: "Interrupted" };
  if (end.abortion !== null) {
    return {
      code: ExitCode.THRESHOLD,
      verdict: `Ended early: threshold ${end.abortion} does not hold`,
    };
  }
  const [death] = end.deaths;
  if (death !== undefined) {
    return {
      code: ExitCode.SCRIPT_EXCEPTION,
      verdict: end.workers === 1
        ? printable(death)
        : `${plural(end.deaths.length, "worker")} of ${end.workers} ended early`,
    };
  }
  const [violation] = end.violations;
  if (violation !== undefined) {
    return {
      code: ExitCode.SCENARIO_FAILED,
      verdict: printable(violation.split("\n")[0] ?? ""),
    };
  }
  return countedVerdict(end, about);
}

/** Of a run that came to its end. */
function countedVerdict({ thresholds, summary }: RunEnd, { subject }: About): Verdict {
  const broken = thresholds.filter(({ passed }) => !passed);
  if (broken.length > 0) {
    return {
      code: ExitCode.THRESHOLD,
      verdict: `${broken.length} of ${plural(thresholds.length, "threshold")} not kept`,
    };
  }
  const { divergenceCount: divergences, iterations } = summary;
  // Who sets thresholds has said what may go wrong.
  if (iterations !== null && iterations.failed > 0 && thresholds.length === 0) {
    return {
      code: ExitCode.SCENARIO_FAILED,
      verdict: `${iterations.failed} of ${plural(iterations.count, "iteration")} failed`,
    };
  }
  if (divergences > 0 && thresholds.length === 0) {
    const isRecorded = subject.kind === "replay" || subject.kind === "workload";
    return {
      code: ExitCode.DIVERGED,
      verdict: `Finished with ${plural(divergences, "difference")} from what was ${
        isRecorded ? "recorded" : "expected"
      }`,
    };
  }
  const failed = summary.checks.reduce((sum, check) => sum + check.failed, 0);
  if (failed > 0) {
    return { code: ExitCode.OK, verdict: `Finished; ${plural(failed, "check")} did not hold` };
  }
  return { code: ExitCode.OK, verdict: "Passed" };
}

/** @throws {UsageError} When a parameter of the command line was wrong. */
export function failureVerdict(failure: ScenarioFailure, { path, subject }: About): Verdict {
  const place = failure.places[0];
  // The message of an expectation has the two values below each other.
  const message = failure.message.split("\n").map(printable).join("\n");
  const where = place === undefined
    ? path
    : placeText({ ...place, file: subject.shownPath(place.file) });
  const placed = `${printable(where)}: ${message}`;
  switch (failure.kind) {
    case "params":
      throw new UsageError(message);
    case "provision":
      return { code: ExitCode.USAGE, verdict: message };
    case "refused":
      return { code: ExitCode.REFUSED, verdict: message };
    case "unsupported":
      return { code: ExitCode.USAGE, verdict: placed };
    case "aborted":
      return { code: ExitCode.SCRIPT_ABORTED, verdict: `Ended by the scenario: ${message}` };
    case "script":
      return { code: ExitCode.SCRIPT_EXCEPTION, verdict: placed };
    default:
      return { code: ExitCode.SCENARIO_FAILED, verdict: placed };
  }
}
