/** SMB2 ECHO: is the server alive (MS-SMB2 2.2.28, 2.2.29). */

/** ECHO request: nothing but reserved bytes. */
export interface EchoRequest {
  readonly reserved: number;
}

/** ECHO response: nothing but reserved bytes. */
export interface EchoResponse {
  readonly reserved: number;
}
