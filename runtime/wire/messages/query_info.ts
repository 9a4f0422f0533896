/** SMB2 QUERY_INFO: read file, file system, security or quota information (MS-SMB2 2.2.37, 2.2.38). */
import type { FileId } from "../file_id.ts";

/** QUERY_INFO request (MS-SMB2 2.2.37). */
export interface QueryInfoRequest {
  /** 1 file, 2 file system, 3 security, 4 quota. */
  readonly infoType: number;
  readonly fileInfoClass: number;
  readonly outputBufferLength: number;
  readonly reserved: number;
  readonly additionalInformation: number;
  readonly flags: number;
  readonly fileId: FileId;
  readonly input: Uint8Array;
}

/** QUERY_INFO response: the information as bytes (decoded by fscc). */
export interface QueryInfoResponse {
  readonly output: Uint8Array;
}
