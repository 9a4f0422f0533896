/** SMB2 NEGOTIATE: choose dialect and capabilities (MS-SMB2 2.2.3, 2.2.4). */
import type { NegotiateContext } from "../negotiate_contexts.ts";

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
