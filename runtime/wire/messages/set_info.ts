/** SMB2 SET_INFO: change file, file system, security or quota information (MS-SMB2 2.2.39, 2.2.40). */
import type { FileId } from "../file_id.ts";

/** SET_INFO request (MS-SMB2 2.2.39). */
export interface SetInfoRequest {
  readonly infoType: number;
  readonly fileInfoClass: number;
  readonly reserved: number;
  readonly additionalInformation: number;
  readonly fileId: FileId;
  readonly input: Uint8Array;
}

/** SET_INFO response: empty. */
export type SetInfoResponse = Record<never, never>;
