/**
 * Frames -> exchanges: decode every message, pair requests with their interim and final responses, keep compounds,
 * cancels and breaks apart. One tracker per capture; it holds only what is still unanswered.
 */
import {
  Command,
  COMMAND_NAMES,
  commandName,
  decodeHeader,
  decodeMessage,
  decodeSmb1Negotiate,
  decodeTransformHeader,
  type Header,
  HEADER_SIZE,
  HeaderFlags,
  isResponse,
  makeHeader,
  type Message,
  Reader,
  splitChain,
  TRANSFORM_HEADER_SIZE,
  WireError,
} from "../runtime/wire/mod.ts";
import type { Endpoint, NoteBook, Stamp } from "./capture/mod.ts";
import { Deframer, type Frame } from "./deframe.ts";
import type { Payload, PayloadSink } from "./payload.ts";
import type { Connection, Direction, StreamEvent } from "./reassembly.ts";

/** One message as the capture has it. */
export interface CapturedMessage {
  readonly header: Header;
  /** Null when the body is not wholly in the capture, or cannot be decoded. */
  readonly message: Message | null;
  /** Bytes of the message that the capture has; less than `length` when some are missing. */
  readonly known: number;
  readonly length: number;
  /** The packet with which the message was complete. */
  readonly completed: Stamp;
  /** The packet that carried its first byte. */
  readonly first: Stamp;
  readonly encrypted: boolean;
  readonly compressed: boolean;
  /** What READ and WRITE carried; the message itself holds no data. */
  readonly payload: Payload | null;
}

/** A response that said "pending". */
export interface Interim {
  readonly completed: Stamp;
  readonly asyncId: bigint;
}

/** The place of a request in its compound. */
export interface ChainPlace {
  /** Same for all requests of one compound. */
  readonly id: number;
  readonly index: number;
  readonly related: boolean;
  /** The request before it in the compound. */
  readonly previous: Exchange | null;
}

/** A request with its answers, a break notification, or a unit that could not be read. */
export interface Exchange {
  readonly kind: "exchange" | "break" | "encrypted" | "smb1";
  /** Place in the order of request frames (of response frames where there is no request). */
  readonly index: number;
  /** TCP conversation, numbered from 0 by first packet. */
  readonly stream: number;
  readonly client: string;
  readonly server: string;
  readonly command: string;
  readonly request: CapturedMessage | null;
  interim: Interim | null;
  response: CapturedMessage | null;
  readonly chain: ChainPlace | null;
  /** Whether the response came within a compounded response. */
  responseChained: boolean;
  /** Another request with this message id was still unanswered. */
  readonly repeatedMessageId: boolean;
  /** Answered, or not to be answered any more. */
  settled: boolean;
  /** Dialect strings of an SMB1 NEGOTIATE (`kind` smb1). */
  readonly smb1Dialects?: readonly string[];
  /** Session and size of an encrypted unit that could not be read (`kind` encrypted). */
  readonly opaque?: { sessionId: bigint; size: number };
}

/** Turns a unit that is not plain SMB2 (0xFD encrypted, 0xFC compressed) into one that is, or null. */
export interface Unwrapper {
  unwrap(unit: Uint8Array, stream: number): Unwrapped | null;
  /** Every plain message, in order, with its bytes: handshakes carry what later keys depend on. */
  observe(bytes: Uint8Array, message: CapturedMessage, stream: number): void;
}

/** A unit made plain. */
export interface Unwrapped {
  readonly bytes: Uint8Array;
  readonly encrypted: boolean;
  readonly compressed: boolean;
}

/** Where exchanges go: `opened` in the order of their index, `settled` when complete. */
export interface ExchangeSink {
  opened(exchange: Exchange): void;
  /** An interim response arrived. */
  pending(exchange: Exchange): void;
  settled(exchange: Exchange): void;
}

const NOTIFICATION_ID = 0xffffffffffffffffn;
const STATUS_PENDING = 0x00000103;

interface StreamState {
  readonly connection: Connection;
  readonly deframers: [Deframer | null, Deframer | null];
  ended: number;
  /** Requests that wait for their final response, by message id. */
  readonly waiting: Map<bigint | string, Exchange>;
  waitingSmb1: Exchange | null;
}

/** Options of {@linkcode ExchangeTracker}. */
export interface TrackerOptions {
  readonly sink: ExchangeSink;
  readonly notes: NoteBook;
  readonly payloads: PayloadSink;
  readonly unwrapper?: Unwrapper;
}

/** Pairs the messages of all conversations of a capture. */
export class ExchangeTracker {
  readonly #options: TrackerOptions;
  readonly #streams = new Map<number, StreamState>();
  #nextIndex = 0;
  #nextChain = 0;

  constructor(options: TrackerOptions) {
    this.#options = options;
  }

  /** Number of exchanges seen so far. */
  get count(): number {
    return this.#nextIndex;
  }

  /**
   * Takes what reassembly delivers. Returns false when the connection turns out to carry something else, so that its
   * bytes need not be delivered any more.
   */
  take(event: StreamEvent): boolean {
    const { direction } = event;
    const state = this.#streamOf(direction.connection);
    const deframer = state.deframers[direction.index] ??= this.#deframer(state, direction);
    switch (event.kind) {
      case "data":
        deframer.push(event);
        return !deframer.foreign;
      case "gap":
        deframer.gap(event.missing);
        return true;
      case "reset":
        return true;
      case "end":
        deframer.end(event.ended.frame);
        if (++state.ended === 2) this.#end(state);
        return true;
      default:
        return unreachable(event);
    }
  }

  #streamOf(connection: Connection): StreamState {
    let state = this.#streams.get(connection.number);
    if (state === undefined) {
      state = {
        connection,
        deframers: [null, null],
        ended: 0,
        waiting: new Map(),
        waitingSmb1: null,
      };
      this.#streams.set(connection.number, state);
    }
    return state;
  }

  #deframer(state: StreamState, direction: Direction): Deframer {
    const [one, other] = state.connection.directions;
    return new Deframer({
      frame: (frame) => this.#frame(state, direction, frame),
      skipped: ({ frame, reason }) => this.#options.notes.add(reason, { frame, loss: true }),
    }, one.initiator || other.initiator);
  }

  #end(state: StreamState): void {
    this.#streams.delete(state.connection.number);
    for (const exchange of state.waiting.values()) this.#settle(exchange);
    if (state.waitingSmb1 !== null) this.#settle(state.waitingSmb1);
  }

  #frame(state: StreamState, direction: Direction, frame: Frame): void {
    const signature = frame.bytes[0];
    if (signature === 0xff) return this.#smb1(state, direction, frame);
    let bytes = frame.bytes;
    let encrypted = false;
    let compressed = false;
    if (signature === 0xfd || signature === 0xfc) {
      const plain = frame.bytes.byteLength === frame.length
        ? this.#options.unwrapper?.unwrap(bytes, state.connection.number) ?? null
        : null;
      if (plain === null) return this.#opaque(state, direction, frame);
      ({ bytes, encrypted, compressed } = plain);
    }
    const wrapped = signature !== 0xfe;
    const length = wrapped ? bytes.byteLength : frame.length;
    let parts: { bytes: Uint8Array; offset: number }[];
    try {
      parts = splitChain(bytes);
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      // A cut unit still shows its first header.
      parts = [{ bytes, offset: 0 }];
    }
    const last = parts.length - 1;
    let previous: Exchange | null = null;
    let chain = -1;
    for (const [index, part] of parts.entries()) {
      const whole = index < last
        ? part.bytes.byteLength
        : Math.max(part.bytes.byteLength, length - part.offset);
      const captured = this.#capture(part.bytes, whole, frame, { encrypted, compressed });
      if (captured === null) continue;
      this.#options.unwrapper?.observe(part.bytes, captured, state.connection.number);
      if (isResponse(captured.header)) {
        this.#response(state, direction, captured, last > 0);
        continue;
      }
      if (last > 0 && chain === -1) chain = this.#nextChain++;
      const related = (captured.header.flags & HeaderFlags.RELATED_OPERATIONS) !== 0;
      const place = last === 0
        ? null
        : { id: chain, index, related, previous: related ? previous : null };
      previous = this.#request(state, direction, captured, place);
    }
  }

  /** Decodes one message; what cannot be decoded keeps its header and is noted. */
  #capture(
    bytes: Uint8Array,
    length: number,
    frame: Frame,
    wrap: { encrypted: boolean; compressed: boolean },
  ): CapturedMessage | null {
    const common = {
      length,
      known: bytes.byteLength,
      completed: frame.completed,
      first: frame.first,
      ...wrap,
    };
    if (bytes.byteLength >= length) {
      try {
        return { ...common, ...this.#keep(bytes) };
      } catch (error) {
        if (!(error instanceof WireError)) throw error;
        this.#note(frame, error.message);
      }
    } else {
      this.#note(frame, "A message is only partly in the capture");
    }
    const header = partialHeader(bytes);
    return header === null ? null : { ...common, header, message: null, payload: null };
  }

  /** Takes READ and WRITE data out of a message: payloads are handed on at once and never held. */
  #keep(bytes: Uint8Array): Pick<CapturedMessage, "header" | "message" | "payload"> {
    // Views into the read buffer do not last, and one small copy of the message is cheaper than many of its fields.
    const message = decodeMessage(carriesPayload(bytes) ? bytes : bytes.slice());
    if (message.kind === "request" && message.command === "WRITE") {
      const payload = this.#options.payloads.take("write", message.body.data);
      const channelInfo = message.body.channelInfo.slice();
      const header = ownHeader(message.header);
      const body = { ...message.body, data: NO_BYTES, channelInfo };
      return { message: { ...message, header, body }, header, payload };
    }
    if (message.kind === "response" && message.command === "READ") {
      const payload = this.#options.payloads.take("read", message.body.data);
      const header = ownHeader(message.header);
      return {
        message: { ...message, header, body: { ...message.body, data: NO_BYTES } },
        header,
        payload,
      };
    }
    return { message, header: message.header, payload: null };
  }

  #request(
    state: StreamState,
    direction: Direction,
    captured: CapturedMessage,
    chain: ChainPlace | null,
  ): Exchange {
    const key = waitingKey(captured);
    const cancel = captured.header.command === Command.CANCEL;
    const repeated = !cancel && state.waiting.has(key) && captured.known >= HEADER_SIZE;
    const exchange = this.#open(state, direction, {
      kind: "exchange",
      command: commandText(captured.header.command),
      request: captured,
      chain,
      repeatedMessageId: repeated,
    });
    if (cancel) {
      this.#settle(exchange);
      return exchange;
    }
    const replaced = state.waiting.get(key);
    if (replaced !== undefined) this.#settle(replaced);
    state.waiting.set(key, exchange);
    return exchange;
  }

  #response(
    state: StreamState,
    direction: Direction,
    captured: CapturedMessage,
    chained: boolean,
  ): void {
    const { header } = captured;
    const notification = header.command === Command.OPLOCK_BREAK &&
      header.messageId === NOTIFICATION_ID;
    if (notification) {
      const exchange = this.#unrequested(state, direction, captured, "break");
      this.#settle(exchange);
      return;
    }
    const key = waitingKey(captured);
    let exchange = state.waiting.get(key);
    if (
      exchange === undefined && header.command === Command.NEGOTIATE && state.waitingSmb1 !== null
    ) {
      exchange = state.waitingSmb1;
      state.waitingSmb1 = null;
    } else if (exchange !== undefined && exchange.request?.header.command !== header.command) {
      exchange = undefined;
    }
    const pending = header.status === STATUS_PENDING && header.asyncId !== undefined;
    exchange ??= this.#unrequested(state, direction, captured, "exchange");
    if (pending) {
      exchange.interim = { completed: captured.completed, asyncId: header.asyncId! };
      this.#options.sink.pending(exchange);
      state.waiting.set(key, exchange);
      return;
    }
    exchange.response = captured;
    exchange.responseChained = chained;
    state.waiting.delete(key);
    this.#settle(exchange);
  }

  /** A response whose request the capture lacks, or a notification, which has none. */
  #unrequested(
    state: StreamState,
    direction: Direction,
    captured: CapturedMessage,
    kind: "exchange" | "break",
  ): Exchange {
    const command = commandText(captured.header.command);
    if (kind === "exchange") {
      this.#note(captured, `A ${command} response has no request in the capture`);
    }
    return this.#open(state, direction, {
      kind,
      command,
      request: null,
      response: kind === "break" ? captured : null,
    });
  }

  #smb1(state: StreamState, direction: Direction, frame: Frame): void {
    const negotiate = decodeSmb1Negotiate(frame.bytes);
    if (negotiate === null) {
      return this.#note(frame, "SMB1 messages are not compiled");
    }
    const waiting = state.waitingSmb1;
    if (negotiate.response) {
      if (waiting === null) return;
      state.waitingSmb1 = null;
      waiting.response = unread(frame);
      return this.#settle(waiting);
    }
    if (waiting !== null) this.#settle(waiting);
    state.waitingSmb1 = this.#open(state, direction, {
      kind: "smb1",
      command: "SMB1_NEGOTIATE",
      request: unread(frame),
      smb1Dialects: negotiate.dialects,
    });
  }

  #opaque(state: StreamState, direction: Direction, frame: Frame): void {
    const encrypted = frame.bytes[0] === 0xfd;
    this.#note(frame, `${encrypted ? "An encrypted" : "A compressed"} message could not be read`);
    if (!encrypted || frame.bytes.byteLength < TRANSFORM_HEADER_SIZE) return;
    const { originalMessageSize: size, sessionId } = decodeTransformHeader(new Reader(frame.bytes));
    this.#settle(this.#open(state, direction, {
      kind: "encrypted",
      command: "ENCRYPTED",
      request: unread(frame),
      opaque: { sessionId, size },
    }));
  }

  /** Numbers a new exchange; the side that sent `request` is the client. */
  #open(
    state: StreamState,
    direction: Direction,
    fields: Pick<Exchange, "kind" | "command" | "request"> & Partial<Exchange>,
  ): Exchange {
    const requested = fields.request !== null;
    const exchange: Exchange = {
      index: this.#nextIndex++,
      stream: state.connection.number,
      client: endpointText(requested ? direction.source : direction.destination),
      server: endpointText(requested ? direction.destination : direction.source),
      interim: null,
      response: null,
      chain: null,
      responseChained: false,
      repeatedMessageId: false,
      settled: false,
      ...fields,
    };
    this.#options.sink.opened(exchange);
    return exchange;
  }

  #note(where: { readonly completed: Stamp }, reason: string): void {
    this.#options.notes.add(reason, { frame: where.completed.frame, loss: true });
  }

  #settle(exchange: Exchange): void {
    if (exchange.settled) return;
    exchange.settled = true;
    this.#options.sink.settled(exchange);
  }
}

const NO_BYTES = new Uint8Array(0);
const NO_HEADER = makeHeader({ command: Command.NEGOTIATE });

/** A unit whose inside is not an SMB2 message that could be read. */
function unread(frame: Frame): CapturedMessage {
  return {
    header: NO_HEADER,
    message: null,
    known: frame.bytes.byteLength,
    length: frame.length,
    completed: frame.completed,
    first: frame.first,
    encrypted: frame.bytes[0] === 0xfd,
    compressed: frame.bytes[0] === 0xfc,
    payload: null,
  };
}

/** Whether the message is a WRITE request or a READ response, told from the command and flags bytes. */
function carriesPayload(bytes: Uint8Array): boolean {
  if (bytes.byteLength < HEADER_SIZE) return false;
  const response = (bytes[16]! & HeaderFlags.SERVER_TO_REDIR) !== 0;
  return bytes[13] === 0 && bytes[12] === (response ? Command.READ : Command.WRITE);
}

function ownHeader(header: Header): Header {
  return { ...header, signature: header.signature.slice() };
}

/** Bytes of the header up to and including Flags: below that, a cut message tells nothing. */
const USEFUL_HEADER = 20;

/** The header of a cut or undecodable message; fields that are not in the capture read as 0. */
function partialHeader(bytes: Uint8Array): Header | null {
  if (bytes.byteLength < USEFUL_HEADER) return null;
  const padded = new Uint8Array(HEADER_SIZE);
  padded.set(bytes.subarray(0, HEADER_SIZE));
  try {
    return decodeHeader(new Reader(padded)).header;
  } catch (error) {
    if (error instanceof WireError) return null;
    throw error;
  }
}

/** Requests and responses meet under their message id; a cut header has none, and meets the next of its kind. */
function waitingKey(captured: CapturedMessage): bigint | string {
  return captured.known >= MESSAGE_ID_END ? captured.header.messageId : "unknown";
}

const MESSAGE_ID_END = 32;

function commandText(command: number): string {
  return command in COMMAND_NAMES ? commandName(command) : `CMD_${command}`;
}

function endpointText(endpoint: Endpoint): string {
  return `${endpoint.address}:${endpoint.port}`;
}

function unreachable(event: never): never {
  throw new TypeError(`Cannot take a stream event: ${JSON.stringify(event)} is of no known kind`);
}
