/**
 * Captures -> scenarios: reads what clients and servers said, and writes what the clients did as a script that a person
 * can edit. Knows captures, TCP and the wire room; knows no client, server, sandbox or command line.
 *
 * @module
 */
export {
  type ByteInput,
  CaptureError,
  type CaptureInput,
  type CaptureNote,
} from "./capture/mod.ts";
export { MIN_KEY_BYTES } from "./anonymize.ts";
export { ROW_DEFAULTS, rowFields } from "./emit/rows.ts";
export { compile, type Compiled, type CompileOptions } from "./compile.ts";
export type { CoverageCounts, CoverageReport } from "./coverage.ts";
export type { DecryptionKeys, KnownKeys } from "./decryption.ts";
export type { ProvisionLevel } from "./emit/provision.ts";
export type { FoldLevel } from "./fold.ts";
export { noteText } from "./emit/typescript.ts";
export {
  inspect,
  type Inspection,
  inspectOperations,
  type InspectOptions,
  type OperationOptions,
} from "./inspect.ts";
export type { Names } from "./mapping.ts";
export type * from "./plan.ts";
export { COMMAND_NAMES } from "./plan_commands.ts";
export type { Progress } from "./read_capture.ts";
export type { Work } from "./turns.ts";
export type { Criteria, Moment } from "./criteria.ts";
