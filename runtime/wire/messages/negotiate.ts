/** SMB2 NEGOTIATE: choose dialect and capabilities (MS-SMB2 2.2.3, 2.2.4). */
import type { Codec } from "../codec.ts";
import {
  decodeNegotiateContexts,
  encodeNegotiateContexts,
  type NegotiateContext,
} from "../negotiate_contexts.ts";

/** NEGOTIATE request (MS-SMB2 2.2.3). */
export interface NegotiateRequest {
  readonly securityMode: number;
  readonly capabilities: number;
  /** GUID text. */
  readonly clientGuid: string;
  readonly dialects: readonly number[];
  /** Present exactly when `dialects` has 0x0311; otherwise the 8 bytes are ClientStartTime. */
  readonly contexts?: readonly NegotiateContext[];
  readonly clientStartTime: bigint;
}

/** NEGOTIATE response (MS-SMB2 2.2.4). */
export interface NegotiateResponse {
  readonly securityMode: number;
  readonly dialectRevision: number;
  readonly serverGuid: string;
  readonly capabilities: number;
  readonly maxTransactSize: number;
  readonly maxReadSize: number;
  readonly maxWriteSize: number;
  /** FILETIME. */
  readonly systemTime: bigint;
  readonly serverStartTime: bigint;
  /** GSS token; may be empty. */
  readonly securityBuffer: Uint8Array;
  /** Present exactly when `dialectRevision` is 0x0311. */
  readonly contexts?: readonly NegotiateContext[];
}

/** Dialect 3.1.1, whose messages carry negotiate contexts. */
const SMB_3_1_1 = 0x0311;

/** NEGOTIATE request (MS-SMB2 2.2.3). */
export const negotiateRequest: Codec<NegotiateRequest> = {
  structureSizes: [36],
  encode(writer, body) {
    writer.u16(36);
    writer.u16(body.dialects.length);
    writer.u16(body.securityMode);
    writer.u16(0);
    writer.u32(body.capabilities);
    writer.guid(body.clientGuid);
    if (body.contexts === undefined) {
      writer.u64(body.clientStartTime);
      for (const dialect of body.dialects) writer.u16(dialect);
      return;
    }
    const contextOffset = writer.reserve(4);
    writer.u16(body.contexts.length);
    writer.u16(0);
    for (const dialect of body.dialects) writer.u16(dialect);
    if (body.contexts.length === 0) return;
    writer.align(8);
    writer.patch(contextOffset, writer.offset);
    encodeNegotiateContexts(writer, body.contexts);
  },
  decode(reader) {
    reader.structureSize(36, "NEGOTIATE request");
    const dialectCount = reader.u16("DialectCount");
    const securityMode = reader.u16("SecurityMode");
    reader.skip(2, "Reserved");
    const capabilities = reader.u32("Capabilities");
    const clientGuid = reader.guid("ClientGuid");
    const union = reader.sub(8, "ClientStartTime");
    const list = reader.sub(dialectCount * 2, "Dialects");
    const dialects: number[] = [];
    for (let i = 0; i < dialectCount; i++) dialects.push(list.u16("Dialects"));
    const fixed = { securityMode, capabilities, clientGuid, dialects };
    if (!dialects.includes(SMB_3_1_1)) {
      return { ...fixed, clientStartTime: union.u64("ClientStartTime") };
    }
    const contextOffset = union.u32("NegotiateContextOffset");
    const contextCount = union.u16("NegotiateContextCount");
    const contexts = contextCount === 0 ? [] : decodeNegotiateContexts(
      reader.from(contextOffset, "NegotiateContextList"),
      contextCount,
    );
    return { ...fixed, contexts, clientStartTime: 0n };
  },
};

/** NEGOTIATE response (MS-SMB2 2.2.4). */
export const negotiateResponse: Codec<NegotiateResponse> = {
  structureSizes: [65],
  encode(writer, body) {
    writer.u16(65);
    writer.u16(body.securityMode);
    writer.u16(body.dialectRevision);
    writer.u16(body.contexts?.length ?? 0);
    writer.guid(body.serverGuid);
    writer.u32(body.capabilities);
    writer.u32(body.maxTransactSize);
    writer.u32(body.maxReadSize);
    writer.u32(body.maxWriteSize);
    writer.u64(body.systemTime);
    writer.u64(body.serverStartTime);
    const offset = writer.reserve(2);
    const length = writer.reserve(2);
    const contextOffset = writer.reserve(4);
    writer.part({ offset, length, keepOffset: true }, (w) => w.raw(body.securityBuffer));
    if (body.contexts === undefined || body.contexts.length === 0) return;
    writer.align(8);
    writer.patch(contextOffset, writer.offset);
    encodeNegotiateContexts(writer, body.contexts);
  },
  decode(reader) {
    reader.structureSize(65, "NEGOTIATE response");
    const securityMode = reader.u16("SecurityMode");
    const dialectRevision = reader.u16("DialectRevision");
    const contextCount = reader.u16("NegotiateContextCount");
    const serverGuid = reader.guid("ServerGuid");
    const capabilities = reader.u32("Capabilities");
    const maxTransactSize = reader.u32("MaxTransactSize");
    const maxReadSize = reader.u32("MaxReadSize");
    const maxWriteSize = reader.u32("MaxWriteSize");
    const systemTime = reader.u64("SystemTime");
    const serverStartTime = reader.u64("ServerStartTime");
    const offset = reader.u16("SecurityBufferOffset");
    const length = reader.u16("SecurityBufferLength");
    const contextOffset = reader.u32("NegotiateContextOffset");
    const securityBuffer = reader.bytesAt(offset, length, "Buffer");
    const fixed = {
      securityMode,
      dialectRevision,
      serverGuid,
      capabilities,
      maxTransactSize,
      maxReadSize,
      maxWriteSize,
      systemTime,
      serverStartTime,
      securityBuffer,
    };
    if (dialectRevision !== SMB_3_1_1) return fixed;
    const contexts = contextCount === 0 ? [] : decodeNegotiateContexts(
      reader.from(contextOffset, "NegotiateContextList"),
      contextCount,
    );
    return { ...fixed, contexts };
  },
};
