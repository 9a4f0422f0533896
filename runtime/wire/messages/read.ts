/** SMB2 READ (MS-SMB2 2.2.19, 2.2.20). */
import type { FileId } from "../file_id.ts";

/** READ request (MS-SMB2 2.2.19). */
export interface ReadRequest {
  /** Offset at which the client wishes the data in the response (0x50 as a rule). */
  readonly padding: number;
  readonly flags: number;
  readonly length: number;
  readonly offset: bigint;
  readonly fileId: FileId;
  readonly minimumCount: number;
  readonly channel: number;
  readonly remainingBytes: number;
  /** Channel information (RDMA descriptors); empty as a rule. */
  readonly channelInfo: Uint8Array;
}

/** READ response (MS-SMB2 2.2.20). */
export interface ReadResponse {
  readonly data: Uint8Array;
  readonly dataRemaining: number;
  /** Reserved2, or Flags in dialect 3.1.1. */
  readonly flags: number;
}
