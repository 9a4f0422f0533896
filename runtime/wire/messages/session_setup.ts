/** SMB2 SESSION_SETUP: authenticate, bind a channel, re-authenticate (MS-SMB2 2.2.5, 2.2.6). */
import type { Codec } from "../codec.ts";

/** SESSION_SETUP request (MS-SMB2 2.2.5). */
export interface SessionSetupRequest {
  /** 0x01 = bind to an existing session. */
  readonly flags: number;
  readonly securityMode: number;
  readonly capabilities: number;
  readonly channel: number;
  readonly previousSessionId: bigint;
  readonly securityBuffer: Uint8Array;
}

/** SESSION_SETUP response (MS-SMB2 2.2.6). */
export interface SessionSetupResponse {
  /** 0x0001 guest, 0x0002 null, 0x0004 encrypt data. */
  readonly sessionFlags: number;
  readonly securityBuffer: Uint8Array;
}

/** SESSION_SETUP request (MS-SMB2 2.2.5). */
export const sessionSetupRequest: Codec<SessionSetupRequest> = {
  structureSizes: [25],
  encode(writer, body) {
    writer.u16(25);
    writer.u8(body.flags);
    writer.u8(body.securityMode);
    writer.u32(body.capabilities);
    writer.u32(body.channel);
    const offset = writer.reserve(2);
    const length = writer.reserve(2);
    writer.u64(body.previousSessionId);
    writer.part({ offset, length, keepOffset: true }, (w) => w.raw(body.securityBuffer));
    if (body.securityBuffer.byteLength === 0) writer.u8(0);
  },
  decode(reader) {
    reader.structureSize(25, "SESSION_SETUP request");
    const flags = reader.u8("Flags");
    const securityMode = reader.u8("SecurityMode");
    const capabilities = reader.u32("Capabilities");
    const channel = reader.u32("Channel");
    const offset = reader.u16("SecurityBufferOffset");
    const length = reader.u16("SecurityBufferLength");
    const previousSessionId = reader.u64("PreviousSessionId");
    const securityBuffer = reader.bytesAt(offset, length, "Buffer");
    return { flags, securityMode, capabilities, channel, previousSessionId, securityBuffer };
  },
};

/** SESSION_SETUP response (MS-SMB2 2.2.6). */
export const sessionSetupResponse: Codec<SessionSetupResponse> = {
  structureSizes: [9],
  encode(writer, body) {
    writer.u16(9);
    writer.u16(body.sessionFlags);
    const offset = writer.reserve(2);
    const length = writer.reserve(2);
    writer.part({ offset, length, keepOffset: true }, (w) => w.raw(body.securityBuffer));
  },
  decode(reader) {
    reader.structureSize(9, "SESSION_SETUP response");
    const sessionFlags = reader.u16("SessionFlags");
    const offset = reader.u16("SecurityBufferOffset");
    const length = reader.u16("SecurityBufferLength");
    return { sessionFlags, securityBuffer: reader.bytesAt(offset, length, "Buffer") };
  },
};
