/** SMB2 QUERY_DIRECTORY: enumerate a directory (MS-SMB2 2.2.33, 2.2.34). */
import type { FileId } from "../file_id.ts";

/** QUERY_DIRECTORY request (MS-SMB2 2.2.33). */
export interface QueryDirectoryRequest {
  readonly fileInformationClass: number;
  /** 0x01 restart, 0x02 single entry, 0x04 index specified, 0x10 reopen. */
  readonly flags: number;
  readonly fileIndex: number;
  readonly fileId: FileId;
  readonly outputBufferLength: number;
  /** Search pattern, `*` for everything. */
  readonly pattern: string;
}

/** QUERY_DIRECTORY response: entries of the class, as bytes (decoded by fscc). */
export interface QueryDirectoryResponse {
  readonly output: Uint8Array;
}
