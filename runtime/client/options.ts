/** Options of the client's methods. */
import type { CommandName, Header } from "../wire/mod.ts";
import type { Reply, SuccessReply } from "../protocol/mod.ts";

/** What every request method accepts. */
export interface RequestOptions {
  /**
   * Which statuses resolve the promise: `"any"`, or a list beside success. Without it anything but success (and a
   * BUFFER_OVERFLOW that carries data) rejects with `StatusError`.
   */
  readonly accept?: "any" | readonly number[];
  /** Aborting sends CANCEL (MS-SMB2 3.2.4.24); the promise then settles with what the server answers. */
  readonly signal?: AbortSignal;
  /** Milliseconds to wait for the final response; the request is then cancelled and rejects with `TransportError`. */
  readonly timeout?: number;
  /** CreditCharge in place of the computed one (MS-SMB2 3.2.4.1.5). */
  readonly creditCharge?: number;
  /** CreditRequest in place of the connection's policy. */
  readonly creditRequest?: number;
  /** Header flags added to the computed ones, such as REPLAY_OPERATION or DFS_OPERATIONS. */
  readonly flags?: number;
  /** ChannelSequence of a 3.x request (MS-SMB2 3.2.4.1.8). */
  readonly channelSequence?: number;
  /** Sign (or do not sign) this request whatever the session's rules say. */
  readonly sign?: boolean;
  /** Header fields sent as given, whatever the engine would put there. */
  readonly override?: Partial<Header>;
  /** Bytes sent in place of the encoded body. */
  readonly rawBody?: Uint8Array;
}

/** The reply type of a method: with `accept` the body may be missing. */
export type Answer<C extends CommandName, O extends RequestOptions> = undefined extends O["accept"]
  ? SuccessReply<C>
  : Reply<C>;
