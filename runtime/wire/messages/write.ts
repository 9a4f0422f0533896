/** SMB2 WRITE (MS-SMB2 2.2.21, 2.2.22). */
import type { FileId } from "../file_id.ts";

/** WRITE request (MS-SMB2 2.2.21). */
export interface WriteRequest {
  readonly offset: bigint;
  readonly fileId: FileId;
  readonly channel: number;
  readonly remainingBytes: number;
  readonly channelInfo: Uint8Array;
  readonly flags: number;
  readonly data: Uint8Array;
}

/** WRITE response (MS-SMB2 2.2.22). */
export interface WriteResponse {
  readonly reserved: number;
  readonly count: number;
  readonly remaining: number;
  readonly channelInfo: Uint8Array;
}
