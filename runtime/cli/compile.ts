/** `smbench compile`: a capture becomes a scenario. */
import {
  compile,
  type Compiled,
  type CoverageReport,
  type FoldLevel,
  type ProvisionLevel,
} from "../../compiler/mod.ts";
import { plural } from "../report/mod.ts";
import { KEY_OPTIONS, readKeys } from "./capture_keys.ts";
import { CAPTURE_OPERAND, namedCapture, noteLines, onCapture } from "./capture_options.ts";
import { type Command, CommandError, type Given, UsageError } from "./command.ts";
import { DECODE_OPTION, readDecodeAs } from "./decode_as.ts";
import { editorHint } from "./editor.ts";
import { ExitCode } from "./exit_codes.ts";
import { PiecewiseFiles, writeWhole } from "./files.ts";
import { MAP_OPTION } from "./map_file.ts";
import { ANONYMIZE_OPTIONS, readPasses } from "./pass_options.ts";
import { SELECTION_OPTIONS, selects } from "./selection_options.ts";
import { StagedFolder } from "./staged_folder.ts";
import type { Terminal } from "./terminal.ts";
import { VERSION } from "./version.ts";

/** `smbench compile`. */
export const compileCommand: Command = {
  name: "compile",
  operands: [CAPTURE_OPERAND],
  details: [
    "Reads a capture (pcap, pcapng, also with gzip or zstd; - for standard input) and writes a scenario with one function per captured client: every SMB2 operation with its time and outcome. What the scenario does not have is listed.",
    "Several files (a ring buffer, or a quoted pattern) are read as one capture, in the order of their first packets.",
    "By default written data is synthetic, of the same lengths and equal where it was equal: the customer's data stays in the capture.",
  ],
  options: [
    {
      name: "output",
      short: "o",
      value: "FILE",
      help: "the scenario to write; - for standard output",
    },
    {
      name: "data",
      value: "KIND",
      help:
        "synthetic, or captured: data of writes and reads as it was, in blobs/ beside the scenario",
    },
    {
      name: "provision",
      value: "WHICH",
      help:
        "files that were there before, for the scenario to make: full (also what was only listed), opened, none; full unless given",
    },
    {
      name: "fold",
      value: "WHAT",
      help:
        "what becomes shorter: loops (regular runs), all (also functions for what repeats), none; all unless given",
    },
    {
      name: "emit",
      value: "WHAT",
      help:
        "script (the default), or json: workload JSON, version 1 and beyond, to the output or standard output",
    },
    {
      name: "rows",
      value: "N",
      help:
        "with more than N operations, these go as lines (JSON) into NAME.data/, and the scenario plays them; 20000 unless given",
    },
    {
      name: "force",
      short: "f",
      help: "overwrite the scenario if it exists: your changes to it are lost",
    },
    {
      name: "strict",
      help: "fail (exit code 6) if anything of the capture is not in the scenario",
    },
    ...SELECTION_OPTIONS,
    MAP_OPTION,
    ...ANONYMIZE_OPTIONS,
    ...KEY_OPTIONS,
    DECODE_OPTION,
    { name: "quiet", short: "q", help: "no progress, and of the summary only what was lost" },
    { name: "json", help: "write what was compiled and what was not as JSON" },
  ],
  examples: [
    "smbench compile customer.pcapng -o customer.ts",
    "smbench compile trace.pcap.gz -o trace.ts --data captured --strict",
    "smbench compile big.pcapng -o race.ts --path 'reports/*' --from 120 --to 150",
    "smbench compile customer.pcapng -o case-17.ts --anonymize",
    "smbench compile customer.pcapng --emit json -o customer.json",
  ],
  run: compileCapture,
};

async function compileCapture(given: Given, terminal: Terminal): Promise<ExitCode> {
  const isJson = emitKind(given.value("emit")) === "json";
  const output = given.value("output") ?? (isJson ? "-" : undefined);
  const above = rowLimit(given.value("rows"));
  if (output === undefined) {
    throw new UsageError("Cannot compile: no output is named", {
      hint: "name the scenario to write with -o FILE.ts",
    });
  }
  const captured = dataKind(given.value("data")) === "captured";
  if (output === "-" && captured) {
    throw new UsageError(
      "Cannot compile to standard output with --data captured: blobs need a folder",
    );
  }
  const data = dataFolder(output);
  const beside = output.replace(/[^\\/]*$/, "");
  if (output !== "-" && !given.has("force")) {
    for (const path of isJson ? [output] : [output, `${beside}${data}`]) {
      if (!await exists(path)) continue;
      throw new UsageError(`Cannot write ${path}: it exists, and may have been edited`, {
        hint: "overwrite it with --force, or name another file",
      });
    }
  }
  const provision = provisionLevel(given.value("provision"));
  const { input, name } = await namedCapture(given.operands);
  const fold = foldLevel(given.value("fold"));
  const keys = await readKeys(given);
  const decodeAs = readDecodeAs(given);
  const passes = await readPasses(given);
  using files = new PiecewiseFiles();
  using blobs = new StagedFolder(`${beside}blobs`);
  using beyond = new StagedFolder(`${beside}${data}`);
  const show = { quiet: given.has("quiet") };
  const compiled = await onCapture(terminal, show, ({ progress, work, signal }) =>
    compile(input, {
      version: VERSION,
      fold,
      ...passes,
      keys,
      ...decodeAs === undefined ? {} : { decodeAs },
      progress,
      work,
      signal,
      provision,
      ...output === "-" ? {} : { temporaryFolder: beside === "" ? "." : beside },
      ...isJson
        ? {
          json: (piece) => output === "-" ? terminal.outBytes(piece) : files.write(output, piece),
        }
        : output === "-"
        ? {}
        : {
          dataFolder: data,
          rows: {
            above,
            write: (path, lines) => beyond.append(path.slice(data.length + 1), lines),
          },
        },
      ...captured
        ? {
          blobs: {
            save: (hash, bytes) => blobs.write(`${hash}.bin`, bytes),
            path: (hash) => `blobs/${hash}.bin`,
          },
        }
        : {},
    }));
  if (passes.select !== undefined && compiled.count === 0) {
    throw new UsageError(`Cannot compile ${name}: nothing of it is selected`, {
      hint: `smbench inspect ${name} tells its clients, users, servers and shares`,
    });
  }
  if (compiled.count === 0) {
    terminal.err(`${noteLines(compiled.notes).join("\n")}\n`);
    throw new CommandError(
      ExitCode.BAD_INPUT,
      `Cannot compile ${name}: it has no SMB2 operation that could be read`,
    );
  }
  for (const { path, text } of compiled.modules) beyond.write(path.slice(data.length + 1), text);
  blobs.finish(() => false);
  beyond.finish((name) => OWN_DATA.test(name));
  files.finish();
  if (!isJson) {
    if (output === "-") terminal.out(compiled.script);
    else await writeWhole(output, compiled.script);
  }
  await report(compiled, { given, terminal, output });
  const lost = compiled.notes.some((note) => note.loss);
  return given.has("strict") && lost ? ExitCode.INCOMPLETE : ExitCode.OK;
}

/** Files that earlier compilations put into the folder for data. */
const OWN_DATA = /^([\w-]+\.jsonl|provision\.ts|tables\.ts)$/;

const PROVISION_LEVELS = ["full", "opened", "none"] as const;

function provisionLevel(text = "full"): ProvisionLevel {
  const level = PROVISION_LEVELS.find((one) => one === text);
  if (level === undefined) {
    throw new UsageError(
      `Cannot compile with --provision ${text}: known are ${PROVISION_LEVELS.join(", ")}`,
    );
  }
  return level;
}

/** Name of the folder beside the scenario for what is too long to stand in it. */
function dataFolder(output: string): string {
  return `${output.replace(/^.*[\\/]/, "").replace(/\.[^.]*$/, "")}.data`;
}

function emitKind(text = "script"): string {
  if (text === "script" || text === "json") return text;
  throw new UsageError(`Cannot compile with --emit ${text}: known are script, json`);
}

/** Operations that a script has at most; beyond that nobody reads it. */
const ROW_LIMIT = 20_000;

function rowLimit(text = String(ROW_LIMIT)): number {
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new UsageError(`Cannot compile with --rows ${text}: a number of operations is needed`);
}

const FOLD_LEVELS = ["none", "loops", "all"] as const;

function foldLevel(text = "all"): FoldLevel {
  const level = FOLD_LEVELS.find((one) => one === text);
  if (level === undefined) {
    throw new UsageError(`Cannot compile with --fold ${text}: known are ${FOLD_LEVELS.join(", ")}`);
  }
  return level;
}

function dataKind(text = "synthetic"): string {
  if (text !== "synthetic" && text !== "captured") {
    throw new UsageError(`Cannot compile with --data ${text}: known are synthetic, captured`);
  }
  return text;
}

async function report(compiled: Compiled, about: {
  readonly given: Given;
  readonly terminal: Terminal;
  readonly output: string;
}): Promise<void> {
  const { given, terminal, output } = about;
  const { plan, notes, packets, exchanges, coverage } = compiled;
  if (given.has("json")) {
    const text = JSON.stringify({
      version: 1,
      scenario: output,
      packets,
      exchanges,
      remarks: plan.source.remarks ?? [],
      clients: plan.clients.length,
      operations: compiled.count,
      coverage,
      notes,
    });
    if (output === "-") terminal.err(`${text}\n`);
    else terminal.out(`${text}\n`);
    return;
  }
  if (given.has("quiet")) {
    const lost = noteLines(notes.filter((note) => note.loss));
    if (lost.length > 0) terminal.err(`${lost.join("\n")}\n`);
    return;
  }
  const lines = [
    `${output === "-" ? (given.value("emit") === "json" ? "workload" : "scenario") : output}: ${
      plural(compiled.count, "operation")
    } of ${plural(plan.clients.length, "client")}, from ${plural(exchanges, "exchange")} in ${
      plural(packets, "packet")
    }`,
    ...(plan.source.remarks ?? []).map((remark) => `  ${remark}`),
    // Of a selection the notes tell what is not in it.
    ...selects(given) ? [] : [coverageLine(coverage)],
    ...noteLines(notes),
    ...output === "-" || given.value("emit") === "json" ? [] : await editorHint(output),
  ];
  terminal.err(`${lines.join("\n")}\n`);
}

/** How much of the capture is there, in one line. */
function coverageLine({ seen, emitted, partly, dropped, commands }: CoverageReport): string {
  if (dropped === 0 && partly === 0) return `  all ${plural(seen, "exchange")} are in it`;
  const missing = Object.entries(commands).filter(([, counts]) => counts.dropped > 0)
    .toSorted(([, one], [, other]) => other.dropped - one.dropped)
    .map(([command, counts]) => `${command} ${counts.dropped}`);
  const share = seen === 0 ? "0" : (Math.floor(1000 * emitted / seen) / 10).toFixed(1);
  return [
    `  ${emitted} of ${plural(seen, "exchange")} are in it (${share} %)`,
    ...partly === 0 ? [] : [`${partly} of them known in part`],
    ...missing.length === 0 ? [] : [`not ${missing.join(", ")}`],
  ].join("; ");
}

async function exists(path: string): Promise<boolean> {
  try {
    await Deno.stat(path);
    return true;
  } catch {
    return false;
  }
}
