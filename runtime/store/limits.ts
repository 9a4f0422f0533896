/**
 * The bounds of the file system, each with its reason.
 *
 * @module
 */

/** Characters in one name: the limit of NTFS and of nearly every other file system. */
export const MAX_NAME_LENGTH = 255;
/** Characters in a path: a 16-bit length field of UTF-16 text cannot carry more. */
export const MAX_PATH_LENGTH = 32_767;
/** Directories above a file: deeper trees occur only in attacks, and every walk costs this much. */
export const MAX_DEPTH = 256;
/** Characters in a search pattern: matching costs pattern times name, for every name. */
export const MAX_PATTERN_LENGTH = 255;
/** Largest offset in a file: that of NTFS (16 TiB), and far inside the safe integers. */
export const MAX_FILE_SIZE = 2 ** 44;
/** Extended attributes of one file, in bytes of names and values: the limit of NTFS. */
export const MAX_EA_BYTES = 65_536;
/** Alternate streams of one file: a directory of streams is searched and listed as a whole. */
export const MAX_STREAMS = 1024;
/** Names of one file: the limit of NTFS. */
export const MAX_LINKS = 1024;
/** Byte-range locks on one stream, waiting ones included: each request compares with all of them. */
export const MAX_LOCKS = 8192;
/** Security descriptor in bytes: the limit of Windows. */
export const MAX_SECURITY_DESCRIPTOR = 65_536;
/** Events kept when nobody takes them; then they are replaced by one that says so. */
export const MAX_EVENTS = 16_384;
/** Default total of file content in bytes. */
export const DEFAULT_MAX_BYTES = 4 * 2 ** 30;
/** Default number of files, directories and streams together: about 1 GiB of bookkeeping. */
export const DEFAULT_MAX_NODES = 1_000_000;
/** Default number of simultaneous opens. */
export const DEFAULT_MAX_OPENS = 262_144;
