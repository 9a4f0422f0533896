/** SMB2 OPLOCK_BREAK: oplock and lease breaks, acknowledgements and their answers (MS-SMB2 2.2.23 - 2.2.25). */
import type { FileId } from "../file_id.ts";

/** Oplock break: notification (2.2.23.1), acknowledgement (2.2.24.1) and response (2.2.25.1) look alike. */
export interface OplockBreak {
  readonly kind: "oplock";
  readonly oplockLevel: number;
  readonly reserved: number;
  readonly reserved2: number;
  readonly fileId: FileId;
}

/** Lease break notification (MS-SMB2 2.2.23.2). */
export interface LeaseBreakNotification {
  readonly kind: "leaseNotification";
  readonly newEpoch: number;
  /** 0x01 = ACK_REQUIRED. */
  readonly flags: number;
  readonly leaseKey: Uint8Array;
  readonly currentLeaseState: number;
  readonly newLeaseState: number;
  readonly breakReason: number;
  readonly accessMaskHint: number;
  readonly shareMaskHint: number;
}

/** Lease break acknowledgement (2.2.24.2) and its response (2.2.25.2). */
export interface LeaseBreak {
  readonly kind: "lease";
  readonly reserved: number;
  readonly flags: number;
  readonly leaseKey: Uint8Array;
  readonly leaseState: number;
  readonly leaseDuration: bigint;
}

/** What a client sends. */
export type OplockBreakRequest = OplockBreak | LeaseBreak;

/** What a server sends: notifications (MessageId all ones) and answers to acknowledgements. */
export type OplockBreakResponse = OplockBreak | LeaseBreak | LeaseBreakNotification;
