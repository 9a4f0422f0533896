/** SMB2 CHANGE_NOTIFY: wait for a change in a directory (MS-SMB2 2.2.35, 2.2.36). */
import type { Codec } from "../codec.ts";
import { decodeFileId, encodeFileId, type FileId } from "../file_id.ts";

/** CHANGE_NOTIFY request (MS-SMB2 2.2.35). */
export interface ChangeNotifyRequest {
  /** 0x0001 = WATCH_TREE. */
  readonly flags: number;
  readonly outputBufferLength: number;
  readonly fileId: FileId;
  readonly completionFilter: number;
  readonly reserved: number;
}

/** CHANGE_NOTIFY response: FILE_NOTIFY_INFORMATION entries as bytes (decoded by fscc). */
export interface ChangeNotifyResponse {
  readonly output: Uint8Array;
}

/** CHANGE_NOTIFY request (MS-SMB2 2.2.35). */
export const changeNotifyRequest: Codec<ChangeNotifyRequest> = {
  structureSizes: [32],
  encode(writer, body) {
    writer.u16(32);
    writer.u16(body.flags);
    writer.u32(body.outputBufferLength);
    encodeFileId(writer, body.fileId);
    writer.u32(body.completionFilter);
    writer.u32(body.reserved);
  },
  decode(reader) {
    reader.structureSize(32, "CHANGE_NOTIFY request");
    const flags = reader.u16("Flags");
    const outputBufferLength = reader.u32("OutputBufferLength");
    const fileId = decodeFileId(reader);
    const completionFilter = reader.u32("CompletionFilter");
    const reserved = reader.u32("Reserved");
    return { flags, outputBufferLength, fileId, completionFilter, reserved };
  },
};

/** CHANGE_NOTIFY response (MS-SMB2 2.2.36). */
export const changeNotifyResponse: Codec<ChangeNotifyResponse> = {
  structureSizes: [9],
  encode(writer, body) {
    writer.u16(9);
    const offset = writer.reserve(2);
    const length = writer.reserve(4);
    writer.part({ offset, length, keepOffset: true }, (w) => w.raw(body.output));
  },
  decode(reader) {
    reader.structureSize(9, "CHANGE_NOTIFY response");
    const offset = reader.u16("OutputBufferOffset");
    const length = reader.u32("OutputBufferLength");
    return { output: reader.bytesAt(offset, length, "Buffer") };
  },
};
