/** `smbench check` of a file of rows: each row, its time, and the blobs beside the scenario. */
import { plural, printable } from "../report/mod.ts";
import { allRows } from "../sandbox/mod.ts";
import { WorkloadChecks } from "../script/mod.ts";
import { CommandError, type Given } from "./command.ts";
import { ExitCode } from "./exit_codes.ts";
import { missingBlobs, workloadProblems } from "./subject.ts";
import type { Terminal } from "./terminal.ts";

/** Problems beyond which nobody looks further. */
const MAX_PROBLEMS = 100;

/**
 * Checks all rows.
 *
 * @throws {CommandError} When the file is missing or a row has a problem.
 */
export async function checkRows(
  path: string,
  given: Given,
  terminal: Terminal,
): Promise<ExitCode> {
  const checks = new WorkloadChecks(null);
  let count = 0;
  try {
    for await (const row of allRows(path)) {
      if (checks.problems.length >= MAX_PROBLEMS) break;
      if (Array.isArray(row)) checks.problems.push(...row);
      else {
        count++;
        checks.next(row);
      }
    }
  } catch (cause) {
    const reason = cause instanceof Deno.errors.NotFound
      ? "it does not exist"
      : (cause as Error).message;
    throw new CommandError(ExitCode.BAD_INPUT, `Cannot read ${path}: ${printable(reason)}`, {
      cause,
    });
  }
  // Rows lie in a folder beside the scenario, and so do its blobs.
  const folder = path.replace(/[^\\/]*$/, "") + "..";
  const problems = [...checks.problems, ...await missingBlobs(folder, checks.blobs)];
  if (problems.length > 0) throw workloadProblems(path, problems);
  const { warnings } = checks;
  if (given.has("json")) {
    terminal.out(
      `${JSON.stringify({ version: 1, file: path, kind: "rows", operations: count, warnings })}\n`,
    );
    return ExitCode.OK;
  }
  for (const warning of warnings) terminal.err(`warning: ${printable(warning)}\n`);
  terminal.out(`${path}: ${plural(count, "row")}\n`);
  return ExitCode.OK;
}
