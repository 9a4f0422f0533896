/** SMB2 CANCEL: withdraw an earlier request (MS-SMB2 2.2.30). It has no response. */
import type { Codec } from "../codec.ts";

/** CANCEL request: nothing but reserved bytes. */
export interface CancelRequest {
  readonly reserved: number;
}

/** CANCEL request (MS-SMB2 2.2.30). */
export const cancelRequest: Codec<CancelRequest> = {
  structureSizes: [4],
  encode(writer, body) {
    writer.u16(4);
    writer.u16(body.reserved);
  },
  decode(reader) {
    reader.structureSize(4, "CANCEL request");
    return { reserved: reader.u16("Reserved") };
  },
};
