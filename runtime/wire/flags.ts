/**
 * Named bits and numbers of SMB2 fields (MS-SMB2 2.2, MS-FSCC 2.4 - 2.7). Spec-spelled, without the `SMB2_`, `FILE_` or
 * `SMB2_GLOBAL_CAP_` in front. What a table does not name stays a number everywhere.
 */

/** Dialect revisions (MS-SMB2 2.2.3, 2.2.4); WILDCARD answers a multi-protocol start. */
export const Dialect = {
  SMB_2_0_2: 0x0202,
  SMB_2_1: 0x0210,
  WILDCARD: 0x02ff,
  SMB_3_0: 0x0300,
  SMB_3_0_2: 0x0302,
  SMB_3_1_1: 0x0311,
} as const;

/** SecurityMode of NEGOTIATE and SESSION_SETUP (MS-SMB2 2.2.3). */
export const SecurityMode = { SIGNING_ENABLED: 0x01, SIGNING_REQUIRED: 0x02 } as const;

/** Capabilities of NEGOTIATE (MS-SMB2 2.2.3). */
export const Capability = {
  DFS: 0x00000001,
  LEASING: 0x00000002,
  LARGE_MTU: 0x00000004,
  MULTI_CHANNEL: 0x00000008,
  PERSISTENT_HANDLES: 0x00000010,
  DIRECTORY_LEASING: 0x00000020,
  ENCRYPTION: 0x00000040,
  NOTIFICATIONS: 0x00000080,
} as const;

/** Flags of a SESSION_SETUP request (MS-SMB2 2.2.5). */
export const SessionSetupFlag = { BINDING: 0x01 } as const;

/** SessionFlags of a SESSION_SETUP response (MS-SMB2 2.2.6). */
export const SessionFlag = { IS_GUEST: 0x0001, IS_NULL: 0x0002, ENCRYPT_DATA: 0x0004 } as const;

/** Flags of a TREE_CONNECT request (MS-SMB2 2.2.9). */
export const TreeConnectFlag = {
  CLUSTER_RECONNECT: 0x0001,
  REDIRECT_TO_OWNER: 0x0002,
  EXTENSION_PRESENT: 0x0004,
} as const;

/** ShareType (MS-SMB2 2.2.10). */
export const ShareType = { DISK: 0x01, PIPE: 0x02, PRINT: 0x03 } as const;

/** ShareFlags (MS-SMB2 2.2.10). The caching mode is the pair of bits 0x30. */
export const ShareFlag = {
  DFS: 0x00000001,
  DFS_ROOT: 0x00000002,
  AUTO_CACHING: 0x00000010,
  VDO_CACHING: 0x00000020,
  NO_CACHING: 0x00000030,
  RESTRICT_EXCLUSIVE_OPENS: 0x00000100,
  FORCE_SHARED_DELETE: 0x00000200,
  ALLOW_NAMESPACE_CACHING: 0x00000400,
  ACCESS_BASED_DIRECTORY_ENUM: 0x00000800,
  FORCE_LEVELII_OPLOCK: 0x00001000,
  ENABLE_HASH_V1: 0x00002000,
  ENABLE_HASH_V2: 0x00004000,
  ENCRYPT_DATA: 0x00008000,
  IDENTITY_REMOTING: 0x00040000,
  COMPRESS_DATA: 0x00100000,
  ISOLATED_TRANSPORT: 0x00200000,
} as const;

/** Capabilities of a TREE_CONNECT response (MS-SMB2 2.2.10). */
export const ShareCapability = {
  DFS: 0x00000008,
  CONTINUOUS_AVAILABILITY: 0x00000010,
  SCALEOUT: 0x00000020,
  CLUSTER: 0x00000040,
  ASYMMETRIC: 0x00000080,
  REDIRECT_TO_OWNER: 0x00000100,
} as const;

/** Oplock levels (MS-SMB2 2.2.13). */
export const OplockLevel = {
  NONE: 0x00,
  II: 0x01,
  EXCLUSIVE: 0x08,
  BATCH: 0x09,
  LEASE: 0xff,
} as const;

/** ImpersonationLevel (MS-SMB2 2.2.13). */
export const ImpersonationLevel = {
  ANONYMOUS: 0x00000000,
  IDENTIFICATION: 0x00000001,
  IMPERSONATION: 0x00000002,
  DELEGATE: 0x00000003,
} as const;

/** ShareAccess (MS-SMB2 2.2.13). */
export const ShareAccess = { READ: 0x00000001, WRITE: 0x00000002, DELETE: 0x00000004 } as const;

/** CreateDisposition (MS-SMB2 2.2.13). */
export const CreateDisposition = {
  SUPERSEDE: 0x00000000,
  OPEN: 0x00000001,
  CREATE: 0x00000002,
  OPEN_IF: 0x00000003,
  OVERWRITE: 0x00000004,
  OVERWRITE_IF: 0x00000005,
} as const;

/** CreateOptions (MS-SMB2 2.2.13). */
export const CreateOption = {
  DIRECTORY_FILE: 0x00000001,
  WRITE_THROUGH: 0x00000002,
  SEQUENTIAL_ONLY: 0x00000004,
  NO_INTERMEDIATE_BUFFERING: 0x00000008,
  SYNCHRONOUS_IO_ALERT: 0x00000010,
  SYNCHRONOUS_IO_NONALERT: 0x00000020,
  NON_DIRECTORY_FILE: 0x00000040,
  COMPLETE_IF_OPLOCKED: 0x00000100,
  NO_EA_KNOWLEDGE: 0x00000200,
  OPEN_REMOTE_INSTANCE: 0x00000400,
  RANDOM_ACCESS: 0x00000800,
  DELETE_ON_CLOSE: 0x00001000,
  OPEN_BY_FILE_ID: 0x00002000,
  OPEN_FOR_BACKUP_INTENT: 0x00004000,
  NO_COMPRESSION: 0x00008000,
  OPEN_REQUIRING_OPLOCK: 0x00010000,
  DISALLOW_EXCLUSIVE: 0x00020000,
  RESERVE_OPFILTER: 0x00100000,
  OPEN_REPARSE_POINT: 0x00200000,
  OPEN_NO_RECALL: 0x00400000,
  OPEN_FOR_FREE_SPACE_QUERY: 0x00800000,
} as const;

/** CreateAction of a CREATE response (MS-SMB2 2.2.14). */
export const CreateAction = {
  SUPERSEDED: 0x00000000,
  OPENED: 0x00000001,
  CREATED: 0x00000002,
  OVERWRITTEN: 0x00000003,
} as const;

/** Flags of a CREATE response (MS-SMB2 2.2.14). */
export const CreateFlag = { REPARSEPOINT: 0x01 } as const;

/** File attributes (MS-FSCC 2.6). */
export const FileAttribute = {
  READONLY: 0x00000001,
  HIDDEN: 0x00000002,
  SYSTEM: 0x00000004,
  DIRECTORY: 0x00000010,
  ARCHIVE: 0x00000020,
  NORMAL: 0x00000080,
  TEMPORARY: 0x00000100,
  SPARSE_FILE: 0x00000200,
  REPARSE_POINT: 0x00000400,
  COMPRESSED: 0x00000800,
  OFFLINE: 0x00001000,
  NOT_CONTENT_INDEXED: 0x00002000,
  ENCRYPTED: 0x00004000,
  INTEGRITY_STREAM: 0x00008000,
  NO_SCRUB_DATA: 0x00020000,
  RECALL_ON_OPEN: 0x00040000,
  PINNED: 0x00080000,
  UNPINNED: 0x00100000,
  RECALL_ON_DATA_ACCESS: 0x00400000,
} as const;

/** Flags of CLOSE (MS-SMB2 2.2.15). */
export const CloseFlag = { POSTQUERY_ATTRIB: 0x0001 } as const;

/** Flags of READ (MS-SMB2 2.2.19). */
export const ReadFlag = {
  READ_UNBUFFERED: 0x01,
  REQUEST_COMPRESSED: 0x02,
} as const;

/** Flags of WRITE (MS-SMB2 2.2.21). */
export const WriteFlag = { WRITE_THROUGH: 0x00000001, WRITE_UNBUFFERED: 0x00000002 } as const;

/** Channel of READ and WRITE (MS-SMB2 2.2.19). */
export const Channel = {
  NONE: 0x00000000,
  RDMA_V1: 0x00000001,
  RDMA_V1_INVALIDATE: 0x00000002,
  RDMA_TRANSFORM: 0x00000003,
} as const;

/** Flags of a lock element (MS-SMB2 2.2.26.1). */
export const LockFlag = {
  SHARED_LOCK: 0x00000001,
  EXCLUSIVE_LOCK: 0x00000002,
  UNLOCK: 0x00000004,
  FAIL_IMMEDIATELY: 0x00000010,
} as const;

/** Flags of QUERY_DIRECTORY (MS-SMB2 2.2.33). */
export const QueryDirectoryFlag = {
  RESTART_SCANS: 0x01,
  RETURN_SINGLE_ENTRY: 0x02,
  INDEX_SPECIFIED: 0x04,
  REOPEN: 0x10,
} as const;

/** Flags of CHANGE_NOTIFY (MS-SMB2 2.2.35). */
export const ChangeNotifyFlag = { WATCH_TREE: 0x0001 } as const;

/** CompletionFilter of CHANGE_NOTIFY (MS-SMB2 2.2.35). */
export const CompletionFilter = {
  FILE_NAME: 0x00000001,
  DIR_NAME: 0x00000002,
  ATTRIBUTES: 0x00000004,
  SIZE: 0x00000008,
  LAST_WRITE: 0x00000010,
  LAST_ACCESS: 0x00000020,
  CREATION: 0x00000040,
  EA: 0x00000080,
  SECURITY: 0x00000100,
  STREAM_NAME: 0x00000200,
  STREAM_SIZE: 0x00000400,
  STREAM_WRITE: 0x00000800,
} as const;

/** Action of a change (MS-FSCC 2.7.1). */
export const NotifyAction = {
  ADDED: 0x00000001,
  REMOVED: 0x00000002,
  MODIFIED: 0x00000003,
  RENAMED_OLD_NAME: 0x00000004,
  RENAMED_NEW_NAME: 0x00000005,
  ADDED_STREAM: 0x00000006,
  REMOVED_STREAM: 0x00000007,
  MODIFIED_STREAM: 0x00000008,
  REMOVED_BY_DELETE: 0x00000009,
  ID_NOT_TUNNELLED: 0x0000000a,
  TUNNELLED_ID_COLLISION: 0x0000000b,
} as const;

/** InfoType of QUERY_INFO and SET_INFO (MS-SMB2 2.2.37). */
export const InfoType = { FILE: 0x01, FILESYSTEM: 0x02, SECURITY: 0x03, QUOTA: 0x04 } as const;

/** Security information bits in AdditionalInformation (MS-SMB2 2.2.37). */
export const SecurityInformation = {
  OWNER: 0x00000001,
  GROUP: 0x00000002,
  DACL: 0x00000004,
  SACL: 0x00000008,
  LABEL: 0x00000010,
  ATTRIBUTE: 0x00000020,
  SCOPE: 0x00000040,
  BACKUP: 0x00010000,
} as const;

/** Flags of a lease break notification (MS-SMB2 2.2.23.2). */
export const LeaseBreakFlag = { ACK_REQUIRED: 0x00000001 } as const;

/** File information classes (MS-FSCC 2.4). */
export const FileInformationClass = {
  FileDirectoryInformation: 1,
  FileFullDirectoryInformation: 2,
  FileBothDirectoryInformation: 3,
  FileBasicInformation: 4,
  FileStandardInformation: 5,
  FileInternalInformation: 6,
  FileEaInformation: 7,
  FileAccessInformation: 8,
  FileNameInformation: 9,
  FileRenameInformation: 10,
  FileLinkInformation: 11,
  FileNamesInformation: 12,
  FileDispositionInformation: 13,
  FilePositionInformation: 14,
  FileFullEaInformation: 15,
  FileModeInformation: 16,
  FileAlignmentInformation: 17,
  FileAllInformation: 18,
  FileAllocationInformation: 19,
  FileEndOfFileInformation: 20,
  FileAlternateNameInformation: 21,
  FileStreamInformation: 22,
  FilePipeInformation: 23,
  FilePipeLocalInformation: 24,
  FilePipeRemoteInformation: 25,
  FileMailslotQueryInformation: 26,
  FileMailslotSetInformation: 27,
  FileCompressionInformation: 28,
  FileObjectIdInformation: 29,
  FileMoveClusterInformation: 31,
  FileQuotaInformation: 32,
  FileReparsePointInformation: 33,
  FileNetworkOpenInformation: 34,
  FileAttributeTagInformation: 35,
  FileTrackingInformation: 36,
  FileIdBothDirectoryInformation: 37,
  FileIdFullDirectoryInformation: 38,
  FileValidDataLengthInformation: 39,
  FileShortNameInformation: 40,
  FileSfioReserveInformation: 44,
  FileSfioVolumeInformation: 45,
  FileHardLinkInformation: 46,
  FileNormalizedNameInformation: 48,
  FileIdGlobalTxDirectoryInformation: 50,
  FileStandardLinkInformation: 54,
  FileIdInformation: 59,
  FileIdExtdDirectoryInformation: 60,
  FileDispositionInformationEx: 64,
  FileRenameInformationEx: 65,
  FileId64ExtdDirectoryInformation: 78,
  FileId64ExtdBothDirectoryInformation: 79,
  FileIdAllExtdDirectoryInformation: 80,
  FileIdAllExtdBothDirectoryInformation: 81,
} as const;

/** File system information classes (MS-FSCC 2.5). */
export const FsInformationClass = {
  FileFsVolumeInformation: 1,
  FileFsLabelInformation: 2,
  FileFsSizeInformation: 3,
  FileFsDeviceInformation: 4,
  FileFsAttributeInformation: 5,
  FileFsControlInformation: 6,
  FileFsFullSizeInformation: 7,
  FileFsObjectIdInformation: 8,
  FileFsDriverPathInformation: 9,
  FileFsVolumeFlagsInformation: 10,
  FileFsSectorSizeInformation: 11,
} as const;

/** A table of names and numbers, such as {@linkcode CreateOption}. */
export type NumberTable = Readonly<Record<string, number>>;

/**
 * The names of the bits of `value`, with what is left over as one hexadecimal number.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { flagNames, ShareAccess } from "../wire/mod.ts";
 * assertEquals(flagNames(ShareAccess, 0x15), ["READ", "DELETE", "0x10"]);
 * ```
 */
export function flagNames(table: NumberTable, value: number): string[] {
  const names: string[] = [];
  let left = value >>> 0;
  // Names of several bits (NO_CACHING) come before the names of their single bits.
  const entries = Object.entries(table).toSorted(([, a], [, b]) => bitCount(b) - bitCount(a));
  const found = new Set<string>();
  for (const [name, bits] of entries) {
    if (bits !== 0 && (left & bits) >>> 0 === bits >>> 0) {
      found.add(name);
      left = (left & ~bits) >>> 0;
    }
  }
  for (const name of Object.keys(table)) if (found.has(name)) names.push(name);
  if (left !== 0) names.push(`0x${left.toString(16)}`);
  return names;
}

/**
 * The bits that names stand for: a list, or one text with `|` between; numbers may stand among the names.
 *
 * @throws {RangeError} for a name that is not in the table
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { flagBits, ShareAccess } from "../wire/mod.ts";
 * assertEquals(flagBits(ShareAccess, "READ|DELETE|0x10"), 0x15);
 * ```
 */
export function flagBits(table: NumberTable, names: string | readonly string[]): number {
  const list = typeof names === "string" ? names.split("|") : names;
  let bits = 0;
  for (const text of list) {
    const name = text.trim();
    if (name === "") continue;
    bits = (bits | numberOf(table, name)) >>> 0;
  }
  return bits;
}

/** The name of a number in a table that counts; `0x..` for one that it does not name. */
export function numberName(table: NumberTable, value: number): string {
  for (const [name, number] of Object.entries(table)) if (number === value) return name;
  return `0x${value.toString(16)}`;
}

/**
 * The name of an information class within its type, such as `FileBasicInformation`; `class 0x..` when unknown.
 * Security and quota information have no classes and are named by their type.
 */
export function informationClassName(infoType: number, informationClass: number): string {
  if (infoType === InfoType.SECURITY) return "SecurityInformation";
  if (infoType === InfoType.QUOTA) return "FileQuotaInformation";
  const table = infoType === InfoType.FILE
    ? FileInformationClass
    : infoType === InfoType.FILESYSTEM
    ? FsInformationClass
    : {};
  const name = numberName(table, informationClass);
  return name.startsWith("0x") ? `class ${name}` : name;
}

function numberOf(table: NumberTable, name: string): number {
  const value = Object.hasOwn(table, name) ? table[name] : undefined;
  if (value !== undefined) return value;
  if (/^(0x[0-9a-f]{1,8}|[0-9]{1,10})$/i.test(name) && Number(name) <= 0xffffffff) {
    return Number(name);
  }
  throw new RangeError(
    `Cannot find flag ${JSON.stringify(name)}: known are ${Object.keys(table).join(", ")}`,
  );
}

function bitCount(bits: number): number {
  let count = 0;
  for (let left = bits >>> 0; left !== 0; left = (left & (left - 1)) >>> 0) count += 1;
  return count;
}
