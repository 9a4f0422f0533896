/** SMB2 CREATE: open or create a file, directory, pipe (MS-SMB2 2.2.13, 2.2.14). */
import type { Codec } from "../codec.ts";
import {
  type CreateRequestContext,
  type CreateResponseContext,
  decodeCreateRequestContexts,
  decodeCreateResponseContexts,
  encodeCreateRequestContexts,
  encodeCreateResponseContexts,
} from "../create_contexts.ts";
import { decodeFileId, encodeFileId, type FileId } from "../file_id.ts";

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

/** CREATE request (MS-SMB2 2.2.13). One byte stands in place of an empty name, contexts or not, as Windows and Samba do. */
export const createRequest: Codec<CreateRequest> = {
  structureSizes: [57],
  encode(writer, body) {
    writer.u16(57);
    writer.u8(body.securityFlags);
    writer.u8(body.requestedOplockLevel);
    writer.u32(body.impersonationLevel);
    writer.u64(body.smbCreateFlags);
    writer.u64(body.reserved);
    writer.u32(body.desiredAccess);
    writer.u32(body.fileAttributes);
    writer.u32(body.shareAccess);
    writer.u32(body.createDisposition);
    writer.u32(body.createOptions);
    const nameOffset = writer.reserve(2);
    const nameLength = writer.reserve(2);
    const contextsOffset = writer.reserve(4);
    const contextsLength = writer.reserve(4);
    writer.patch(nameOffset, writer.offset);
    writer.patch(nameLength, body.name.length * 2);
    writer.text(body.name);
    if (body.name === "") writer.u8(0);
    if (body.contexts.length === 0) return;
    writer.align(8);
    writer.part(
      { offset: contextsOffset, length: contextsLength },
      (w) => encodeCreateRequestContexts(w, body.contexts),
    );
  },
  decode(reader) {
    reader.structureSize(57, "CREATE request");
    const securityFlags = reader.u8("SecurityFlags");
    const requestedOplockLevel = reader.u8("RequestedOplockLevel");
    const impersonationLevel = reader.u32("ImpersonationLevel");
    const smbCreateFlags = reader.u64("SmbCreateFlags");
    const reserved = reader.u64("Reserved");
    const desiredAccess = reader.u32("DesiredAccess");
    const fileAttributes = reader.u32("FileAttributes");
    const shareAccess = reader.u32("ShareAccess");
    const createDisposition = reader.u32("CreateDisposition");
    const createOptions = reader.u32("CreateOptions");
    const nameOffset = reader.u16("NameOffset");
    const nameLength = reader.u16("NameLength");
    const contextsOffset = reader.u32("CreateContextsOffset");
    const contextsLength = reader.u32("CreateContextsLength");
    const name = reader.textAt(nameOffset, nameLength, "Name");
    const contexts = contextsLength === 0
      ? []
      : decodeCreateRequestContexts(reader.at(contextsOffset, contextsLength, "CreateContexts"));
    return {
      securityFlags,
      requestedOplockLevel,
      impersonationLevel,
      smbCreateFlags,
      reserved,
      desiredAccess,
      fileAttributes,
      shareAccess,
      createDisposition,
      createOptions,
      name,
      contexts,
    };
  },
};

/** CREATE response (MS-SMB2 2.2.14). */
export const createResponse: Codec<CreateResponse> = {
  structureSizes: [89],
  encode(writer, body) {
    writer.u16(89);
    writer.u8(body.oplockLevel);
    writer.u8(body.flags);
    writer.u32(body.createAction);
    writer.u64(body.creationTime);
    writer.u64(body.lastAccessTime);
    writer.u64(body.lastWriteTime);
    writer.u64(body.changeTime);
    writer.u64(body.allocationSize);
    writer.u64(body.endOfFile);
    writer.u32(body.fileAttributes);
    writer.u32(body.reserved);
    encodeFileId(writer, body.fileId);
    const offset = writer.reserve(4);
    const length = writer.reserve(4);
    if (body.contexts.length === 0) return;
    writer.part({ offset, length }, (w) => encodeCreateResponseContexts(w, body.contexts));
  },
  decode(reader) {
    reader.structureSize(89, "CREATE response");
    const oplockLevel = reader.u8("OplockLevel");
    const flags = reader.u8("Flags");
    const createAction = reader.u32("CreateAction");
    const creationTime = reader.u64("CreationTime");
    const lastAccessTime = reader.u64("LastAccessTime");
    const lastWriteTime = reader.u64("LastWriteTime");
    const changeTime = reader.u64("ChangeTime");
    const allocationSize = reader.u64("AllocationSize");
    const endOfFile = reader.u64("EndofFile");
    const fileAttributes = reader.u32("FileAttributes");
    const reserved = reader.u32("Reserved2");
    const fileId = decodeFileId(reader);
    const offset = reader.u32("CreateContextsOffset");
    const length = reader.u32("CreateContextsLength");
    const contexts = length === 0
      ? []
      : decodeCreateResponseContexts(reader.at(offset, length, "CreateContexts"));
    return {
      oplockLevel,
      flags,
      createAction,
      creationTime,
      lastAccessTime,
      lastWriteTime,
      changeTime,
      allocationSize,
      endOfFile,
      fileAttributes,
      reserved,
      fileId,
      contexts,
    };
  },
};
