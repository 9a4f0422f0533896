/** SMB2 LOGOFF: end a session (MS-SMB2 2.2.7, 2.2.8). */
import type { Codec } from "../codec.ts";

/** LOGOFF request: nothing but reserved bytes. */
export interface LogoffRequest {
  readonly reserved: number;
}

/** LOGOFF response: nothing but reserved bytes. */
export interface LogoffResponse {
  readonly reserved: number;
}

/** LOGOFF request (MS-SMB2 2.2.7). */
export const logoffRequest: Codec<LogoffRequest> = {
  structureSizes: [4],
  encode(writer, body) {
    writer.u16(4);
    writer.u16(body.reserved);
  },
  decode(reader) {
    reader.structureSize(4, "LOGOFF request");
    return { reserved: reader.u16("Reserved") };
  },
};

/** LOGOFF response (MS-SMB2 2.2.8). */
export const logoffResponse: Codec<LogoffResponse> = {
  structureSizes: [4],
  encode(writer, body) {
    writer.u16(4);
    writer.u16(body.reserved);
  },
  decode(reader) {
    reader.structureSize(4, "LOGOFF response");
    return { reserved: reader.u16("Reserved") };
  },
};
