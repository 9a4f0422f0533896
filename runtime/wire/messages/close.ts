/** SMB2 CLOSE: close an open (MS-SMB2 2.2.15, 2.2.16). */
import type { FileId } from "../file_id.ts";

/** CLOSE request (MS-SMB2 2.2.15). */
export interface CloseRequest {
  /** 0x0001 = POSTQUERY_ATTRIB: the response carries the attributes. */
  readonly flags: number;
  readonly reserved: number;
  readonly fileId: FileId;
}

/** CLOSE response (MS-SMB2 2.2.16); everything 0 when `flags` is 0. */
export interface CloseResponse {
  readonly flags: number;
  readonly reserved: number;
  readonly creationTime: bigint;
  readonly lastAccessTime: bigint;
  readonly lastWriteTime: bigint;
  readonly changeTime: bigint;
  readonly allocationSize: bigint;
  readonly endOfFile: bigint;
  readonly fileAttributes: number;
}
