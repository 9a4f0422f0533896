/**
 * FSCTL_VALIDATE_NEGOTIATE_INFO: has somebody on the way changed the negotiation? (MS-SMB2 3.2.5.14.12; bodies
 * 2.2.31.4 and 2.2.32.6.)
 */
import {
  HeaderFlags,
  isSuccess,
  type NegotiateRequest,
  type NegotiateResponse,
  Reader,
  RELATED_FILE_ID,
  type RequestBodies,
  Status,
  WireError,
  Writer,
} from "../wire/mod.ts";
import { ProtocolError } from "./errors.ts";
import { hex } from "./negotiation.ts";
import type { Reply } from "./reply.ts";

/** FSCTL_VALIDATE_NEGOTIATE_INFO. */
export const VALIDATE_NEGOTIATE_INFO = 0x00140204;
const IS_FSCTL = 0x00000001;
const OUTPUT_SIZE = 24;

/** The IOCTL that repeats what NEGOTIATE offered. */
export function validateNegotiateRequest(offered: NegotiateRequest): RequestBodies["IOCTL"] {
  const writer = new Writer(32);
  writer.u32(offered.capabilities);
  writer.guid(offered.clientGuid);
  writer.u16(offered.securityMode);
  writer.u16(offered.dialects.length);
  for (const dialect of offered.dialects) writer.u16(dialect);
  return {
    reserved: 0,
    ctlCode: VALIDATE_NEGOTIATE_INFO,
    fileId: RELATED_FILE_ID,
    input: writer.bytes(),
    maxInputResponse: 0,
    output: new Uint8Array(0),
    maxOutputResponse: OUTPUT_SIZE,
    flags: IS_FSCTL,
    reserved2: 0,
  };
}

/**
 * Whether the answer agrees with the NEGOTIATE response; null when it does. `mustBeSigned` where the request was. An
 * error status other than ACCESS_DENIED is no disagreement: older servers do not know the FSCTL.
 */
export function judgeValidation(
  reply: Reply<"IOCTL">,
  negotiated: NegotiateResponse,
  mustBeSigned: boolean,
): ProtocolError | null {
  if (mustBeSigned && (reply.header.flags & HeaderFlags.SIGNED) === 0) {
    return new ProtocolError("Cannot trust negotiation: the answer is not signed", {
      side: "remote",
    });
  }
  // What a server answers that finds a difference itself, or a signature that is wrong.
  if (reply.status === Status.ACCESS_DENIED) {
    return new ProtocolError("Cannot trust negotiation: the server refuses it", { side: "remote" });
  }
  if (!isSuccess(reply.status) || reply.body === null) return null;
  try {
    const reader = new Reader(reply.body.output);
    const found = {
      capabilities: reader.u32("Capabilities"),
      serverGuid: reader.guid("Guid"),
      securityMode: reader.u16("SecurityMode"),
      dialectRevision: reader.u16("Dialect"),
    };
    for (const [field, value] of Object.entries(found)) {
      const expected = negotiated[field as keyof typeof found];
      if (value !== expected) {
        const shown = [value, expected].map((each) => typeof each === "number" ? hex(each) : each);
        return new ProtocolError(
          `Cannot trust negotiation: ${field} is ${shown[0]}, NEGOTIATE said ${shown[1]}`,
          { side: "remote" },
        );
      }
    }
    return null;
  } catch (cause) {
    if (!(cause instanceof WireError)) throw cause;
    return new ProtocolError("Cannot trust negotiation: the answer is malformed", {
      side: "remote",
      cause,
    });
  }
}
