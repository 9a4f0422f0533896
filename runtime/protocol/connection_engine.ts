/**
 * The client's side of one connection: requests in, frames out; bytes in, replies and events out.
 */
import {
  Command,
  COMMAND_NAMES,
  type CommandName,
  commandName,
  type CreateRequest,
  decodeHeader,
  decodeMessage,
  encodeChain,
  type EncodedPart,
  encodeSmb1Negotiate,
  type FileId,
  fileIdText,
  FrameDecoder,
  FrameType,
  type Header,
  HeaderFlags,
  isResponse,
  isSuccess,
  type Message,
  type NegotiateRequest,
  Reader,
  RELATED_FILE_ID,
  type Request,
  sameFileId,
  SMB1_PROTOCOL_ID,
  Smb1Dialect,
  splitChain,
  Status,
  WireError,
} from "../wire/mod.ts";
import { PreauthHash } from "../security/mod.ts";
import { breakAcknowledgement, breakNotice } from "./breaks.ts";
import { type ConnectionPhase, type ConnectionStep, nextPhase } from "./connection_state.ts";
import { creditCharge, creditRequest } from "./credits.ts";
import type { BreakNotice, Effect, Negotiated } from "./effects.ts";
import { ProtocolError, StatusError } from "./errors.ts";
import { Exchange, type RequestInput, type RequestTuning } from "./exchange.ts";
import { isBreakNotification, LeaseTable } from "./lease_table.ts";
import {
  Dialect,
  judgeNegotiation,
  type NegotiateOptions,
  negotiateRequest,
} from "./negotiation.ts";
import type { Reply, SuccessReply } from "./reply.ts";
import { SequenceWindow } from "./sequence_window.ts";
import {
  acceptSession,
  isWithoutKey,
  newSession,
  type SessionOptions,
  sessionSetupRequest,
  type TokenStep,
} from "./session_setup.ts";
import type { OpenState, SessionState, TreeState } from "./sessions.ts";
import { shouldSign, verifyResponse } from "./signatures.ts";
import { judgeValidation, validateNegotiateRequest } from "./validate_negotiate.ts";

/** What an engine is given. */
export interface EngineOptions {
  /** Randomness for ClientGuid and salt. */
  readonly random: (length: number) => Uint8Array;
  /** Credits that requests ask to hold; 512 unless told. */
  readonly credits?: number;
  /** Longest frame to accept, in bytes; the protocol's 16 MiB unless told. */
  readonly maxFrameLength?: number;
  /** Leases shared with the other connections of the same ClientGuid. */
  readonly leases?: LeaseTable;
}

/** Requests that wait together for credits: one frame. */
type Unit = readonly Exchange[];

const DEFAULT_CREDITS = 512;
/** Responses that nobody asked for; they are discarded (MS-SMB2 3.2.5.1.2), but not without end. */
const MAX_UNKNOWN_RESPONSES = 64;
const NO_ID = 0xffffffff;
const NO_ID_64 = 0xffffffffffffffffn;
const CANCEL_SIGNATURE = new Uint8Array(16);

/**
 * One connection of a client, without I/O: every method takes the time and returns what is to be done, in order.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { ConnectionEngine } from "./mod.ts";
 * const engine = new ConnectionEngine({ random: (length) => new Uint8Array(length) });
 * const effects = engine.negotiate({ dialects: [0x0202] }, 0);
 * assertEquals(effects.map((effect) => effect.kind), ["sent", "write"]);
 * assertEquals(engine.phase, "negotiating");
 * ```
 */
export class ConnectionEngine {
  readonly leases: LeaseTable;
  readonly #random: (length: number) => Uint8Array;
  readonly #creditTarget: number;
  readonly #decoder: FrameDecoder;
  readonly #window = new SequenceWindow();
  readonly #outstanding = new Map<bigint, Exchange>();
  readonly #queue: Unit[] = [];
  readonly #opens = new Map<string, OpenState>();
  readonly #sessions = new Set<SessionState>();
  readonly #trees = new Set<TreeState>();
  #phase: ConnectionPhase = "idle";
  #failure: Error | null = null;
  #offered: NegotiateRequest | null = null;
  #negotiated: Negotiated | null = null;
  #preauthHash = PreauthHash.initial();
  #timed = 0;
  #creditStalls = 0;
  #unknownResponses = 0;
  #effects: Effect[] = [];

  constructor(options: EngineOptions) {
    this.#random = options.random;
    this.#creditTarget = options.credits ?? DEFAULT_CREDITS;
    this.leases = options.leases ?? new LeaseTable();
    this.#decoder = new FrameDecoder(
      options.maxFrameLength === undefined ? {} : { maxLength: options.maxFrameLength },
    );
  }

  get phase(): ConnectionPhase {
    return this.#phase;
  }

  /** What NEGOTIATE settled; null before. */
  get negotiated(): Negotiated | null {
    return this.#negotiated;
  }

  /** What NEGOTIATE offered; null before. */
  get offered(): NegotiateRequest | null {
    return this.#offered;
  }

  /** Credits in hand. */
  get credits(): number {
    return this.#window.available;
  }

  /** How often a send had to wait for credits. */
  get creditStalls(): number {
    return this.#creditStalls;
  }

  /** Responses that answered no request and were discarded. */
  get unknownResponses(): number {
    return this.#unknownResponses;
  }

  /** Requests without a final response, those that wait for credits included. */
  get outstanding(): number {
    let queued = 0;
    for (const unit of this.#queue) queued += unit.length;
    return this.#outstanding.size + queued;
  }

  /** When `tick` has something to do; null when there is no deadline. */
  get nextDeadline(): number | null {
    if (this.#timed === 0) return null;
    let next: number | null = null;
    for (const { deadline } of this.#waiting()) {
      if (deadline !== null && (next === null || deadline < next)) next = deadline;
    }
    return next;
  }

  /**
   * Starts the connection (MS-SMB2 3.2.4.2.2). Ends with the effect `negotiated`, or `ended`.
   *
   * @throws {ProtocolError} (local) when the connection has been negotiated before.
   */
  negotiate(options: NegotiateOptions, now: number): Effect[] {
    const offered = negotiateRequest(options, this.#random);
    this.#step(options.smb1 === true ? "smb1NegotiateSent" : "negotiateSent");
    this.#offered = offered;
    if (options.smb1 === true) this.#sendSmb1Negotiate(now);
    else this.#sendNegotiate(now);
    return this.#take();
  }

  /**
   * Begins a SESSION_SETUP exchange (MS-SMB2 3.2.4.2.3): the effect `authenticate` asks for each token. Ends with
   * `sessionEstablished` or `sessionFailed`.
   */
  startSession(options: SessionOptions): { session: SessionState; effects: Effect[] } {
    const session = newSession(options, this.#preauthHash);
    if (this.#failure !== null || this.#negotiated === null) {
      const error = this.#failure ??
        new ProtocolError("local", `Cannot log in: the connection is ${this.#phase}`);
      session.phase = "failed";
      this.#effects.push({ kind: "sessionFailed", session, error });
    } else {
      this.#sessions.add(session);
      const token = this.#negotiated.response.securityBuffer;
      this.#effects.push({ kind: "authenticate", session, token });
    }
    return { session, effects: this.#take() };
  }

  /** The mechanism's answer to `authenticate`. */
  authenticated(session: SessionState, step: TokenStep, now: number): Effect[] {
    if (this.#failure !== null || session.phase === "failed") return [];
    if (step.sessionKey !== null) session.sessionKey = step.sessionKey;
    if (session.phase === "finishing") {
      this.#finishSession(session, step.done, now);
    } else {
      const exchange = new Exchange(sessionSetupRequest(session, step.token), {
        handler: (outcome, context) => this.#sessionAnswered(session, outcome, context),
      });
      this.#submit([exchange], now);
    }
    return this.#take();
  }

  /** The mechanism cannot go on. */
  authenticationFailed(session: SessionState, error: Error): Effect[] {
    this.#failSession(session, error);
    return this.#take();
  }

  /** TREE_CONNECT (MS-SMB2 3.2.4.2.4), and the validation of the negotiation where it is due. */
  treeConnect(
    session: SessionState,
    request: {
      path: string;
      flags?: number;
      extension?: Uint8Array;
      validateNegotiate?: boolean;
      tuning?: RequestTuning;
    },
    now: number,
  ): { tree: TreeState; effects: Effect[] } {
    const { path, flags = 0, extension, tuning = {} } = request;
    const tree: TreeState = { session, path, treeId: 0, connected: false, response: null };
    const validates = request.validateNegotiate ?? this.#validatesNegotiate(session);
    const exchange = new Exchange({
      ...tuning,
      command: "TREE_CONNECT",
      body: { flags, path, ...(extension === undefined ? {} : { extension }) },
      session,
    }, { handler: (outcome, { now }) => this.#treeAnswered(tree, { outcome, validates }, now) });
    this.#submit([exchange], now);
    return { tree, effects: this.#take() };
  }

  /** An IOCTL that repeats the negotiation; a wrong answer ends the connection (MS-SMB2 3.2.5.5). */
  validateNegotiate(tree: TreeState, tuning: RequestTuning = {}): Exchange {
    const offered = this.#offered;
    const negotiated = this.#negotiated;
    if (offered === null || negotiated === null) {
      throw new ProtocolError("local", `Cannot validate: the connection is ${this.#phase}`);
    }
    return new Exchange(
      {
        ...tuning,
        command: "IOCTL",
        body: validateNegotiateRequest(offered),
        session: tree.session,
        tree,
      },
      { check: (reply) => judgeValidation(reply as Reply<"IOCTL">, negotiated.response) },
    );
  }

  /**
   * Sends requests in one frame, in order; they wait together when credits are short, and later ones wait behind them.
   *
   * @param related Whether each works on the file of the one before (MS-SMB2 3.2.4.1.4).
   */
  send(exchanges: readonly Exchange[], now: number, related = false): Effect[] {
    if (related) {
      exchanges.forEach((exchange, i) => exchange.previous = exchanges[i - 1] ?? null);
    }
    this.#submit(exchanges, now);
    return this.#take();
  }

  /**
   * Withdraws a request (MS-SMB2 3.2.4.24): CANCEL when it was sent, `withdrawn` when it was not. A request of an
   * unsent chain is cancelled once the chain is sent.
   */
  cancel(exchange: Exchange, now: number): Effect[] {
    this.#cancel(exchange, now);
    return this.#take();
  }

  /**
   * Acknowledges a break, to `state` in place of what the server asked for when given (MS-SMB2 3.2.4.25), before
   * anything that waits for credits. The exchange is null when no open and no lease is left to speak for.
   */
  acknowledge(
    notice: BreakNotice,
    now: number,
    state: number = notice.to,
  ): { exchange: Exchange | null; effects: Effect[] } {
    const input = breakAcknowledgement(notice, state);
    if (input === null) return { exchange: null, effects: [] };
    const exchange = new Exchange(input);
    this.#submit([exchange], now, true);
    return { exchange, effects: this.#take() };
  }

  /** Takes the next bytes of the stream; they must not change afterwards, because replies refer to them. */
  receive(bytes: Uint8Array, now: number): Effect[] {
    if (this.#failure !== null) return [];
    try {
      for (const frame of this.#decoder.push(bytes)) {
        this.#receiveFrame(frame.type, frame.payload, now);
        if (this.#failure !== null) break;
      }
      if (this.#queue.length > 0) this.#drain(now);
    } catch (error) {
      if (!(error instanceof WireError) && !(error instanceof ProtocolError)) throw error;
      this.#end(error, now);
    }
    return this.#take();
  }

  /** Gives up what has waited too long. */
  tick(now: number): Effect[] {
    if (this.#timed > 0) {
      for (const exchange of [...this.#waiting()]) {
        if (exchange.deadline !== null && exchange.deadline <= now) this.#timeOut(exchange, now);
      }
    }
    return this.#take();
  }

  /** Ends the connection: every request without an answer is rejected, once. Null: closed on purpose. */
  close(error: Error | null, now: number): Effect[] {
    if (this.#failure === null) this.#end(error, now);
    return this.#take();
  }

  // --- sending ---

  #submit(unit: Unit, now: number, urgent = false): void {
    for (const exchange of unit) this.#prepare(exchange, now);
    if (this.#failure !== null) {
      for (const exchange of unit) this.#reject(exchange, this.#failure, now);
      return;
    }
    if ((urgent || this.#queue.length === 0) && this.#transmit(unit, now)) return;
    for (const exchange of unit) exchange.phase = "queued";
    this.#creditStalls++;
    if (urgent) this.#queue.unshift(unit);
    else this.#queue.push(unit);
    this.#refuseHopeless(now);
  }

  #prepare(exchange: Exchange, now: number): void {
    if (exchange.phase !== "new") {
      throw new ProtocolError("local", "Cannot send request: it has been sent before");
    }
    const { timeout } = exchange.input;
    if (timeout !== undefined) {
      exchange.deadline = now + timeout;
      this.#timed++;
    }
  }

  #drain(now: number): void {
    while (this.#failure === null) {
      const unit = this.#queue[0];
      if (unit === undefined || !this.#transmit(unit, now)) break;
      this.#queue.shift();
    }
    this.#refuseHopeless(now);
  }

  /** With nothing on its way, no response can bring the missing credits. */
  #refuseHopeless(now: number): void {
    while (this.#outstanding.size === 0) {
      const unit = this.#queue.shift();
      if (unit === undefined) return;
      if (this.#transmit(unit, now)) continue;
      const cost = unit.reduce((sum, exchange) => sum + this.#cost(exchange), 0);
      const error = new ProtocolError(
        "local",
        `Cannot send ${
          unit[0]?.input.command
        }: it costs ${cost} credits, the server left ${this.#window.available} and nothing is outstanding`,
      );
      for (const exchange of unit) this.#reject(exchange, error, now);
    }
  }

  /** Message ids that a request takes (MS-SMB2 3.2.4.1.6). */
  #cost(exchange: Exchange): number {
    if (exchange.input.override?.messageId !== undefined) return 0;
    return Math.max(1, this.#charge(exchange.input));
  }

  #charge(input: RequestInput): number {
    if (input.creditCharge !== undefined) return input.creditCharge;
    if (this.#negotiated?.supportsMultiCredit === true) {
      return creditCharge(input.command, input.body);
    }
    // 2.0.2 has no CreditCharge; from 2.1 on, 1 is right without multi-credit support too (MS-SMB2 3.2.4.1.5).
    return this.#negotiated === null || this.#negotiated.dialect === Dialect.SMB_2_0_2 ? 0 : 1;
  }

  /** Encodes, signs and writes one frame; false when credits are short. */
  #transmit(unit: Unit, now: number): boolean {
    const first = unit[0];
    if (first === undefined) return true;
    let cost = 0;
    for (const exchange of unit) cost += this.#cost(exchange);
    if (cost > this.#window.available) return false;
    try {
      const messages = unit.map((exchange) => this.#message(exchange));
      const chain = encodeChain(messages);
      for (const [i, exchange] of unit.entries()) {
        this.#launch(exchange, {
          message: messages[i] as Message,
          part: chain.parts[i] as EncodedPart,
          now,
        });
      }
      this.#effects.push({ kind: "write", chunks: chain.frame });
    } catch (error) {
      // What cannot be encoded is the caller's fault and concerns this frame alone; its message ids are spent.
      if (!(error instanceof WireError) && !(error instanceof RangeError)) throw error;
      const failure = new ProtocolError(
        "local",
        `Cannot send ${first.input.command}: ${error.message}`,
        {
          cause: error,
        },
      );
      for (const exchange of unit) {
        this.#outstanding.delete(exchange.messageId);
        this.#reject(exchange, failure, now);
      }
    }
    for (const exchange of unit) if (exchange.cancelWhenSent) this.#cancel(exchange, now);
    return true;
  }

  #message(exchange: Exchange): Message {
    const { input } = exchange;
    const header = this.#header(exchange);
    if (input.rawBody !== undefined) return { kind: "raw", header, body: input.rawBody };
    return { kind: "request", command: input.command, header, body: input.body } as Request;
  }

  #header(exchange: Exchange): Header {
    const { input, previous, session, tree } = exchange;
    const charge = this.#charge(input);
    const taken = input.override?.messageId === undefined ? this.#window.take(charge) : 0;
    const header: Header = {
      creditCharge: charge,
      status: input.channelSequence ?? 0,
      command: Command[input.command],
      credits: input.creditRequest ??
        creditRequest({ charge, available: this.#window.available, target: this.#creditTarget }),
      flags: (input.flags ?? 0) | (previous === null ? 0 : HeaderFlags.RELATED_OPERATIONS),
      messageId: BigInt(taken ?? 0),
      reserved: 0,
      // Within a related chain, an id that only the response will tell is all ones (MS-SMB2 3.2.4.1.4).
      treeId: tree?.treeId ?? (previous !== null && needsTree(input.command) ? NO_ID : 0),
      sessionId: session?.sessionId ??
        (previous !== null && needsTree(input.command) ? NO_ID_64 : 0n),
      signature: CANCEL_SIGNATURE,
    };
    return input.override === undefined ? header : { ...header, ...input.override };
  }

  /** Signs the encoded message and enters it among the outstanding requests. */
  #launch(
    exchange: Exchange,
    sent: { message: Message; part: EncodedPart; now: number },
  ): void {
    const { message, part, now } = sent;
    const { input, session, tree } = exchange;
    const { messageId } = message.header;
    if (this.#outstanding.has(messageId)) {
      throw new RangeError(`message id ${messageId} is outstanding`);
    }
    if (shouldSign(input, session, this.#negotiated)) {
      session?.signer?.sign(part.head, part.tail);
    }
    exchange.messageId = messageId;
    exchange.sentAt = now;
    exchange.bytesSent = part.length;
    exchange.phase = "sent";
    this.#outstanding.set(messageId, exchange);
    if (input.command === "CREATE" && session !== null) {
      exchange.lease = this.leases.expect(input.body as CreateRequest, {
        session,
        tree,
      });
    }
    this.#extendPreauth(exchange, partBytes(part));
    this.#effects.push({ kind: "sent", message, at: now });
  }

  #cancel(exchange: Exchange, now: number): void {
    if (exchange.phase === "queued") {
      const index = this.#queue.findIndex((unit) => unit.length === 1 && unit[0] === exchange);
      if (index < 0) {
        exchange.cancelWhenSent = true;
        return;
      }
      this.#queue.splice(index, 1);
      this.#settle(exchange);
      this.#effects.push({ kind: "withdrawn", exchange });
      return;
    }
    if (exchange.phase !== "sent" && exchange.phase !== "abandoned") return;
    const { asyncId, session } = exchange;
    // No credits, the id of the request, and AsyncId once it is known (MS-SMB2 3.2.4.24).
    const header: Header = {
      creditCharge: 0,
      status: 0,
      command: Command.CANCEL,
      credits: 0,
      flags: asyncId === null ? 0 : HeaderFlags.ASYNC_COMMAND,
      messageId: exchange.messageId,
      ...(asyncId === null ? {} : { asyncId }),
      reserved: 0,
      treeId: 0,
      sessionId: session?.sessionId ?? 0n,
      signature: CANCEL_SIGNATURE,
    };
    const message: Message = { kind: "request", command: "CANCEL", header, body: { reserved: 0 } };
    const { frame, parts } = encodeChain([message]);
    const part = parts[0];
    if (part !== undefined && shouldSign({ command: "CANCEL" }, session, this.#negotiated)) {
      session?.signer?.sign(part.head, part.tail);
    }
    this.#effects.push({ kind: "sent", message, at: now }, { kind: "write", chunks: frame });
  }

  #timeOut(exchange: Exchange, now: number): void {
    const wasSent = exchange.phase === "sent";
    if (!wasSent) {
      const index = this.#queue.findIndex((unit) => unit.includes(exchange));
      const unit = index < 0 ? [] : this.#queue.splice(index, 1)[0] ?? [];
      // A chain goes together: none of its requests was sent.
      for (const each of unit) {
        this.#settle(each);
        this.#effects.push({ kind: "timedOut", exchange: each });
      }
      return;
    }
    this.#cancel(exchange, now);
    this.#settle(exchange);
    exchange.phase = "abandoned";
    this.#effects.push({ kind: "timedOut", exchange });
  }

  // --- receiving ---

  #receiveFrame(type: number, frame: Uint8Array, now: number): void {
    if (type === FrameType.SESSION_KEEPALIVE) return;
    if (type !== FrameType.SESSION_MESSAGE) {
      throw new ProtocolError("remote", `Cannot accept frame: NetBIOS packet type ${type}`);
    }
    const protocol = new Reader(frame).u32("ProtocolId");
    if (protocol === SMB1_PROTOCOL_ID) {
      throw new ProtocolError("remote", "Cannot use SMB2: the server answered with SMB1");
    }
    for (const { bytes } of splitChain(frame)) {
      this.#receiveMessage(bytes, now);
      if (this.#failure !== null) return;
    }
  }

  #receiveMessage(bytes: Uint8Array, now: number): void {
    const { header } = decodeHeader(new Reader(bytes));
    if (!isResponse(header)) {
      throw new ProtocolError(
        "remote",
        `Cannot accept ${commandName(header.command)}: it is a request, and clients answer none`,
      );
    }
    if (isBreakNotification(header)) return this.#broke(bytes, now);
    const exchange = this.#outstanding.get(header.messageId);
    if (exchange === undefined) return this.#discard(header);
    this.#window.grant(header.credits);
    const expected = exchange.input.override?.command ?? Command[exchange.input.command];
    if (header.command !== expected && this.#phase !== "negotiatingSmb1") {
      throw new ProtocolError(
        "remote",
        `Cannot accept ${
          commandName(header.command)
        } response: message id ${header.messageId} was ${commandName(expected)}`,
      );
    }
    if (
      header.status === Status.PENDING && (header.flags & HeaderFlags.ASYNC_COMMAND) !== 0
    ) {
      // Interim response (MS-SMB2 3.2.5.1.5).
      exchange.asyncId = header.asyncId ?? null;
      exchange.interimAt ??= now;
      this.#effects.push({ kind: "received", message: decodeMessage(bytes), at: now });
      return;
    }
    const session = exchange.session;
    verifyResponse({ header, bytes, exchange, session });
    this.#outstanding.delete(header.messageId);
    this.#answer(exchange, { header, bytes }, now);
  }

  #discard(header: Header): void {
    if (++this.#unknownResponses > MAX_UNKNOWN_RESPONSES) {
      throw new ProtocolError(
        "remote",
        `Cannot accept ${
          commandName(header.command)
        } response: message id ${header.messageId} was not asked for, as ${MAX_UNKNOWN_RESPONSES} before`,
      );
    }
  }

  #answer(exchange: Exchange, received: { header: Header; bytes: Uint8Array }, now: number): void {
    const { header, bytes } = received;
    let message: Message;
    try {
      message = decodeMessage(bytes);
    } catch (cause) {
      if (!(cause instanceof WireError)) throw cause;
      const error = new ProtocolError(
        "remote",
        `Cannot read ${exchange.input.command} response: ${cause.message}`,
        { cause },
      );
      if (exchange.lease !== null) this.leases.giveUp(exchange.lease);
      this.#reject(exchange, error, now);
      return;
    }
    this.#effects.push({ kind: "received", message, at: now });
    const wasAbandoned = exchange.phase === "abandoned";
    if (!wasAbandoned) this.#settle(exchange);
    const reply: Reply = {
      command: exchange.input.command,
      status: header.status,
      header,
      body: message.kind === "response" ? message.body : null,
      error: message.kind === "error" ? message.body : null,
      messageId: exchange.messageId,
      ...(exchange.asyncId === null ? {} : { asyncId: exchange.asyncId }),
      sentAt: exchange.sentAt,
      ...(exchange.interimAt === null ? {} : { interimAt: exchange.interimAt }),
      receivedAt: now,
      bytesSent: exchange.bytesSent,
      bytesReceived: bytes.byteLength,
    } as Reply;
    this.#remember(exchange, reply);
    const failure = exchange.check?.(reply) ?? null;
    if (wasAbandoned) return;
    if (exchange.handler !== null) exchange.handler(reply, { now, message: bytes });
    else this.#effects.push({ kind: "replied", exchange, reply, open: exchange.open });
    if (failure !== null) throw failure;
  }

  /** Keeps the tables of opens, leases, trees and sessions. */
  #remember(exchange: Exchange, reply: Reply): void {
    const { input, session, tree } = exchange;
    switch (input.command) {
      case "CREATE":
        this.#rememberCreate(exchange, reply as Reply<"CREATE">, session);
        return;
      case "CLOSE":
        if (reply.body === null) return;
        this.#forgetOpen(this.#openOf(exchange, (input.body as { fileId: FileId }).fileId));
        return;
      case "TREE_DISCONNECT":
        if (reply.body !== null && tree !== null) this.#forgetTree(tree);
        return;
      case "LOGOFF":
        if (reply.body !== null && session !== null) this.#forgetSession(session);
        return;
      default:
        if (exchange.previous !== null) exchange.open = exchange.previous.open;
    }
  }

  #rememberCreate(
    exchange: Exchange,
    reply: Reply<"CREATE">,
    session: SessionState | null,
  ): void {
    const response = reply.body;
    if (response === null || session === null || exchange.phase === "abandoned") {
      if (exchange.lease !== null) this.leases.giveUp(exchange.lease);
      return;
    }
    const open: OpenState = {
      fileId: response.fileId,
      session,
      tree: exchange.tree,
      response,
      oplockLevel: response.oplockLevel,
      lease: exchange.lease === null ? null : this.leases.granted(exchange.lease, response),
      closed: false,
    };
    open.lease?.opens.add(open);
    this.#opens.set(fileIdText(open.fileId), open);
    exchange.open = open;
  }

  #openOf(exchange: Exchange, fileId: FileId): OpenState | null {
    if (sameFileId(fileId, RELATED_FILE_ID)) return exchange.previous?.open ?? null;
    return this.#opens.get(fileIdText(fileId)) ?? null;
  }

  #forgetOpen(open: OpenState | null): void {
    if (open === null) return;
    open.closed = true;
    this.#opens.delete(fileIdText(open.fileId));
    this.leases.released(open);
  }

  #forgetTree(tree: TreeState): void {
    tree.connected = false;
    this.#trees.delete(tree);
    for (const open of [...this.#opens.values()]) if (open.tree === tree) this.#forgetOpen(open);
  }

  #forgetSession(session: SessionState): void {
    session.phase = "loggedOff";
    this.#sessions.delete(session);
    for (const tree of [...this.#trees]) if (tree.session === session) this.#forgetTree(tree);
  }

  #broke(bytes: Uint8Array, now: number): void {
    const message = decodeMessage(bytes);
    this.#effects.push({ kind: "received", message, at: now });
    if (message.kind !== "response" || message.command !== "OPLOCK_BREAK") {
      throw new ProtocolError("remote", "Cannot accept OPLOCK_BREAK: it carries an ERROR body");
    }
    const notice = breakNotice(message.body, {
      leases: this.leases,
      findOpen: (fileId) => this.#opens.get(fileIdText(fileId)) ?? null,
      now,
    });
    this.#effects.push({ kind: "broke", notice });
  }

  // --- negotiate, session, tree ---

  #sendSmb1Negotiate(now: number): void {
    const message = encodeSmb1Negotiate({
      dialects: [Smb1Dialect.NT_LM_0_12, Smb1Dialect.SMB_2_002, Smb1Dialect.SMB_2_WILDCARD],
    });
    // It counts as message id 0 of the SMB2 connection (MS-SMB2 3.2.4.2.2.1).
    this.#window.take(1);
    const exchange = new Exchange({ command: "NEGOTIATE", body: this.#offer() }, {
      handler: (outcome, { now }) => this.#smb1Answered(outcome, now),
    });
    exchange.phase = "sent";
    exchange.sentAt = now;
    exchange.bytesSent = message.byteLength;
    this.#outstanding.set(0n, exchange);
    const header = new Uint8Array([0, 0, message.byteLength >>> 8, message.byteLength & 0xff]);
    this.#effects.push({ kind: "write", chunks: [header, message] });
  }

  #smb1Answered(outcome: Reply | Error, now: number): void {
    if (outcome instanceof Error) return;
    const reply = outcome as Reply<"NEGOTIATE">;
    if (reply.body === null) return this.#end(new StatusError(reply), now);
    if (reply.body.dialectRevision === Dialect.WILDCARD) {
      // Ask again in SMB2; the hash begins with that request (MS-SMB2 3.2.5.2).
      this.#step("wildcardAnswered");
      this.#step("negotiateSent");
      this.#preauthHash = PreauthHash.initial();
      this.#sendNegotiate(now);
      return;
    }
    this.#settleNegotiation(reply as SuccessReply<"NEGOTIATE">, [Dialect.SMB_2_0_2], now);
  }

  #sendNegotiate(now: number): void {
    const exchange = new Exchange({ command: "NEGOTIATE", body: this.#offer() }, {
      handler: (outcome, { now, message }) => {
        if (outcome instanceof Error) return;
        const reply = outcome as Reply<"NEGOTIATE">;
        if (reply.body === null) return this.#end(new StatusError(reply), now);
        this.#preauthHash = this.#preauthHash.extend(message);
        this.#settleNegotiation(reply as SuccessReply<"NEGOTIATE">, this.#offer().dialects, now);
      },
    });
    this.#submit([exchange], now);
  }

  #settleNegotiation(
    reply: SuccessReply<"NEGOTIATE">,
    dialects: readonly number[],
    now: number,
  ): void {
    try {
      const contexts = this.#offer().contexts ?? [];
      const negotiated = judgeNegotiation({ dialects, contexts }, reply);
      this.#negotiated = negotiated;
      this.#step("negotiated");
      this.#effects.push({ kind: "negotiated", negotiated });
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#end(error, now);
    }
  }

  #offer(): NegotiateRequest {
    if (this.#offered === null) {
      throw new ProtocolError("local", "Cannot negotiate: nothing was offered");
    }
    return this.#offered;
  }

  #sessionAnswered(
    session: SessionState,
    outcome: Reply | Error,
    context: { now: number; message: Uint8Array },
  ): void {
    if (outcome instanceof Error) return this.#failSession(session, outcome);
    const reply = outcome as Reply<"SESSION_SETUP">;
    session.replies.push(reply);
    session.sessionId = reply.header.sessionId;
    if (reply.body === null) {
      return this.#failSession(session, new StatusError(outcome, session.user));
    }
    if (reply.status === Status.MORE_PROCESSING_REQUIRED) {
      session.preauthHash = session.preauthHash.extend(context.message);
    } else if (isSuccess(reply.status)) {
      // The final response is not part of the hash (MS-SMB2 3.2.5.3).
      session.final = { body: reply.body, message: context.message.slice() };
      session.phase = "finishing";
      // A guest has proven nothing, so that there is nothing to finish.
      if (isWithoutKey(reply.body)) {
        return this.#finishSession(session, true, context.now);
      }
    } else {
      return this.#failSession(session, new StatusError(outcome, session.user));
    }
    const token = reply.body.securityBuffer;
    this.#effects.push({ kind: "authenticate", session, token });
  }

  #finishSession(session: SessionState, done: boolean, now: number): void {
    const negotiated = this.#negotiated;
    if (negotiated === null) return;
    try {
      acceptSession(session, { negotiated, done });
      this.#effects.push({ kind: "sessionEstablished", session });
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#failSession(session, error);
      // A wrong signature means that somebody else answers (MS-SMB2 3.2.5.3.1).
      this.#end(error, now);
    }
  }

  #failSession(session: SessionState, error: Error): void {
    if (session.phase === "failed" || session.phase === "valid") return;
    session.phase = "failed";
    this.#sessions.delete(session);
    this.#effects.push({ kind: "sessionFailed", session, error });
  }

  #treeAnswered(
    tree: TreeState,
    answer: { outcome: Reply | Error; validates: boolean },
    now: number,
  ): void {
    const { outcome, validates } = answer;
    if (outcome instanceof Error) {
      this.#effects.push({ kind: "treeFailed", tree, error: outcome });
      return;
    }
    const reply = outcome as Reply<"TREE_CONNECT">;
    if (reply.body === null || !isSuccess(reply.status)) {
      this.#effects.push({ kind: "treeFailed", tree, error: new StatusError(outcome, tree.path) });
      return;
    }
    tree.treeId = reply.header.treeId;
    tree.response = reply.body;
    tree.connected = true;
    this.#trees.add(tree);
    const connected: Effect = {
      kind: "treeConnected",
      tree,
      reply: reply as SuccessReply<"TREE_CONNECT">,
    };
    if (!validates) {
      this.#effects.push(connected);
      return;
    }
    const { input, check } = this.validateNegotiate(tree);
    const validation = new Exchange(input, {
      handler: (outcome) => {
        const error = outcome instanceof Error ? outcome : check?.(outcome) ?? null;
        if (error === null) this.#effects.push(connected);
        else this.#effects.push({ kind: "treeFailed", tree, error });
        if (error instanceof ProtocolError) throw error;
      },
    });
    this.#submit([validation], now);
  }

  /** 3.1.1 has the preauth hash instead; before 3.0 servers need not know the FSCTL (MS-SMB2 3.2.5.5). */
  #validatesNegotiate(session: SessionState): boolean {
    const dialect = this.#negotiated?.dialect;
    return session.signer !== null &&
      (dialect === Dialect.SMB_3_0 || dialect === Dialect.SMB_3_0_2);
  }

  #extendPreauth({ input, session }: Exchange, message: () => Uint8Array): void {
    if (input.command === "NEGOTIATE" && this.#phase === "negotiating") {
      this.#preauthHash = this.#preauthHash.extend(message());
    } else if (input.command === "SESSION_SETUP" && session !== null) {
      session.preauthHash = session.preauthHash.extend(message());
    }
  }

  // --- the end ---

  #end(error: Error | null, now: number): void {
    if (this.#failure !== null) return;
    this.#step(error === null ? "closed" : "failed");
    const failure = error ?? new ProtocolError("local", "Cannot go on: the connection is closed");
    this.#failure = failure;
    for (const exchange of [...this.#waiting()]) this.#reject(exchange, failure, now);
    this.#outstanding.clear();
    this.#queue.length = 0;
    for (const session of [...this.#sessions]) this.#failSession(session, failure);
    this.#effects.push({ kind: "ended", error });
  }

  *#waiting(): IterableIterator<Exchange> {
    yield* this.#outstanding.values();
    for (const unit of this.#queue) yield* unit;
  }

  #reject(exchange: Exchange, error: Error, now: number): void {
    const wasAbandoned = exchange.phase === "abandoned";
    if (exchange.phase === "done") return;
    if (wasAbandoned) exchange.phase = "done";
    else this.#settle(exchange);
    if (wasAbandoned) return;
    if (exchange.handler !== null) exchange.handler(error, { now, message: new Uint8Array(0) });
    else this.#effects.push({ kind: "rejected", exchange, error });
  }

  /** The caller needs nothing more of the exchange. */
  #settle(exchange: Exchange): void {
    exchange.phase = "done";
    if (exchange.deadline !== null) {
      exchange.deadline = null;
      this.#timed--;
    }
  }

  #step(step: ConnectionStep): void {
    this.#phase = nextPhase(this.#phase, step);
  }

  #take(): Effect[] {
    const effects = this.#effects;
    this.#effects = [];
    return effects;
  }
}

/** Commands that are sent within a tree connect. */
function needsTree(command: CommandName): boolean {
  return COMMAND_NAMES.indexOf(command) >= Command.TREE_DISCONNECT &&
    command !== "CANCEL" && command !== "ECHO";
}

function partBytes(part: EncodedPart): () => Uint8Array {
  return () => {
    const bytes = new Uint8Array(part.length);
    let at = 0;
    for (const piece of [part.head, ...part.tail]) {
      bytes.set(piece, at);
      at += piece.byteLength;
    }
    return bytes;
  };
}
