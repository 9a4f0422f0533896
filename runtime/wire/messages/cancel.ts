/** SMB2 CANCEL: withdraw an earlier request (MS-SMB2 2.2.30). It has no response. */

/** CANCEL request: nothing but reserved bytes. */
export interface CancelRequest {
  readonly reserved: number;
}
