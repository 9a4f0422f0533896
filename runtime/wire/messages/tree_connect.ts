/** SMB2 TREE_CONNECT: connect to a share (MS-SMB2 2.2.9, 2.2.10). */
import type { Codec } from "../codec.ts";
import { WireError } from "../errors.ts";
import { TreeConnectFlag } from "../flags.ts";
import { HEADER_SIZE } from "../header.ts";

/** TREE_CONNECT request (MS-SMB2 2.2.9). */
export interface TreeConnectRequest {
  /** Dialect 3.1.1: bit 0 cluster reconnect, bit 1 redirect to owner, bit 2 extension present. */
  readonly flags: number;
  /** `\\server\share`. */
  readonly path: string;
  /**
   * The 3.1.1 extension (MS-SMB2 2.2.9.1), when flags has EXTENSION_PRESENT: the 16 bytes before the path, then whatever
   * follows the path. Kept as bytes, since MS-SMB2 leaves open what its offset counts from.
   */
  readonly extension?: Uint8Array;
}

/** TREE_CONNECT response (MS-SMB2 2.2.10). */
export interface TreeConnectResponse {
  /** 1 disk, 2 pipe, 3 print. */
  readonly shareType: number;
  readonly shareFlags: number;
  readonly capabilities: number;
  readonly maximalAccess: number;
}

/** Bytes of the extension before PathName (MS-SMB2 2.2.9.1). */
const EXTENSION_SIZE = 16;

/** TREE_CONNECT request (MS-SMB2 2.2.9, extension 2.2.9.1). */
export const treeConnectRequest: Codec<TreeConnectRequest> = {
  structureSizes: [9],
  encode(writer, body) {
    writer.u16(9);
    writer.u16(body.flags);
    const offset = writer.reserve(2);
    const length = writer.reserve(2);
    if (body.extension !== undefined) writer.raw(body.extension.subarray(0, EXTENSION_SIZE));
    writer.part({ offset, length, keepOffset: true }, (w) => w.text(body.path));
    if (body.extension !== undefined) writer.raw(body.extension.subarray(EXTENSION_SIZE));
    else if (body.path === "") writer.u8(0);
  },
  decode(reader) {
    reader.structureSize(9, "TREE_CONNECT request");
    const flags = reader.u16("Flags");
    const offset = reader.u16("PathOffset");
    const length = reader.u16("PathLength");
    const path = reader.textAt(offset, length, "Buffer");
    if ((flags & TreeConnectFlag.EXTENSION_PRESENT) === 0) return { flags, path };
    // Earlier dialects reserve the flags, so that a client may send this bit without an extension.
    if (offset === HEADER_SIZE + 8) return { flags, path };
    if (offset !== HEADER_SIZE + 8 + EXTENSION_SIZE) {
      throw new WireError(`Cannot decode TREE_CONNECT request: PathOffset is ${offset}`, {
        field: "PathOffset",
        offset: HEADER_SIZE + 4,
      });
    }
    const before = reader.bytes(EXTENSION_SIZE, "TreeConnectContextOffset");
    reader.skip(length, "PathName");
    const behind = reader.rest();
    const extension = new Uint8Array(EXTENSION_SIZE + behind.byteLength);
    extension.set(before);
    extension.set(behind, EXTENSION_SIZE);
    return { flags, path, extension };
  },
};

/** TREE_CONNECT response (MS-SMB2 2.2.10). */
export const treeConnectResponse: Codec<TreeConnectResponse> = {
  structureSizes: [16],
  encode(writer, body) {
    writer.u16(16);
    writer.u8(body.shareType);
    writer.u8(0);
    writer.u32(body.shareFlags);
    writer.u32(body.capabilities);
    writer.u32(body.maximalAccess);
  },
  decode(reader) {
    reader.structureSize(16, "TREE_CONNECT response");
    const shareType = reader.u8("ShareType");
    reader.skip(1, "Reserved");
    const shareFlags = reader.u32("ShareFlags");
    const capabilities = reader.u32("Capabilities");
    const maximalAccess = reader.u32("MaximalAccess");
    return { shareType, shareFlags, capabilities, maximalAccess };
  },
};
