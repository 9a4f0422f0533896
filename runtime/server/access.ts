/**
 * What a CREATE asks for, checked and in the file system's terms (MS-SMB2 3.3.5.9, MS-FSA 2.1.5.1.1).
 *
 * @module
 */

import { Access, Attributes, type Disposition } from "../store/mod.ts";
import {
  CreateOption,
  type CreateRequest,
  FileAccess,
  FileAttribute,
  mapGenericAccess,
  Status,
} from "../wire/mod.ts";
import { Refusal } from "./errors.ts";

const KNOWN_ACCESS = Access.ALL | FileAccess.MAXIMUM_ALLOWED;
const INVALID_OPTIONS = 0xff00_0000;
/** FILE_CREATE_TREE_CONNECTION, which MS-SMB2 2.2.13 does not list and Windows refuses. */
const CREATE_TREE_CONNECTION = 0x0000_0080;
const UNSUPPORTED_OPTIONS = CREATE_TREE_CONNECTION | CreateOption.OPEN_BY_FILE_ID |
  CreateOption.RESERVE_OPFILTER;
const KNOWN_ATTRIBUTES = 0x0000_7fb7;
const BAD_IMPERSONATION_LEVEL = 0xc000_00a5;
const PRIVILEGE_NOT_HELD = 0xc000_0061;
const IMPERSONATION_DELEGATE = 3;

const DISPOSITIONS: readonly Disposition[] = [
  "supersede",
  "open",
  "create",
  "openIf",
  "overwrite",
  "overwriteIf",
];

/** What a CREATE asks for. */
export interface CreateTerms {
  readonly disposition: Disposition;
  readonly kind: "file" | "directory" | "any";
  /** Rights asked for, generic ones resolved, without MAXIMUM_ALLOWED. */
  readonly access: number;
  /** Whether it asks for whatever is allowed. */
  readonly maximum: boolean;
  readonly share: number;
  readonly attributes: number;
  readonly deleteOnClose: boolean;
  readonly options: number;
}

/**
 * Checks a CREATE and puts it in the file system's terms.
 *
 * @param body The request.
 * @returns Its terms.
 * @throws {Refusal} With the status of the first check that fails.
 */
export function createTerms(body: CreateRequest): CreateTerms {
  if (body.impersonationLevel > IMPERSONATION_DELEGATE) throw new Refusal(BAD_IMPERSONATION_LEVEL);
  const options = body.createOptions;
  const access = specificAccess(body.desiredAccess);
  const disposition = DISPOSITIONS[body.createDisposition];
  if (disposition === undefined || body.shareAccess > 7) {
    throw new Refusal(Status.INVALID_PARAMETER);
  }
  if ((body.fileAttributes & ~KNOWN_ATTRIBUTES) !== 0) throw new Refusal(Status.INVALID_PARAMETER);
  if ((body.fileAttributes & FileAttribute.ENCRYPTED) !== 0) {
    throw new Refusal(Status.ACCESS_DENIED);
  }
  if ((options & INVALID_OPTIONS) !== 0) throw new Refusal(Status.INVALID_PARAMETER);
  if ((options & UNSUPPORTED_OPTIONS) !== 0) throw new Refusal(Status.NOT_SUPPORTED);
  const isDirectory = (options & CreateOption.DIRECTORY_FILE) !== 0;
  const isFile = (options & CreateOption.NON_DIRECTORY_FILE) !== 0;
  if (isDirectory && isFile) throw new Refusal(Status.INVALID_PARAMETER);
  const overwrites = disposition === "supersede" || disposition.startsWith("overwrite");
  if (isDirectory && overwrites) throw new Refusal(Status.INVALID_PARAMETER);
  const maximum = (body.desiredAccess & FileAccess.MAXIMUM_ALLOWED) !== 0;
  const deleteOnClose = (options & CreateOption.DELETE_ON_CLOSE) !== 0;
  // MS-FSA 2.1.5.1: delete-on-close needs the right to delete.
  if (deleteOnClose && !maximum && (access & Access.DELETE) === 0) {
    throw new Refusal(Status.ACCESS_DENIED);
  }
  return {
    disposition,
    kind: isDirectory ? "directory" : isFile ? "file" : "any",
    access,
    maximum,
    share: body.shareAccess,
    attributes: body.fileAttributes & ~(Attributes.NORMAL | Attributes.DIRECTORY),
    deleteOnClose,
    options,
  };
}

/**
 * The rights that a request gets (MS-FSA 2.1.5.1.2.1). There are no access lists: the share's limit and the read-only
 * attribute alone decide.
 *
 * @param terms What is asked for.
 * @param limits What the share leaves, and the attributes of the file where it exists.
 * @returns Rights to grant.
 * @throws {Refusal} ACCESS_DENIED.
 */
export function grantAccess(
  terms: CreateTerms,
  limits: { readonly maximal: number; readonly attributes: number; readonly isDirectory: boolean },
): number {
  if ((terms.access & ~limits.maximal) !== 0) throw new Refusal(Status.ACCESS_DENIED);
  if (!terms.maximum) return terms.access;
  return terms.access | maximalAccess(limits);
}

/**
 * The most that can be asked of a file.
 *
 * @param limits As for {@linkcode grantAccess}.
 * @returns Rights.
 */
export function maximalAccess(
  limits: { readonly maximal: number; readonly attributes: number; readonly isDirectory: boolean },
): number {
  const readOnly = !limits.isDirectory && (limits.attributes & Attributes.READONLY) !== 0;
  const writes = Access.FILE_WRITE_DATA | Access.FILE_APPEND_DATA;
  return readOnly ? limits.maximal & ~writes : limits.maximal;
}

function specificAccess(desired: number): number {
  if ((desired & FileAccess.ACCESS_SYSTEM_SECURITY) !== 0) throw new Refusal(PRIVILEGE_NOT_HELD);
  const access = mapGenericAccess(desired);
  // MS-FSA 2.1.5.1: rights that do not exist, or none at all, are refused.
  if ((access & ~KNOWN_ACCESS) !== 0 || access === 0) throw new Refusal(Status.ACCESS_DENIED);
  return access & ~FileAccess.MAXIMUM_ALLOWED;
}
