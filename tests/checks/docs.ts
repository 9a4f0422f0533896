// deno-lint-ignore-file no-console
/**
 * Holds the documentation to its word, `deno task check:docs`:
 *
 * - every export of `mod.ts` and of each room's `mod.ts` has a docstring, and each `mod.ts` says what it is for;
 * - the commands in the README name tasks, subcommands and options that exist, with the version of Deno in use;
 * - the examples in docstrings and in the README run (`deno test --doc`).
 *
 * @module
 */

import { parseArgs } from "@std/cli";
import { ROOMS } from "./rooms.ts";
import { projectRoot, sourceFiles, toFileUrl } from "./tree.ts";

/** Something that the documentation lacks or has wrong. */
export interface Finding {
  /** Relative to the root, with the line where there is one: `file:line`. */
  readonly place: string;
  readonly message: string;
}

interface DocSymbol {
  readonly name: string;
  readonly declarations: readonly {
    readonly kind: string;
    readonly location: { readonly filename: string; readonly line: number };
    readonly jsDoc?: { readonly doc?: string; readonly tags?: readonly unknown[] };
  }[];
}

interface DocModule {
  readonly module_doc?: { readonly doc?: string };
  readonly symbols?: readonly DocSymbol[];
}

/** A command line in a README, split into words. */
export interface Command {
  readonly line: number;
  readonly words: readonly string[];
}

/** The public modules: `mod.ts`, and the `mod.ts` of every room that there is. */
export async function publicModules(root: string): Promise<string[]> {
  const rooms = Object.keys(ROOMS).map((room) =>
    room === "compiler" ? "compiler/mod.ts" : `runtime/${room}/mod.ts`
  );
  const files = new Set(await sourceFiles(root));
  return ["mod.ts", ...rooms.sort()].filter((file) => files.has(file));
}

/** Exports without a docstring, and modules without a word on what they are for. */
export async function checkDocstrings(
  root: string,
  modules: readonly string[],
): Promise<Finding[]> {
  const findings = new Map<string, Finding>();
  for (const file of modules) {
    // One at a time: among several modules, deno doc lists what one exports of another as a mere reference.
    const output = await deno(["doc", "--json", file], root);
    const { nodes } = JSON.parse(output) as { nodes: Record<string, DocModule> };
    const module = nodes[toFileUrl(`${root}/${file}`)];
    if ((module?.module_doc?.doc ?? "").trim() === "") {
      findings.set(file, { place: file, message: "has no @module comment: say what it is for" });
    }
    for (const symbol of module?.symbols ?? []) {
      const own = symbol.declarations.filter((it) => it.location.filename.startsWith("file:"));
      if (own.some((it) => (it.jsDoc?.doc ?? "").trim() !== "")) continue;
      const declaration = own[0];
      if (declaration === undefined) continue;
      const path = declaration.location.filename.replace(`${toFileUrl(root)}/`, "");
      const place = `${path}:${declaration.location.line + 1}`;
      findings.set(place, {
        place,
        message: `${symbol.name} has no docstring (public by ${file})`,
      });
    }
  }
  return [...findings.values()];
}

/** The commands in the `sh` blocks of a Markdown text. A `$` before a command and a comment behind it are left out. */
export function commandsOf(markdown: string): Command[] {
  const commands: Command[] = [];
  let inside = false;
  let continued: string[] = [];
  for (const [index, text] of markdown.split("\n").entries()) {
    if (/^\s*```/.test(text)) {
      inside = /^\s*```(sh|bash|shell|console)\b/.test(text);
      continue;
    }
    if (!inside) continue;
    const code = text.replace(/(^|\s)#.*$/, "").replace(/^\s*\$ /, "").trim();
    if (code.endsWith("\\")) {
      continued.push(...code.slice(0, -1).split(/\s+/));
      continue;
    }
    const words = [...continued, ...code.split(/\s+/)].filter((word) => word !== "");
    continued = [];
    if (words.length > 0) commands.push({ line: index + 1, words });
  }
  return commands;
}

/** Commands of the README that could not work as they are written. */
export async function checkCommands(
  readme: string,
  facts: {
    readonly tasks: readonly string[];
    readonly denoVersion: string;
    /** The text of `smbench <subcommand> --help`; undefined for a subcommand that there is not. */
    readonly help: (subcommand: string) => Promise<string | undefined>;
  },
): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const { line, words: all } of commandsOf(readme)) {
    const report = (message: string) => findings.push({ place: `README.md:${line}`, message });
    const words = all.slice(all.findIndex((word) => !/^\w+=/.test(word)));
    const version = words.map((word) => /^deno@(.+)$/.exec(word)?.[1]).find((it) =>
      it !== undefined
    );
    if (version !== undefined && version !== facts.denoVersion) {
      report(`names Deno ${version}, but ${facts.denoVersion} is in use`);
    }
    const task = words.includes("task") ? words[words.indexOf("task") + 1] : undefined;
    if (task !== undefined && !facts.tasks.includes(task)) report(`there is no task ${task}`);
    const at = task === "smbench"
      ? words.indexOf("smbench")
      : words.findIndex((word) => /^(\.\/|.*\/)?smbench$/.test(word) && word === words[0]);
    const subcommand = at >= 0 ? words[at + 1] : undefined;
    if (subcommand === undefined || subcommand.startsWith("-")) continue;
    const help = await facts.help(subcommand);
    if (help === undefined) {
      report(`there is no command smbench ${subcommand}`);
      continue;
    }
    for (const word of words.slice(at + 2)) {
      const [, option] = /^(--?[A-Za-z][\w-]*)/.exec(word) ?? [];
      if (option !== undefined && !new RegExp(`(^|[\\s,])${option}\\b`, "m").test(help)) {
        report(`smbench ${subcommand} has no option ${option}`);
      }
    }
  }
  return findings;
}

/** The files whose examples run: sources with a `ts` block in a docstring, and the README. */
async function filesWithExamples(root: string): Promise<string[]> {
  const files: string[] = [];
  for (const file of await sourceFiles(root)) {
    if (!/^(runtime|compiler)\/|^mod\.ts$/.test(file) || file.endsWith("_test.ts")) continue;
    const text = await Deno.readTextFile(`${root}/${file}`);
    if (/^\s*\* ```(ts|js|typescript)/m.test(text)) files.push(file);
  }
  if (await exists(`${root}/README.md`)) files.push("README.md");
  return files;
}

async function exists(path: string): Promise<boolean> {
  try {
    await Deno.stat(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

async function deno(args: readonly string[], cwd: string): Promise<string> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [...args],
    cwd,
    stdout: "piped",
    stderr: "piped",
    env: { NO_COLOR: "1" },
  }).output();
  const decoder = new TextDecoder();
  if (code !== 0) throw new Error(`Cannot run deno ${args[0]}: ${decoder.decode(stderr)}`);
  return decoder.decode(stdout);
}

async function subcommandHelp(root: string, subcommand: string): Promise<string | undefined> {
  const { code, stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--allow-all", "runtime/cli/main.ts", subcommand, "--help"],
    cwd: root,
    stdin: "null",
    stdout: "piped",
    stderr: "null",
    env: { NO_COLOR: "1" },
  }).output();
  return code === 0 ? new TextDecoder().decode(stdout) : undefined;
}

async function main(): Promise<void> {
  const args = parseArgs(Deno.args, { string: ["junit-path"] });
  const root = projectRoot();
  const findings = await checkDocstrings(root, await publicModules(root));
  if (await exists(`${root}/README.md`)) {
    const { tasks } = JSON.parse(await Deno.readTextFile(`${root}/deno.json`));
    findings.push(
      ...await checkCommands(await Deno.readTextFile(`${root}/README.md`), {
        tasks: Object.keys(tasks),
        denoVersion: Deno.version.deno,
        help: (subcommand) => subcommandHelp(root, subcommand),
      }),
    );
  }
  for (const { place, message } of findings) console.error(`${place}: ${message}`);

  const { success } = await new Deno.Command(Deno.execPath(), {
    args: [
      "test",
      "--doc",
      "--parallel",
      "--allow-all",
      "--quiet",
      ...(args["junit-path"] === undefined ? [] : [`--junit-path=${args["junit-path"]}`]),
      ...await filesWithExamples(root),
    ],
    cwd: root,
    stdin: "null",
    stdout: "inherit",
    stderr: "inherit",
  }).output();
  if (findings.length > 0 || !success) Deno.exit(1);
}

if (import.meta.main) await main();
