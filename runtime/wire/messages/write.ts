/** SMB2 WRITE (MS-SMB2 2.2.21, 2.2.22). */
import type { Codec } from "../codec.ts";
import { decodeFileId, encodeFileId, type FileId } from "../file_id.ts";
import type { Writer } from "../writer.ts";

/** WRITE request (MS-SMB2 2.2.21). */
export interface WriteRequest {
  readonly offset: bigint;
  readonly fileId: FileId;
  readonly channel: number;
  readonly remainingBytes: number;
  readonly channelInfo: Uint8Array;
  readonly flags: number;
  readonly data: Uint8Array;
}

/** WRITE response (MS-SMB2 2.2.22). */
export interface WriteResponse {
  readonly reserved: number;
  readonly count: number;
  readonly remaining: number;
  readonly channelInfo: Uint8Array;
}

/** WRITE request (MS-SMB2 2.2.21). */
export const writeRequest: Codec<WriteRequest> = {
  structureSizes: [49],
  encode(writer, body) {
    encodeBeforeData(writer, body);
    writer.raw(body.data);
  },
  encodeDetached(writer, body) {
    encodeBeforeData(writer, body);
    return body.data;
  },
  decode(reader) {
    reader.structureSize(49, "WRITE request");
    const dataOffset = reader.u16("DataOffset");
    const length = reader.u32("Length");
    const offset = reader.u64("Offset");
    const fileId = decodeFileId(reader);
    const channel = reader.u32("Channel");
    const remainingBytes = reader.u32("RemainingBytes");
    const channelOffset = reader.u16("WriteChannelInfoOffset");
    const channelLength = reader.u16("WriteChannelInfoLength");
    const flags = reader.u32("Flags");
    const channelInfo = reader.bytesAt(channelOffset, channelLength, "WriteChannelInfo");
    const data = reader.bytesAt(dataOffset, length, "Buffer");
    return { offset, fileId, channel, remainingBytes, channelInfo, flags, data };
  },
};

function encodeBeforeData(writer: Writer, body: WriteRequest): void {
  writer.u16(49);
  const dataOffset = writer.reserve(2);
  writer.u32(body.data.byteLength);
  writer.u64(body.offset);
  encodeFileId(writer, body.fileId);
  writer.u32(body.channel);
  writer.u32(body.remainingBytes);
  const channelOffset = writer.reserve(2);
  const channelLength = writer.reserve(2);
  writer.u32(body.flags);
  if (body.channelInfo.byteLength > 0) {
    writer.part({ offset: channelOffset, length: channelLength }, (w) => w.raw(body.channelInfo));
    writer.align(8);
  }
  writer.patch(dataOffset, writer.offset);
}

/** WRITE response (MS-SMB2 2.2.22). Without channel information nothing stands in its place, as Windows and Samba do. */
export const writeResponse: Codec<WriteResponse> = {
  structureSizes: [17],
  encode(writer, body) {
    writer.u16(17);
    writer.u16(body.reserved);
    writer.u32(body.count);
    writer.u32(body.remaining);
    const offset = writer.reserve(2);
    const length = writer.reserve(2);
    writer.part({ offset, length }, (w) => w.raw(body.channelInfo));
  },
  decode(reader) {
    reader.structureSize(17, "WRITE response");
    const reserved = reader.u16("Reserved");
    const count = reader.u32("Count");
    const remaining = reader.u32("Remaining");
    const offset = reader.u16("WriteChannelInfoOffset");
    const length = reader.u16("WriteChannelInfoLength");
    return { reserved, count, remaining, channelInfo: reader.bytesAt(offset, length, "Buffer") };
  },
};
