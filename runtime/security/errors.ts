/** Why an authentication cannot go on. */
export type SecurityFailure =
  /** The peer refused: SPNEGO's reject. */
  | "rejected"
  /** A signature over the negotiation is wrong: it was altered on the way, or the peer has another key. */
  | "badSignature"
  /** The peer offers nothing that this side can do. */
  | "unsupported";

/**
 * An authentication that failed although every token was well formed. Malformed tokens raise `WireError` instead.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { SecurityError } from "./mod.ts";
 *
 * assertEquals(new SecurityError("Cannot log in: refused", "rejected").failure, "rejected");
 * ```
 */
export class SecurityError extends Error {
  override readonly name = "SecurityError";
  /** Why, for programs. */
  readonly failure: SecurityFailure;

  constructor(message: string, failure: SecurityFailure) {
    super(message);
    this.failure = failure;
  }
}
