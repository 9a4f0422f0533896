/** SMB2 FLUSH: write cached data of an open to stable storage (MS-SMB2 2.2.17, 2.2.18). */
import type { Codec } from "../codec.ts";
import { decodeFileId, encodeFileId, type FileId } from "../file_id.ts";

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

/** FLUSH request (MS-SMB2 2.2.17). */
export const flushRequest: Codec<FlushRequest> = {
  structureSizes: [24],
  encode(writer, body) {
    writer.u16(24);
    writer.u16(body.reserved1);
    writer.u32(body.reserved2);
    encodeFileId(writer, body.fileId);
  },
  decode(reader) {
    reader.structureSize(24, "FLUSH request");
    const reserved1 = reader.u16("Reserved1");
    const reserved2 = reader.u32("Reserved2");
    return { reserved1, reserved2, fileId: decodeFileId(reader) };
  },
};

/** FLUSH response (MS-SMB2 2.2.18). */
export const flushResponse: Codec<FlushResponse> = {
  structureSizes: [4],
  encode(writer, body) {
    writer.u16(4);
    writer.u16(body.reserved);
  },
  decode(reader) {
    reader.structureSize(4, "FLUSH response");
    return { reserved: reader.u16("Reserved") };
  },
};
