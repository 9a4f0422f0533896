/** `smbench demo`: the whole path in a minute, without a server: a capture, its scenario, and a run of it. */
import { type Command, type Given, parseGiven } from "./command.ts";
import { compileCommand } from "./compile.ts";
import { ExitCode } from "./exit_codes.ts";
import { makeFolder, writeWhole } from "./files.ts";
import { inspectCommand } from "./inspect.ts";
import { runCommand } from "./run.ts";
import type { Terminal } from "./terminal.ts";

/** Recorded by the project from its own examples, run against Samba: two users who edit documents, and a lease break. */
const CAPTURE = new URL("../../examples/office.pcap", import.meta.url);

/** `smbench demo`. */
export const demoCommand: Command = {
  name: "demo",
  operands: [{ name: "folder", optional: true }],
  details: [
    "Copies a small capture into the folder (a new temporary one unless given), says what it contains, compiles it into a scenario, runs the scenario against a server in memory, and compares every status with the recorded one.",
  ],
  options: [],
  examples: ["smbench demo", "smbench demo ./first-steps"],
  run: demo,
};

async function demo(given: Given, terminal: Terminal): Promise<ExitCode> {
  const folder = await folderFor(given.operands[0]);
  const capture = `${folder}/office.pcap`;
  const scenario = `${folder}/office.ts`;
  await writeWhole(capture, await Deno.readFile(CAPTURE));
  const steps: readonly (readonly [Command, readonly string[]])[] = [
    [inspectCommand, [capture]],
    [compileCommand, [capture, "--output", scenario, "--force"]],
    [runCommand, [scenario]],
  ];
  for (const [command, args] of steps) {
    terminal.out(`\n$ smbench ${command.name} ${args.join(" ")}\n`);
    const code = await command.run(parseGiven(command, args), terminal);
    if (code !== ExitCode.OK) return code;
  }
  terminal.out(
    [
      "",
      `The scenario is ${scenario}: read it, change it, run it again, or run it against your own server:`,
      "",
      `$ smbench run ${scenario} --target smb://host/share -U user`,
      "",
    ].join("\n"),
  );
  return ExitCode.OK;
}

async function folderFor(name: string | undefined): Promise<string> {
  if (name === undefined) return await Deno.makeTempDir({ prefix: "smbench-demo-" });
  await makeFolder(name);
  return name.replace(/(?<=.)[\\/]+$/, "");
}
