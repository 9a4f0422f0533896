/** SMB2 CLOSE: close an open (MS-SMB2 2.2.15, 2.2.16). */
import type { Codec } from "../codec.ts";
import { decodeFileId, encodeFileId, type FileId } from "../file_id.ts";

/** CLOSE request (MS-SMB2 2.2.15). */
export interface CloseRequest {
  /** 0x0001 = POSTQUERY_ATTRIB: the response carries the attributes. */
  readonly flags: number;
  readonly reserved: number;
  readonly fileId: FileId;
}

/** CLOSE response (MS-SMB2 2.2.16); everything 0 when `flags` is 0. */
export interface CloseResponse {
  readonly flags: number;
  readonly reserved: number;
  readonly creationTime: bigint;
  readonly lastAccessTime: bigint;
  readonly lastWriteTime: bigint;
  readonly changeTime: bigint;
  readonly allocationSize: bigint;
  readonly endOfFile: bigint;
  readonly fileAttributes: number;
}

/** CLOSE request (MS-SMB2 2.2.15). */
export const closeRequest: Codec<CloseRequest> = {
  structureSizes: [24],
  encode(writer, body) {
    writer.u16(24);
    writer.u16(body.flags);
    writer.u32(body.reserved);
    encodeFileId(writer, body.fileId);
  },
  decode(reader) {
    reader.structureSize(24, "CLOSE request");
    const flags = reader.u16("Flags");
    const reserved = reader.u32("Reserved");
    return { flags, reserved, fileId: decodeFileId(reader) };
  },
};

/** CLOSE response (MS-SMB2 2.2.16). */
export const closeResponse: Codec<CloseResponse> = {
  structureSizes: [60],
  encode(writer, body) {
    writer.u16(60);
    writer.u16(body.flags);
    writer.u32(body.reserved);
    writer.u64(body.creationTime);
    writer.u64(body.lastAccessTime);
    writer.u64(body.lastWriteTime);
    writer.u64(body.changeTime);
    writer.u64(body.allocationSize);
    writer.u64(body.endOfFile);
    writer.u32(body.fileAttributes);
  },
  decode(reader) {
    reader.structureSize(60, "CLOSE response");
    const flags = reader.u16("Flags");
    const reserved = reader.u32("Reserved");
    const creationTime = reader.u64("CreationTime");
    const lastAccessTime = reader.u64("LastAccessTime");
    const lastWriteTime = reader.u64("LastWriteTime");
    const changeTime = reader.u64("ChangeTime");
    const allocationSize = reader.u64("AllocationSize");
    const endOfFile = reader.u64("EndofFile");
    const fileAttributes = reader.u32("FileAttributes");
    return {
      flags,
      reserved,
      creationTime,
      lastAccessTime,
      lastWriteTime,
      changeTime,
      allocationSize,
      endOfFile,
      fileAttributes,
    };
  },
};
