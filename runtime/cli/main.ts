/**
 * The program: parses the command line, runs one command, and turns errors into exit codes. The only place that does.
 *
 * @module
 */
import {
  columns,
  type Command,
  CommandError,
  commandHelp,
  nearestName,
  parseGiven,
  UsageError,
} from "./command.ts";
import { EXIT_CODE_TEXTS, ExitCode } from "./exit_codes.ts";
import { systemTerminal, type Terminal } from "./terminal.ts";
import { VERSION } from "./version.ts";

/** A command before it is needed: what it takes is loaded with it. */
interface CommandEntry {
  readonly name: string;
  readonly summary: string;
  load(): Promise<Command>;
}

/** Every command, in the order of `--help`. */
export const COMMANDS: readonly CommandEntry[] = [
  {
    name: "demo",
    summary: "the whole path without a server: capture, scenario, run",
    load: async () => (await import("./demo.ts")).demoCommand,
  },
  {
    name: "compile",
    summary: "make a scenario of a packet capture",
    load: async () => (await import("./compile.ts")).compileCommand,
  },
  {
    name: "run",
    summary: "run a scenario or workload",
    load: async () => (await import("./run.ts")).runCommand,
  },
  {
    name: "inspect",
    summary: "say what a packet capture contains",
    load: async () => (await import("./inspect.ts")).inspectCommand,
  },
  {
    name: "check",
    summary: "check a scenario or workload without running it",
    load: async () => (await import("./check.ts")).checkCommand,
  },
  {
    name: "init",
    summary: "make a folder of scenarios known to editors and deno check",
    load: async () => (await import("./editor.ts")).initCommand,
  },
];

/**
 * Runs the program.
 *
 * @param args What follows the program's name.
 * @param terminal Where it reads and writes.
 * @returns The exit code.
 */
export async function main(args: readonly string[], terminal: Terminal): Promise<ExitCode> {
  try {
    return await dispatch(args, terminal);
  } catch (error) {
    return complain(error, terminal);
  }
}

async function dispatch(args: readonly string[], terminal: Terminal): Promise<ExitCode> {
  const [name, ...rest] = args;
  if (name === undefined || name === "--help" || name === "-h" || name === "help") {
    const about = name === "help" ? rest[0] : undefined;
    if (about !== undefined) return await dispatch([about, "--help"], terminal);
    if (name === undefined) {
      throw new UsageError("Cannot run: no command is named", { hint: "see smbench --help" });
    }
    terminal.out(programHelp());
    return ExitCode.OK;
  }
  if (name === "--version" || name === "-V" || name === "version") {
    terminal.out(`smbench ${VERSION}\n`);
    return ExitCode.OK;
  }
  const entry = COMMANDS.find((one) => one.name === name);
  if (entry === undefined) {
    const nearest = nearestName(name, COMMANDS.map((one) => one.name));
    throw new UsageError(`Cannot run ${JSON.stringify(name)}: there is no such command`, {
      hint: nearest === null ? "see smbench --help" : `did you mean smbench ${nearest}?`,
    });
  }
  refusePassword(rest);
  const command = await entry.load();
  const given = parseGiven(command, rest);
  if (given.has("help")) {
    const more = await command.help?.(given) ?? "";
    terminal.out(`${commandHelp(command)}${more === "" ? "" : `\n${more}`}`);
    return ExitCode.OK;
  }
  return await command.run(given, terminal);
}

/** A password on the command line is visible to everybody on the machine, and stays in the shell's history. */
function refusePassword(args: readonly string[]): void {
  if (args.some((arg) => /^--?(password|pass|passwd|pw)(=|$)/i.test(arg))) {
    throw new UsageError(
      "Cannot take a password from the command line: everybody on this machine could see it",
      {
        hint: "give it in SMBENCH_PASSWORD, with --password-file, or at the prompt",
      },
    );
  }
}

function programHelp(): string {
  return [
    "smbench <command> [options]",
    "",
    "SMB file-server captures become scenarios that a person can read and edit, and",
    "that run against a server with the same order, timing and races.",
    "",
    "Commands",
    ...columns(COMMANDS.map(({ name, summary }) => [name, summary] as const)),
    "",
    "Options",
    ...columns([["-h, --help", "show this, or the help of a command"], [
      "-V, --version",
      "show the version",
    ]]),
    "",
    "Exit codes",
    ...columns(EXIT_CODE_TEXTS),
    "",
  ].join("\n");
}

function complain(error: unknown, terminal: Terminal): ExitCode {
  if (error instanceof UsageError) {
    terminal.err(
      `smbench: ${error.message}\n${error.hint === null ? "" : `hint: ${error.hint}\n`}`,
    );
    return ExitCode.USAGE;
  }
  if (error instanceof CommandError) {
    terminal.err(`smbench: ${error.message}\n`);
    return error.code;
  }
  const text = error instanceof Error ? error.stack ?? error.message : String(error);
  terminal.err(`smbench: this is a fault of smbench ${VERSION}, please report it\n${text}\n`);
  return ExitCode.INTERNAL;
}

if (import.meta.main) {
  Deno.exit(await main(Deno.args, systemTerminal()));
}
