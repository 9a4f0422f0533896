/** SMB2 QUERY_DIRECTORY: enumerate a directory (MS-SMB2 2.2.33, 2.2.34). */
import type { Codec } from "../codec.ts";
import { decodeFileId, encodeFileId, type FileId } from "../file_id.ts";

/** QUERY_DIRECTORY request (MS-SMB2 2.2.33). */
export interface QueryDirectoryRequest {
  readonly fileInformationClass: number;
  /** 0x01 restart, 0x02 single entry, 0x04 index specified, 0x10 reopen. */
  readonly flags: number;
  readonly fileIndex: number;
  readonly fileId: FileId;
  readonly outputBufferLength: number;
  /** Search pattern, `*` for everything. */
  readonly pattern: string;
}

/** QUERY_DIRECTORY response: entries of the class, as bytes (decoded by fscc). */
export interface QueryDirectoryResponse {
  readonly output: Uint8Array;
}

/** QUERY_DIRECTORY request (MS-SMB2 2.2.33). */
export const queryDirectoryRequest: Codec<QueryDirectoryRequest> = {
  structureSizes: [33],
  encode(writer, body) {
    writer.u16(33);
    writer.u8(body.fileInformationClass);
    writer.u8(body.flags);
    writer.u32(body.fileIndex);
    encodeFileId(writer, body.fileId);
    const offset = writer.reserve(2);
    const length = writer.reserve(2);
    writer.u32(body.outputBufferLength);
    writer.part({ offset, length, keepOffset: true }, (w) => w.text(body.pattern));
    if (body.pattern === "") writer.u8(0);
  },
  decode(reader) {
    reader.structureSize(33, "QUERY_DIRECTORY request");
    const fileInformationClass = reader.u8("FileInformationClass");
    const flags = reader.u8("Flags");
    const fileIndex = reader.u32("FileIndex");
    const fileId = decodeFileId(reader);
    const offset = reader.u16("FileNameOffset");
    const length = reader.u16("FileNameLength");
    const outputBufferLength = reader.u32("OutputBufferLength");
    const pattern = reader.textAt(offset, length, "Buffer");
    return { fileInformationClass, flags, fileIndex, fileId, outputBufferLength, pattern };
  },
};

/** QUERY_DIRECTORY response (MS-SMB2 2.2.34). */
export const queryDirectoryResponse: Codec<QueryDirectoryResponse> = {
  structureSizes: [9],
  encode(writer, body) {
    writer.u16(9);
    const offset = writer.reserve(2);
    const length = writer.reserve(4);
    writer.part({ offset, length, keepOffset: true }, (w) => w.raw(body.output));
  },
  decode(reader) {
    reader.structureSize(9, "QUERY_DIRECTORY response");
    const offset = reader.u16("OutputBufferOffset");
    const length = reader.u32("OutputBufferLength");
    return { output: reader.bytesAt(offset, length, "Buffer") };
  },
};
