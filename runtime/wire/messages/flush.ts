/** SMB2 FLUSH: write cached data of an open to stable storage (MS-SMB2 2.2.17, 2.2.18). */
import type { FileId } from "../file_id.ts";

/** FLUSH request (MS-SMB2 2.2.17). */
export interface FlushRequest {
  readonly reserved1: number;
  readonly reserved2: number;
  readonly fileId: FileId;
}

/** FLUSH response: nothing but reserved bytes. */
export interface FlushResponse {
  readonly reserved: number;
}
