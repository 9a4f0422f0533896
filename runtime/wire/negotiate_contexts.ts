/** Negotiate contexts (MS-SMB2 2.2.3.1, 2.2.4.1). */
import { WireError } from "./errors.ts";
import { Reader } from "./reader.ts";
import type { Writer } from "./writer.ts";

/** A context type that this codec does not know, or data that does not follow the known layout: kept byte for byte. */
export interface RawNegotiateContext {
  readonly kind: "raw";
  readonly type: number;
  readonly data: Uint8Array;
}

/** Contexts of NEGOTIATE, the same in request and response. */
export type NegotiateContext =
  | {
    readonly kind: "preauthIntegrity";
    readonly hashAlgorithms: readonly number[];
    readonly salt: Uint8Array;
  }
  | { readonly kind: "encryption"; readonly ciphers: readonly number[] }
  | {
    readonly kind: "compression";
    readonly flags: number;
    readonly padding: number;
    readonly algorithms: readonly number[];
  }
  | { readonly kind: "netname"; readonly netName: string }
  | { readonly kind: "transport"; readonly flags: number }
  | {
    readonly kind: "rdmaTransform";
    readonly reserved1: number;
    readonly reserved2: number;
    readonly transforms: readonly number[];
  }
  | { readonly kind: "signing"; readonly algorithms: readonly number[] }
  | RawNegotiateContext;

/** Context types (MS-SMB2 2.2.3.1). */
export const NegotiateContextType = {
  PREAUTH_INTEGRITY_CAPABILITIES: 0x0001,
  ENCRYPTION_CAPABILITIES: 0x0002,
  COMPRESSION_CAPABILITIES: 0x0003,
  NETNAME_NEGOTIATE_CONTEXT_ID: 0x0005,
  TRANSPORT_CAPABILITIES: 0x0006,
  RDMA_TRANSFORM_CAPABILITIES: 0x0007,
  SIGNING_CAPABILITIES: 0x0008,
} as const;

/** Hash algorithms of the preauth context (MS-SMB2 2.2.3.1.1). */
export const HashAlgorithm = { SHA_512: 0x0001 } as const;

/** Ciphers (MS-SMB2 2.2.3.1.2). */
export const Cipher = {
  AES_128_CCM: 0x0001,
  AES_128_GCM: 0x0002,
  AES_256_CCM: 0x0003,
  AES_256_GCM: 0x0004,
} as const;

/** Signing algorithms (MS-SMB2 2.2.3.1.7). */
export const SigningAlgorithm = {
  HMAC_SHA256: 0x0000,
  AES_CMAC: 0x0001,
  AES_GMAC: 0x0002,
} as const;

/** Compression algorithms (MS-SMB2 2.2.3.1.3). */
export const CompressionAlgorithm = {
  NONE: 0x0000,
  LZNT1: 0x0001,
  LZ77: 0x0002,
  LZ77_HUFFMAN: 0x0003,
  PATTERN_V1: 0x0004,
  LZ4: 0x0005,
} as const;

/** Flags of the compression context (MS-SMB2 2.2.3.1.3). */
export const CompressionFlags = { NONE: 0x00000000, CHAINED: 0x00000001 } as const;

/** Flags of the transport context (MS-SMB2 2.2.3.1.5). */
export const TransportFlags = { ACCEPT_TRANSPORT_LEVEL_SECURITY: 0x00000001 } as const;

/** RDMA transforms (MS-SMB2 2.2.3.1.6). */
export const RdmaTransform = { NONE: 0x0000, ENCRYPTION: 0x0001, SIGNING: 0x0002 } as const;

const TYPE_OF_KIND = {
  preauthIntegrity: NegotiateContextType.PREAUTH_INTEGRITY_CAPABILITIES,
  encryption: NegotiateContextType.ENCRYPTION_CAPABILITIES,
  compression: NegotiateContextType.COMPRESSION_CAPABILITIES,
  netname: NegotiateContextType.NETNAME_NEGOTIATE_CONTEXT_ID,
  transport: NegotiateContextType.TRANSPORT_CAPABILITIES,
  rdmaTransform: NegotiateContextType.RDMA_TRANSFORM_CAPABILITIES,
  signing: NegotiateContextType.SIGNING_CAPABILITIES,
} as const;

/** The type number of a context, whether known or raw. */
export function negotiateContextType(context: NegotiateContext): number {
  return context.kind === "raw" ? context.type : TYPE_OF_KIND[context.kind];
}

/**
 * Writes the list: each context at a multiple of 8, counted from the first; no padding behind the last.
 * The caller has aligned the first one and writes the count.
 */
export function encodeNegotiateContexts(
  writer: Writer,
  contexts: readonly NegotiateContext[],
): void {
  const origin = writer.beginStructure();
  for (const context of contexts) {
    writer.align(8);
    writer.u16(negotiateContextType(context));
    const length = writer.reserve(2);
    writer.zero(4);
    const start = writer.length;
    encodeData(writer, context);
    writer.patch(length, writer.length - start);
  }
  writer.origin = origin;
}

/** Reads `count` contexts from what is left. Bytes behind the last one are not looked at. */
export function decodeNegotiateContexts(reader: Reader, count: number): NegotiateContext[] {
  const contexts: NegotiateContext[] = [];
  const start = reader.offset;
  for (let i = 0; i < count; i++) {
    const over = (reader.offset - start) % 8;
    if (over !== 0) reader.skip(8 - over, "Padding");
    const type = reader.u16("ContextType");
    const length = reader.u16("DataLength");
    reader.skip(4, "Reserved");
    const data = reader.bytes(length, "Data");
    contexts.push(decodeData(type, new Reader(data)) ?? { kind: "raw", type, data });
  }
  return contexts;
}

function encodeData(writer: Writer, context: NegotiateContext): void {
  switch (context.kind) {
    case "raw":
      return writer.raw(context.data);
    case "preauthIntegrity":
      encodeCount(writer, context.hashAlgorithms.length);
      encodeCount(writer, context.salt.byteLength);
      encodeList(writer, context.hashAlgorithms);
      return writer.raw(context.salt);
    case "encryption":
      encodeCount(writer, context.ciphers.length);
      return encodeList(writer, context.ciphers);
    case "compression":
      encodeCount(writer, context.algorithms.length);
      writer.u16(context.padding);
      writer.u32(context.flags);
      return encodeList(writer, context.algorithms);
    case "netname":
      return writer.text(context.netName);
    case "transport":
      return writer.u32(context.flags);
    case "rdmaTransform":
      encodeCount(writer, context.transforms.length);
      writer.u16(context.reserved1);
      writer.u32(context.reserved2);
      return encodeList(writer, context.transforms);
    case "signing":
      encodeCount(writer, context.algorithms.length);
      return encodeList(writer, context.algorithms);
  }
}

/** The value of a known type, or null when the data has another size than its own counts say. */
function decodeData(type: number, data: Reader): NegotiateContext | null {
  switch (type) {
    case NegotiateContextType.PREAUTH_INTEGRITY_CAPABILITIES: {
      if (data.remaining < 4) return null;
      const count = data.u16("HashAlgorithmCount");
      const saltLength = data.u16("SaltLength");
      if (data.remaining !== count * 2 + saltLength) return null;
      return {
        kind: "preauthIntegrity",
        hashAlgorithms: decodeList(data, count),
        salt: data.rest(),
      };
    }
    case NegotiateContextType.ENCRYPTION_CAPABILITIES: {
      const ciphers = decodeCounted(data);
      return ciphers && { kind: "encryption", ciphers };
    }
    case NegotiateContextType.COMPRESSION_CAPABILITIES: {
      if (data.remaining < 8) return null;
      const count = data.u16("CompressionAlgorithmCount");
      const padding = data.u16("Padding");
      const flags = data.u32("Flags");
      if (data.remaining !== count * 2) return null;
      return { kind: "compression", flags, padding, algorithms: decodeList(data, count) };
    }
    case NegotiateContextType.NETNAME_NEGOTIATE_CONTEXT_ID:
      if (data.remaining % 2 !== 0) return null;
      return { kind: "netname", netName: data.text(data.remaining, "NetName") };
    case NegotiateContextType.TRANSPORT_CAPABILITIES:
      return data.remaining === 4 ? { kind: "transport", flags: data.u32("Flags") } : null;
    case NegotiateContextType.RDMA_TRANSFORM_CAPABILITIES: {
      if (data.remaining < 8) return null;
      const count = data.u16("TransformCount");
      const reserved1 = data.u16("Reserved1");
      const reserved2 = data.u32("Reserved2");
      if (data.remaining !== count * 2) return null;
      return { kind: "rdmaTransform", reserved1, reserved2, transforms: decodeList(data, count) };
    }
    case NegotiateContextType.SIGNING_CAPABILITIES: {
      const algorithms = decodeCounted(data);
      return algorithms && { kind: "signing", algorithms };
    }
    default:
      return null;
  }
}

function encodeCount(writer: Writer, count: number): void {
  if (count > 0xffff) {
    throw new WireError(`Cannot encode negotiate context: count is ${count}, more than 65535`, {
      field: "Count",
      offset: writer.offset,
    });
  }
  writer.u16(count);
}

function encodeList(writer: Writer, values: readonly number[]): void {
  for (const value of values) writer.u16(value);
}

function decodeCounted(data: Reader): number[] | null {
  if (data.remaining < 2) return null;
  const count = data.u16("Count");
  return data.remaining === count * 2 ? decodeList(data, count) : null;
}

function decodeList(data: Reader, count: number): number[] {
  return Array.from({ length: count }, () => data.u16("Id"));
}
