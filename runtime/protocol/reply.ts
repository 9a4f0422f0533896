/** What came back for one request. */
import type { CommandName, ErrorResponse, Header, ResponseBodies } from "../wire/mod.ts";

/** The answer to one request of command `C`, whatever its status. Times are milliseconds of the caller's clock. */
export interface Reply<C extends CommandName = CommandName> {
  readonly command: C;
  /** NTSTATUS of the final response. */
  readonly status: number;
  /** Header of the final response. */
  readonly header: Header;
  /** The response body; null when the server sent an ERROR body in its place. */
  readonly body: ResponseBodies[C] | null;
  /** The ERROR body; null when the server sent the command's own body. */
  readonly error: ErrorResponse | null;
  /** What follows the header, where the command is one that the codec does not know. */
  readonly raw?: Uint8Array;
  readonly messageId: bigint;
  /** Present when the server answered first with STATUS_PENDING (MS-SMB2 3.2.5.1.5). */
  readonly asyncId?: bigint;
  /** When the request was handed to the transport; a wait for credits lies before it. */
  readonly sentAt: number;
  /** When the interim response arrived. */
  readonly interimAt?: number;
  /** When the final response arrived. */
  readonly receivedAt: number;
  /** Bytes of the request message, header included. */
  readonly bytesSent: number;
  /** Bytes of the final response message, header included. */
  readonly bytesReceived: number;
}

/** A reply that carries the command's own body. */
export interface SuccessReply<C extends CommandName = CommandName> extends Reply<C> {
  readonly body: ResponseBodies[C];
}
