/**
 * As much of DCE/RPC and of the Server Service as listing shares takes: bind, NetrShareEnum at levels 0 and 1
 * (MS-RPCE 2.2.2, MS-SRVS 3.1.4.8).
 *
 * @module
 */

import { Reader, WireError, Writer } from "../wire/mod.ts";

const HEADER_SIZE = 16;
const RESPONSE_HEADER_SIZE = 24;
const MAX_FRAGMENT = 4280;
const MIN_FRAGMENT = 1432;
/** Stub data of one request: that of NetrShareEnum has less than a hundred bytes. */
const MAX_STUB = 65_536;

const PacketType = { REQUEST: 0, RESPONSE: 2, FAULT: 3, BIND: 11, BIND_ACK: 12 } as const;
const FIRST_FRAGMENT = 0x01;
const LAST_FRAGMENT = 0x02;

const SRVSVC = "4b324fc8-1670-01d3-1278-5a47bf6ee188";
const NDR = "8a885d04-1ceb-11c9-9fe8-08002b104860";
const NETR_SHARE_ENUM = 15;

const ACCEPTANCE = 0;
const PROVIDER_REJECTION = 2;
const ABSTRACT_SYNTAX_NOT_SUPPORTED = 1;
const TRANSFER_SYNTAXES_NOT_SUPPORTED = 2;
const NCA_OP_RNG_ERROR = 0x1c01_0002;
const NCA_PROTO_ERROR = 0x1c01_000b;

const ERROR_INVALID_LEVEL = 124;
const STYPE_DISKTREE = 0;
const STYPE_IPC_SPECIAL = 0x8000_0003;

/** What is told about a share. */
export interface ListedShare {
  readonly name: string;
  readonly comment: string;
  /** Undefined for IPC$. */
  readonly store: unknown;
}

/** One conversation with a client. */
export class RpcServer {
  readonly #shares: readonly ListedShare[];
  #maxFragment = MAX_FRAGMENT;
  #stub: Uint8Array[] = [];
  #stubLength = 0;

  /** @param shares What to tell. */
  constructor(shares: readonly ListedShare[]) {
    this.#shares = shares;
  }

  /**
   * How long the first fragment is.
   *
   * @param bytes What has arrived.
   * @returns Its length; 0 while the header is not there; undefined when the bytes are not RPC.
   */
  static fragmentLength(bytes: Uint8Array): number | undefined {
    if (bytes.length < HEADER_SIZE) return 0;
    const reader = new Reader(bytes);
    const version = reader.u16("Version");
    reader.skip(2, "PacketType");
    const representation = reader.u32("DataRepresentation");
    const length = reader.u16("FragLength");
    // Version 5.0, little-endian ASCII: no client of the last decades speaks anything else.
    return version !== 5 || representation !== 0x10 || length < HEADER_SIZE ? undefined : length;
  }

  /**
   * Answers a fragment.
   *
   * @param fragment One whole fragment.
   * @returns The fragments of the answer; none while more of the request is to come.
   */
  answer(fragment: Uint8Array): Uint8Array[] {
    const reader = new Reader(fragment);
    reader.skip(2, "Version");
    const type = reader.u8("PacketType");
    const flags = reader.u8("Flags");
    reader.skip(4 + 2 + 2, "DataRepresentation");
    const callId = reader.u32("CallId");
    try {
      switch (type) {
        case PacketType.BIND:
          return [this.#bind(reader, callId)];
        case PacketType.REQUEST:
          return this.#request(reader, { flags, callId });
        default:
          return [fault(callId, NCA_PROTO_ERROR)];
      }
    } catch (error) {
      if (error instanceof WireError) return [fault(callId, NCA_PROTO_ERROR)];
      throw error;
    }
  }

  #bind(reader: Reader, callId: number): Uint8Array {
    reader.skip(2, "MaxXmitFrag");
    const maxReceive = reader.u16("MaxRecvFrag");
    this.#maxFragment = Math.max(MIN_FRAGMENT, Math.min(MAX_FRAGMENT, maxReceive));
    reader.skip(4, "AssocGroup");
    const count = reader.u8("ContextCount");
    reader.skip(3, "Reserved");
    const results: { result: number; reason: number }[] = [];
    for (let i = 0; i < count; i++) results.push(offeredContext(reader));
    return packet(PacketType.BIND_ACK, callId, (writer) => {
      writer.u16(MAX_FRAGMENT);
      writer.u16(MAX_FRAGMENT);
      writer.u32(1);
      const address = "\\PIPE\\srvsvc";
      writer.u16(address.length + 1);
      for (let i = 0; i < address.length; i++) writer.u8(address.charCodeAt(i));
      writer.u8(0);
      writer.align(4);
      writer.u8(results.length);
      writer.zero(3);
      for (const { result, reason } of results) {
        writer.u16(result);
        writer.u16(reason);
        if (result === ACCEPTANCE) writer.guid(NDR);
        else writer.zero(16);
        writer.u32(result === ACCEPTANCE ? 2 : 0);
      }
    });
  }

  #request(
    reader: Reader,
    call: { readonly flags: number; readonly callId: number },
  ): Uint8Array[] {
    reader.skip(4, "AllocHint");
    reader.skip(2, "ContextId");
    const operation = reader.u16("OpNum");
    const part = reader.rest().slice();
    if ((call.flags & FIRST_FRAGMENT) !== 0) this.#forgetStub();
    this.#stub.push(part);
    this.#stubLength += part.length;
    if (this.#stubLength > MAX_STUB) {
      this.#forgetStub();
      return [fault(call.callId, NCA_PROTO_ERROR)];
    }
    if ((call.flags & LAST_FRAGMENT) === 0) return [];
    const stub = new Uint8Array(this.#stubLength);
    let at = 0;
    for (const bytes of this.#stub) {
      stub.set(bytes, at);
      at += bytes.length;
    }
    this.#forgetStub();
    if (operation !== NETR_SHARE_ENUM) return [fault(call.callId, NCA_OP_RNG_ERROR)];
    return this.#respond(call.callId, this.#shareEnum(new Reader(stub)));
  }

  #forgetStub(): void {
    this.#stub = [];
    this.#stubLength = 0;
  }

  #respond(callId: number, stub: Uint8Array): Uint8Array[] {
    const room = this.#maxFragment - RESPONSE_HEADER_SIZE;
    const fragments: Uint8Array[] = [];
    for (let at = 0; at === 0 || at < stub.length; at += room) {
      const part = stub.subarray(at, at + room);
      const flags = (at === 0 ? FIRST_FRAGMENT : 0) |
        (at + room >= stub.length ? LAST_FRAGMENT : 0);
      fragments.push(packet(PacketType.RESPONSE, callId, (writer) => {
        writer.u32(stub.length - at);
        writer.u16(0);
        writer.u8(0);
        writer.u8(0);
        writer.raw(part);
      }, flags));
    }
    return fragments;
  }

  // MS-SRVS 3.1.4.8: the server's name, the level, and how much to return, which is not limited here.
  #shareEnum(reader: Reader): Uint8Array {
    const hasName = reader.u32("ServerName") !== 0;
    if (hasName) {
      reader.skip(8, "ServerName");
      const units = reader.u32("ServerName");
      reader.skip(units * 2, "ServerName");
      const over = reader.offset % 4;
      if (over !== 0) reader.skip(4 - over, "ServerName");
    }
    const level = reader.u32("Level");
    const writer = new Writer(1024);
    writer.u32(level);
    writer.u32(level);
    if (level > 1) {
      writer.u32(0);
      writer.u32(0);
      writer.u32(0);
      writer.u32(ERROR_INVALID_LEVEL);
      return writer.bytes();
    }
    writeShares(writer, this.#shares, level);
    writer.u32(this.#shares.length);
    writer.u32(0);
    writer.u32(0);
    return writer.bytes();
  }
}

function offeredContext(reader: Reader): { result: number; reason: number } {
  reader.skip(2, "ContextId");
  const transfers = reader.u8("TransferCount");
  reader.skip(1, "Reserved");
  const abstract = reader.guid("AbstractSyntax");
  reader.skip(4, "AbstractSyntaxVersion");
  let ndr = false;
  for (let i = 0; i < transfers; i++) {
    if (reader.guid("TransferSyntax") === NDR) ndr = true;
    reader.skip(4, "TransferSyntaxVersion");
  }
  if (abstract !== SRVSVC) {
    return { result: PROVIDER_REJECTION, reason: ABSTRACT_SYNTAX_NOT_SUPPORTED };
  }
  if (!ndr) return { result: PROVIDER_REJECTION, reason: TRANSFER_SYNTAXES_NOT_SUPPORTED };
  return { result: ACCEPTANCE, reason: 0 };
}

/** SHARE_INFO_0_CONTAINER or SHARE_INFO_1_CONTAINER (MS-SRVS 2.2.4.32, 2.2.4.33) in NDR. */
function writeShares(writer: Writer, shares: readonly ListedShare[], level: number): void {
  let referent = 0x0002_0000;
  const pointer = () => writer.u32(referent += 4);
  pointer();
  writer.u32(shares.length);
  pointer();
  writer.u32(shares.length);
  for (const share of shares) {
    pointer();
    if (level === 0) continue;
    writer.u32(share.store === undefined ? STYPE_IPC_SPECIAL : STYPE_DISKTREE);
    pointer();
  }
  for (const share of shares) {
    writeString(writer, share.name);
    if (level === 1) writeString(writer, share.comment);
  }
}

function writeString(writer: Writer, text: string): void {
  writer.u32(text.length + 1);
  writer.u32(0);
  writer.u32(text.length + 1);
  writer.text(`${text}\0`);
  writer.align(4);
}

function fault(callId: number, status: number): Uint8Array {
  return packet(PacketType.FAULT, callId, (writer) => {
    writer.u32(0);
    writer.u16(0);
    writer.u8(0);
    writer.u8(0);
    writer.u32(status);
    writer.u32(0);
  });
}

function packet(
  type: number,
  callId: number,
  write: (writer: Writer) => void,
  flags: number = FIRST_FRAGMENT | LAST_FRAGMENT,
): Uint8Array {
  const writer = new Writer(256);
  writer.u16(5);
  writer.u8(type);
  writer.u8(flags);
  writer.u32(0x10);
  const length = writer.reserve(2);
  writer.u16(0);
  writer.u32(callId);
  write(writer);
  writer.patch(length, writer.length);
  return writer.bytes();
}
