/** Access masks (MS-SMB2 2.2.13.1). Names are without `FILE_`. */
import { flagBits, flagNames } from "./flags.ts";

/** Access to files, pipes and printers (MS-SMB2 2.2.13.1.1). */
export const FileAccess = {
  READ_DATA: 0x00000001,
  WRITE_DATA: 0x00000002,
  APPEND_DATA: 0x00000004,
  READ_EA: 0x00000008,
  WRITE_EA: 0x00000010,
  EXECUTE: 0x00000020,
  DELETE_CHILD: 0x00000040,
  READ_ATTRIBUTES: 0x00000080,
  WRITE_ATTRIBUTES: 0x00000100,
  DELETE: 0x00010000,
  READ_CONTROL: 0x00020000,
  WRITE_DAC: 0x00040000,
  WRITE_OWNER: 0x00080000,
  SYNCHRONIZE: 0x00100000,
  ACCESS_SYSTEM_SECURITY: 0x01000000,
  MAXIMUM_ALLOWED: 0x02000000,
  GENERIC_ALL: 0x10000000,
  GENERIC_EXECUTE: 0x20000000,
  GENERIC_WRITE: 0x40000000,
  GENERIC_READ: 0x80000000,
} as const;

/** The bits that have other names on a directory (MS-SMB2 2.2.13.1.2); the rest is as in {@linkcode FileAccess}. */
export const DirectoryAccess = {
  LIST_DIRECTORY: 0x00000001,
  ADD_FILE: 0x00000002,
  ADD_SUBDIRECTORY: 0x00000004,
  TRAVERSE: 0x00000020,
} as const;

/** What each generic bit means for a file or directory (MS-SMB2 2.2.13.1.1, MS-DTYP 2.4.3). */
export const GenericMapping = {
  GENERIC_READ: 0x00120089,
  GENERIC_WRITE: 0x00120116,
  GENERIC_EXECUTE: 0x001200a0,
  GENERIC_ALL: 0x001f01ff,
} as const;

const DIRECTORY_NAMES = directoryNames();

const ALL_NAMES: Readonly<Record<string, number>> = { ...FileAccess, ...DirectoryAccess };

/** Short forms of scripts; each asks for what Windows programs ask for when they open a file that way. */
const SHORT_FORMS: Readonly<Record<string, number>> = {
  r: GenericMapping.GENERIC_READ,
  w: GenericMapping.GENERIC_WRITE,
  rw: (GenericMapping.GENERIC_READ | GenericMapping.GENERIC_WRITE) >>> 0,
};

/**
 * The names of the bits of an access mask; what no name covers comes last as a hexadecimal number.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { accessMaskNames } from "../wire/mod.ts";
 * assertEquals(accessMaskNames(0x00100081), ["READ_DATA", "READ_ATTRIBUTES", "SYNCHRONIZE"]);
 * assertEquals(accessMaskNames(0x1, { directory: true }), ["LIST_DIRECTORY"]);
 * ```
 */
export function accessMaskNames(mask: number, options: { directory?: boolean } = {}): string[] {
  return flagNames(options.directory ? DIRECTORY_NAMES : FileAccess, mask);
}

/**
 * The access mask of a text: `r`, `w`, `rw`, names of files or directories with `|` between, or numbers among them.
 *
 * @throws {RangeError} for a name that MS-SMB2 2.2.13.1 does not have
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { parseAccess } from "../wire/mod.ts";
 * assertEquals(parseAccess("READ_DATA|SYNCHRONIZE"), 0x00100001);
 * assertEquals(parseAccess("rw"), 0x0012019f);
 * ```
 */
export function parseAccess(text: string | readonly string[]): number {
  if (typeof text === "string" && Object.hasOwn(SHORT_FORMS, text)) return SHORT_FORMS[text] ?? 0;
  return flagBits(ALL_NAMES, text);
}

/** Replaces generic bits by the specific ones that they stand for; MAXIMUM_ALLOWED is left as it is. */
export function mapGenericAccess(mask: number): number {
  let mapped = mask;
  for (const name of ["GENERIC_READ", "GENERIC_WRITE", "GENERIC_EXECUTE", "GENERIC_ALL"] as const) {
    if ((mask & FileAccess[name]) !== 0) {
      mapped = (mapped & ~FileAccess[name]) | GenericMapping[name];
    }
  }
  return mapped >>> 0;
}

/** The shared table with the names of directories where they differ. */
function directoryNames(): Readonly<Record<string, number>> {
  const renamed = new Map<number, string>(
    Object.entries(DirectoryAccess).map(([name, bits]) => [bits, name]),
  );
  return Object.fromEntries(
    Object.entries(FileAccess).map(([name, bits]) => [renamed.get(bits) ?? name, bits]),
  );
}
