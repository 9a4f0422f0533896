/**
 * The SMB2 packet header, ASYNC and SYNC (MS-SMB2 2.2.1.1, 2.2.1.2). Structure size and NextCommand belong to the
 * codec and the chain, and are not part of the value.
 */
import { WireError } from "./errors.ts";
import type { Reader } from "./reader.ts";
import type { Writer } from "./writer.ts";

/** Length of the header in bytes. */
export const HEADER_SIZE = 64;

/** ProtocolId 0xFE 'S' 'M' 'B' as a little-endian number. */
export const SMB2_PROTOCOL_ID = 0x424d53fe;

/** Flags of the header (MS-SMB2 2.2.1.2). */
export const HeaderFlags = {
  SERVER_TO_REDIR: 0x00000001,
  ASYNC_COMMAND: 0x00000002,
  RELATED_OPERATIONS: 0x00000004,
  SIGNED: 0x00000008,
  PRIORITY_MASK: 0x00000070,
  DFS_OPERATIONS: 0x10000000,
  REPLAY_OPERATION: 0x20000000,
} as const;

/** The header of one message. 64-bit ids are bigint. */
export interface Header {
  /** Credits that the request costs; 0 in dialect 2.0.2. */
  readonly creditCharge: number;
  /** NTSTATUS of a response. In a request of dialect 3.x the low 16 bits are ChannelSequence, the high 16 reserved. */
  readonly status: number;
  /** Command code; unknown codes survive. */
  readonly command: number;
  /** CreditRequest in a request, CreditResponse in a response. */
  readonly credits: number;
  readonly flags: number;
  readonly messageId: bigint;
  /** Present exactly when flags has ASYNC_COMMAND; then `reserved` and `treeId` are 0. */
  readonly asyncId?: bigint;
  /** The 4 bytes before TreeId in a SYNC header (a process id in older clients). */
  readonly reserved: number;
  readonly treeId: number;
  readonly sessionId: bigint;
  /** 16 bytes; zeros when not signed. */
  readonly signature: Uint8Array;
}

const UNSIGNED = new Uint8Array(16);

/** A header with every field 0 except those given. */
export function makeHeader(fields: Partial<Header> & { command: number }): Header {
  return {
    creditCharge: 0,
    status: 0,
    credits: 0,
    flags: 0,
    messageId: 0n,
    reserved: 0,
    treeId: 0,
    sessionId: 0n,
    signature: UNSIGNED,
    ...fields,
  };
}

/** Writes the 64 bytes; `nextCommand` is the offset of the next message of the chain, 0 in the last. */
export function encodeHeader(writer: Writer, header: Header, nextCommand = 0): void {
  writer.u32(SMB2_PROTOCOL_ID);
  writer.u16(HEADER_SIZE);
  writer.u16(header.creditCharge);
  writer.u32(header.status);
  writer.u16(header.command);
  writer.u16(header.credits);
  writer.u32(header.flags);
  writer.u32(nextCommand);
  writer.u64(header.messageId);
  if (header.asyncId !== undefined) {
    writer.u64(header.asyncId);
  } else {
    writer.u32(header.reserved);
    writer.u32(header.treeId);
  }
  writer.u64(header.sessionId);
  if (header.signature.byteLength !== 16) {
    throw new WireError(
      `Cannot encode header: Signature has ${header.signature.byteLength} bytes, not 16`,
      { field: "Signature", offset: writer.offset },
    );
  }
  writer.raw(header.signature);
}

/** Reads the 64 bytes; the signature is a view, of nothing where it is zero. */
export function decodeHeader(reader: Reader): { header: Header; nextCommand: number } {
  const offset = reader.offset;
  const protocolId = reader.u32("ProtocolId");
  if (protocolId !== SMB2_PROTOCOL_ID) {
    throw new WireError(
      `Cannot decode header: ProtocolId is 0x${
        protocolId.toString(16).padStart(8, "0")
      }, not 0xFE 'SMB'`,
      { field: "ProtocolId", offset },
    );
  }
  reader.structureSize(HEADER_SIZE, "header");
  const creditCharge = reader.u16("CreditCharge");
  const status = reader.u32("Status");
  const command = reader.u16("Command");
  const credits = reader.u16("Credits");
  const flags = reader.u32("Flags");
  const nextCommand = reader.u32("NextCommand");
  const messageId = reader.u64("MessageId");
  if ((flags & HeaderFlags.ASYNC_COMMAND) !== 0) {
    const asyncId = reader.u64("AsyncId");
    const sessionId = reader.u64("SessionId");
    const signature = decodeSignature(reader);
    return {
      header: {
        creditCharge,
        status,
        command,
        credits,
        flags,
        messageId,
        asyncId,
        reserved: 0,
        treeId: 0,
        sessionId,
        signature,
      },
      nextCommand,
    };
  }
  const reserved = reader.u32("Reserved");
  const treeId = reader.u32("TreeId");
  const sessionId = reader.u64("SessionId");
  const signature = decodeSignature(reader);
  return {
    header: {
      creditCharge,
      status,
      command,
      credits,
      flags,
      messageId,
      reserved,
      treeId,
      sessionId,
      signature,
    },
    nextCommand,
  };
}

/** Zeros are one object: most messages of an unsigned session are looked at for all else. */
function decodeSignature(reader: Reader): Uint8Array {
  const at = reader.offset;
  const unsigned = reader.peekU32(at) === 0 && reader.peekU32(at + 4) === 0 &&
    reader.peekU32(at + 8) === 0 && reader.peekU32(at + 12) === 0;
  if (!unsigned) return reader.bytes(16, "Signature");
  reader.skip(16, "Signature");
  return UNSIGNED;
}

/** Whether the message goes from the server to the client. */
export function isResponse(header: Header): boolean {
  return (header.flags & HeaderFlags.SERVER_TO_REDIR) !== 0;
}
