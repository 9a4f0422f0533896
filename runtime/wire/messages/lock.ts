/** SMB2 LOCK: byte-range locks (MS-SMB2 2.2.26, 2.2.27). */
import type { Codec } from "../codec.ts";
import { decodeFileId, encodeFileId, type FileId } from "../file_id.ts";

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

/** LOCK request (MS-SMB2 2.2.26). StructureSize counts one element in. */
export const lockRequest: Codec<LockRequest> = {
  structureSizes: [48],
  encode(writer, body) {
    writer.u16(48);
    writer.u16(body.locks.length);
    writer.u32(body.lockSequence);
    encodeFileId(writer, body.fileId);
    for (const lock of body.locks) {
      writer.u64(lock.offset);
      writer.u64(lock.length);
      writer.u32(lock.flags);
      writer.u32(lock.reserved);
    }
  },
  decode(reader) {
    reader.structureSize(48, "LOCK request");
    const count = reader.u16("LockCount");
    const lockSequence = reader.u32("LockSequenceNumber");
    const fileId = decodeFileId(reader);
    const elements = reader.sub(count * 24, "Locks");
    const locks: LockElement[] = [];
    for (let i = 0; i < count; i++) {
      const offset = elements.u64("Offset");
      const length = elements.u64("Length");
      const flags = elements.u32("Flags");
      locks.push({ offset, length, flags, reserved: elements.u32("Reserved") });
    }
    return { lockSequence, fileId, locks };
  },
};

/** LOCK response (MS-SMB2 2.2.27). */
export const lockResponse: Codec<LockResponse> = {
  structureSizes: [4],
  encode(writer, body) {
    writer.u16(4);
    writer.u16(body.reserved);
  },
  decode(reader) {
    reader.structureSize(4, "LOCK response");
    return { reserved: reader.u16("Reserved") };
  },
};
