/** Commands as data: from one table of options come parsing, checking and `--help`. */
import { parseArgs } from "@std/cli";
import { EXIT_CODE_TEXTS, type ExitCode } from "./exit_codes.ts";
import type { Terminal } from "./terminal.ts";

/** One option of a command. */
export interface Option {
  /** Long name without dashes. */
  readonly name: string;
  readonly short?: string;
  /** Name of its value in `--help`; without one it is a switch. */
  readonly value?: string;
  /** May be given several times. */
  readonly many?: boolean;
  readonly help: string;
}

/** One command. */
export interface Command {
  readonly name: string;
  /** What stands behind the name: `<scenario.ts>`. */
  readonly operands: readonly {
    readonly name: string;
    readonly optional?: boolean;
    /** May be given several times; only the last one. */
    readonly many?: boolean;
  }[];
  /** Paragraphs for its own `--help`. */
  readonly details: readonly string[];
  readonly options: readonly Option[];
  readonly examples: readonly string[];
  /** What its `--help` says of the operands that were given. */
  help?(given: Given): Promise<string>;
  run(given: Given, terminal: Terminal): Promise<ExitCode>;
}

/** What the command line gives. */
export interface Given {
  readonly operands: readonly string[];
  has(name: string): boolean;
  /** The value of an option; the last one when it is given twice. */
  value(name: string): string | undefined;
  values(name: string): readonly string[];
}

/** The command line is wrong; the message says how, the hint how to do better. */
export class UsageError extends Error {
  override readonly name = "UsageError";
  readonly hint: string | null;

  constructor(message: string, options: { readonly hint?: string } = {}) {
    super(message);
    this.hint = options.hint ?? null;
  }
}

/** A problem that is no fault of smbench: the message is all that there is to say. */
export class CommandError extends Error {
  override readonly name = "CommandError";
  readonly code: ExitCode;

  constructor(code: ExitCode, message: string, options: { cause?: unknown } = {}) {
    super(message, options);
    this.code = code;
  }
}

const HELP: Option = { name: "help", short: "h", help: "show this and end" };

/**
 * Reads the arguments of a command.
 *
 * @throws {UsageError} When an option is unknown or lacks its value, or operands are missing or too many.
 */
export function parseGiven(command: Command, args: readonly string[]): Given {
  const options = [...command.options, HELP];
  const byFlag = new Map(options.flatMap((option) => [
    [`--${option.name}`, option] as const,
    ...option.short === undefined ? [] : [[`-${option.short}`, option] as const],
  ]));
  const unknown: string[] = [];
  const parsed = parseArgs(args as string[], {
    string: [
      "_",
      ...options.filter((option) => option.value !== undefined).map(({ name }) => name),
    ],
    boolean: options.filter((option) => option.value === undefined).map(({ name }) => name),
    collect: options.filter((option) => option.value !== undefined).map(({ name }) => name),
    alias: Object.fromEntries(
      options.flatMap(({ name, short }) => short === undefined ? [] : [[short, name]]),
    ),
    unknown: (arg: string, key?: string) => {
      if (key === undefined) return true;
      unknown.push(arg);
      return false;
    },
  }) as Record<string, unknown> & { _: (string | number)[] };
  const [first] = unknown;
  if (first !== undefined) throw unknownOption(first, [...byFlag.keys()], command);
  const given = new Map<string, string[]>();
  for (const option of options) {
    if (option.value === undefined) continue;
    const values = parsed[option.name] as string[];
    if (values.some((value) => value === "") && !allowsEmpty(option)) {
      throw new UsageError(
        `Cannot understand "smbench ${command.name}": option --${option.name} lacks its value`,
        { hint: `write --${option.name} ${option.value}` },
      );
    }
    if (values.length > 1 && option.many !== true) {
      throw new UsageError(
        `Cannot understand "smbench ${command.name}": option --${option.name} is given twice`,
      );
    }
    given.set(option.name, values);
  }
  const operands = parsed._.map(String);
  if (parsed.help !== true) checkOperands(command, operands);
  return {
    operands,
    has: (name) => parsed[name] === true,
    value: (name) => given.get(name)?.at(-1),
    values: (name) => given.get(name) ?? [],
  };
}

/** An empty domain or root is a value like any other. */
function allowsEmpty(option: Option): boolean {
  return option.name === "domain" || option.name === "root";
}

function checkOperands(command: Command, operands: readonly string[]): void {
  const missing = command.operands.find((operand, index) =>
    operand.optional !== true && operands[index] === undefined
  );
  if (missing !== undefined) {
    throw new UsageError(
      `Cannot understand "smbench ${command.name}": <${missing.name}> is missing`,
      { hint: `usage: ${usageLine(command)}` },
    );
  }
  const extra = operands[command.operands.length];
  if (extra !== undefined && command.operands.at(-1)?.many !== true) {
    throw new UsageError(
      `Cannot understand "smbench ${command.name}": there is nothing to do with ${
        JSON.stringify(extra)
      }`,
      { hint: `usage: ${usageLine(command)}` },
    );
  }
}

function unknownOption(arg: string, known: readonly string[], command: Command): UsageError {
  const name = arg.replace(/=.*$/s, "");
  const nearest = nearestName(name, known);
  return new UsageError(
    `Cannot understand "smbench ${command.name}": option ${name} is unknown`,
    { hint: nearest === null ? `see smbench ${command.name} --help` : `did you mean ${nearest}?` },
  );
}

/** The known name that is nearest to a mistyped one; null when none is near. */
export function nearestName(name: string, known: readonly string[]): string | null {
  let best: { name: string; distance: number } | null = null;
  for (const candidate of known) {
    const distance = editDistance(name.toLowerCase(), candidate.toLowerCase());
    if (best === null || distance < best.distance) best = { name: candidate, distance };
  }
  return best !== null && best.distance <= Math.max(1, Math.floor(name.length / 3))
    ? best.name
    : null;
}

/** Insertions, deletions and replacements between two short texts (Wagner and Fischer 1974). */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replace = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replace, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}

/** `smbench run [options] <scenario.ts|workload.json>` */
export function usageLine(command: Command): string {
  const operands = command.operands.map(({ name, optional, many }) =>
    (optional === true ? `[${name}]` : `<${name}>`) + (many === true ? "..." : "")
  );
  return ["smbench", command.name, "[options]", ...operands].join(" ");
}

/** The text of `smbench <command> --help`. */
export function commandHelp(command: Command): string {
  const rows = [...command.options, HELP].map((option) =>
    [
      `${option.short === undefined ? "    " : `-${option.short}, `}--${option.name}${
        option.value === undefined ? "" : ` ${option.value}`
      }`,
      `${option.help}${option.many === true ? " (repeatable)" : ""}`,
    ] as const
  );
  return [
    usageLine(command),
    "",
    ...command.details.flatMap((paragraph) => [...wrapped(paragraph, 0), ""]),
    "Options",
    ...columns(rows),
    "",
    "Examples",
    ...command.examples.map((example) => `  ${example}`),
    "",
    "Exit codes",
    ...columns(EXIT_CODE_TEXTS),
    "",
  ].join("\n");
}

/** Two columns; the second is wrapped at 80. */
export function columns(rows: readonly (readonly [string, string])[]): string[] {
  const left = Math.min(30, Math.max(...rows.map(([text]) => text.length)));
  return rows.flatMap(([name, text]) => {
    const lines = wrapped(text, left + 4).map((line) => line.trimStart());
    const [first = "", ...rest] = lines;
    const head = name.length > left
      ? [`  ${name}`, `${" ".repeat(left + 4)}${first}`]
      : [`  ${name.padEnd(left)}  ${first}`];
    return [...head, ...rest.map((line) => `${" ".repeat(left + 4)}${line}`)];
  });
}

/** Lines of at most 80 columns, each indented. */
function wrapped(text: string, indent: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && indent + line.length + 1 + word.length > 80) {
      lines.push(line);
      line = word;
    } else {
      line = line === "" ? word : `${line} ${word}`;
    }
  }
  lines.push(line);
  return lines.map((text) => `${" ".repeat(indent)}${text}`);
}
