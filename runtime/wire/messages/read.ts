/** SMB2 READ (MS-SMB2 2.2.19, 2.2.20). */
import type { Codec } from "../codec.ts";
import { decodeFileId, encodeFileId, type FileId } from "../file_id.ts";
import type { Writer } from "../writer.ts";

/** READ request (MS-SMB2 2.2.19). */
export interface ReadRequest {
  /** Offset at which the client wishes the data in the response (0x50 as a rule). */
  readonly padding: number;
  readonly flags: number;
  readonly length: number;
  readonly offset: bigint;
  readonly fileId: FileId;
  readonly minimumCount: number;
  readonly channel: number;
  readonly remainingBytes: number;
  /** Channel information (RDMA descriptors); empty as a rule. */
  readonly channelInfo: Uint8Array;
}

/** READ response (MS-SMB2 2.2.20). */
export interface ReadResponse {
  readonly data: Uint8Array;
  readonly dataRemaining: number;
  /** Reserved2, or Flags in dialect 3.1.1. */
  readonly flags: number;
}

/** READ request (MS-SMB2 2.2.19). Without channel information one byte stands in its place. */
export const readRequest: Codec<ReadRequest> = {
  structureSizes: [49],
  encode(writer, body) {
    writer.u16(49);
    writer.u8(body.padding);
    writer.u8(body.flags);
    writer.u32(body.length);
    writer.u64(body.offset);
    encodeFileId(writer, body.fileId);
    writer.u32(body.minimumCount);
    writer.u32(body.channel);
    writer.u32(body.remainingBytes);
    const offset = writer.reserve(2);
    const length = writer.reserve(2);
    if (body.channelInfo.byteLength === 0) return writer.u8(0);
    writer.part({ offset, length }, (w) => w.raw(body.channelInfo));
  },
  decode(reader) {
    reader.structureSize(49, "READ request");
    const padding = reader.u8("Padding");
    const flags = reader.u8("Flags");
    const length = reader.u32("Length");
    const offset = reader.u64("Offset");
    const fileId = decodeFileId(reader);
    const minimumCount = reader.u32("MinimumCount");
    const channel = reader.u32("Channel");
    const remainingBytes = reader.u32("RemainingBytes");
    const channelOffset = reader.u16("ReadChannelInfoOffset");
    const channelLength = reader.u16("ReadChannelInfoLength");
    const channelInfo = reader.bytesAt(channelOffset, channelLength, "Buffer");
    return {
      padding,
      flags,
      length,
      offset,
      fileId,
      minimumCount,
      channel,
      remainingBytes,
      channelInfo,
    };
  },
};

/** READ response (MS-SMB2 2.2.20). */
export const readResponse: Codec<ReadResponse> = {
  structureSizes: [17],
  encode(writer, body) {
    encodeBeforeData(writer, body);
    writer.raw(body.data);
  },
  encodeDetached(writer, body) {
    encodeBeforeData(writer, body);
    return body.data;
  },
  decode(reader) {
    reader.structureSize(17, "READ response");
    const offset = reader.u8("DataOffset");
    reader.skip(1, "Reserved");
    const length = reader.u32("DataLength");
    const dataRemaining = reader.u32("DataRemaining");
    const flags = reader.u32("Reserved2");
    return { data: reader.bytesAt(offset, length, "Buffer"), dataRemaining, flags };
  },
};

function encodeBeforeData(writer: Writer, body: ReadResponse): void {
  writer.u16(17);
  const offset = writer.reserve(1);
  writer.u8(0);
  writer.u32(body.data.byteLength);
  writer.u32(body.dataRemaining);
  writer.u32(body.flags);
  writer.patch(offset, writer.offset);
}
