/**
 * How handlers refuse, and what the store's refusals are called in SMB.
 *
 * @module
 */

import type { StoreError, StoreErrorCode } from "../store/mod.ts";
import { Status } from "../wire/mod.ts";

/** A request that is answered with an error. Handlers throw it; it never leaves the room. */
export class Refusal extends Error {
  override readonly name = "Refusal";
  /** NTSTATUS of the answer. */
  readonly status: number;
  /** ErrorData of the answer. */
  readonly data: Uint8Array;

  /**
   * @param status NTSTATUS of the answer.
   * @param data ErrorData of the answer.
   */
  constructor(status: number, data: Uint8Array = new Uint8Array()) {
    super(`Cannot do request: status 0x${status.toString(16)}`);
    this.status = status;
    this.data = data;
  }
}

/** A peer that broke the protocol so that only disconnecting is left. It never leaves the room. */
export class Disconnect extends Error {
  override readonly name = "Disconnect";
}

// The statuses that MS-FSA names for each refusal.
const STATUS_OF: Readonly<Record<StoreErrorCode, number>> = {
  notFound: Status.OBJECT_NAME_NOT_FOUND,
  pathNotFound: Status.OBJECT_PATH_NOT_FOUND,
  exists: Status.OBJECT_NAME_COLLISION,
  isDirectory: Status.FILE_IS_A_DIRECTORY,
  notDirectory: Status.NOT_A_DIRECTORY,
  sharingViolation: Status.SHARING_VIOLATION,
  deletePending: Status.DELETE_PENDING,
  cannotDelete: Status.CANNOT_DELETE,
  notEmpty: Status.DIRECTORY_NOT_EMPTY,
  accessDenied: Status.ACCESS_DENIED,
  lockNotGranted: Status.LOCK_NOT_GRANTED,
  lockConflict: Status.FILE_LOCK_CONFLICT,
  rangeNotLocked: Status.RANGE_NOT_LOCKED,
  noSpace: Status.DISK_FULL,
  fileTooLarge: Status.DISK_FULL,
  invalidName: Status.OBJECT_NAME_INVALID,
  invalidArgument: Status.INVALID_PARAMETER,
  tooManyOpens: Status.TOO_MANY_OPENED_FILES,
  closed: Status.FILE_CLOSED,
};

/**
 * The status that a store's refusal is answered with.
 *
 * @param error What the store threw.
 * @returns NTSTATUS.
 */
export function statusOfStoreError(error: StoreError): number {
  return STATUS_OF[error.code];
}
