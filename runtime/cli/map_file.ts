/** `--map FILE`: other names for servers, shares, users, domains and paths, in YAML. */
import { parse } from "@std/yaml";
import { type NameMapping, nameMappingSchema, NO_NAMES } from "../script/mod.ts";
import { CommandError, type Given, type Option } from "./command.ts";
import { ExitCode } from "./exit_codes.ts";

/** The option of `compile` and `run`. */
export const MAP_OPTION: Option = {
  name: "map",
  value: "FILE",
  help:
    "YAML file of other names: sections servers, shares, users, domains, paths, each NAME: OTHER",
};

/** Problems that are listed. */
const MAX_SHOWN = 10;

/**
 * The mapping that the option names; none without it.
 *
 * @throws {CommandError} When the file is missing, no YAML, or says what no mapping can.
 */
export async function readMapping(given: Given): Promise<NameMapping> {
  const path = given.value("map");
  if (path === undefined) return NO_NAMES;
  let text: string;
  try {
    text = await Deno.readTextFile(path);
  } catch (cause) {
    const reason = cause instanceof Deno.errors.NotFound
      ? "it does not exist"
      : (cause as Error).message;
    throw cannotRead(path, [reason], cause);
  }
  return parseMapping(text, path);
}

/** Reads the text of a mapping; `path` is for messages. */
export function parseMapping(text: string, path: string): NameMapping {
  let file: unknown;
  try {
    // Names and numbers only: `core` makes no dates, and nothing that has a behaviour.
    file = parse(text, { schema: "core" });
  } catch (cause) {
    throw cannotRead(path, [(cause as Error).message.split("\n")[0]!], cause);
  }
  const checked = nameMappingSchema.safeParse(file ?? {});
  if (checked.success) return checked.data;
  const lines = text.split("\n");
  const problems = checked.error.issues.flatMap(({ path: keys, message, ...issue }) => {
    const unknown = issue.code === "unrecognized_keys" ? issue.keys : [];
    const named = unknown.length > 0 ? unknown.map((key) => [...keys, key]) : [keys];
    const reason = unknown.length > 0
      ? `is unknown; there are ${Object.keys(NO_NAMES).join(", ")}`
      : message;
    return named.map((key) => `${placeOf(lines, key.map(String))}${reason}`);
  });
  throw cannotRead(path, problems);
}

/** `line 3, paths, "a\b": `. */
function placeOf(lines: readonly string[], keys: readonly string[]): string {
  if (keys.length === 0) return "";
  let line = -1;
  for (const key of keys) {
    const next = lines.findIndex((text, index) => index > line && keyOf(text) === key);
    if (next >= 0) line = next;
  }
  const shown = keys.map((key, index) => index === 0 ? key : JSON.stringify(key)).join(", ");
  return `${line < 0 ? "" : `line ${line + 1}, `}${shown}: `;
}

/** The key that a line of YAML begins with. */
function keyOf(line: string): string | null {
  const match = /^\s*(?:"((?:[^"\\]|\\.)*)"|'((?:[^']|'')*)'|([^\s#'"][^#]*?))\s*:(?:\s|$)/.exec(
    line,
  );
  if (match === null) return null;
  const [, double, single, plain] = match;
  if (double !== undefined) return double.replaceAll("\\\\", "\\");
  return single?.replaceAll("''", "'") ?? plain!;
}

function cannotRead(path: string, problems: readonly string[], cause?: unknown): CommandError {
  const shown = problems.slice(0, MAX_SHOWN);
  const more = problems.length - shown.length;
  const text = shown.length === 1 ? ` ${shown[0]}` : [
    "",
    ...shown.map((problem) => `  ${problem}`),
    ...more > 0 ? [`  and ${more} more`] : [],
  ].join("\n");
  return new CommandError(ExitCode.BAD_INPUT, `Cannot use the map ${path}:${text}`, { cause });
}
