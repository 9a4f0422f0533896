/**
 * SMB2/3 bytes <-> values: header, framing, compounds, every command, contexts, MS-FSCC information, and the tables
 * of names. Turns bytes into plain readonly values and back; knows no socket, clock, randomness, promise or key.
 *
 * @module
 */
export { WireError, type WireErrorDetail } from "./errors.ts";
export { Reader } from "./reader.ts";
export { type Slot, Writer } from "./writer.ts";
export * from "./command.ts";
export * from "./header.ts";
export * from "./file_id.ts";
