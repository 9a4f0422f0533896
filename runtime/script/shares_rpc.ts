/**
 * As much of DCE/RPC and of the Server Service as listing shares takes, the client's side: bind, NetrShareEnum at level 1,
 * answers in fragments (MS-RPCE 2.2.2, MS-SRVS 3.1.4.8). Bytes in, values out; whatever is wrong with the server's bytes
 * raises a `WireError`.
 */
import { Reader, WireError, Writer } from "../wire/mod.ts";
import type { ShareInfo } from "./api.ts";

const HEADER_SIZE = 16;
const RESPONSE_HEADER_SIZE = 24;
/** What Windows and Samba use: a fragment fits a 4 KiB buffer with its headers. */
const MAX_FRAGMENT = 4280;

const PacketType = { REQUEST: 0, RESPONSE: 2, FAULT: 3, BIND: 11, BIND_ACK: 12, BIND_NAK: 13 };
const FIRST_FRAGMENT = 0x01;
const LAST_FRAGMENT = 0x02;
/** Little-endian, ASCII, IEEE. */
const REPRESENTATION = 0x10;

const SRVSVC = "4b324fc8-1670-01d3-1278-5a47bf6ee188";
const SRVSVC_VERSION = 3;
const NDR = "8a885d04-1ceb-11c9-9fe8-08002b104860";
const NDR_VERSION = 2;
const NETR_SHARE_ENUM = 15;
const LEVEL = 1;
const EVERYTHING = 0xffff_ffff;

/** Win32 error: call again with the resume handle. */
const ERROR_MORE_DATA = 234;

/** SHARE_INFO_1 without its strings: two pointers and the type. */
const ENTRY_SIZE = 12;

/** Kinds of a share in the low bits of its type, and two flags (MS-SRVS 2.2.2.4). */
const KINDS = ["disk", "printer", "device", "ipc"] as const;
const KIND_MASK = 0x0fff_ffff;
const SPECIAL = 0x8000_0000;
const TEMPORARY = 0x4000_0000;

/** All bytes of one answer: some 30 000 shares with comments. */
export const MAX_ANSWER = 4 * 1024 * 1024;

/** What one NetrShareEnum gave. */
export interface SharePage {
  readonly shares: readonly ShareInfo[];
  /** What to ask with for the rest; null when this is all. */
  readonly resumeHandle: number | null;
}

/** BIND to the Server Service. */
export function bindRequest(callId: number): Uint8Array {
  return packet(PacketType.BIND, callId, (writer) => {
    writer.u16(MAX_FRAGMENT);
    writer.u16(MAX_FRAGMENT);
    writer.u32(0);
    writer.u8(1);
    writer.zero(3);
    writer.u16(0);
    writer.u8(1);
    writer.u8(0);
    writer.guid(SRVSVC);
    writer.u32(SRVSVC_VERSION);
    writer.guid(NDR);
    writer.u32(NDR_VERSION);
  });
}

/** NetrShareEnum of `server`, from where `resumeHandle` left off. */
export function shareEnumRequest(
  callId: number,
  question: { readonly server: string; readonly resumeHandle: number },
): Uint8Array {
  const stub = new Writer(256);
  let referent = 0x0002_0000;
  const pointer = () => stub.u32(referent += 4);
  pointer();
  writeString(stub, question.server);
  stub.u32(LEVEL);
  stub.u32(LEVEL);
  pointer();
  stub.u32(0);
  stub.u32(0);
  stub.u32(EVERYTHING);
  pointer();
  stub.u32(question.resumeHandle);
  return packet(PacketType.REQUEST, callId, (writer) => {
    writer.u32(stub.length);
    writer.u16(0);
    writer.u16(NETR_SHARE_ENUM);
    writer.raw(stub.bytes());
  });
}

/** Puts the fragments of one answer together. Bytes come in as the pipe gives them: several fragments, or parts of one. */
export class RpcAnswer {
  readonly #callId: number;
  readonly #stub: Uint8Array[] = [];
  #rest: Uint8Array = new Uint8Array(0);
  #received = 0;
  #type: number | null = null;
  #done = false;

  /** @param callId That of the request. */
  constructor(callId: number) {
    this.#callId = callId;
  }

  /** Whether the last fragment is there. */
  get done(): boolean {
    return this.#done;
  }

  /** Takes what the pipe gave. @throws {WireError} When it is no answer to the call, or too long. */
  push(bytes: Uint8Array): void {
    this.#received += bytes.length;
    if (this.#received > MAX_ANSWER) {
      throw wrong(`longer than ${MAX_ANSWER} bytes`, "FragLength", this.#received);
    }
    this.#rest = joined([this.#rest, bytes]);
    while (!this.#done && this.#rest.length >= HEADER_SIZE) {
      const length = new Reader(this.#rest).peekU16(8);
      if (length < RESPONSE_HEADER_SIZE) {
        throw wrong(`a fragment of ${length} bytes`, "FragLength", 8);
      }
      if (this.#rest.length < length) return;
      this.#take(this.#rest.subarray(0, length));
      this.#rest = this.#rest.subarray(length);
    }
  }

  /** Checks that the server accepts the interface. @throws {WireError} When it does not. */
  checkBound(): void {
    const reader = this.#body(PacketType.BIND_ACK);
    reader.skip(8, "MaxXmitFrag");
    const address = reader.u16("SecondaryAddressLength");
    reader.skip(address, "SecondaryAddress");
    const over = (HEADER_SIZE + reader.offset) % 4;
    if (over !== 0) reader.skip(4 - over, "Padding");
    const count = reader.u8("ResultCount");
    reader.skip(3, "Reserved");
    const result = count === 0 ? -1 : reader.u16("Result");
    if (result !== 0) throw wrong(`the bind is refused (${result})`, "Result", reader.offset);
  }

  /** The shares of a NetrShareEnum. @throws {WireError} When the answer is a fault, or malformed. */
  shares(): SharePage {
    return decodeShareEnum(this.#body(PacketType.RESPONSE));
  }

  #take(fragment: Uint8Array): void {
    const reader = new Reader(fragment);
    const version = reader.u16("Version");
    const type = reader.u8("PacketType");
    const flags = reader.u8("Flags");
    const representation = reader.u32("DataRepresentation");
    if (version !== 5 || representation !== REPRESENTATION) {
      throw wrong(`version ${version}, data representation ${representation}`, "Version", 0);
    }
    reader.skip(2, "FragLength");
    const authentication = reader.u16("AuthLength");
    const callId = reader.u32("CallId");
    if (callId !== this.#callId || authentication !== 0) {
      throw wrong(`call ${callId}, not ${this.#callId}`, "CallId", 12);
    }
    if ((this.#type ?? type) !== type) throw wrong(`a fragment of type ${type}`, "PacketType", 2);
    const isFirst = (flags & FIRST_FRAGMENT) !== 0;
    if (isFirst !== (this.#type === null)) throw wrong("fragments out of order", "Flags", 3);
    this.#type = type;
    // A response repeats AllocHint, ContextId and CancelCount in every fragment.
    if (type === PacketType.RESPONSE || type === PacketType.FAULT) reader.skip(8, "AllocHint");
    this.#stub.push(reader.rest());
    this.#done = (flags & LAST_FRAGMENT) !== 0;
  }

  #body(type: number): Reader {
    if (!this.#done) throw wrong("the last fragment is missing", "Flags", 3);
    const reader = new Reader(joined(this.#stub));
    if (this.#type === type) return reader;
    if (this.#type === PacketType.FAULT) {
      const status = reader.u32("Status").toString(16).padStart(8, "0");
      throw wrong(`fault 0x${status}`, "Status", RESPONSE_HEADER_SIZE);
    }
    throw wrong(`a packet of type ${this.#type}`, "PacketType", 2);
  }
}

// LPSHARE_ENUM_STRUCT, TotalEntries, ResumeHandle and the return value (MS-SRVS 3.1.4.8), in NDR.
function decodeShareEnum(reader: Reader): SharePage {
  const level = reader.u32("Level");
  const union = reader.u32("Level");
  const container = reader.u32("Container");
  const shares = level === LEVEL && union === LEVEL && container !== 0
    ? decodeContainer(reader)
    : [];
  reader.skip(4, "TotalEntries");
  const resumeHandle = reader.u32("ResumeHandle") === 0 ? 0 : reader.u32("ResumeHandle");
  const result = reader.u32("ReturnValue");
  if (result === ERROR_MORE_DATA && resumeHandle !== 0 && shares.length > 0) {
    return { shares, resumeHandle };
  }
  if (result !== 0) {
    throw wrong(`NetrShareEnum failed with ${result}`, "ReturnValue", reader.offset);
  }
  return { shares, resumeHandle: null };
}

function decodeContainer(reader: Reader): ShareInfo[] {
  const count = reader.u32("EntriesRead");
  if (reader.u32("Buffer") === 0) return [];
  const capacity = reader.u32("MaxCount");
  if (capacity !== count || count * ENTRY_SIZE > reader.remaining) {
    throw wrong(`${count} shares in ${reader.remaining} bytes`, "EntriesRead", reader.offset);
  }
  const entries = Array.from({ length: count }, () => ({
    hasName: reader.u32("shi1_netname") !== 0,
    type: reader.u32("shi1_type"),
    hasComment: reader.u32("shi1_remark") !== 0,
  }));
  return entries.map(({ hasName, type, hasComment }) => {
    const name = hasName ? readString(reader, "shi1_netname") : "";
    const comment = hasComment ? readString(reader, "shi1_remark") : "";
    const kind = type & KIND_MASK;
    return {
      name,
      kind: KINDS[kind] ?? kind,
      special: (type & SPECIAL) !== 0,
      temporary: (type & TEMPORARY) !== 0,
      comment,
    };
  });
}

/** A conformant and varying string, its zero at the end, aligned to 4 bytes. */
function readString(reader: Reader, field: string): string {
  const capacity = reader.u32(field);
  const offset = reader.u32(field);
  const length = reader.u32(field);
  if (offset !== 0 || length > capacity) {
    throw wrong(`a string of ${length} of ${capacity} characters`, field, reader.offset);
  }
  const text = reader.text(length * 2, field);
  // The last string may end the stub.
  const over = reader.offset % 4;
  if (over !== 0) reader.skip(Math.min(4 - over, reader.remaining), field);
  return text.replace(/\0.*$/s, "");
}

function writeString(writer: Writer, text: string): void {
  writer.u32(text.length + 1);
  writer.u32(0);
  writer.u32(text.length + 1);
  writer.text(`${text}\0`);
  writer.align(4);
}

function packet(type: number, callId: number, write: (writer: Writer) => void): Uint8Array {
  const writer = new Writer(256);
  writer.u16(5);
  writer.u8(type);
  writer.u8(FIRST_FRAGMENT | LAST_FRAGMENT);
  writer.u32(REPRESENTATION);
  const length = writer.reserve(2);
  writer.u16(0);
  writer.u32(callId);
  write(writer);
  writer.patch(length, writer.length);
  return writer.bytes();
}

function wrong(what: string, field: string, offset: number): WireError {
  return new WireError(`Cannot read the list of shares: ${what}`, { field, offset });
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const [only] = parts;
  if (only !== undefined && parts.length === 1) return only;
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
