/** SMB2 CREATE: open or create a file, directory, pipe (MS-SMB2 2.2.13, 2.2.14). */
import type { CreateRequestContext, CreateResponseContext } from "../create_contexts.ts";
import type { FileId } from "../file_id.ts";

/** CREATE request (MS-SMB2 2.2.13). */
export interface CreateRequest {
  readonly securityFlags: number;
  /** 0x00 none, 0x01 II, 0x08 exclusive, 0x09 batch, 0xFF lease. */
  readonly requestedOplockLevel: number;
  readonly impersonationLevel: number;
  readonly smbCreateFlags: bigint;
  readonly reserved: bigint;
  readonly desiredAccess: number;
  readonly fileAttributes: number;
  readonly shareAccess: number;
  readonly createDisposition: number;
  readonly createOptions: number;
  /** Relative to the share, `\` between components, no leading `\`; empty for the root. */
  readonly name: string;
  readonly contexts: readonly CreateRequestContext[];
}

/** CREATE response (MS-SMB2 2.2.14). Times are FILETIME. */
export interface CreateResponse {
  readonly oplockLevel: number;
  readonly flags: number;
  readonly createAction: number;
  readonly creationTime: bigint;
  readonly lastAccessTime: bigint;
  readonly lastWriteTime: bigint;
  readonly changeTime: bigint;
  readonly allocationSize: bigint;
  readonly endOfFile: bigint;
  readonly fileAttributes: number;
  readonly reserved: number;
  readonly fileId: FileId;
  readonly contexts: readonly CreateResponseContext[];
}
