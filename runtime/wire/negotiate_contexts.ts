/** Negotiate contexts (MS-SMB2 2.2.3.1, 2.2.4.1). */

/** A context type that this codec does not know, kept byte for byte. */
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
  | { readonly kind: "rdmaTransform"; readonly transforms: readonly number[] }
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
