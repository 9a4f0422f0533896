// deno-lint-ignore-file no-console
/**
 * `deno task compile`: makes the one executable file `smbench`.
 *
 * With `denort` (downloaded by Deno, or named by DENORT_BIN) it is what `deno compile` makes. Where `denort` cannot be had
 * it is a self-extracting file (see self_extracting.ts) made from the running Deno.
 *
 * @module
 */

import { parseArgs } from "@std/cli";
import { filesUnder, writeSelfExtracting } from "./self_extracting.ts";

const ROOT = decodeURIComponent(new URL("../..", import.meta.url).pathname).replace(/\/$/, "");
const ENTRY = "runtime/cli/main.ts";
/** What is part of the program, relative to the root. */
const PROGRAM = ["mod.ts", "runtime", "compiler", "examples"];

/** How the executable was made. */
export type Made = "deno compile" | "self-extracting";

/**
 * Makes the executable.
 *
 * @throws {Error} `deno compile` failed for another reason than a missing `denort`.
 */
export async function compile(options: {
  readonly output: string;
  /** Do not try `deno compile`. */
  readonly selfExtracting?: boolean;
}): Promise<Made> {
  const flags = runFlags(await Deno.readTextFile(`${ROOT}/deno.json`));
  const files = await programFiles();
  if (options.selfExtracting !== true && await denoCompile({ ...options, flags, files })) {
    return "deno compile";
  }
  if (Deno.build.os === "windows") {
    throw new Error(
      "Cannot make smbench.exe: denort is out of reach; set DENORT_BIN to a local one",
    );
  }
  await writeSelfExtracting({
    root: ROOT,
    files,
    entry: ENTRY,
    flags,
    output: options.output,
    name: "smbench",
  });
  return "self-extracting";
}

/** The flags with which the `smbench` task runs the program: the executable gets the same. */
export function runFlags(denoJson: string): string[] {
  const { tasks } = JSON.parse(denoJson) as { tasks: Record<string, string> };
  const [, flags] = /deno run (.*) runtime\/cli\/main\.ts$/.exec(tasks["smbench"] ?? "") ?? [];
  if (flags === undefined) {
    throw new Error(
      "Cannot compile: the task smbench of deno.json does not run runtime/cli/main.ts",
    );
  }
  return flags.split(" ");
}

/** Sources and data of the program, without tests. */
async function programFiles(): Promise<string[]> {
  const files: string[] = [];
  for (const path of PROGRAM) {
    const info = await Deno.stat(`${ROOT}/${path}`);
    if (info.isFile) files.push(path);
    else files.push(...(await filesUnder(`${ROOT}/${path}`)).map((name) => `${path}/${name}`));
  }
  return files.filter((name) => !/_(test|bench|fuzz)\.ts$/.test(name));
}

/** Runs `deno compile`; false where only `denort` was missing. */
async function denoCompile(options: {
  readonly output: string;
  readonly flags: readonly string[];
  readonly files: readonly string[];
}): Promise<boolean> {
  // Everything that is loaded by name at run time: the worker, the public module and the examples.
  const included = options.files.filter((name) => name !== ENTRY);
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      "compile",
      "--quiet",
      "--no-check",
      ...options.flags.filter((flag) => flag !== "--no-prompt"),
      "--no-prompt",
      ...included.map((name) => `--include=${name}`),
      `--output=${options.output}`,
      ENTRY,
    ],
    cwd: ROOT,
    stdout: "inherit",
    stderr: "piped",
  }).output();
  if (code === 0) return true;
  const message = new TextDecoder().decode(stderr);
  if (Deno.env.get("DENORT_BIN") === undefined && /dl\.deno\.land|denort/.test(message)) {
    return false;
  }
  throw new Error(`Cannot compile: deno compile says\n${message}`);
}

async function main(): Promise<void> {
  const args = parseArgs(Deno.args, {
    string: ["output"],
    boolean: ["self-extracting"],
    default: { output: "smbench" },
  });
  const made = await compile({
    output: args.output,
    selfExtracting: args["self-extracting"],
  });
  const { size } = await Deno.stat(args.output);
  console.log(`${args.output}: ${(size / 1e6).toFixed(0)} MB, ${made}`);
}

if (import.meta.main) await main();
