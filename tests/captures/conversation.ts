/**
 * Makes captures of made-up SMB2 conversations for tests and benchmarks: messages go through the codec, TCP and packet
 * headers are written byte by byte. Times, ids and ports are counted up, so that equal programs make equal captures.
 */
import { createAcceptor, createInitiator, ntHash } from "../../runtime/security/mod.ts";
import {
  chainBytes,
  Command,
  type CommandName,
  encodeChain,
  type FileId,
  HeaderFlags,
  makeHeader,
  type Message,
  type RequestBodies,
  type ResponseBodies,
} from "../../runtime/wire/mod.ts";

/** A packet to be written: what a test may drop, cut, double or put elsewhere. */
export interface BuiltPacket {
  bytes: Uint8Array;
  /** Nanoseconds since 1970. */
  time: bigint;
  originalLength?: number;
}

type Way = "request" | "response";

/** Header fields of a message that are not counted up. */
export interface HeaderFields {
  readonly messageId?: bigint;
  readonly treeId?: number;
  readonly sessionId?: bigint;
  readonly status?: number;
  readonly flags?: number;
  readonly asyncId?: bigint;
  readonly creditCharge?: number;
  readonly credits?: number;
}

/** One member of a compound. */
export interface ChainMember<C extends CommandName = CommandName> {
  readonly command: C;
  readonly body: RequestBodies[C];
  readonly header?: HeaderFields;
}

/** Packets in the order of their making, from all conversations that share it. */
export class Wire {
  readonly packets: BuiltPacket[] = [];
  /** Nanoseconds since 1970 of the next packet. */
  now = 1_700_000_000_000_000_000n;

  /** Time passes. */
  wait(seconds: number): void {
    this.now += BigInt(Math.round(seconds * 1e9));
  }

  /** The capture file. */
  pcap(packets: readonly BuiltPacket[] = this.packets): Uint8Array<ArrayBuffer> {
    return pcapOf(packets);
  }
}

/** A TCP connection that speaks SMB2. */
export class Conversation {
  readonly wire: Wire;
  readonly #ends: { readonly request: string; readonly response: string };
  readonly #mss: number;
  readonly #seq = { request: 1000, response: 5000 };
  #messageId = 0n;
  sessionId = 0n;
  treeId = 0;

  constructor(
    options: { wire?: Wire; client?: string; server?: string; mss?: number; syn?: boolean } = {},
  ) {
    this.wire = options.wire ?? new Wire();
    this.#ends = {
      request: options.client ?? "10.0.0.1:1000",
      response: options.server ?? "10.0.0.2:445",
    };
    this.#mss = options.mss ?? 1460;
    if (options.syn ?? true) {
      this.segment("request", { flags: "S" });
      this.segment("response", { flags: "SA" });
    }
  }

  /** The next MessageId of the client. */
  get nextMessageId(): bigint {
    return this.#messageId;
  }

  /** One TCP segment; 10 microseconds pass. */
  segment(way: Way, options: { flags?: string; payload?: Uint8Array } = {}): BuiltPacket {
    const { flags = "PA", payload = new Uint8Array(0) } = options;
    const other = way === "request" ? "response" : "request";
    const built = {
      bytes: packetOf(payload, {
        from: this.#ends[way],
        to: this.#ends[other],
        seq: this.#seq[way],
        ack: this.#seq[other],
        flags,
      }),
      time: this.wire.now,
    };
    this.#seq[way] += payload.byteLength + (/[SF]/.test(flags) ? 1 : 0);
    this.wire.packets.push(built);
    this.wire.wait(0.00001);
    return built;
  }

  /** Bytes of a stream, cut into segments. */
  bytes(way: Way, bytes: Uint8Array): void {
    for (let at = 0; at < bytes.byteLength; at += this.#mss) {
      this.segment(way, { payload: bytes.subarray(at, at + this.#mss) });
    }
  }

  /** One unit: the 4-byte length and what follows it. */
  unit(way: Way, bytes: Uint8Array): void {
    this.bytes(way, framed(bytes));
  }

  /** Messages as one unit. */
  messages(way: Way, messages: readonly Message[]): void {
    this.unit(way, chainBytes(encodeChain(messages)));
  }

  /** Sends a request and returns its MessageId. */
  ask<C extends CommandName>(
    command: C,
    body: RequestBodies[C],
    header: HeaderFields = {},
  ): bigint {
    const message = this.request(command, body, header);
    this.messages("request", [message]);
    return message.header.messageId;
  }

  /** Sends a compound and returns the MessageIds. */
  askAll(members: readonly ChainMember[]): bigint[] {
    const messages = members.map(({ command, body, header }) =>
      this.request(command, body, header ?? {})
    );
    this.messages("request", messages);
    return messages.map(({ header }) => header.messageId);
  }

  /** Answers the request with that MessageId; the latest one unless told. */
  answer<C extends CommandName>(
    command: C,
    body: ResponseBodies[C] | null,
    header: HeaderFields = {},
  ): void {
    this.messages("response", [this.response(command, body, header)]);
  }

  /** A request and its answer, a millisecond apart; `null` answers with an ERROR body. */
  exchange<C extends CommandName>(
    command: C,
    body: RequestBodies[C],
    answer: ResponseBodies[C] | null,
    header: HeaderFields & { readonly request?: HeaderFields } = {},
  ): void {
    const { request, ...own } = header;
    const messageId = this.ask(command, body, request);
    this.wire.wait(0.001);
    this.answer(command, answer, { messageId, ...own });
    this.wire.wait(0.001);
  }

  /** A request, not yet sent; takes the next MessageId unless one is given. */
  request<C extends CommandName>(
    command: C,
    body: RequestBodies[C],
    header: HeaderFields = {},
  ): Message {
    const messageId = header.messageId ?? this.#messageId++;
    return {
      kind: "request",
      command,
      header: this.#header(command, { credits: 1, creditCharge: 1, ...header, messageId }),
      body,
    } as unknown as Message;
  }

  /** A response, not yet sent. */
  response<C extends CommandName>(
    command: C,
    body: ResponseBodies[C] | null,
    header: HeaderFields = {},
  ): Message {
    const own = this.#header(command, {
      credits: 1,
      messageId: this.#messageId - 1n,
      ...header,
      flags: (header.flags ?? 0) | HeaderFlags.SERVER_TO_REDIR,
    });
    if (body !== null) {
      return { kind: "response", command, header: own, body } as unknown as Message;
    }
    const error = { reserved: 0, errorData: new Uint8Array(0), contextCount: 0 };
    return { kind: "error", command, header: own, body: error };
  }

  #header(command: CommandName, fields: HeaderFields) {
    const { asyncId, flags = 0, ...rest } = fields;
    const common = { command: Command[command], sessionId: this.sessionId, ...rest };
    return asyncId === undefined
      ? makeHeader({ treeId: this.treeId, ...common, flags })
      : makeHeader({ ...common, treeId: 0, asyncId, flags: flags | HeaderFlags.ASYNC_COMMAND });
  }

  /** NEGOTIATE with one dialect. */
  negotiate(dialect = 0x0300, clientGuid = "00000000-0000-0000-0000-000000000001"): void {
    const guid = "99999999-0000-0000-0000-000000000000";
    this.exchange("NEGOTIATE", {
      securityMode: 1,
      capabilities: 0x7f,
      clientGuid,
      dialects: [dialect],
      clientStartTime: 0n,
    }, {
      securityMode: 1,
      dialectRevision: dialect,
      serverGuid: guid,
      capabilities: 7,
      maxTransactSize: 0x800000,
      maxReadSize: 0x800000,
      maxWriteSize: 0x800000,
      systemTime: 0n,
      serverStartTime: 0n,
      securityBuffer: new Uint8Array(0),
    });
  }

  /** Both rounds of an NTLM login. */
  login(user: string, options: LoginOptions = {}): void {
    const { sessionId = 0x100n, flags = 0, previousSessionId = 0n, password = "pw" } = options;
    const random = (length: number) => new Uint8Array(length).fill(7);
    const now = () => 133_000_000_000_000_000n;
    const client = createInitiator({ user, domain: "", password: "pw", random, now });
    const server = createAcceptor({
      computerName: "LAB",
      findNtHash: () => ntHash(password),
      random,
      now,
    });
    const asked = { flags, securityMode: 1, capabilities: 1, channel: 0, previousSessionId };
    const header = options.request ?? { sessionId: this.sessionId };
    const first = client.step(server.hint()).token!;
    const challenge = server.step(first).token!;
    this.exchange("SESSION_SETUP", { ...asked, securityBuffer: first }, {
      sessionFlags: 0,
      securityBuffer: challenge,
    }, { request: header, sessionId, status: STATUS_MORE_PROCESSING_REQUIRED });
    const second = client.step(challenge).token!;
    const last = server.step(second);
    this.exchange(
      "SESSION_SETUP",
      { ...asked, securityBuffer: second },
      last.failure === undefined
        ? { sessionFlags: 0, securityBuffer: last.token ?? new Uint8Array(0) }
        : null,
      {
        request: { ...header, sessionId },
        sessionId,
        status: last.failure === undefined ? 0 : STATUS_LOGON_FAILURE,
      },
    );
    if (last.failure === undefined) this.sessionId = sessionId;
  }

  /** TREE_CONNECT to a disk share. */
  tree(path = "\\\\lab\\share", treeId = 1): void {
    const answer = { shareType: 1, shareFlags: 0, capabilities: 0, maximalAccess: 0x1f01ff };
    this.exchange("TREE_CONNECT", { flags: 0, path }, answer, { request: { treeId: 0 }, treeId });
    this.treeId = treeId;
  }

  /** NEGOTIATE, login and tree connect. */
  open(user = "alice"): this {
    this.negotiate();
    this.login(user);
    this.tree();
    return this;
  }
}

/** Options of {@linkcode Conversation.login}. */
export interface LoginOptions {
  readonly sessionId?: bigint;
  /** 1 binds a session to a further connection. */
  readonly flags?: number;
  readonly previousSessionId?: bigint;
  /** What the server knows; the client says `pw`. */
  readonly password?: string;
  readonly request?: HeaderFields;
}

const STATUS_MORE_PROCESSING_REQUIRED = 0xc0000016;
const STATUS_LOGON_FAILURE = 0xc000006d;

/** The 4-byte length and the unit. */
export function framed(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const unit = new Uint8Array(4 + bytes.byteLength);
  new DataView(unit.buffer).setUint32(0, bytes.byteLength);
  unit.set(bytes, 4);
  return unit;
}

const ETHERNET_SIZE = 14;
const IPV4_SIZE = 20;
const TCP_SIZE = 20;
const TCP_FLAGS = { F: 0x01, S: 0x02, R: 0x04, P: 0x08, A: 0x10 } as const;

/** An Ethernet frame with IPv4 and TCP. Checksums are 0: captures from the sending host often have no true ones. */
function packetOf(
  payload: Uint8Array,
  options: { from: string; to: string; seq: number; ack: number; flags: string },
): Uint8Array {
  const bytes = new Uint8Array(ETHERNET_SIZE + IPV4_SIZE + TCP_SIZE + payload.byteLength);
  const view = new DataView(bytes.buffer);
  view.setUint16(12, 0x0800);
  const ip = ETHERNET_SIZE;
  view.setUint16(ip, 0x4500);
  view.setUint16(ip + 2, bytes.byteLength - ETHERNET_SIZE);
  view.setUint16(ip + 6, 0x4000);
  view.setUint16(ip + 8, (64 << 8) | 6);
  const [from, to] = [endpoint(options.from), endpoint(options.to)];
  bytes.set(from.address, ip + 12);
  bytes.set(to.address, ip + 16);
  const tcp = ip + IPV4_SIZE;
  view.setUint16(tcp, from.port);
  view.setUint16(tcp + 2, to.port);
  view.setUint32(tcp + 4, options.seq);
  view.setUint32(tcp + 8, options.ack);
  let flags = 0;
  for (const letter of options.flags) flags |= TCP_FLAGS[letter as keyof typeof TCP_FLAGS];
  view.setUint16(tcp + 12, (5 << 12) | flags);
  view.setUint16(tcp + 14, 0xffff);
  bytes.set(payload, tcp + TCP_SIZE);
  return bytes;
}

function endpoint(text: string): { address: number[]; port: number } {
  const [address = "", port = ""] = text.split(":");
  return { address: address.split(".").map(Number), port: Number(port) };
}

/** A pcap file with nanoseconds. */
function pcapOf(packets: readonly BuiltPacket[]): Uint8Array<ArrayBuffer> {
  const size = packets.reduce((sum, { bytes }) => sum + 16 + bytes.byteLength, 24);
  const file = new Uint8Array(size);
  const view = new DataView(file.buffer);
  const words = (at: number, values: readonly number[]) =>
    values.forEach((value, index) => view.setUint32(at + index * 4, value, true));
  words(0, [0xa1b23c4d, 0x00040002, 0, 0, 0x40000, 1]);
  let at = 24;
  for (const { bytes, time, originalLength } of packets) {
    const seconds = Number(time / 1_000_000_000n);
    const nanoseconds = Number(time % 1_000_000_000n);
    words(at, [seconds, nanoseconds, bytes.byteLength, originalLength ?? bytes.byteLength]);
    file.set(bytes, at + 16);
    at += 16 + bytes.byteLength;
  }
  return file;
}

/** A file id whose halves are the same number. */
export function fileId(number: number): FileId {
  return { persistent: BigInt(number), volatile: BigInt(number) };
}

/** All ones: the file of the request before in a related compound. */
export const SAME_FILE: FileId = {
  persistent: 0xffffffffffffffffn,
  volatile: 0xffffffffffffffffn,
};

/** Header of a later member of a related compound. */
export const RELATED: HeaderFields = { flags: HeaderFlags.RELATED_OPERATIONS };

/** A CREATE that reads and writes, openIf. */
export function createBody(
  name: string,
  more: Partial<RequestBodies["CREATE"]> = {},
): RequestBodies["CREATE"] {
  return {
    securityFlags: 0,
    requestedOplockLevel: 0,
    impersonationLevel: 2,
    smbCreateFlags: 0n,
    reserved: 0n,
    desiredAccess: 0x0012019f,
    fileAttributes: 0x80,
    shareAccess: 7,
    createDisposition: 3,
    createOptions: 0,
    name,
    contexts: [],
    ...more,
  };
}

/** What a CREATE that made a file is answered. */
export function createAnswer(
  id: FileId,
  more: Partial<ResponseBodies["CREATE"]> = {},
): ResponseBodies["CREATE"] {
  return {
    oplockLevel: 0,
    flags: 0,
    createAction: 2,
    creationTime: 0n,
    lastAccessTime: 0n,
    lastWriteTime: 0n,
    changeTime: 0n,
    allocationSize: 0n,
    endOfFile: 0n,
    fileAttributes: 0x80,
    reserved: 0,
    fileId: id,
    contexts: [],
    ...more,
  };
}

/** A CLOSE. */
export function closeBody(id: FileId): RequestBodies["CLOSE"] {
  return { flags: 0, reserved: 0, fileId: id };
}

/** What a CLOSE is answered. */
export function closeAnswer(): ResponseBodies["CLOSE"] {
  return {
    flags: 0,
    reserved: 0,
    creationTime: 0n,
    lastAccessTime: 0n,
    lastWriteTime: 0n,
    changeTime: 0n,
    allocationSize: 0n,
    endOfFile: 0n,
    fileAttributes: 0,
  };
}

/** A READ. */
export function readBody(id: FileId, offset: bigint, length: number): RequestBodies["READ"] {
  return {
    padding: 0x50,
    flags: 0,
    length,
    offset,
    fileId: id,
    minimumCount: 0,
    channel: 0,
    remainingBytes: 0,
    channelInfo: new Uint8Array(0),
  };
}

/** A WRITE. */
export function writeBody(id: FileId, offset: bigint, data: Uint8Array): RequestBodies["WRITE"] {
  return {
    offset,
    fileId: id,
    channel: 0,
    remainingBytes: 0,
    channelInfo: new Uint8Array(0),
    flags: 0,
    data,
  };
}

/** What a WRITE is answered. */
export function writeAnswer(count: number): ResponseBodies["WRITE"] {
  return { reserved: 0, count, remaining: 0, channelInfo: new Uint8Array(0) };
}

/** A QUERY_INFO for FileStandardInformation. */
export function queryInfoBody(id: FileId): RequestBodies["QUERY_INFO"] {
  return {
    infoType: 1,
    fileInfoClass: 5,
    outputBufferLength: 24,
    reserved: 0,
    additionalInformation: 0,
    flags: 0,
    fileId: id,
    input: new Uint8Array(0),
  };
}
