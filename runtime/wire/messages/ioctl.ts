/** SMB2 IOCTL: FSCTLs and pipe transactions (MS-SMB2 2.2.31, 2.2.32). */
import type { FileId } from "../file_id.ts";

/** IOCTL request (MS-SMB2 2.2.31). Input is bytes; typed bodies are in fsctl.ts. */
export interface IoctlRequest {
  readonly reserved: number;
  readonly ctlCode: number;
  readonly fileId: FileId;
  readonly input: Uint8Array;
  readonly maxInputResponse: number;
  /** Output bytes in the request: empty as a rule. */
  readonly output: Uint8Array;
  readonly maxOutputResponse: number;
  /** 0x00000001 = FSCTL. */
  readonly flags: number;
  readonly reserved2: number;
}

/** IOCTL response (MS-SMB2 2.2.32). */
export interface IoctlResponse {
  readonly reserved: number;
  readonly ctlCode: number;
  readonly fileId: FileId;
  readonly input: Uint8Array;
  readonly output: Uint8Array;
  readonly flags: number;
  readonly reserved2: number;
}
