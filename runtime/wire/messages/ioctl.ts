/** SMB2 IOCTL: FSCTLs and pipe transactions (MS-SMB2 2.2.31, 2.2.32). */
import type { Codec } from "../codec.ts";
import { decodeFileId, encodeFileId, type FileId } from "../file_id.ts";

/** IOCTL request (MS-SMB2 2.2.31). Input is bytes; typed bodies are in fsctl.ts. */
export interface IoctlRequest {
  readonly reserved: number;
  readonly ctlCode: number;
  readonly fileId: FileId;
  readonly input: Uint8Array;
  readonly maxInputResponse: number;
  /** Output bytes in the request: empty as a rule. */
  readonly output: Uint8Array;
  readonly maxOutputResponse: number;
  /** 0x00000001 = FSCTL. */
  readonly flags: number;
  readonly reserved2: number;
}

/** IOCTL response (MS-SMB2 2.2.32). */
export interface IoctlResponse {
  readonly reserved: number;
  readonly ctlCode: number;
  readonly fileId: FileId;
  readonly input: Uint8Array;
  readonly output: Uint8Array;
  readonly flags: number;
  readonly reserved2: number;
}

/** IOCTL request (MS-SMB2 2.2.31). */
export const ioctlRequest: Codec<IoctlRequest> = {
  structureSizes: [57],
  encode(writer, body) {
    writer.u16(57);
    writer.u16(body.reserved);
    writer.u32(body.ctlCode);
    encodeFileId(writer, body.fileId);
    const inputOffset = writer.reserve(4);
    const inputCount = writer.reserve(4);
    writer.u32(body.maxInputResponse);
    const outputOffset = writer.reserve(4);
    const outputCount = writer.reserve(4);
    writer.u32(body.maxOutputResponse);
    writer.u32(body.flags);
    writer.u32(body.reserved2);
    writer.part({ offset: inputOffset, length: inputCount }, (w) => w.raw(body.input));
    writer.part(
      { offset: outputOffset, length: outputCount, alignment: 8 },
      (w) => w.raw(body.output),
    );
    if (body.input.byteLength === 0 && body.output.byteLength === 0) writer.u8(0);
  },
  decode(reader) {
    reader.structureSize(57, "IOCTL request");
    const reserved = reader.u16("Reserved");
    const ctlCode = reader.u32("CtlCode");
    const fileId = decodeFileId(reader);
    const inputOffset = reader.u32("InputOffset");
    const inputCount = reader.u32("InputCount");
    const maxInputResponse = reader.u32("MaxInputResponse");
    const outputOffset = reader.u32("OutputOffset");
    const outputCount = reader.u32("OutputCount");
    const maxOutputResponse = reader.u32("MaxOutputResponse");
    const flags = reader.u32("Flags");
    const reserved2 = reader.u32("Reserved2");
    const input = reader.bytesAt(inputOffset, inputCount, "Input");
    const output = reader.bytesAt(outputOffset, outputCount, "Output");
    return {
      reserved,
      ctlCode,
      fileId,
      input,
      maxInputResponse,
      output,
      maxOutputResponse,
      flags,
      reserved2,
    };
  },
};

/** IOCTL response (MS-SMB2 2.2.32). */
export const ioctlResponse: Codec<IoctlResponse> = {
  structureSizes: [49],
  encode(writer, body) {
    writer.u16(49);
    writer.u16(body.reserved);
    writer.u32(body.ctlCode);
    encodeFileId(writer, body.fileId);
    const inputOffset = writer.reserve(4);
    const inputCount = writer.reserve(4);
    const outputOffset = writer.reserve(4);
    const outputCount = writer.reserve(4);
    writer.u32(body.flags);
    writer.u32(body.reserved2);
    writer.part(
      { offset: inputOffset, length: inputCount, keepOffset: true },
      (w) => w.raw(body.input),
    );
    writer.part(
      { offset: outputOffset, length: outputCount, alignment: 8, keepOffset: true },
      (w) => w.raw(body.output),
    );
  },
  decode(reader) {
    reader.structureSize(49, "IOCTL response");
    const reserved = reader.u16("Reserved");
    const ctlCode = reader.u32("CtlCode");
    const fileId = decodeFileId(reader);
    const inputOffset = reader.u32("InputOffset");
    const inputCount = reader.u32("InputCount");
    const outputOffset = reader.u32("OutputOffset");
    const outputCount = reader.u32("OutputCount");
    const flags = reader.u32("Flags");
    const reserved2 = reader.u32("Reserved2");
    const input = reader.bytesAt(inputOffset, inputCount, "Input");
    const output = reader.bytesAt(outputOffset, outputCount, "Output");
    return { reserved, ctlCode, fileId, input, output, flags, reserved2 };
  },
};
