/** `smbench init`: what an editor and `deno check` need to know `"smbench"` in a folder outside the project. */
import { type Command, CommandError, type Given } from "./command.ts";
import { DECLARED_FUNCTIONS } from "./declarations.ts";
import { ExitCode } from "./exit_codes.ts";
import type { Terminal } from "./terminal.ts";
import { VERSION } from "./version.ts";

/** The declaration file's name within the folder. */
export const DECLARATION_FILE = "smbench.d.ts";

/** The zod of the scripts, as an editor finds it. */
const ZOD = "npm:zod@4.6.7";

/** `smbench init`. */
export const initCommand: Command = {
  name: "init",
  operands: [{ name: "folder", optional: true }],
  details: [
    `Writes ${DECLARATION_FILE} with the types of "smbench", and names it in the imports of deno.json. Scenarios run without either: this is for completion and type checks.`,
  ],
  options: [],
  examples: ["smbench init", "smbench init scenarios"],
  run: init,
};

async function init(given: Given, terminal: Terminal): Promise<ExitCode> {
  const [folder = "."] = given.operands;
  try {
    await Deno.mkdir(folder, { recursive: true });
    await Deno.writeTextFile(`${folder}/${DECLARATION_FILE}`, await declarationText());
    const config = `${folder}/deno.json`;
    const known = await readConfig(config);
    const imports = { ...known.imports as object, smbench: `./${DECLARATION_FILE}`, zod: ZOD };
    await Deno.writeTextFile(config, `${JSON.stringify({ ...known, imports }, null, 2)}\n`);
  } catch (cause) {
    if (cause instanceof CommandError) throw cause;
    throw new CommandError(
      ExitCode.BAD_INPUT,
      `Cannot prepare ${folder}: ${(cause as Error).message}`,
      { cause },
    );
  }
  terminal.out(`${folder}: deno.json and ${DECLARATION_FILE} written\n`);
  return ExitCode.OK;
}

async function readConfig(path: string): Promise<Record<string, unknown>> {
  let text: string;
  try {
    text = await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return {};
    throw error;
  }
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch (cause) {
    throw new CommandError(
      ExitCode.BAD_INPUT,
      `Cannot change ${path}: it is no plain JSON; add "smbench": "./${DECLARATION_FILE}" to its imports yourself`,
      { cause },
    );
  }
}

/** The declarations of `"smbench"`: the API's types word for word, then its functions. */
export async function declarationText(): Promise<string> {
  const types = await Deno.readTextFile(new URL("../script/api.ts", import.meta.url));
  return `// Types of "smbench" ${VERSION}, written by smbench init.\n${types}\n${DECLARED_FUNCTIONS}`;
}

/** One line that says how to get completion, where a scenario's folder does not have it. */
export async function editorHint(scenario: string): Promise<string[]> {
  let folder: string;
  try {
    folder = await Deno.realPath(scenario.replace(/[^\\/]*$/, "") || ".");
  } catch {
    return [];
  }
  for (let path = folder; path !== ""; path = path.slice(0, path.lastIndexOf("/"))) {
    for (const name of ["deno.json", "deno.jsonc"]) {
      try {
        if ((await Deno.readTextFile(`${path}/${name}`)).includes(`"smbench"`)) return [];
      } catch {
        // Not there, or not for us to read: look further up.
      }
    }
  }
  return [
    `for completion and type checks in this folder: smbench init ${
      scenario.replace(/[^\\/]*$/, "") || "."
    }`,
  ];
}
