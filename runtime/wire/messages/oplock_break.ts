/** SMB2 OPLOCK_BREAK: oplock and lease breaks, acknowledgements and their answers (MS-SMB2 2.2.23 - 2.2.25). */
import type { Codec } from "../codec.ts";
import { WireError } from "../errors.ts";
import { decodeFileId, encodeFileId, type FileId } from "../file_id.ts";
import type { Reader } from "../reader.ts";
import type { Writer } from "../writer.ts";

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

/** StructureSize tells the bodies of this command apart. */
const OPLOCK_SIZE = 24;
const LEASE_SIZE = 36;
const NOTIFICATION_SIZE = 44;

/** Oplock or lease break acknowledgement (MS-SMB2 2.2.24.1, 2.2.24.2). */
export const oplockBreakRequest: Codec<OplockBreakRequest> = {
  structureSizes: [OPLOCK_SIZE, LEASE_SIZE],
  encode(writer, body) {
    if (body.kind === "oplock") encodeOplock(writer, body);
    else encodeLease(writer, body);
  },
  decode(reader) {
    switch (reader.peekU16(reader.offset)) {
      case OPLOCK_SIZE:
        return decodeOplock(reader);
      case LEASE_SIZE:
        return decodeLease(reader);
      default:
        throw unknownSize(reader, "OPLOCK_BREAK acknowledgement");
    }
  },
};

/** Break notifications (MS-SMB2 2.2.23.1, 2.2.23.2) and the answers to acknowledgements (2.2.25.1, 2.2.25.2). */
export const oplockBreakResponse: Codec<OplockBreakResponse> = {
  structureSizes: [OPLOCK_SIZE, LEASE_SIZE, NOTIFICATION_SIZE],
  encode(writer, body) {
    if (body.kind === "oplock") encodeOplock(writer, body);
    else if (body.kind === "lease") encodeLease(writer, body);
    else encodeNotification(writer, body);
  },
  decode(reader) {
    switch (reader.peekU16(reader.offset)) {
      case OPLOCK_SIZE:
        return decodeOplock(reader);
      case LEASE_SIZE:
        return decodeLease(reader);
      case NOTIFICATION_SIZE:
        return decodeNotification(reader);
      default:
        throw unknownSize(reader, "OPLOCK_BREAK notification");
    }
  },
};

function encodeOplock(writer: Writer, body: OplockBreak): void {
  writer.u16(OPLOCK_SIZE);
  writer.u8(body.oplockLevel);
  writer.u8(body.reserved);
  writer.u32(body.reserved2);
  encodeFileId(writer, body.fileId);
}

function decodeOplock(reader: Reader): OplockBreak {
  reader.structureSize(OPLOCK_SIZE, "oplock break");
  const oplockLevel = reader.u8("OplockLevel");
  const reserved = reader.u8("Reserved");
  const reserved2 = reader.u32("Reserved2");
  return { kind: "oplock", oplockLevel, reserved, reserved2, fileId: decodeFileId(reader) };
}

function encodeLease(writer: Writer, body: LeaseBreak): void {
  writer.u16(LEASE_SIZE);
  writer.u16(body.reserved);
  writer.u32(body.flags);
  encodeLeaseKey(writer, body.leaseKey);
  writer.u32(body.leaseState);
  writer.u64(body.leaseDuration);
}

function decodeLease(reader: Reader): LeaseBreak {
  reader.structureSize(LEASE_SIZE, "lease break");
  const reserved = reader.u16("Reserved");
  const flags = reader.u32("Flags");
  const leaseKey = reader.bytes(16, "LeaseKey");
  const leaseState = reader.u32("LeaseState");
  const leaseDuration = reader.u64("LeaseDuration");
  return { kind: "lease", reserved, flags, leaseKey, leaseState, leaseDuration };
}

function encodeNotification(writer: Writer, body: LeaseBreakNotification): void {
  writer.u16(NOTIFICATION_SIZE);
  writer.u16(body.newEpoch);
  writer.u32(body.flags);
  encodeLeaseKey(writer, body.leaseKey);
  writer.u32(body.currentLeaseState);
  writer.u32(body.newLeaseState);
  writer.u32(body.breakReason);
  writer.u32(body.accessMaskHint);
  writer.u32(body.shareMaskHint);
}

function decodeNotification(reader: Reader): LeaseBreakNotification {
  reader.structureSize(NOTIFICATION_SIZE, "lease break notification");
  const newEpoch = reader.u16("NewEpoch");
  const flags = reader.u32("Flags");
  const leaseKey = reader.bytes(16, "LeaseKey");
  const currentLeaseState = reader.u32("CurrentLeaseState");
  const newLeaseState = reader.u32("NewLeaseState");
  const breakReason = reader.u32("BreakReason");
  const accessMaskHint = reader.u32("AccessMaskHint");
  const shareMaskHint = reader.u32("ShareMaskHint");
  return {
    kind: "leaseNotification",
    newEpoch,
    flags,
    leaseKey,
    currentLeaseState,
    newLeaseState,
    breakReason,
    accessMaskHint,
    shareMaskHint,
  };
}

function encodeLeaseKey(writer: Writer, key: Uint8Array): void {
  if (key.byteLength !== 16) {
    throw new WireError(`Cannot encode LeaseKey: it has ${key.byteLength} bytes, not 16`, {
      field: "LeaseKey",
      offset: writer.offset,
    });
  }
  writer.raw(key);
}

function unknownSize(reader: Reader, message: string): WireError {
  return new WireError(
    `Cannot decode ${message}: StructureSize ${reader.peekU16(reader.offset)} is unknown`,
    { field: "StructureSize", offset: reader.offset },
  );
}
