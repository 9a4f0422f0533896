/** Create contexts (MS-SMB2 2.2.13.2 in requests, 2.2.14.2 in responses). */
import type { FileId } from "./file_id.ts";

/** A context that this codec does not know, or whose body does not follow the known layout: kept byte for byte. */
export interface RawContext {
  readonly kind: "raw";
  /** The name bytes (4 ASCII characters or a GUID). */
  readonly name: Uint8Array;
  readonly data: Uint8Array;
}

/** Lease fields shared by v1 and v2, request and response (MS-SMB2 2.2.13.2.8, .10, 2.2.14.2.10, .11). */
export interface LeaseV1 {
  readonly kind: "RqLs";
  readonly version: 1;
  /** 16 bytes. */
  readonly leaseKey: Uint8Array;
  /** Bits of {@linkcode LeaseState}. */
  readonly leaseState: number;
  readonly leaseFlags: number;
  readonly leaseDuration: bigint;
}

/** Lease v2: v1 plus parent key and epoch. */
export interface LeaseV2 extends Omit<LeaseV1, "version"> {
  readonly version: 2;
  readonly parentLeaseKey: Uint8Array;
  readonly epoch: number;
  readonly reserved: number;
}

/** Contexts of a CREATE request. */
export type CreateRequestContext =
  | { readonly kind: "ExtA"; readonly data: Uint8Array }
  | { readonly kind: "SecD"; readonly data: Uint8Array }
  | { readonly kind: "DHnQ"; readonly reserved: Uint8Array }
  | { readonly kind: "DHnC"; readonly fileId: FileId }
  | { readonly kind: "AlSi"; readonly allocationSize: bigint }
  | { readonly kind: "MxAc"; readonly timestamp?: bigint }
  | { readonly kind: "TWrp"; readonly timestamp: bigint }
  | { readonly kind: "QFid" }
  | LeaseV1
  | LeaseV2
  | {
    readonly kind: "DH2Q";
    /** Milliseconds; 0 lets the server choose. */
    readonly timeout: number;
    readonly flags: number;
    readonly reserved: bigint;
    readonly createGuid: string;
  }
  | {
    readonly kind: "DH2C";
    readonly fileId: FileId;
    readonly createGuid: string;
    readonly flags: number;
  }
  | { readonly kind: "AppInstanceId"; readonly reserved: number; readonly appInstanceId: string }
  | {
    readonly kind: "AppInstanceVersion";
    readonly high: bigint;
    readonly low: bigint;
  }
  | { readonly kind: "SVHDX"; readonly data: Uint8Array }
  | { readonly kind: "AAPL"; readonly query: AaplQuery }
  | RawContext;

/** Apple's server query (not in MS-SMB2; seen in macOS captures and in Samba's vfs_fruit). */
export interface AaplQuery {
  /** 1 = server query, 2 = resolve id. */
  readonly command: number;
  readonly reserved: number;
  /** What follows, kept as bytes when the command is not a server query. */
  readonly requestBitmap: bigint;
  readonly clientCapabilities: bigint;
}

/** Apple's answer to the server query. */
export interface AaplReply {
  readonly command: number;
  readonly reserved: number;
  readonly replyBitmap: bigint;
  /** Present when the reply bitmap says so. */
  readonly serverCapabilities?: bigint;
  readonly volumeCapabilities?: bigint;
  readonly model?: string;
}

/** Contexts of a CREATE response. */
export type CreateResponseContext =
  | { readonly kind: "DHnQ"; readonly reserved: Uint8Array }
  | { readonly kind: "MxAc"; readonly queryStatus: number; readonly maximalAccess: number }
  | {
    readonly kind: "QFid";
    /** 8-byte DiskFileId, 8-byte VolumeId, 16 reserved bytes, as the server sent them (32 bytes). */
    readonly diskFileId: bigint;
    readonly volumeId: bigint;
    readonly reserved: Uint8Array;
  }
  | LeaseV1
  | LeaseV2
  | { readonly kind: "DH2Q"; readonly timeout: number; readonly flags: number }
  | { readonly kind: "AAPL"; readonly reply: AaplReply }
  | RawContext;

/** Bits of a lease state (MS-SMB2 2.2.13.2.8). */
export const LeaseState = { READ: 0x01, HANDLE: 0x02, WRITE: 0x04 } as const;
