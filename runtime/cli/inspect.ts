/** `smbench inspect`: what a capture contains. */
import { inspect, type Inspection, inspectOperations } from "../../compiler/mod.ts";
import { byteText, plural, printable } from "../report/mod.ts";
import { KEY_OPTIONS, readKeys } from "./capture_keys.ts";
import { CAPTURE_OPERAND, namedCapture, noteLines, onCapture } from "./capture_options.ts";
import { columns, type Command, type Given, UsageError } from "./command.ts";
import { ExitCode } from "./exit_codes.ts";
import type { Terminal } from "./terminal.ts";

/** `smbench inspect`. */
export const inspectCommand: Command = {
  name: "inspect",
  operands: [CAPTURE_OPERAND],
  details: [
    "Counts clients, servers, shares, dialects, commands, errors and breaks of a capture, and lists what could not be read.",
  ],
  options: [
    { name: "operations", help: "one JSON line per exchange instead" },
    { name: "hashes", help: "with --operations: the SHA-256 of the data read and written" },
    { name: "json", help: "write the counts as JSON" },
    ...KEY_OPTIONS,
  ],
  examples: [
    "smbench inspect customer.pcapng",
    "smbench inspect customer.pcapng --operations > operations.jsonl",
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
  const { input, name } = await namedCapture(given.operands);
  const keys = await readKeys(given);
  if (given.has("operations")) {
    const hashes = given.has("hashes");
    const { notes } = await onCapture(terminal, (options) =>
      inspectOperations(
        input,
        (lines) => terminal.out(lines),
        { ...options, keys, hashes },
      ));
    const lost = notes.filter((note) => note.loss);
    if (lost.length > 0) terminal.err(`${noteLines(lost).join("\n")}\n`);
    return ExitCode.OK;
  }
  const found = await onCapture(terminal, (options) => inspect(input, { ...options, keys }));
  terminal.out(given.has("json") ? `${JSON.stringify(found)}\n` : inspectionText(name, found));
  return ExitCode.OK;
}

/** The counts, for people. */
export function inspectionText(name: string, found: Inspection): string {
  const { security, breaks, bytes } = found;
  const span = found.start === null ? "" : `, ${found.seconds.toFixed(3)} s from ${found.start}`;
  const rows = (record: Readonly<Record<string, number>>) =>
    columns(
      Object.entries(record).sort(([, a], [, b]) => b - a)
        .map(([key, count]) => [printable(key), String(count)] as const),
    );
  const section = (title: string, lines: readonly string[]) =>
    lines.length === 0 ? [] : ["", title, ...lines];
  return [
    `${printable(name)}: ${found.format}, ${plural(found.packets, "packet")}, ${
      plural(found.exchanges, "exchange")
    }${span}`,
    ...section(
      "Clients",
      found.clients.map((client) =>
        printable(
          `  ${client.id}  ${client.address}  ${client.users.join(", ") || "(no login seen)"}  ${
            plural(client.connections, "connection")
          }, ${plural(client.operations, "operation")}`,
        )
      ),
    ),
    ...section(
      "Servers",
      found.servers.map(({ address, dialects }) =>
        printable(`  ${address}  ${dialects.join(", ") || "(no negotiation seen)"}`)
      ),
    ),
    ...section(
      "Shares",
      found.shares.map(({ path, connects }) =>
        printable(`  ${path}  ${plural(connects, "connect")}`)
      ),
    ),
    ...section("Commands", found.exchanges === 0 ? [] : rows(found.commands)),
    ...section("Errors", Object.keys(found.errors).length === 0 ? [] : rows(found.errors)),
    "",
    `Breaks    ${breaks.received} received, ${breaks.acknowledged} acknowledged`,
    `Security  ${security.signed} signed, ${security.encrypted} encrypted, ${security.undecryptable} undecryptable`,
    `Data      ${byteText(bytes.read)} read, ${byteText(bytes.written)} written`,
    ...section("Not read", noteLines(found.notes)),
    "",
  ].join("\n");
}
