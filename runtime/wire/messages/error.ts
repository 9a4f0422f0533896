/** SMB2 ERROR response (MS-SMB2 2.2.2). */
import type { Codec } from "../codec.ts";
import { WireError } from "../errors.ts";
import { Reader } from "../reader.ts";
import { Writer } from "../writer.ts";

/** One error context of dialect 3.1.1 (MS-SMB2 2.2.2.1). */
export interface ErrorContext {
  readonly errorId: number;
  readonly data: Uint8Array;
}

/** ERROR response: takes the place of any response body (MS-SMB2 2.2.2). */
export interface ErrorResponse {
  readonly reserved: number;
  /** Error data as bytes; in dialect 3.1.1 a list of contexts when `contextCount` is not 0. */
  readonly errorData: Uint8Array;
  /** ErrorContextCount: number of contexts within `errorData`. */
  readonly contextCount: number;
}

/** ERROR response (MS-SMB2 2.2.2). Without error data one byte stands in its place. */
export const errorResponse: Codec<ErrorResponse> = {
  structureSizes: [9],
  encode(writer, body) {
    writer.u16(9);
    writer.u8(body.contextCount);
    writer.u8(body.reserved);
    writer.u32(body.errorData.byteLength);
    if (body.errorData.byteLength === 0) writer.u8(0);
    else writer.raw(body.errorData);
  },
  decode(reader) {
    reader.structureSize(9, "ERROR response");
    const contextCount = reader.u8("ErrorContextCount");
    const reserved = reader.u8("Reserved");
    const byteCount = reader.u32("ByteCount");
    const errorData = reader.bytes(byteCount, "ErrorData");
    return { reserved, errorData, contextCount };
  },
};

/** The contexts within the error data of dialect 3.1.1 (MS-SMB2 2.2.2.1), each at a multiple of 8 bytes. */
export function decodeErrorContexts(body: ErrorResponse): ErrorContext[] {
  const reader = new Reader(body.errorData);
  const contexts: ErrorContext[] = [];
  for (let i = 0; i < body.contextCount; i++) {
    reader.skip(Math.min(padding(reader.offset), reader.remaining), "Padding");
    const length = reader.u32("ErrorDataLength");
    const errorId = reader.u32("ErrorId");
    contexts.push({ errorId, data: reader.bytes(length, "ErrorContextData") });
  }
  return contexts;
}

/** The ERROR body that carries `contexts`. */
export function encodeErrorContexts(contexts: readonly ErrorContext[]): ErrorResponse {
  if (contexts.length > 255) {
    throw new WireError(
      `Cannot encode error contexts: ${contexts.length} do not fit ErrorContextCount`,
      {
        field: "ErrorContextCount",
        offset: 2,
      },
    );
  }
  const writer = new Writer();
  for (const context of contexts) {
    writer.align(8);
    writer.u32(context.data.byteLength);
    writer.u32(context.errorId);
    writer.raw(context.data);
  }
  return { reserved: 0, errorData: writer.bytes(), contextCount: contexts.length };
}

function padding(offset: number): number {
  return (8 - offset % 8) % 8;
}
