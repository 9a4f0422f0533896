/** SMB2 SESSION_SETUP: authenticate, bind a channel, re-authenticate (MS-SMB2 2.2.5, 2.2.6). */

/** SESSION_SETUP request (MS-SMB2 2.2.5). */
export interface SessionSetupRequest {
  /** 0x01 = bind to an existing session. */
  readonly flags: number;
  readonly securityMode: number;
  readonly capabilities: number;
  readonly channel: number;
  readonly previousSessionId: bigint;
  readonly securityBuffer: Uint8Array;
}

/** SESSION_SETUP response (MS-SMB2 2.2.6). */
export interface SessionSetupResponse {
  /** 0x0001 guest, 0x0002 null, 0x0004 encrypt data. */
  readonly sessionFlags: number;
  readonly securityBuffer: Uint8Array;
}
