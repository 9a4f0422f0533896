/** SMB2 TREE_DISCONNECT: leave a share (MS-SMB2 2.2.11, 2.2.12). */
import type { Codec } from "../codec.ts";

/** TREE_DISCONNECT request: nothing but reserved bytes. */
export interface TreeDisconnectRequest {
  readonly reserved: number;
}

/** TREE_DISCONNECT response: nothing but reserved bytes. */
export interface TreeDisconnectResponse {
  readonly reserved: number;
}

/** TREE_DISCONNECT request (MS-SMB2 2.2.11). */
export const treeDisconnectRequest: Codec<TreeDisconnectRequest> = {
  structureSizes: [4],
  encode(writer, body) {
    writer.u16(4);
    writer.u16(body.reserved);
  },
  decode(reader) {
    reader.structureSize(4, "TREE_DISCONNECT request");
    return { reserved: reader.u16("Reserved") };
  },
};

/** TREE_DISCONNECT response (MS-SMB2 2.2.12). */
export const treeDisconnectResponse: Codec<TreeDisconnectResponse> = {
  structureSizes: [4],
  encode(writer, body) {
    writer.u16(4);
    writer.u16(body.reserved);
  },
  decode(reader) {
    reader.structureSize(4, "TREE_DISCONNECT response");
    return { reserved: reader.u16("Reserved") };
  },
};
