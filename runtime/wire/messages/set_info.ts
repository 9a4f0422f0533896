/** SMB2 SET_INFO: change file, file system, security or quota information (MS-SMB2 2.2.39, 2.2.40). */
import type { Codec } from "../codec.ts";
import { decodeFileId, encodeFileId, type FileId } from "../file_id.ts";

/** SET_INFO request (MS-SMB2 2.2.39). */
export interface SetInfoRequest {
  readonly infoType: number;
  readonly fileInfoClass: number;
  readonly reserved: number;
  readonly additionalInformation: number;
  readonly fileId: FileId;
  readonly input: Uint8Array;
}

/** SET_INFO response: empty. */
export type SetInfoResponse = Record<never, never>;

/** SET_INFO request (MS-SMB2 2.2.39). */
export const setInfoRequest: Codec<SetInfoRequest> = {
  structureSizes: [33],
  encode(writer, body) {
    writer.u16(33);
    writer.u8(body.infoType);
    writer.u8(body.fileInfoClass);
    const length = writer.reserve(4);
    const offset = writer.reserve(2);
    writer.u16(body.reserved);
    writer.u32(body.additionalInformation);
    encodeFileId(writer, body.fileId);
    writer.part({ offset, length, keepOffset: true }, (w) => w.raw(body.input));
    if (body.input.byteLength === 0) writer.u8(0);
  },
  decode(reader) {
    reader.structureSize(33, "SET_INFO request");
    const infoType = reader.u8("InfoType");
    const fileInfoClass = reader.u8("FileInfoClass");
    const length = reader.u32("BufferLength");
    const offset = reader.u16("BufferOffset");
    const reserved = reader.u16("Reserved");
    const additionalInformation = reader.u32("AdditionalInformation");
    const fileId = decodeFileId(reader);
    const input = reader.bytesAt(offset, length, "Buffer");
    return { infoType, fileInfoClass, reserved, additionalInformation, fileId, input };
  },
};

/** SET_INFO response (MS-SMB2 2.2.40): its StructureSize and nothing else. */
export const setInfoResponse: Codec<SetInfoResponse> = {
  structureSizes: [2],
  encode(writer) {
    writer.u16(2);
  },
  decode(reader) {
    reader.structureSize(2, "SET_INFO response");
    return {};
  },
};
