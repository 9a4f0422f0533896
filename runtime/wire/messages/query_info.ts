/** SMB2 QUERY_INFO: read file, file system, security or quota information (MS-SMB2 2.2.37, 2.2.38). */
import type { Codec } from "../codec.ts";
import { decodeFileId, encodeFileId, type FileId } from "../file_id.ts";

/** QUERY_INFO request (MS-SMB2 2.2.37). */
export interface QueryInfoRequest {
  /** 1 file, 2 file system, 3 security, 4 quota. */
  readonly infoType: number;
  readonly fileInfoClass: number;
  readonly outputBufferLength: number;
  readonly reserved: number;
  readonly additionalInformation: number;
  readonly flags: number;
  readonly fileId: FileId;
  readonly input: Uint8Array;
}

/** QUERY_INFO response: the information as bytes (decoded by fscc). */
export interface QueryInfoResponse {
  readonly output: Uint8Array;
}

/** QUERY_INFO request (MS-SMB2 2.2.37). */
export const queryInfoRequest: Codec<QueryInfoRequest> = {
  structureSizes: [41],
  encode(writer, body) {
    writer.u16(41);
    writer.u8(body.infoType);
    writer.u8(body.fileInfoClass);
    writer.u32(body.outputBufferLength);
    const offset = writer.reserve(2);
    writer.u16(body.reserved);
    const length = writer.reserve(4);
    writer.u32(body.additionalInformation);
    writer.u32(body.flags);
    encodeFileId(writer, body.fileId);
    writer.part({ offset, length }, (w) => w.raw(body.input));
    if (body.input.byteLength === 0) writer.u8(0);
  },
  decode(reader) {
    reader.structureSize(41, "QUERY_INFO request");
    const infoType = reader.u8("InfoType");
    const fileInfoClass = reader.u8("FileInfoClass");
    const outputBufferLength = reader.u32("OutputBufferLength");
    const offset = reader.u16("InputBufferOffset");
    const reserved = reader.u16("Reserved");
    const length = reader.u32("InputBufferLength");
    const additionalInformation = reader.u32("AdditionalInformation");
    const flags = reader.u32("Flags");
    const fileId = decodeFileId(reader);
    const input = reader.bytesAt(offset, length, "Buffer");
    return {
      infoType,
      fileInfoClass,
      outputBufferLength,
      reserved,
      additionalInformation,
      flags,
      fileId,
      input,
    };
  },
};

/** QUERY_INFO response (MS-SMB2 2.2.38). */
export const queryInfoResponse: Codec<QueryInfoResponse> = {
  structureSizes: [9],
  encode(writer, body) {
    writer.u16(9);
    const offset = writer.reserve(2);
    const length = writer.reserve(4);
    writer.part({ offset, length, keepOffset: true }, (w) => w.raw(body.output));
  },
  decode(reader) {
    reader.structureSize(9, "QUERY_INFO response");
    const offset = reader.u16("OutputBufferOffset");
    const length = reader.u32("OutputBufferLength");
    return { output: reader.bytesAt(offset, length, "Buffer") };
  },
};
