/** SMB2 TREE_CONNECT: connect to a share (MS-SMB2 2.2.9, 2.2.10). */

/** TREE_CONNECT request (MS-SMB2 2.2.9). */
export interface TreeConnectRequest {
  /** Dialect 3.1.1: bit 0 cluster reconnect, bit 1 redirect to owner, bit 2 extension present. */
  readonly flags: number;
  /** `\\server\share`. */
  readonly path: string;
  /** Bytes of the 3.1.1 extension (MS-SMB2 2.2.9.1) behind the fixed part, when flags has EXTENSION_PRESENT. */
  readonly extension?: Uint8Array;
}

/** TREE_CONNECT response (MS-SMB2 2.2.10). */
export interface TreeConnectResponse {
  /** 1 disk, 2 pipe, 3 print. */
  readonly shareType: number;
  readonly shareFlags: number;
  readonly capabilities: number;
  readonly maximalAccess: number;
}
