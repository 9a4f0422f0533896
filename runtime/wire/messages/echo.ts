/** SMB2 ECHO: is the server alive (MS-SMB2 2.2.28, 2.2.29). */
import type { Codec } from "../codec.ts";

/** ECHO request: nothing but reserved bytes. */
export interface EchoRequest {
  readonly reserved: number;
}

/** ECHO response: nothing but reserved bytes. */
export interface EchoResponse {
  readonly reserved: number;
}

/** ECHO request (MS-SMB2 2.2.28). */
export const echoRequest: Codec<EchoRequest> = {
  structureSizes: [4],
  encode(writer, body) {
    writer.u16(4);
    writer.u16(body.reserved);
  },
  decode(reader) {
    reader.structureSize(4, "ECHO request");
    return { reserved: reader.u16("Reserved") };
  },
};

/** ECHO response (MS-SMB2 2.2.29). */
export const echoResponse: Codec<EchoResponse> = {
  structureSizes: [4],
  encode(writer, body) {
    writer.u16(4);
    writer.u16(body.reserved);
  },
  decode(reader) {
    reader.structureSize(4, "ECHO response");
    return { reserved: reader.u16("Reserved") };
  },
};
