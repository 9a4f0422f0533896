/** SMB2 TREE_DISCONNECT: leave a share (MS-SMB2 2.2.11, 2.2.12). */

/** TREE_DISCONNECT request: nothing but reserved bytes. */
export interface TreeDisconnectRequest {
  readonly reserved: number;
}

/** TREE_DISCONNECT response: nothing but reserved bytes. */
export interface TreeDisconnectResponse {
  readonly reserved: number;
}
