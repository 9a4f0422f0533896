/**
 * The bit masks a file system works with: access rights, sharing, attributes, change filters.
 * The numbers are those of MS-DTYP 2.4.3 and MS-FSCC 2.6, so that a server passes them through.
 *
 * @module
 */

/** Access rights to a file or directory. */
export const Access = {
  FILE_READ_DATA: 0x0000_0001,
  FILE_WRITE_DATA: 0x0000_0002,
  FILE_APPEND_DATA: 0x0000_0004,
  FILE_READ_EA: 0x0000_0008,
  FILE_WRITE_EA: 0x0000_0010,
  FILE_EXECUTE: 0x0000_0020,
  FILE_DELETE_CHILD: 0x0000_0040,
  FILE_READ_ATTRIBUTES: 0x0000_0080,
  FILE_WRITE_ATTRIBUTES: 0x0000_0100,
  DELETE: 0x0001_0000,
  READ_CONTROL: 0x0002_0000,
  WRITE_DAC: 0x0004_0000,
  WRITE_OWNER: 0x0008_0000,
  SYNCHRONIZE: 0x0010_0000,
  /** All rights to a file. */
  ALL: 0x001f_01ff,
} as const;

/** What other opens of the same stream may do. */
export const Share = { READ: 1, WRITE: 2, DELETE: 4, ALL: 7 } as const;

/** File attributes (MS-FSCC 2.6). */
export const Attributes = {
  READONLY: 0x0001,
  HIDDEN: 0x0002,
  SYSTEM: 0x0004,
  DIRECTORY: 0x0010,
  ARCHIVE: 0x0020,
  NORMAL: 0x0080,
  TEMPORARY: 0x0100,
  SPARSE_FILE: 0x0200,
  REPARSE_POINT: 0x0400,
  COMPRESSED: 0x0800,
  OFFLINE: 0x1000,
  NOT_CONTENT_INDEXED: 0x2000,
  ENCRYPTED: 0x4000,
  /** Those that a caller may set (MS-FSA 2.1.1.3, UserFileAttributes). */
  SETTABLE: 0x0001 | 0x0002 | 0x0004 | 0x0020 | 0x0100 | 0x1000 | 0x2000,
} as const;

/** Which kind of change an event reports; a watcher asks for a set of them. */
export const ChangeFilter = {
  FILE_NAME: 0x0001,
  DIR_NAME: 0x0002,
  ATTRIBUTES: 0x0004,
  SIZE: 0x0008,
  LAST_WRITE: 0x0010,
  LAST_ACCESS: 0x0020,
  CREATION: 0x0040,
  EA: 0x0080,
  SECURITY: 0x0100,
  STREAM_NAME: 0x0200,
  STREAM_SIZE: 0x0400,
  STREAM_WRITE: 0x0800,
} as const;
