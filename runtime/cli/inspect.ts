/** `smbench inspect`: what a capture contains. */
import { inspect, inspectOperations } from "../../compiler/mod.ts";
import { KEY_OPTIONS, readKeys } from "./capture_keys.ts";
import { CAPTURE_OPERAND, namedCapture, noteLines, onCapture } from "./capture_options.ts";
import { type Command, type Given, UsageError } from "./command.ts";
import { DECODE_OPTION, readDecodeAs } from "./decode_as.ts";
import { ExitCode } from "./exit_codes.ts";
import { inspectionText } from "./inspection_text.ts";
import { readCriteria, SELECTION_OPTIONS } from "./selection_options.ts";
import type { Terminal } from "./terminal.ts";

/** `smbench inspect`. */
export const inspectCommand: Command = {
  name: "inspect",
  operands: [CAPTURE_OPERAND],
  details: [
    "Tells what a capture is about: clients, users, servers and shares, how they were secured, commands with their times, errors, leases and breaks, how much went on at once, hot files, and what could not be read.",
  ],
  options: [
    {
      name: "operations",
      help:
        "one JSON line per exchange instead; packets that are out of place in the file stay there, as they do for Wireshark",
    },
    { name: "hashes", help: "with --operations: the SHA-256 of the data read and written" },
    { name: "json", help: "write the counts as JSON" },
    ...SELECTION_OPTIONS.map((option) => ({
      ...option,
      help: option.help.replace(/^only/, "with --operations: only"),
    })),
    ...KEY_OPTIONS,
    DECODE_OPTION,
  ],
  examples: [
    "smbench inspect customer.pcapng",
    "smbench inspect customer.pcapng --operations > operations.jsonl",
    "smbench inspect big.pcapng --operations --client 10.0.0.7 --command CREATE",
  ],
  run: inspectCapture,
};

async function inspectCapture(given: Given, terminal: Terminal): Promise<ExitCode> {
  if (given.has("operations") && given.has("json")) {
    throw new UsageError(
      "Cannot inspect with --operations and --json: --operations is JSON already",
    );
  }
  if (given.has("hashes") && !given.has("operations")) {
    throw new UsageError("Cannot inspect with --hashes alone: it belongs to --operations");
  }
  const select = await readCriteria(given);
  if (select !== undefined && !given.has("operations")) {
    throw new UsageError("Cannot inspect a part of a capture but with --operations");
  }
  const { input, name } = await namedCapture(given.operands);
  const keys = await readKeys(given);
  const decodeAs = readDecodeAs(given);
  const reading = { keys, ...decodeAs === undefined ? {} : { decodeAs } };
  if (given.has("operations")) {
    const hashes = given.has("hashes");
    const { notes } = await onCapture(terminal, {}, (options) =>
      inspectOperations(
        input,
        (lines) => terminal.outBytes(lines),
        { ...options, ...reading, hashes, ...select === undefined ? {} : { select } },
      ));
    const lost = notes.filter((note) => note.loss);
    if (lost.length > 0) terminal.err(`${noteLines(lost).join("\n")}\n`);
    return ExitCode.OK;
  }
  const found = await onCapture(
    terminal,
    {},
    (options) => inspect(input, { ...options, ...reading }),
  );
  terminal.out(
    given.has("json")
      ? `${JSON.stringify(found)}\n`
      : inspectionText(name, found, terminal.columns),
  );
  return ExitCode.OK;
}
