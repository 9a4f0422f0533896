/** SMB2 ERROR response (MS-SMB2 2.2.2). */

/** One error context of dialect 3.1.1 (MS-SMB2 2.2.2.1). */
export interface ErrorContext {
  readonly errorId: number;
  readonly data: Uint8Array;
}

/** ERROR response: takes the place of any response body (MS-SMB2 2.2.2). */
export interface ErrorResponse {
  readonly reserved: number;
  /** Error data as bytes; in dialect 3.1.1 a list of contexts when `contextCount` is not 0. */
  readonly errorData: Uint8Array;
  /** ErrorContextCount: number of contexts within `errorData`. */
  readonly contextCount: number;
}
