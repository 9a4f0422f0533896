/** SMB2 LOCK: byte-range locks (MS-SMB2 2.2.26, 2.2.27). */
import type { FileId } from "../file_id.ts";

/** One range (MS-SMB2 2.2.26.1). */
export interface LockElement {
  readonly offset: bigint;
  readonly length: bigint;
  /** 0x01 shared, 0x02 exclusive, 0x04 unlock, 0x10 fail immediately. */
  readonly flags: number;
  readonly reserved: number;
}

/** LOCK request (MS-SMB2 2.2.26). */
export interface LockRequest {
  /** LockSequenceNumber in the low 4 bits, LockSequenceIndex in the others. */
  readonly lockSequence: number;
  readonly fileId: FileId;
  readonly locks: readonly LockElement[];
}

/** LOCK response: nothing but reserved bytes. */
export interface LockResponse {
  readonly reserved: number;
}
