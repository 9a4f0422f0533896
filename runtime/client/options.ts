/** Options and answers of the client's methods. */
import type { CommandName } from "../wire/mod.ts";
import type { Session } from "./session.ts";
import type { Reply, RequestTuning, SuccessReply } from "../protocol/mod.ts";

/** Who sends a request and hears of it: in place of a signal and a function, which would be made for each request. */
export interface RequestOwner {
  /** Whether it was cancelled already. */
  readonly isCancelled: boolean;
  /** For those who cannot cancel otherwise; made when it is asked for. */
  readonly signal: AbortSignal;
  /** From now on `cancel` does what aborting {@linkcode RequestOptions.signal} does. */
  cancelBy(cancel: () => void): void;
  /** As {@linkcode RequestOptions.onInterim}. */
  interim(): void;
}

/** What every request method accepts. */
export interface RequestOptions extends RequestTuning {
  /**
   * Which statuses resolve the promise: `"any"`, or a list beside success. Without it anything but success (and a
   * BUFFER_OVERFLOW that carries data) rejects with `StatusError`.
   */
  readonly accept?: "any" | readonly number[];
  /**
   * Aborting sends CANCEL (MS-SMB2 3.2.4.24); the promise then settles with what the server answers. A request that
   * still waits for credits is not sent, and rejects with the signal's reason.
   */
  readonly signal?: AbortSignal;
  /**
   * Called once within the receive loop when the server answers first with STATUS_PENDING (MS-SMB2 3.2.5.1.5). Must not
   * throw.
   */
  readonly onInterim?: () => void;
  /** Takes the place of `signal` and `onInterim`. */
  readonly owner?: RequestOwner;
  /**
   * The channel to send on, where the session has several: one of `Session.channels`. That on which the session, tree or
   * file was made unless told, or another one where that is lost.
   */
  readonly via?: Session;
}

/** The reply type of a method: with `accept` the body may be missing. */
export type Answer<C extends CommandName, O extends RequestOptions> = undefined extends O["accept"]
  ? SuccessReply<C>
  : Reply<C>;
