/**
 * Captures -> scenarios: reads what clients and servers said, and writes what the clients did as a script that a person
 * can edit. Knows captures, TCP and the wire room; knows no client, server, sandbox or command line.
 *
 * What each function takes is loaded with the first call of it: to list exchanges takes a third of what compiling takes.
 *
 * @module
 */
import type { CaptureInput, CaptureNote } from "./capture/mod.ts";
import type { Compiled, CompileOptions } from "./compile.ts";
import type { Inspection } from "./inspect.ts";
import type { InspectOptions, OperationOptions } from "./inspect_operations.ts";

export {
  type ByteInput,
  CaptureError,
  type CaptureInput,
  type CaptureNote,
  type DecodeAs,
  FRAMES,
  noteText,
  type Tunnel,
} from "./capture/mod.ts";
export type { Compiled, CompileOptions } from "./compile.ts";
export type { CoverageCounts, CoverageReport } from "./coverage.ts";
export type { Criteria, Moment } from "./criteria.ts";
export type { DecryptionKeys, KnownKeys } from "./decryption.ts";
export type { ProvisionLevel } from "./emit/provision.ts";
export type { FoldLevel } from "./fold.ts";
export type { Inspection } from "./inspect.ts";
export type { InspectOptions, OperationOptions } from "./inspect_operations.ts";
export type { Names } from "./mapping.ts";
export type * from "./plan.ts";
export { COMMAND_NAMES } from "./plan_commands.ts";
export { MIN_KEY_BYTES } from "./pseudonym_key.ts";
export type { Progress } from "./read_capture.ts";
export type { Work } from "./turns.ts";

/**
 * Compiles a capture into a scenario.
 *
 * @throws {CaptureError} When the input is missing, unreadable, or no capture; never because of what a capture contains.
 */
export async function compile(input: CaptureInput, options: CompileOptions): Promise<Compiled> {
  const room = await import("./compile.ts");
  return await room.compile(input, options);
}

/**
 * Counts what a capture contains.
 *
 * @throws {CaptureError} When the input is missing, unreadable, or no capture.
 */
export async function inspect(
  input: CaptureInput,
  options: InspectOptions = {},
): Promise<Inspection> {
  const room = await import("./inspect.ts");
  return await room.inspect(input, options);
}

/**
 * Hands every exchange on as a line of JSON, in the order of the requests. `write` gets whole lines with their line
 * feeds, many at a time, as a view that holds until it returns. Packets that are out of place in the file stay there, as they do for Wireshark.
 *
 * @throws {CaptureError} When the input is missing, unreadable, or no capture.
 */
export async function inspectOperations(
  input: CaptureInput,
  write: (lines: Uint8Array) => void,
  options: OperationOptions = {},
): Promise<{ readonly notes: readonly CaptureNote[] }> {
  const room = await import("./inspect_operations.ts");
  return await room.inspectOperations(input, write, options);
}

/** What rows say and what they leave out, for whoever reads them back. */
export async function rowForms(): Promise<
  Pick<typeof import("./emit/rows.ts"), "ROW_DEFAULTS" | "rowFields">
> {
  return await import("./emit/rows.ts");
}
