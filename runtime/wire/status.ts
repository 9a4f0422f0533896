/** NTSTATUS: names, numbers and severities (MS-ERREF 2.3). Names are without their `STATUS_` prefix. */
import { STATUS_TABLE } from "./status_table.ts";

/**
 * The statuses that a client or server of this project mentions by name. All that are known: {@linkcode statusCode}.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { Status, statusName } from "../wire/mod.ts";
 * assertEquals(statusName(Status.OBJECT_NAME_NOT_FOUND), "OBJECT_NAME_NOT_FOUND");
 * ```
 */
export const Status = {
  SUCCESS: 0x00000000,
  PENDING: 0x00000103,
  NOTIFY_CLEANUP: 0x0000010b,
  NOTIFY_ENUM_DIR: 0x0000010c,
  BUFFER_OVERFLOW: 0x80000005,
  NO_MORE_FILES: 0x80000006,
  NO_MORE_EAS: 0x80000012,
  INVALID_EA_NAME: 0x80000013,
  EA_LIST_INCONSISTENT: 0x80000014,
  NO_MORE_ENTRIES: 0x8000001a,
  STOPPED_ON_SYMLINK: 0x8000002d,
  UNSUCCESSFUL: 0xc0000001,
  NOT_IMPLEMENTED: 0xc0000002,
  INVALID_INFO_CLASS: 0xc0000003,
  INFO_LENGTH_MISMATCH: 0xc0000004,
  INVALID_HANDLE: 0xc0000008,
  INVALID_PARAMETER: 0xc000000d,
  NO_SUCH_DEVICE: 0xc000000e,
  NO_SUCH_FILE: 0xc000000f,
  INVALID_DEVICE_REQUEST: 0xc0000010,
  END_OF_FILE: 0xc0000011,
  MORE_PROCESSING_REQUIRED: 0xc0000016,
  NO_MEMORY: 0xc0000017,
  ACCESS_DENIED: 0xc0000022,
  BUFFER_TOO_SMALL: 0xc0000023,
  OBJECT_TYPE_MISMATCH: 0xc0000024,
  OBJECT_NAME_INVALID: 0xc0000033,
  OBJECT_NAME_NOT_FOUND: 0xc0000034,
  OBJECT_NAME_COLLISION: 0xc0000035,
  OBJECT_PATH_INVALID: 0xc0000039,
  OBJECT_PATH_NOT_FOUND: 0xc000003a,
  OBJECT_PATH_SYNTAX_BAD: 0xc000003b,
  SHARING_VIOLATION: 0xc0000043,
  EAS_NOT_SUPPORTED: 0xc000004f,
  EA_TOO_LARGE: 0xc0000050,
  NO_EAS_ON_FILE: 0xc0000052,
  FILE_LOCK_CONFLICT: 0xc0000054,
  LOCK_NOT_GRANTED: 0xc0000055,
  DELETE_PENDING: 0xc0000056,
  LOGON_FAILURE: 0xc000006d,
  ACCOUNT_RESTRICTION: 0xc000006e,
  PASSWORD_EXPIRED: 0xc0000071,
  ACCOUNT_DISABLED: 0xc0000072,
  RANGE_NOT_LOCKED: 0xc000007e,
  DISK_FULL: 0xc000007f,
  FILE_INVALID: 0xc0000098,
  INSUFFICIENT_RESOURCES: 0xc000009a,
  MEDIA_WRITE_PROTECTED: 0xc00000a2,
  PIPE_NOT_AVAILABLE: 0xc00000ac,
  PIPE_BUSY: 0xc00000ae,
  PIPE_DISCONNECTED: 0xc00000b0,
  PIPE_CLOSING: 0xc00000b1,
  IO_TIMEOUT: 0xc00000b5,
  FILE_FORCED_CLOSED: 0xc00000b6,
  FILE_IS_A_DIRECTORY: 0xc00000ba,
  NOT_SUPPORTED: 0xc00000bb,
  BAD_NETWORK_PATH: 0xc00000be,
  NETWORK_NAME_DELETED: 0xc00000c9,
  NETWORK_ACCESS_DENIED: 0xc00000ca,
  BAD_NETWORK_NAME: 0xc00000cc,
  REQUEST_NOT_ACCEPTED: 0xc00000d0,
  NOT_SAME_DEVICE: 0xc00000d4,
  INVALID_OPLOCK_PROTOCOL: 0xc00000e3,
  INTERNAL_ERROR: 0xc00000e5,
  DIRECTORY_NOT_EMPTY: 0xc0000101,
  NOT_A_DIRECTORY: 0xc0000103,
  NAME_TOO_LONG: 0xc0000106,
  TOO_MANY_OPENED_FILES: 0xc000011f,
  CANCELLED: 0xc0000120,
  CANNOT_DELETE: 0xc0000121,
  FILE_CLOSED: 0xc0000128,
  PIPE_BROKEN: 0xc000014b,
  INVALID_LOCK_RANGE: 0xc00001a1,
  USER_SESSION_DELETED: 0xc0000203,
  INSUFF_SERVER_RESOURCES: 0xc0000205,
  NOT_FOUND: 0xc0000225,
  ACCOUNT_LOCKED_OUT: 0xc0000234,
  USER_MAPPED_FILE: 0xc0000243,
  PATH_NOT_COVERED: 0xc0000257,
  NOT_A_REPARSE_POINT: 0xc0000275,
  IO_REPARSE_TAG_NOT_HANDLED: 0xc0000279,
  NETWORK_SESSION_EXPIRED: 0xc000035c,
  FILE_NOT_AVAILABLE: 0xc0000467,
  SHARE_UNAVAILABLE: 0xc0000480,
  HASH_NOT_SUPPORTED: 0xc000a100,
  SMB_NO_PREAUTH_INTEGRITY_HASH_OVERLAP: 0xc05d0000,
} as const;

interface Tables {
  readonly names: ReadonlyMap<number, string>;
  readonly codes: ReadonlyMap<string, number>;
}

let tables: Tables | null = null;

/** The name of a status without `STATUS_`; `0xC0001234` for one that is not in the table. */
export function statusName(status: number): string {
  return parsedTables().names.get(status) ?? hexadecimal(status);
}

/**
 * The number of a status: by its name with or without `STATUS_`, or from `0x` and hexadecimal digits; null when unknown.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { statusCode } from "../wire/mod.ts";
 * assertEquals(statusCode("STATUS_ACCESS_DENIED"), 0xc0000022);
 * assertEquals([statusCode("0xC0001234"), statusCode("NO_SUCH_NAME")], [0xc0001234, null]);
 * ```
 */
export function statusCode(name: string): number | null {
  if (/^0x[0-9a-f]{1,8}$/i.test(name)) return parseInt(name, 16);
  return parsedTables().codes.get(name.replace(/^STATUS_/, "")) ?? null;
}

/** Every name that {@linkcode statusCode} knows, with its number, in the order of the numbers. */
export function statusEntries(): readonly (readonly [name: string, status: number])[] {
  return [...parsedTables().codes];
}

/** Severity success or informational: the request was carried out (MS-ERREF 2.3, top bit clear). */
export function isSuccess(status: number): boolean {
  return severity(status) < 2;
}

/** Severity informational (0x4xxxxxxx). */
export function isInformational(status: number): boolean {
  return severity(status) === 1;
}

/** Severity warning (0x8xxxxxxx): BUFFER_OVERFLOW and NO_MORE_FILES among others; the response may carry data. */
export function isWarning(status: number): boolean {
  return severity(status) === 2;
}

/** Severity error (0xCxxxxxxx). */
export function isError(status: number): boolean {
  return severity(status) === 3;
}

function severity(status: number): number {
  return status >>> 30;
}

function hexadecimal(status: number): string {
  return `0x${status.toString(16).toUpperCase().padStart(8, "0")}`;
}

/** Parses the text table at its first use, so that a program that never names a status does not pay for it. */
function parsedTables(): Tables {
  if (tables !== null) return tables;
  const names = new Map<number, string>();
  const codes = new Map<string, number>();
  let code = 0;
  for (const word of STATUS_TABLE.trim().split(/\s+/)) {
    if (/^[0-9A-F]{8}$/.test(word)) {
      code = parseInt(word, 16);
    } else {
      names.set(code, word);
      codes.set(word, code);
      code += 1;
    }
  }
  tables = { names, codes };
  return tables;
}
