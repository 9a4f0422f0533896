/**
 * Names of protocol values, as scenarios write them -> numbers, and back for reports. Numbers pass through, so that
 * every value of the wire can be written.
 */
import type {
  Access,
  CapabilityName,
  ChangeKind,
  CreateOption,
  Disposition,
  FileAttribute,
  InfoSelector,
  LeaseStateText,
  Oplock,
  QueryDirectoryOptions,
  SecurityPart,
  Share,
} from "./api.ts";

/** Bits of the access mask (MS-SMB2 2.2.13.1.1, 2.2.13.1.2; the directory's names for the same bits too). */
const ACCESS_BITS: Readonly<Record<string, number>> = {
  FILE_READ_DATA: 0x00000001,
  FILE_LIST_DIRECTORY: 0x00000001,
  FILE_WRITE_DATA: 0x00000002,
  FILE_ADD_FILE: 0x00000002,
  FILE_APPEND_DATA: 0x00000004,
  FILE_ADD_SUBDIRECTORY: 0x00000004,
  FILE_READ_EA: 0x00000008,
  FILE_WRITE_EA: 0x00000010,
  FILE_EXECUTE: 0x00000020,
  FILE_TRAVERSE: 0x00000020,
  FILE_DELETE_CHILD: 0x00000040,
  FILE_READ_ATTRIBUTES: 0x00000080,
  FILE_WRITE_ATTRIBUTES: 0x00000100,
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
};

/** Letters of an access: what the generic rights map to on a file (MS-DTYP 2.4.3, FILE_GENERIC_READ and so on). */
const ACCESS_LETTERS: Readonly<Record<string, number>> = {
  r: 0x00120089,
  w: 0x00120116,
  x: 0x001200a0,
  d: 0x00110080,
};

const ACCESS_WORDS: Readonly<Record<string, number>> = { all: 0x001f01ff, max: 0x02000000 };

const SHARE_LETTERS: Readonly<Record<string, number>> = { r: 0x01, w: 0x02, d: 0x04 };

/** CreateDisposition (MS-SMB2 2.2.13). */
const DISPOSITIONS: Readonly<Record<string, number>> = {
  supersede: 0,
  open: 1,
  create: 2,
  openIf: 3,
  overwrite: 4,
  overwriteIf: 5,
};

/** CreateOptions (MS-SMB2 2.2.13). */
const CREATE_OPTIONS: Readonly<Record<CreateOption, number>> = {
  directory: 0x00000001,
  writeThrough: 0x00000002,
  sequentialOnly: 0x00000004,
  noIntermediateBuffering: 0x00000008,
  syncIoAlert: 0x00000010,
  syncIoNonAlert: 0x00000020,
  nonDirectory: 0x00000040,
  completeIfOplocked: 0x00000100,
  noEaKnowledge: 0x00000200,
  randomAccess: 0x00000800,
  deleteOnClose: 0x00001000,
  openByFileId: 0x00002000,
  openForBackupIntent: 0x00004000,
  noCompression: 0x00008000,
  openRequiringOplock: 0x00010000,
  disallowExclusive: 0x00020000,
  reserveOpfilter: 0x00100000,
  openReparsePoint: 0x00200000,
  openNoRecall: 0x00400000,
  openForFreeSpaceQuery: 0x00800000,
};

/** FileAttributes (MS-FSCC 2.6). */
const FILE_ATTRIBUTES: Readonly<Record<FileAttribute, number>> = {
  readOnly: 0x00000001,
  hidden: 0x00000002,
  system: 0x00000004,
  directory: 0x00000010,
  archive: 0x00000020,
  normal: 0x00000080,
  temporary: 0x00000100,
  sparse: 0x00000200,
  reparsePoint: 0x00000400,
  compressed: 0x00000800,
  offline: 0x00001000,
  notContentIndexed: 0x00002000,
  encrypted: 0x00004000,
};

/** RequestedOplockLevel (MS-SMB2 2.2.13). */
const OPLOCKS: Readonly<Record<string, number>> = {
  none: 0x00,
  II: 0x01,
  exclusive: 0x08,
  batch: 0x09,
  lease: 0xff,
};

/** Bits of a lease state (MS-SMB2 2.2.13.2.8), in the order in which they are written. */
const LEASE_LETTERS: Readonly<Record<string, number>> = { R: 0x01, W: 0x04, H: 0x02 };

/** InfoType (MS-SMB2 2.2.37). */
const INFO_TYPES: Readonly<Record<string, number>> = {
  file: 1,
  fileSystem: 2,
  security: 3,
  quota: 4,
};

/** Dialects (MS-SMB2 2.2.3). */
const DIALECTS: Readonly<Record<string, number>> = {
  "2.0.2": 0x0202,
  "2.1": 0x0210,
  "3.0": 0x0300,
  "3.0.2": 0x0302,
  "3.1.1": 0x0311,
};

/** Capabilities (MS-SMB2 2.2.3). */
const CAPABILITIES: Readonly<Record<CapabilityName, number>> = {
  dfs: 0x00000001,
  leasing: 0x00000002,
  largeMtu: 0x00000004,
  multiChannel: 0x00000008,
  persistentHandles: 0x00000010,
  directoryLeasing: 0x00000020,
  encryption: 0x00000040,
  notifications: 0x00000080,
};

/** CompletionFilter (MS-SMB2 2.2.35). */
const CHANGE_KINDS: Readonly<Record<ChangeKind, number>> = {
  fileName: 0x00000001,
  dirName: 0x00000002,
  attributes: 0x00000004,
  size: 0x00000008,
  lastWrite: 0x00000010,
  lastAccess: 0x00000020,
  creation: 0x00000040,
  ea: 0x00000080,
  security: 0x00000100,
  streamName: 0x00000200,
  streamSize: 0x00000400,
  streamWrite: 0x00000800,
};

/** AdditionalInformation of a security descriptor (MS-SMB2 2.2.37). */
const SECURITY_PARTS: Readonly<Record<SecurityPart, number>> = {
  owner: 0x00000001,
  group: 0x00000002,
  dacl: 0x00000004,
  sacl: 0x00000008,
  label: 0x00000010,
  attribute: 0x00000020,
  scope: 0x00000040,
  backup: 0x00010000,
};

/** Flags of QUERY_DIRECTORY (MS-SMB2 2.2.33). */
const SCAN_FLAGS: Readonly<Record<string, number>> = {
  restart: 0x01,
  singleEntry: 0x02,
  indexSpecified: 0x04,
  reopen: 0x10,
};

/** Action of a change (MS-FSCC 2.7.1). */
const CHANGE_ACTIONS = [
  "added",
  "removed",
  "modified",
  "renamedFrom",
  "renamedTo",
  "addedStream",
  "removedStream",
  "modifiedStream",
] as const;

/** DesiredAccess. @throws {RangeError} When a name or letter is unknown. */
export function accessMask(access: Access): number {
  if (typeof access === "number") return access >>> 0;
  if (typeof access !== "string") {
    return access.reduce((mask, name) => mask | named(ACCESS_BITS, name, "access"), 0) >>> 0;
  }
  if (Object.hasOwn(ACCESS_WORDS, access)) return ACCESS_WORDS[access] as number;
  if (Object.hasOwn(ACCESS_BITS, access)) return ACCESS_BITS[access] as number;
  return letters(ACCESS_LETTERS, access, "access");
}

/** ShareAccess. @throws {RangeError} When a letter is unknown. */
export function shareMask(share: Share): number {
  return typeof share === "number" ? share >>> 0 : letters(SHARE_LETTERS, share, "share access");
}

/** CreateDisposition. @throws {RangeError} When the name is unknown. */
export function dispositionNumber(disposition: Disposition): number {
  return typeof disposition === "number"
    ? disposition
    : named(DISPOSITIONS, disposition, "disposition");
}

/** CreateOptions. @throws {RangeError} When a name is unknown. */
export function createOptionsMask(options: number | readonly CreateOption[]): number {
  return flags(CREATE_OPTIONS, options, "create option");
}

/** FileAttributes. @throws {RangeError} When a name is unknown. */
export function attributesMask(attributes: number | readonly FileAttribute[]): number {
  return flags(FILE_ATTRIBUTES, attributes, "file attribute");
}

/** Capabilities. @throws {RangeError} When a name is unknown. */
export function capabilitiesMask(capabilities: number | readonly CapabilityName[]): number {
  return flags(CAPABILITIES, capabilities, "capability");
}

/** CompletionFilter. @throws {RangeError} When a name is unknown. */
export function changesMask(kinds: number | readonly ChangeKind[]): number {
  return flags(CHANGE_KINDS, kinds, "kind of change");
}

/** AdditionalInformation. @throws {RangeError} When a name is unknown. */
export function securityMask(parts: number | readonly SecurityPart[]): number {
  return flags(SECURITY_PARTS, parts, "part of a security descriptor");
}

/** Flags of QUERY_DIRECTORY. @throws {RangeError} When a name is unknown. */
export function scanFlags(given: NonNullable<QueryDirectoryOptions["flags"]>): number {
  return flags(SCAN_FLAGS, given, "flag of a listing");
}

/** Oplock level. @throws {RangeError} When the name is unknown. */
export function oplockLevel(oplock: Oplock): number {
  return typeof oplock === "number" ? oplock : named(OPLOCKS, oplock, "oplock");
}

/** Lease state bits. @throws {RangeError} When a letter is unknown. */
export function leaseStateBits(state: LeaseStateText): number {
  return typeof state === "number" ? state : letters(LEASE_LETTERS, state, "lease state");
}

/** InfoType. @throws {RangeError} When the name is unknown. */
export function infoTypeNumber(type: InfoSelector["type"] = "file"): number {
  return typeof type === "number" ? type : named(INFO_TYPES, type, "information type");
}

/** Dialect. @throws {RangeError} When the name is unknown. */
export function dialectNumber(dialect: string | number): number {
  return typeof dialect === "number" ? dialect : named(DIALECTS, dialect, "dialect");
}

/** `"RWH"` from bits; unknown bits follow in hexadecimal. */
export function leaseStateText(bits: number): string {
  let text = "";
  let rest = bits;
  for (const [letter, bit] of Object.entries(LEASE_LETTERS)) {
    if ((bits & bit) !== 0) text += letter;
    rest &= ~bit;
  }
  return rest === 0 ? text : `${text}+0x${(rest >>> 0).toString(16)}`;
}

/** `"batch"` from a level; an unknown one in hexadecimal. */
export function oplockText(level: number): string {
  for (const [name, value] of Object.entries(OPLOCKS)) if (value === level) return name;
  return `0x${level.toString(16).padStart(2, "0")}`;
}

/** `"added"` from an action; an unknown one as it is. */
export function changeAction(action: number): (typeof CHANGE_ACTIONS)[number] | number {
  return CHANGE_ACTIONS[action - 1] ?? action;
}

/** A path with `\` between components and none at either end. */
export function sharePath(path: string): string {
  // Most are that already.
  if (!path.includes("/") && !path.startsWith("\\") && !path.endsWith("\\")) return path;
  return path.replaceAll("/", "\\").replace(/^\\+|\\+$/g, "");
}

function flags(
  table: Readonly<Record<string, number>>,
  value: number | readonly string[],
  noun: string,
) {
  if (typeof value === "number") return value >>> 0;
  return value.reduce((mask, name) => mask | named(table, name, noun), 0) >>> 0;
}

function letters(table: Readonly<Record<string, number>>, text: string, noun: string): number {
  let mask = 0;
  for (const letter of text) mask |= named(table, letter, noun, text);
  return mask >>> 0;
}

function named(
  table: Readonly<Record<string, number>>,
  name: string,
  noun: string,
  whole = name,
): number {
  const value = Object.hasOwn(table, name) ? table[name] : undefined;
  if (value === undefined) {
    const known = Object.keys(table).map((key) => JSON.stringify(key)).join(", ");
    throw new RangeError(
      `Cannot use ${JSON.stringify(whole)} as ${noun}: known are ${known}, or a number`,
    );
  }
  return value;
}
