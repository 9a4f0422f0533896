/**
 * What a client and a server really said to each other: which commands, contexts, classes, FSCTLs, dialects and
 * algorithms were asked for, and with which statuses they were answered. Read from a capture of the interop tests'
 * traffic with Samba, or listened to at a transport.
 *
 *     deno run -A tests/tools/coverage_samba.ts capture.pcap coverage_samba.json
 *
 * @module
 */
import {
  Cipher,
  Command,
  commandName,
  ctlCodeName,
  decodeMessage,
  FrameDecoder,
  HeaderFlags,
  informationClassName,
  type Message,
  SigningAlgorithm,
  splitChain,
  Status,
  statusName,
  WireError,
} from "../../runtime/wire/mod.ts";
import { pcapFrames } from "../harness/pcap.ts";

/** Kind of thing -> its name -> the statuses it was answered with, sorted. */
export type Seen = Readonly<Record<SeenKind, Readonly<Record<string, readonly string[]>>>>;

const KINDS = [
  "command",
  "createContext",
  "negotiateContext",
  "queryInformation",
  "setInformation",
  "directoryInformation",
  "fsctl",
  "dialect",
  "cipher",
  "signing",
] as const;

export type SeenKind = (typeof KINDS)[number];

/** Ports of the private smbd's of tests/harness/smbd.ts. */
const PORTS = { first: 20_000, end: 32_000 };

const ETHERNET_HEADER = 14;
const ETHERTYPE_IPV4 = 0x0800;
const TCP = 6;
const SYN = 0x02;
const RESPONSE_OK = 0xc000_0000;

/** Collects names and statuses. */
export class Notes {
  readonly #seen = new Map<SeenKind, Map<string, Set<string>>>();

  add(kind: SeenKind, name: string, status: number): void {
    const names = this.#seen.get(kind) ?? new Map<string, Set<string>>();
    this.#seen.set(kind, names);
    const statuses = names.get(name) ?? new Set<string>();
    names.set(name, statuses);
    statuses.add(statusName(status));
  }

  get seen(): Seen {
    return Object.fromEntries(KINDS.map((kind) => {
      const names = [...this.#seen.get(kind) ?? []].sort(([a], [b]) => a < b ? -1 : 1);
      return [kind, Object.fromEntries(names.map(([name, set]) => [name, [...set].sort()]))];
    })) as unknown as Seen;
  }
}

/** One direction of a TCP connection over loopback, where segments come in order. */
class Direction {
  readonly #frames = new FrameDecoder();
  #next: number | null = null;

  push(segment: { sequence: number; isSyn: boolean; payload: Uint8Array }): Uint8Array[] {
    const { sequence, isSyn, payload } = segment;
    if (isSyn) {
      this.#next = (sequence + 1) >>> 0;
      return [];
    }
    if (this.#next === null || payload.length === 0) return [];
    const repeated = (this.#next - sequence) >>> 0;
    // A segment ahead of what is there: something was lost, and the rest cannot be deframed.
    if (repeated > 0x7fff_ffff) return [];
    const fresh = payload.subarray(repeated);
    this.#next = (this.#next + fresh.length) >>> 0;
    return this.#frames.push(fresh.slice()).map((frame) => frame.payload);
  }
}

/** One client's connection, frame by frame. */
export class Conversation {
  readonly client = new Direction();
  readonly server = new Direction();
  readonly #notes: Notes;
  readonly #requests = new Map<bigint, Message>();
  #dialect = 0;
  #cipher: number | null = null;
  #signing: number = SigningAlgorithm.HMAC_SHA256;

  constructor(notes: Notes) {
    this.#notes = notes;
  }

  /** A frame of the client. */
  asked(frame: Uint8Array): void {
    for (const message of messagesOf(frame)) {
      // CANCEL has the message id of the request that it cancels.
      if (message.header.command !== Command.CANCEL) {
        this.#requests.set(message.header.messageId, message);
      }
    }
  }

  /** A frame of the server. */
  answered(frame: Uint8Array): void {
    // SMB2 TRANSFORM_HEADER: the cipher is in use, both ways.
    if (frame[0] === 0xfd && this.#cipher !== null) {
      this.#notes.add("cipher", nameOf(Cipher, this.#cipher), Status.SUCCESS);
    }
    for (const message of messagesOf(frame)) this.#pair(message);
  }

  #pair(answer: Message): void {
    const { header } = answer;
    if (header.status === Status.PENDING) return;
    const request = this.#requests.get(header.messageId);
    if (request === undefined || request.header.command !== header.command) return;
    this.#requests.delete(header.messageId);
    this.#notes.add("command", commandName(header.command), header.status);
    // CANCEL has no response of its own (MS-SMB2 3.3.5.16).
    if (header.status === Status.CANCELLED) this.#notes.add("command", "CANCEL", Status.SUCCESS);
    if ((header.flags & HeaderFlags.SIGNED) !== 0 && header.status < RESPONSE_OK) {
      this.#notes.add("signing", nameOf(SigningAlgorithm, this.#signing), Status.SUCCESS);
    }
    if (answer.kind === "response" && answer.command === "NEGOTIATE") this.#negotiated(answer.body);
    if (request.kind === "request") this.#note(request, header.status);
  }

  #negotiated(body: Extract<Message, { kind: "response"; command: "NEGOTIATE" }>["body"]): void {
    this.#dialect = body.dialectRevision;
    const text = `0x${this.#dialect.toString(16).padStart(4, "0")}`;
    this.#notes.add("dialect", text, Status.SUCCESS);
    this.#signing = this.#dialect >= 0x0300
      ? SigningAlgorithm.AES_CMAC
      : SigningAlgorithm.HMAC_SHA256;
    this.#cipher = this.#dialect >= 0x0300 ? Cipher.AES_128_CCM : null;
    for (const context of body.contexts ?? []) {
      this.#notes.add("negotiateContext", context.kind, Status.SUCCESS);
      if (context.kind === "signing") this.#signing = context.algorithms[0] ?? this.#signing;
      if (context.kind === "encryption") this.#cipher = context.ciphers[0] ?? this.#cipher;
    }
  }

  #note(request: Extract<Message, { kind: "request" }>, status: number): void {
    switch (request.command) {
      case "CREATE":
        for (const { kind } of request.body.contexts) {
          this.#notes.add("createContext", kind, status);
        }
        return;
      case "QUERY_INFO":
      case "SET_INFO": {
        const { infoType, fileInfoClass } = request.body;
        const kind = request.command === "SET_INFO" ? "setInformation" : "queryInformation";
        return this.#notes.add(kind, informationClassName(infoType, fileInfoClass), status);
      }
      case "QUERY_DIRECTORY": {
        const name = informationClassName(1, request.body.fileInformationClass);
        return this.#notes.add("directoryInformation", name, status);
      }
      case "IOCTL":
        return this.#notes.add("fsctl", ctlCodeName(request.body.ctlCode), status);
    }
  }
}

/** Reads a capture of loopback traffic, as tcpdump writes it. */
export function seenIn(pcap: Uint8Array): Seen {
  const notes = new Notes();
  const conversations = new Map<string, Conversation>();
  for (const { start, end } of pcapFrames(pcap)) {
    const segment = tcpSegment(pcap.subarray(start + 16, end));
    if (segment === null) continue;
    const { source, destination } = segment;
    const toServer = isServer(destination) && !isServer(source);
    if (!toServer && !isServer(source)) continue;
    const key = toServer ? `${source} ${destination}` : `${destination} ${source}`;
    const fresh = toServer && segment.isSyn;
    const conversation = (fresh ? undefined : conversations.get(key)) ?? new Conversation(notes);
    conversations.set(key, conversation);
    try {
      if (toServer) {
        for (const frame of conversation.client.push(segment)) conversation.asked(frame);
      } else {
        for (const frame of conversation.server.push(segment)) conversation.answered(frame);
      }
    } catch (error) {
      // Tests send what is no frame on purpose; nothing behind it counts.
      if (!(error instanceof WireError)) throw error;
    }
  }
  return notes.seen;
}

function isServer(port: number): boolean {
  return port >= PORTS.first && port < PORTS.end;
}

function tcpSegment(frame: Uint8Array) {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  if (frame.length < ETHERNET_HEADER + 40 || view.getUint16(12) !== ETHERTYPE_IPV4) return null;
  if (view.getUint8(ETHERNET_HEADER + 9) !== TCP) return null;
  const ipLength = (view.getUint8(ETHERNET_HEADER) & 0x0f) * 4;
  const total = view.getUint16(ETHERNET_HEADER + 2);
  const tcp = ETHERNET_HEADER + ipLength;
  const data = tcp + (view.getUint8(tcp + 12) >>> 4) * 4;
  // Offloaded segments of more than 64 KiB have no length in the IP header.
  const end = total === 0 ? frame.length : Math.min(frame.length, ETHERNET_HEADER + total);
  return {
    source: view.getUint16(tcp),
    destination: view.getUint16(tcp + 2),
    sequence: view.getUint32(tcp + 4),
    isSyn: (view.getUint8(tcp + 13) & SYN) !== 0,
    payload: frame.subarray(data, Math.max(data, end)),
  };
}

function messagesOf(frame: Uint8Array): Message[] {
  if (frame[0] !== 0xfe) return [];
  const messages: Message[] = [];
  try {
    for (const { bytes } of splitChain(frame)) messages.push(decodeMessage(bytes));
  } catch (error) {
    // What tests make up need not be decodable.
    if (!(error instanceof WireError)) throw error;
  }
  return messages;
}

function nameOf(table: Readonly<Record<string, number>>, value: number): string {
  return Object.entries(table).find(([, number]) => number === value)?.[0] ?? `0x${value}`;
}

if (import.meta.main) {
  const [capture, output] = Deno.args;
  if (capture === undefined || output === undefined) {
    throw new TypeError("Cannot read coverage: name the capture and the file to write");
  }
  const seen = seenIn(await Deno.readFile(capture));
  await Deno.writeTextFile(output, `${JSON.stringify(seen, null, 2)}\n`);
}
