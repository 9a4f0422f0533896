/** Why a connection cannot be made or used any more. */
export type TransportReason =
  | "refused"
  | "unreachable"
  | "reset"
  | "closed"
  | "timed out"
  | "aborted"
  | "failed";

/**
 * A connection that could not be made, or that ended.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { TransportError } from "./mod.ts";
 * const error = new TransportError("Cannot connect to 127.0.0.1:445: refused", { reason: "refused" });
 * assertEquals([error.name, error.reason], ["TransportError", "refused"]);
 * ```
 */
export class TransportError extends Error {
  override readonly name = "TransportError";
  /** What happened, as a word that programs may compare. */
  readonly reason: TransportReason;

  constructor(message: string, options: { reason: TransportReason; cause?: unknown }) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.reason = options.reason;
  }
}
