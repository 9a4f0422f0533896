/** How the program ends: a contract with scripts that call it. Where k6 has a code for the same, it is k6's. */

/** Exit codes. */
export const ExitCode = {
  /** Everything went as expected. */
  OK: 0,
  /** An expectation did not hold, an operation had a status that it did not expect, or iterations failed. */
  SCENARIO_FAILED: 1,
  /** The command line is wrong. */
  USAGE: 2,
  /** The replay came to its end, and something differed from the capture. */
  DIVERGED: 3,
  /** The target cannot be reached, or is no SMB server. */
  UNREACHABLE: 4,
  /** The target refused the user, or the share. */
  REFUSED: 5,
  /** `compile --strict`: not everything of the capture is in the script. */
  INCOMPLETE: 6,
  /** An input is missing, unreadable, or not what it should be. */
  BAD_INPUT: 7,
  /** An output (`--out`, `--oplog`, `--junit`, ...) lacks something; everything else went as expected. */
  OUTPUT_FAILED: 8,
  /** A fault of smbench itself. */
  INTERNAL: 70,
  /** A threshold does not hold, as in k6. */
  THRESHOLD: 99,
  /** As in k6: what the scenario says about load or thresholds makes no sense. */
  INVALID_CONFIG: 104,
  /** Interrupted from outside, as in k6. */
  INTERRUPTED: 105,
  /** As in k6: an exception in the script. */
  SCRIPT_EXCEPTION: 107,
  /** As in k6: the script ended the run. */
  SCRIPT_ABORTED: 108,
} as const;

/** One of the codes. */
export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];

/** What `--help` says of each. */
export const EXIT_CODE_TEXTS: readonly (readonly [code: string, text: string])[] = [
  ["0", "everything as expected"],
  ["1", "the scenario failed: an expectation that did not hold, or failed iterations"],
  ["2", "the command line is wrong"],
  ["3", "the replay differs from the capture"],
  ["4", "the target cannot be reached"],
  ["5", "the target refused the user or the share"],
  ["6", "compile --strict: the script does not have everything of the capture"],
  ["7", "an input file is missing, unreadable, or not what it should be"],
  ["8", "an output could not be written; everything else as expected"],
  ["70", "a fault of smbench itself"],
  ["99", "a threshold does not hold"],
  ["104", "what the scenario says about load or thresholds makes no sense"],
  ["105", "interrupted"],
  ["107", "an exception in the scenario"],
  ["108", "the scenario ended the run itself (abort)"],
];
