/**
 * Frames -> exchanges: decode every message, pair requests with their interim and final responses, keep compounds,
 * cancels and breaks apart. One tracker per capture; it holds only what is still unanswered.
 */
import {
  Command,
  COMMAND_NAMES,
  decodeSmb1Negotiate,
  decodeTransformHeader,
  HEADER_SIZE,
  HeaderFlags,
  isResponse,
  makeHeader,
  Reader,
  TRANSFORM_HEADER_SIZE,
} from "../runtime/wire/mod.ts";
import type { Endpoint, NoteBook, Stamp } from "./capture/mod.ts";
import {
  captureMessage,
  isPlainData,
  isSingle,
  type MessageSinks,
  messagesOf,
  type Part,
  type Unit,
} from "./captured_message.ts";
import { Deframer, type DeframerSink, type Frame, type Skipped } from "./deframe.ts";
import type { CapturedMessage, ChainPlace, Exchange, ExchangeSink, Unwrapper } from "./exchange.ts";
import type { PayloadSink } from "./payload.ts";
import type { Connection, Direction, StreamEvent } from "./stream_events.ts";
import { WaitingRequests } from "./waiting_requests.ts";

const NOTIFICATION_ID = 0xffffffffffffffffn;
const STATUS_PENDING = 0x00000103;

interface StreamState {
  readonly connection: Connection;
  /** Address and port of the source of each direction. */
  readonly ends: readonly [string, string];
  readonly deframers: [Deframer<Side> | null, Deframer<Side> | null];
  ended: number;
  /** Requests that wait for their final response, by message id. */
  readonly waiting: WaitingRequests;
  waitingSmb1: Exchange | null;
  /** The first SMB1 message, where there was one; and whether anything else than SMB1 was. */
  smb1Frame: number | null;
  isSmb1Alone: boolean;
  /** What could not be read before it was known that the connection carries SMB. */
  readonly skipped: Skipped[];
}

/** Whose bytes a deframer takes. */
interface Side {
  readonly state: StreamState;
  readonly direction: Direction;
}

/**
 * Requests that may wait for their answers. A server bounds them by the credits that it grants (MS-SMB2 3.2.4.1.2), to
 * some thousands; more of them wait only where its side is not in the capture.
 */
const MAX_OUTSTANDING = 65_536;

const UNDER_WAY =
  "A connection was under way when the capture began, and what came before is not known";

const SMB1_ALONE = "A conversation is SMB1 alone, and not compiled";

/** Unreadable parts that are remembered of a connection that may not be SMB. */
const SKIPPED_KEPT = 64;

/** Options of {@linkcode ExchangeTracker}. */
export interface TrackerOptions {
  readonly sink: ExchangeSink;
  readonly notes: NoteBook;
  readonly payloads: PayloadSink;
  readonly unwrapper?: Unwrapper;
  /** Ports whose connections are searched for SMB whatever they begin with. */
  readonly searched?: ReadonlySet<number>;
}

/** Pairs the messages of all conversations of a capture. */
export class ExchangeTracker {
  readonly #options: TrackerOptions;
  readonly #messageSinks: MessageSinks;
  readonly #sides: DeframerSink<Side> = {
    skims: (bytes, start, length) =>
      this.#options.payloads.lengthsOnly === true && isPlainData(bytes, start, length),
    frame: ({ state, direction }, frame) => this.#frame(state, direction, frame),
    skipped: ({ state }, skipped) => this.#skipped(state, skipped),
  };
  readonly #streams = new Map<number, StreamState>();
  /** Connections that carried at least one unit with an SMB signature. */
  readonly #carriedSmb = new Set<number>();
  #nextIndex = 0;
  #nextChain = 0;

  constructor(options: TrackerOptions) {
    this.#options = options;
    this.#messageSinks = {
      payloads: options.payloads,
      note: (where, reason) => this.#note(where, reason),
    };
  }

  /** Number of exchanges seen so far. */
  get count(): number {
    return this.#nextIndex;
  }

  /** Whether a connection carried SMB of any version. */
  carriedSmb(connection: number): boolean {
    return this.#carriedSmb.has(connection);
  }

  /** Nothing more comes of a connection, not even late. */
  forget(connection: number): void {
    this.#carriedSmb.delete(connection);
    this.#streams.delete(connection);
  }

  /**
   * Takes what reassembly delivers. Returns false when the connection turns out to carry something else, so that its
   * bytes need not be delivered any more.
   */
  take(event: StreamEvent): boolean {
    if (event.kind === "late") return true;
    const { direction } = event;
    const state = this.#streamOf(direction.connection);
    const deframer = state.deframers[direction.index] ??= this.#deframer(state, direction);
    switch (event.kind) {
      case "data":
        deframer.push(event);
        if (deframer.foreign) this.#streams.delete(direction.connection.number);
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
      const [one, other] = connection.directions;
      state = {
        connection,
        ends: [endpointText(one.source), endpointText(other.source)],
        deframers: [null, null],
        ended: 0,
        waiting: new WaitingRequests(),
        waitingSmb1: null,
        smb1Frame: null,
        isSmb1Alone: true,
        skipped: [],
      };
      this.#streams.set(connection.number, state);
    }
    return state;
  }

  #deframer(state: StreamState, direction: Direction): Deframer<Side> {
    const [one, other] = state.connection.directions;
    const { searched } = this.#options;
    const isSearched = searched?.has(one.source.port) === true ||
      searched?.has(other.source.port) === true;
    const fromStart = (one.initiator || other.initiator) && !isSearched;
    return new Deframer(this.#sides, { owner: { state, direction }, fromStart });
  }

  /** Bytes that cannot be read: of a connection that carries SMB they are a loss, of another nothing. */
  #skipped(state: StreamState, skipped: Skipped): void {
    const { frame, reason } = skipped;
    if (this.#carriedSmb.has(state.connection.number)) {
      this.#options.notes.add(reason, { frame, loss: true });
    } else if (state.skipped.length < SKIPPED_KEPT) {
      state.skipped.push(skipped);
    }
  }

  #smbSeen(state: StreamState): void {
    const { number } = state.connection;
    if (this.#carriedSmb.has(number)) return;
    this.#carriedSmb.add(number);
    const { opened, directions } = state.connection;
    if (!directions.some(({ initiator }) => initiator)) {
      this.#options.notes.add(UNDER_WAY, { frame: opened.frame, loss: false });
    }
    for (const skipped of state.skipped.splice(0)) this.#skipped(state, skipped);
  }

  #end(state: StreamState): void {
    this.#streams.delete(state.connection.number);
    for (const exchange of state.waiting.all()) {
      this.#noteUnanswered(exchange);
      this.#settle(exchange);
    }
    if (state.waitingSmb1 !== null) this.#settle(state.waitingSmb1);
    if (state.smb1Frame !== null && state.isSmb1Alone) {
      this.#options.notes.add(SMB1_ALONE, { frame: state.smb1Frame, loss: true });
    }
    this.#options.sink.ended?.(state.connection.number);
    this.#options.unwrapper?.ended?.(state.connection.number);
  }

  /** What the server had not even said that it is pending; what it has may well end with the connection. */
  #noteUnanswered({ command, request, interim }: Exchange): void {
    if (request === null || interim !== null) return;
    this.#options.notes.add(`A ${command} request has no answer in the capture`, {
      frame: request.completed.frame,
      loss: false,
    });
  }

  #frame(state: StreamState, direction: Direction, frame: Frame): void {
    this.#smbSeen(state);
    const { bytes, start, end, length, first, completed } = frame;
    if (bytes[start] === 0xff) {
      state.smb1Frame ??= completed.frame;
      return this.#smb1(state, direction, frame);
    }
    state.isSmb1Alone = false;
    if (bytes[start] === 0xfe) return this.#messages(state, direction, frame, frame);
    const { unwrapper } = this.#options;
    const plain = unwrapper === undefined || end - start < length
      ? null
      : unwrapper.unwrap(bytes.subarray(start, end), state.connection.number, completed.frame);
    if (plain === null) return this.#opaque(state, direction, frame);
    const whole = { start: 0, end: plain.bytes.byteLength, length: plain.bytes.byteLength };
    this.#messages(state, direction, { ...plain, skimmed: false, first, completed }, whole);
  }

  #messages(state: StreamState, direction: Direction, unit: Unit, whole: Part): void {
    if (isSingle(unit.bytes, whole)) {
      const captured = this.#captured(state, unit, whole);
      if (captured === null) return;
      if (isResponse(captured.header)) this.#response(state, direction, captured, false);
      else this.#request(state, direction, captured, null);
      return;
    }
    const { parts, compounded } = messagesOf(unit.bytes, whole);
    let previous: Exchange | null = null;
    let chain = -1;
    for (const [index, part] of parts.entries()) {
      const captured = this.#captured(state, unit, part);
      if (captured === null) continue;
      if (isResponse(captured.header)) {
        this.#response(state, direction, captured, compounded);
        continue;
      }
      if (compounded && chain === -1) chain = this.#nextChain++;
      const related = (captured.header.flags & HeaderFlags.RELATED_OPERATIONS) !== 0;
      const place = compounded
        ? { id: chain, index, related, previous: related ? previous : null }
        : null;
      previous = this.#request(state, direction, captured, place);
    }
  }

  #captured(state: StreamState, unit: Unit, part: Part): CapturedMessage | null {
    const captured = captureMessage(unit, part, this.#messageSinks);
    // What later keys depend on is in the first messages of a connection and of a session.
    if (captured !== null && captured.header.command <= Command.SESSION_SETUP) {
      const bytes = unit.bytes.subarray(part.start, part.end);
      this.#options.unwrapper?.observe(bytes, captured, state.connection.number);
    }
    return captured;
  }

  #request(
    state: StreamState,
    direction: Direction,
    captured: CapturedMessage,
    chain: ChainPlace | null,
  ): Exchange {
    const waiting = state.waiting.get(captured);
    const cancel = captured.header.command === Command.CANCEL;
    const exchange = this.#open(state, direction.index, {
      kind: "exchange",
      command: commandText(captured.header.command),
      request: captured,
      response: null,
      chain,
      repeatedMessageId: !cancel && waiting !== undefined && captured.known >= HEADER_SIZE,
      unanswered: cancel ? waiting ?? null : null,
    });
    if (cancel) {
      this.#settle(exchange);
      return exchange;
    }
    if (waiting !== undefined) this.#settle(waiting);
    state.waiting.set(captured, exchange);
    if (state.waiting.size > MAX_OUTSTANDING) {
      for (const oldest of state.waiting.takeOlderHalf()) {
        this.#noteUnanswered(oldest);
        this.#settle(oldest);
      }
    }
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
    let exchange = state.waiting.get(captured);
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
      state.waiting.set(captured, exchange);
      return;
    }
    exchange.response = captured;
    exchange.responseChained = chained;
    state.waiting.delete(captured);
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
    return this.#open(state, 1 - direction.index, {
      ...UNREQUESTED,
      kind,
      command,
      request: null,
      response: kind === "break" ? captured : null,
    });
  }

  #smb1(state: StreamState, direction: Direction, frame: Frame): void {
    const negotiate = decodeSmb1Negotiate(frame.bytes.subarray(frame.start, frame.end));
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
    state.waitingSmb1 = this.#open(state, direction.index, {
      ...UNREQUESTED,
      kind: "smb1",
      command: "SMB1_NEGOTIATE",
      request: unread(frame),
      told: { smb1Dialects: negotiate.dialects },
      response: null,
    });
  }

  #opaque(state: StreamState, direction: Direction, frame: Frame): void {
    const { bytes, start, end } = frame;
    const encrypted = bytes[start] === 0xfd;
    this.#note(frame, `${encrypted ? "An encrypted" : "A compressed"} message could not be read`);
    if (!encrypted || end - start < TRANSFORM_HEADER_SIZE) return;
    const reader = new Reader(bytes, { start, end, origin: start });
    const { originalMessageSize: size, sessionId } = decodeTransformHeader(reader);
    this.#settle(this.#open(state, direction.index, {
      ...UNREQUESTED,
      kind: "encrypted",
      command: "ENCRYPTED",
      request: unread(frame),
      response: null,
      told: { opaque: { sessionId, size } },
    }));
  }

  /** Numbers a new exchange, whose client is the source of the direction `client`. */
  #open({ connection, ends }: StreamState, client: number, fields: OwnFields): Exchange {
    const { kind, command, request, response, chain, repeatedMessageId, unanswered } = fields;
    const exchange: Exchange = {
      kind,
      index: this.#nextIndex++,
      stream: connection.number,
      client: ends[client]!,
      server: ends[1 - client]!,
      command,
      request,
      interim: null,
      response,
      chain,
      responseChained: false,
      repeatedMessageId,
      unanswered,
      settled: false,
      facts: null,
    };
    if (fields.told !== undefined) Object.assign(exchange, fields.told);
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

/** What the tracker says of a new exchange; the rest is found out later. */
type OwnFields =
  & Pick<Exchange, "kind" | "command" | "request" | "response" | "chain">
  & Pick<Exchange, "repeatedMessageId" | "unanswered">
  & { readonly told?: Pick<Exchange, "smb1Dialects" | "opaque"> };

const UNREQUESTED = { chain: null, repeatedMessageId: false, unanswered: null } as const;

const NO_HEADER = makeHeader({ command: Command.NEGOTIATE });

/** A unit whose inside is not an SMB2 message that could be read. */
function unread(frame: Frame): CapturedMessage {
  return {
    header: NO_HEADER,
    message: null,
    known: frame.end - frame.start,
    length: frame.length,
    completed: frame.completed,
    first: frame.first,
    encrypted: frame.bytes[frame.start] === 0xfd,
    compressed: frame.bytes[frame.start] === 0xfc,
    payload: null,
  };
}

function commandText(command: number): string {
  return COMMAND_NAMES[command] ?? `CMD_${command}`;
}

function endpointText(endpoint: Endpoint): string {
  return `${endpoint.address}:${endpoint.port}`;
}

function unreachable(event: never): never {
  throw new TypeError(`Cannot take a stream event: ${JSON.stringify(event)} is of no known kind`);
}
