/**
 * SMB2 command codes (MS-SMB2 2.2.1.2). Numbers outside the table are kept as numbers everywhere.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { Command, commandName } from "../wire/mod.ts";
 * assertEquals([commandName(Command.CREATE), commandName(0x77)], ["CREATE", "COMMAND_0x0077"]);
 * ```
 */
export const Command = {
  NEGOTIATE: 0x0000,
  SESSION_SETUP: 0x0001,
  LOGOFF: 0x0002,
  TREE_CONNECT: 0x0003,
  TREE_DISCONNECT: 0x0004,
  CREATE: 0x0005,
  CLOSE: 0x0006,
  FLUSH: 0x0007,
  READ: 0x0008,
  WRITE: 0x0009,
  LOCK: 0x000a,
  IOCTL: 0x000b,
  CANCEL: 0x000c,
  ECHO: 0x000d,
  QUERY_DIRECTORY: 0x000e,
  CHANGE_NOTIFY: 0x000f,
  QUERY_INFO: 0x0010,
  SET_INFO: 0x0011,
  OPLOCK_BREAK: 0x0012,
} as const;

/** The names of the commands of MS-SMB2 2.2.1.2. */
export type CommandName = keyof typeof Command;

/** The names in the order of their codes. */
export const COMMAND_NAMES: readonly CommandName[] = Object.keys(Command) as CommandName[];

/** The name of a command code; `COMMAND_0x....` for a code that MS-SMB2 does not define. */
export function commandName(code: number): string {
  return COMMAND_NAMES[code] ?? `COMMAND_0x${code.toString(16).padStart(4, "0")}`;
}
