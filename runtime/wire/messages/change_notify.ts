/** SMB2 CHANGE_NOTIFY: wait for a change in a directory (MS-SMB2 2.2.35, 2.2.36). */
import type { FileId } from "../file_id.ts";

/** CHANGE_NOTIFY request (MS-SMB2 2.2.35). */
export interface ChangeNotifyRequest {
  /** 0x0001 = WATCH_TREE. */
  readonly flags: number;
  readonly outputBufferLength: number;
  readonly fileId: FileId;
  readonly completionFilter: number;
  readonly reserved: number;
}

/** CHANGE_NOTIFY response: FILE_NOTIFY_INFORMATION entries as bytes (decoded by fscc). */
export interface ChangeNotifyResponse {
  readonly output: Uint8Array;
}
