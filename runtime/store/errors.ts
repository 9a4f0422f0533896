/**
 * What can go wrong in the file system: one error class with a closed set of codes.
 *
 * @module
 */

/** Every reason for which the store refuses an operation. */
export type StoreErrorCode =
  | "notFound"
  | "pathNotFound"
  | "exists"
  | "isDirectory"
  | "notDirectory"
  | "sharingViolation"
  | "deletePending"
  | "cannotDelete"
  | "notEmpty"
  | "accessDenied"
  | "lockNotGranted"
  | "lockConflict"
  | "rangeNotLocked"
  | "noSpace"
  | "fileTooLarge"
  | "invalidName"
  | "invalidArgument"
  | "tooManyOpens"
  | "closed";

/**
 * An operation that the file system refused. `code` says why, in a form a caller can switch on.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const error = new StoreError("notFound", "Cannot open a.txt: no such name");
 * assertEquals(error.code, "notFound");
 * ```
 */
export class StoreError extends Error {
  override readonly name = "StoreError";
  /** The reason. */
  readonly code: StoreErrorCode;

  /**
   * @param code The reason.
   * @param message A sentence of the form "Cannot do X: state".
   */
  constructor(code: StoreErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}
