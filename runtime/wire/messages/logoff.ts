/** SMB2 LOGOFF: end a session (MS-SMB2 2.2.7, 2.2.8). */

/** LOGOFF request: nothing but reserved bytes. */
export interface LogoffRequest {
  readonly reserved: number;
}

/** LOGOFF response: nothing but reserved bytes. */
export interface LogoffResponse {
  readonly reserved: number;
}
