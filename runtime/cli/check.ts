/** `smbench check`: everything that can be said about a scenario or workload without a server. */
import { printable } from "../report/mod.ts";
import type { Command, Given } from "./command.ts";
import { ExitCode } from "./exit_codes.ts";
import { checkRows } from "./check_rows.ts";
import { describeSubject, readSubject } from "./subject.ts";
import type { Terminal } from "./terminal.ts";

/** `smbench check`. */
export const checkCommand: Command = {
  name: "check",
  operands: [{ name: "scenario.ts|workload.json" }],
  details: [
    "Parses the scenario, checks what it imports, and evaluates its top level in the sandbox; or checks a workload against its schema, handles, times and blobs; or every row of a file of rows (NAME.data/CLIENT.jsonl).",
  ],
  options: [{ name: "json", help: "write what was found as JSON" }],
  examples: ["smbench check customer.ts", "smbench check workload.json"],
  run: check,
};

async function check(given: Given, terminal: Terminal): Promise<ExitCode> {
  const [path = ""] = given.operands;
  if (/\.jsonl$/i.test(path)) return await checkRows(path, given, terminal);
  const { kind, name, params, warnings } = await describeSubject(await readSubject(path));
  if (given.has("json")) {
    terminal.out(`${JSON.stringify({ version: 1, file: path, kind, name, params, warnings })}\n`);
    return ExitCode.OK;
  }
  for (const warning of warnings) terminal.err(`warning: ${printable(warning)}\n`);
  const names = params.map((param) => param.name);
  terminal.out(
    `${path}: ${kind} ${JSON.stringify(printable(name))}${
      names.length === 0 ? "" : `, parameters ${printable(names.join(", "))}`
    }\n`,
  );
  return ExitCode.OK;
}
