/** The client's side of one connection: requests in, frames out; bytes in, replies and events out. */
import {
  Command,
  commandName,
  decodeBody,
  decodeHeader,
  decodeMessage,
  decompressFrame,
  frameContent,
  FrameDecoder,
  FrameType,
  type Header,
  HeaderFlags,
  isResponse,
  isSuccess,
  MAX_FRAME_LENGTH,
  type Message,
  type NegotiateRequest,
  Reader,
  splitChain,
  Status,
  WireError,
} from "../wire/mod.ts";
import { CipherId } from "../security/mod.ts";
import {
  breakAcknowledgement,
  breakNotice,
  isBreakNotification,
  onAcknowledged,
} from "./breaks.ts";
import { ClientTables } from "./client_tables.ts";
import { type ConnectionPhase, nextPhase } from "./connection_state.ts";
import type { BreakNotice, Effect, Negotiated } from "./effects.ts";
import { SHAREFLAG_ENCRYPT_DATA, shouldEncrypt, verifyEncryption } from "./encryption.ts";
import { ProtocolError, StatusError } from "./errors.ts";
import { Exchange, type RequestTuning } from "./exchange.ts";
import { Handshake } from "./handshake.ts";
import { Inbox, type Ready } from "./inbox.ts";
import { LeaseTable } from "./lease_table.ts";
import { codeJob, setMessageSignature, takeMessageSignature } from "./long_signature.ts";
import { Dialect, type NegotiateOptions } from "./negotiation.ts";
import { Outbox } from "./outbox.ts";
import type { Reply, SuccessReply } from "./reply.ts";
import { type OpenJob, openNow, transformHeader } from "./session_cipher.ts";
import type { SessionOptions, TokenStep } from "./session_setup.ts";
import type { SessionState, TreeState } from "./sessions.ts";
import { isSessionLost, verifyResponse } from "./signatures.ts";
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
  /**
   * Length in bytes from which frames of a GCM cipher are left to the shell (effects `writeSealed` and `open`); none
   * unless told.
   */
  readonly deferFrom?: number;
  /**
   * Length in bytes from which messages signed by GMAC are left to the shell (effects `writeSigned` and `verify`); none
   * unless told.
   */
  readonly deferSignaturesFrom?: number;
  /** Length in bytes from which frames with data are compressed, where that was negotiated; 4096 unless told. */
  readonly compressFrom?: number;
}

/** A TREE_CONNECT as the caller asks for it. */
export interface TreeInput {
  /** `\\server\share`. */
  readonly path: string;
  /** Flags of dialect 3.1.1 (MS-SMB2 2.2.9). */
  readonly flags?: number;
  readonly extension?: Uint8Array;
  /** Validate the negotiation afterwards; where the dialect asks for it, unless told. */
  readonly validateNegotiate?: boolean;
  readonly tuning?: RequestTuning;
}

const DEFAULT_CREDITS = 512;
const DEFAULT_COMPRESS_FROM = 4096;
/** Responses that nobody asked for are discarded (MS-SMB2 3.2.5.1.2), but not without end. */
const MAX_UNKNOWN_RESPONSES = 64;

/**
 * One connection of a client, without I/O: every method takes the time and returns what is to be done, in order.
 * Bytes of the peer raise nothing: what is wrong with them ends the connection, or the request that they answer, with
 * a `WireError` or a remote `ProtocolError`.
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
  readonly #decoder: FrameDecoder;
  readonly #tables: ClientTables;
  readonly #outbox: Outbox;
  readonly #handshake: Handshake;
  readonly #inbox = new Inbox();
  readonly #deferFrom: number;
  readonly #deferSignaturesFrom: number;
  readonly #maxFrameLength: number;
  #phase: ConnectionPhase = "idle";
  #failure: Error | null = null;
  #unknownResponses = 0;
  #effects: Effect[] = [];

  constructor(options: EngineOptions) {
    const { credits = DEFAULT_CREDITS, leases = new LeaseTable() } = options;
    this.#deferFrom = options.deferFrom ?? Infinity;
    this.#deferSignaturesFrom = options.deferSignaturesFrom ?? Infinity;
    this.#maxFrameLength = options.maxFrameLength ?? MAX_FRAME_LENGTH;
    const emit = (effect: Effect) => void this.#effects.push(effect);
    this.#decoder = new FrameDecoder({ maxLength: this.#maxFrameLength });
    this.#tables = new ClientTables(leases, (open) => emit({ kind: "openClosed", open }));
    this.#outbox = new Outbox({
      creditTarget: credits,
      leases,
      deferFrom: this.#deferFrom,
      deferSignaturesFrom: this.#deferSignaturesFrom,
      compressFrom: options.compressFrom ?? DEFAULT_COMPRESS_FROM,
      negotiated: () => this.#handshake.negotiated,
      emit,
      encoded: (exchange, part) => this.#handshake.sent(exchange, part),
    });
    this.#handshake = new Handshake({
      random: options.random,
      outbox: this.#outbox,
      sessions: this.#tables.sessions,
      forget: (session) => this.#tables.forgetSession(session),
      emit,
      step: (step) => this.#phase = nextPhase(this.#phase, step),
      end: (error, now) => this.#end(error, now),
    });
  }

  get phase(): ConnectionPhase {
    return this.#phase;
  }

  /** Why the connection is over; null while it is not. */
  get failure(): Error | null {
    return this.#failure;
  }

  get leases(): LeaseTable {
    return this.#tables.leases;
  }

  /** What NEGOTIATE settled; null before. */
  get negotiated(): Negotiated | null {
    return this.#handshake.negotiated;
  }

  /** What NEGOTIATE offered; null before. */
  get offered(): NegotiateRequest | null {
    return this.#handshake.offered;
  }

  /** Credits in hand. */
  get credits(): number {
    return this.#outbox.credits;
  }

  /** How often a send had to wait for credits. */
  get creditStalls(): number {
    return this.#outbox.creditStalls;
  }

  /** Responses that answered no request and were discarded. */
  get unknownResponses(): number {
    return this.#unknownResponses;
  }

  /** Requests without a final response, those that wait for credits included. */
  get outstanding(): number {
    return this.#outbox.size;
  }

  /** Bytes received that wait for a frame which the shell decrypts; read no more while they are many. */
  get backlog(): number {
    return this.#inbox.bytes;
  }

  /** When `tick` has something to do; null when there is no deadline. */
  get nextDeadline(): number | null {
    return this.#outbox.nextDeadline;
  }

  /**
   * Starts the connection (MS-SMB2 3.2.4.2.2). Ends with the effect `negotiated`, or `ended`.
   *
   * @throws {ProtocolError} (local) when the connection has been negotiated before, or is over.
   */
  negotiate(options: NegotiateOptions, now: number): Effect[] {
    this.#handshake.negotiate(options, now);
    return this.#take();
  }

  /**
   * Begins a session (MS-SMB2 3.2.4.2.3): the effect `authenticate` asks for each token. Ends with
   * `sessionEstablished` or `sessionFailed`.
   */
  startSession(options: SessionOptions): { session: SessionState; effects: Effect[] } {
    const session = this.#handshake.startSession(options);
    if (this.#failure !== null) {
      this.#effects = [];
      this.#handshake.failSession(session, this.#failure);
    }
    return { session, effects: this.#take() };
  }

  /**
   * Authenticates a session again (MS-SMB2 3.2.4.2.3.1), whose requests go on meanwhile. Ends as `startSession` does.
   *
   * @throws {ProtocolError} (local) when the session is not valid.
   */
  reauthenticate(session: SessionState): Effect[] {
    this.#handshake.reauthenticate(session);
    if (this.#failure !== null) this.#handshake.failSession(session, this.#failure);
    return this.#take();
  }

  /** The channel of a session on this connection; null where it has none. */
  channelOf(session: SessionState): SessionState | null {
    return this.#tables.channelOf(session);
  }

  /** The mechanism's answer to `authenticate`. */
  authenticated(session: SessionState, step: TokenStep, now: number): Effect[] {
    if (this.#failure === null) this.#handshake.authenticated(session, step, now);
    return this.#take();
  }

  /** The mechanism cannot go on. */
  authenticationFailed(session: SessionState, error: Error): Effect[] {
    this.#handshake.failSession(session, error);
    return this.#take();
  }

  /**
   * TREE_CONNECT (MS-SMB2 3.2.4.2.4), and the validation of the negotiation where it is due. Ends with `treeConnected`
   * or `treeFailed`.
   */
  treeConnect(
    session: SessionState,
    request: TreeInput,
    now: number,
  ): { tree: TreeState; effects: Effect[] } {
    const { path, flags = 0, extension, tuning = {} } = request;
    const tree: TreeState = {
      session,
      path,
      treeId: 0,
      connected: false,
      response: null,
      encryptData: false,
    };
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

  /**
   * An IOCTL, for `send`, that repeats the negotiation; a wrong answer ends the connection (MS-SMB2 3.2.5.14.12).
   *
   * @throws {ProtocolError} (local) before the negotiation.
   */
  validateNegotiate(tree: TreeState, tuning: RequestTuning = {}): Exchange {
    const { offered, negotiated } = this.#handshake;
    if (offered === null || negotiated === null) {
      throw new ProtocolError(`Cannot validate: the connection is ${this.#phase}`, {
        side: "local",
      });
    }
    const body = validateNegotiateRequest(offered);
    // Unsigned, the answer would prove nothing; without a key it cannot be signed.
    const encrypts = shouldEncrypt({ ...tuning, command: "IOCTL" }, tree.session, tree);
    const sign = tuning.sign ?? !encrypts;
    const mustBeSigned = sign && !encrypts && tree.session.signer !== null;
    return new Exchange(
      { ...tuning, sign, command: "IOCTL", body, session: tree.session, tree },
      {
        check: (reply) =>
          judgeValidation(reply as Reply<"IOCTL">, negotiated.response, mustBeSigned),
      },
    );
  }

  /**
   * Sends requests in one frame, in order; they wait together when credits are short, and later ones wait behind them.
   *
   * @param related Whether each but the first works on the file of the one before (MS-SMB2 3.2.4.1.4), where the request
   * itself does not say.
   */
  send(exchanges: readonly Exchange[], now: number, related = false): Effect[] {
    exchanges.forEach((exchange, i) => {
      exchange.related = exchange.input.related ?? (related && i > 0);
      if (exchange.related) exchange.previous = exchanges[i - 1] ?? null;
    });
    this.#submit(exchanges, now);
    return this.#take();
  }

  /**
   * Withdraws a request (MS-SMB2 3.2.4.24): CANCEL when it was sent, `withdrawn` when it was not. A request of an
   * unsent chain is cancelled once the chain is sent.
   */
  cancel(exchange: Exchange, now: number): Effect[] {
    if (this.#failure === null) this.#outbox.cancel(exchange, now);
    return this.#take();
  }

  /**
   * Acknowledges a break, to `state` in place of what the server asked for when given (MS-SMB2 2.2.24), before
   * anything that waits for credits. The exchange is null when no open and no lease is left to speak for.
   */
  acknowledge(
    notice: BreakNotice,
    now: number,
    state: number = notice.to,
  ): { exchange: Exchange | null; effects: Effect[] } {
    const input = breakAcknowledgement(notice, state);
    if (input === null) return { exchange: null, effects: [] };
    const { session = null } = input;
    const channel = session === null ? null : this.#tables.channelOf(session) ?? session;
    const exchange = new Exchange({ ...input, session: channel }, {
      check: onAcknowledged(notice),
    });
    this.#submit([exchange], now, true);
    return { exchange, effects: this.#take() };
  }

  /** Where the rest of an incomplete frame belongs; see `FrameDecoder.room`. */
  room(): Uint8Array | null {
    return this.#decoder.room();
  }

  /** Takes the next bytes of the stream; they must not change afterwards, because replies refer to them. */
  receive(bytes: Uint8Array, now: number): Effect[] {
    return this.#guarded(now, () => {
      for (const { type, payload } of this.#decoder.push(bytes)) {
        this.#receiveFrame(type, payload, now);
        if (this.#failure !== null) break;
      }
    });
  }

  /** The shell's answer to the effect `open`: the text, or null where the frame was not what it claims to be. */
  opened(id: number, text: Uint8Array | null, now: number): Effect[] {
    return this.#settled(id, text, now);
  }

  /** The shell's answer to the effect `verify`. */
  verified(id: number, isValid: boolean, now: number): Effect[] {
    return this.#settled(id, isValid, now);
  }

  #settled(id: number, result: Uint8Array | boolean | null, now: number): Effect[] {
    return this.#guarded(now, () => {
      this.#inbox.settle(id, result);
      for (let next = this.#inbox.next(); next !== null; next = this.#inbox.next()) {
        this.#receiveReady(next, now);
        if (this.#failure !== null) break;
      }
    });
  }

  /** Gives up what has waited too long. */
  tick(now: number): Effect[] {
    if (this.#failure === null) this.#outbox.tick(now);
    return this.#take();
  }

  /** Ends the connection: every request without an answer is rejected, once. Null: closed on purpose. */
  close(error: Error | null, now: number): Effect[] {
    this.#end(error, now);
    return this.#take();
  }

  #submit(exchanges: readonly Exchange[], now: number, urgent = false): void {
    if (this.#failure === null) return this.#outbox.submit(exchanges, now, urgent);
    for (const exchange of exchanges) this.#outbox.reject(exchange, this.#failure, now);
  }

  /** What the peer did wrong ends the connection. */
  #guarded(now: number, receive: () => void): Effect[] {
    if (this.#failure !== null) return [];
    try {
      receive();
      if (this.#failure === null) this.#outbox.drain(now);
    } catch (error) {
      if (!(error instanceof WireError) && !(error instanceof ProtocolError)) throw error;
      this.#end(error, now);
    }
    return this.#take();
  }

  #receiveFrame(type: number, frame: Uint8Array, now: number): void {
    // Long frames are decrypted and verified at once, as far as others do it, and looked at when it is their turn.
    if (type === FrameType.SESSION_MESSAGE && this.#defer(frame)) return;
    const ready = { kind: "frame", type, payload: frame } as const;
    if (this.#inbox.isWaiting) this.#inbox.hold(ready);
    else this.#receiveReady(ready, now);
  }

  /** Asks the shell to decrypt or to verify; false where it is not to. */
  #defer(frame: Uint8Array): boolean {
    if (frame.byteLength < Math.min(this.#deferFrom, this.#deferSignaturesFrom)) return false;
    switch (frameContent(frame)) {
      case "transform":
        return frame.byteLength >= this.#deferFrom && this.#deferOpening(frame);
      case "smb2":
        return frame.byteLength >= this.#deferSignaturesFrom && this.#deferVerification(frame);
      default:
        return false;
    }
  }

  #deferOpening(frame: Uint8Array): boolean {
    const { session: { sessionId }, job } = this.#openJob(frame);
    if (!isDeferrable(job.input.cipherId)) return false;
    const id = this.#inbox.holdUntil(frame.byteLength, (result) => {
      return { kind: "opened", text: result instanceof Uint8Array ? result : null, sessionId };
    });
    this.#effects.push({ kind: "open", id, job });
    return true;
  }

  /** One long message by itself, signed by GMAC, in a session that has a key for that. */
  #deferVerification(frame: Uint8Array): boolean {
    const { header, nextCommand } = decodeHeader(new Reader(frame));
    const session = this.#outbox.find(header.messageId)?.session ?? null;
    const key = session?.phase === "valid" ? session.gmacKey : null;
    const isSigned = (header.flags & HeaderFlags.SIGNED) !== 0;
    if (key === null || !isSigned || nextCommand !== 0 || isSessionLost(header)) return false;
    const signature = takeMessageSignature(frame);
    const id = this.#inbox.holdUntil(frame.byteLength, (result) => {
      setMessageSignature(frame, signature);
      return { kind: "verified", payload: frame, isValid: result === true };
    });
    this.#effects.push({ kind: "verify", id, job: codeJob(key, header, frame), signature });
    return true;
  }

  #openJob(frame: Uint8Array): { session: SessionState; job: OpenJob } {
    const header = transformHeader(frame);
    const session = this.#tables.findSession(header.sessionId);
    const cipher = session?.shared.cipher ?? null;
    if (session === null || cipher === null) {
      throw new ProtocolError(
        `Cannot decrypt frame: session 0x${header.sessionId.toString(16)} has no cipher here`,
        { side: "remote" },
      );
    }
    return { session, job: cipher.open(frame, header) };
  }

  #receiveReady(ready: Ready, now: number): void {
    if (ready.kind === "opened") {
      const session = this.#tables.findSession(ready.sessionId);
      // A session that ended meanwhile: nobody waits for what its frames say.
      if (session !== null) this.#receiveText(ready.text, session, now);
      return;
    }
    if (ready.kind === "verified") {
      return this.#receiveMessage(ready.payload, { isVerified: ready.isValid }, now);
    }
    const { type, payload } = ready;
    if (type === FrameType.SESSION_KEEPALIVE) return;
    if (type !== FrameType.SESSION_MESSAGE) {
      throw new ProtocolError(`Cannot accept frame: NetBIOS packet type ${type}`, {
        side: "remote",
      });
    }
    if (frameContent(payload) === "transform") {
      const { session, job } = this.#openJob(payload);
      this.#receiveText(openNow(job), session, now);
    } else this.#receiveChain(this.#decompressed(payload), null, now);
  }

  /** What a frame held that was encrypted. */
  #receiveText(text: Uint8Array | null, session: SessionState, now: number): void {
    if (text === null) {
      throw new ProtocolError(
        "Cannot decrypt frame: its signature does not belong to the session's key",
        { side: "remote" },
      );
    }
    this.#receiveChain(this.#decompressed(text), session, now);
  }

  #receiveChain(chain: Uint8Array, sealedBy: SessionState | null, now: number): void {
    for (const { bytes } of splitChain(chain)) {
      this.#receiveMessage(bytes, { sealedBy }, now);
      if (this.#failure !== null) return;
    }
  }

  /** The chain within a frame that is not encrypted (any more). */
  #decompressed(frame: Uint8Array): Uint8Array {
    switch (frameContent(frame)) {
      case "smb1":
        throw new ProtocolError("Cannot use SMB2: the server answered with SMB1", {
          side: "remote",
        });
      case "transform":
        throw new ProtocolError("Cannot decrypt frame: it is encrypted twice", { side: "remote" });
      case "compression":
        if (this.negotiated?.compression === undefined) {
          throw new ProtocolError("Cannot read frame: compression was not negotiated", {
            side: "remote",
          });
        }
        return decompressFrame(frame, { maxLength: this.#maxFrameLength });
      default:
        return frame;
    }
  }

  /** `isVerified`: whether its signature is right, where that was looked at before. */
  #receiveMessage(
    bytes: Uint8Array,
    how: { readonly sealedBy?: SessionState | null; readonly isVerified?: boolean },
    now: number,
  ): void {
    const { sealedBy = null, isVerified } = how;
    const reader = new Reader(bytes);
    const { header } = decodeHeader(reader);
    if (!isResponse(header)) {
      throw new ProtocolError(
        `Cannot accept ${commandName(header.command)}: it is a request, and clients answer none`,
        { side: "remote" },
      );
    }
    if (isBreakNotification(header)) return this.#broke(bytes, now);
    const exchange = this.#outbox.find(header.messageId);
    if (exchange === null) return this.#discard(header);
    this.#outbox.grant(header.credits);
    const expected = exchange.input.override?.command ?? Command[exchange.input.command];
    if (header.command !== expected) {
      throw new ProtocolError(
        `Cannot accept ${
          commandName(header.command)
        } response: message id ${header.messageId} was ${commandName(expected)}`,
        { side: "remote" },
      );
    }
    verifyEncryption(header, exchange, sealedBy);
    const isInterim = header.status === Status.PENDING &&
      (header.flags & HeaderFlags.ASYNC_COMMAND) !== 0;
    if (isInterim) {
      // The final response will follow (MS-SMB2 3.2.5.1.5).
      const isFirst = exchange.interimAt === null;
      exchange.asyncId = header.asyncId ?? null;
      exchange.interimAt ??= now;
      this.#effects.push({ kind: "received", message: decodeBody(reader, header), at: now });
      if (isFirst && exchange.phase === "sent") this.#effects.push({ kind: "interim", exchange });
      return;
    }
    if (sealedBy === null) verifyResponse({ header, bytes, exchange, isVerified });
    this.#answer(exchange, { header, bytes, reader }, now);
  }

  #discard(header: Header): void {
    if (++this.#unknownResponses > MAX_UNKNOWN_RESPONSES) {
      throw new ProtocolError(
        `Cannot accept ${
          commandName(header.command)
        } response: message id ${header.messageId} was not asked for, as ${MAX_UNKNOWN_RESPONSES} before`,
        { side: "remote" },
      );
    }
  }

  #answer(
    exchange: Exchange,
    received: { header: Header; bytes: Uint8Array; reader: Reader },
    now: number,
  ): void {
    const wasAbandoned = exchange.phase === "abandoned";
    this.#outbox.answered(exchange);
    let message: Message;
    try {
      message = decodeBody(received.reader, received.header);
    } catch (cause) {
      if (!(cause instanceof WireError)) throw cause;
      if (!wasAbandoned) this.#unreadable(exchange, cause, now);
      return;
    }
    this.#effects.push({ kind: "received", message, at: now });
    const reply = replyOf(exchange, { message, length: received.bytes.byteLength }, now);
    this.#tables.remember(exchange, reply, !wasAbandoned);
    const failure = exchange.check?.(reply) ?? null;
    if (!wasAbandoned) {
      if (exchange.handler !== null) exchange.handler(reply, { now, message: received.bytes });
      else this.#effects.push({ kind: "replied", exchange, reply, open: exchange.open });
    }
    if (failure !== null) throw failure;
  }

  /** A body that cannot be decoded fails its request; framing and credits are intact, so the connection lives. */
  #unreadable(exchange: Exchange, cause: WireError, now: number): void {
    exchange.phase = "sent";
    const error = new ProtocolError(
      `Cannot read ${exchange.input.command} response: ${cause.message}`,
      { side: "remote", cause },
    );
    this.#outbox.reject(exchange, error, now);
  }

  #broke(bytes: Uint8Array, now: number): void {
    const message = decodeMessage(bytes);
    this.#effects.push({ kind: "received", message, at: now });
    if (message.kind !== "response" || message.command !== "OPLOCK_BREAK") {
      throw new ProtocolError("Cannot accept OPLOCK_BREAK: it carries an ERROR body", {
        side: "remote",
      });
    }
    const notice = breakNotice(message.body, {
      leases: this.leases,
      findOpen: (fileId) => this.#tables.findOpen(fileId),
      now,
    });
    this.#effects.push({ kind: "broke", notice });
  }

  #treeAnswered(
    tree: TreeState,
    answer: { outcome: Reply | Error; validates: boolean },
    now: number,
  ): void {
    const { outcome, validates } = answer;
    if (outcome instanceof Error) return this.#failTree(tree, outcome);
    const reply = outcome as Reply<"TREE_CONNECT">;
    if (reply.body === null || !isSuccess(reply.status)) {
      return this.#failTree(tree, new StatusError(outcome, tree.path));
    }
    tree.treeId = reply.header.treeId;
    tree.response = reply.body;
    tree.connected = true;
    tree.encryptData = (reply.body.shareFlags & SHAREFLAG_ENCRYPT_DATA) !== 0;
    this.#tables.addTree(tree);
    const success = reply as SuccessReply<"TREE_CONNECT">;
    if (validates) this.#validate(tree, success, now);
    else this.#effects.push({ kind: "treeConnected", tree, reply: success });
  }

  #validate(tree: TreeState, reply: SuccessReply<"TREE_CONNECT">, now: number): void {
    const { input, check } = this.validateNegotiate(tree);
    const validation = new Exchange(input, {
      handler: (outcome) => {
        if (outcome instanceof Error) return this.#failTree(tree, outcome);
        const failure = check?.(outcome) ?? null;
        if (failure === null) this.#effects.push({ kind: "treeConnected", tree, reply });
        else {
          this.#failTree(tree, failure);
          throw failure;
        }
      },
    });
    this.#outbox.submit([validation], now);
  }

  #failTree(tree: TreeState, error: Error): void {
    this.#effects.push({ kind: "treeFailed", tree, error });
  }

  /**
   * 3.1.1 has the preauth hash instead. Of an older dialect a client that offered 3.x wants to know that the server chose
   * it, also where that need not know the FSCTL: then it says so, signed (MS-SMB2 3.2.5.5).
   */
  #validatesNegotiate(session: SessionState): boolean {
    const dialect = this.negotiated?.dialect;
    return session.signer !== null && dialect !== Dialect.SMB_3_1_1 &&
      (this.offered?.dialects.some((offered) => offered >= Dialect.SMB_3_0) ?? false);
  }

  #end(error: Error | null, now: number): void {
    if (this.#failure !== null) return;
    this.#phase = nextPhase(this.#phase, error === null ? "closed" : "failed");
    const failure = error ??
      new ProtocolError("Cannot go on: the connection is closed", { side: "local" });
    this.#failure = failure;
    this.#inbox.clear();
    const lost = this.#tables.clear();
    this.#outbox.rejectAll(failure, now);
    for (const open of lost) this.#effects.push({ kind: "openLost", open });
    for (const session of [...this.#tables.sessions]) {
      this.#handshake.failSession(session, failure);
    }
    this.#effects.push({ kind: "ended", error });
  }

  #take(): Effect[] {
    const effects = this.#effects;
    this.#effects = [];
    return effects;
  }
}

/** WebCrypto, which shells have for long frames, knows GCM and not CCM. */
function isDeferrable(cipherId: number): boolean {
  return cipherId === CipherId.AES_128_GCM || cipherId === CipherId.AES_256_GCM;
}

function replyOf(
  exchange: Exchange,
  received: { readonly message: Message; readonly length: number },
  now: number,
): Reply {
  const { message, length } = received;
  const { header } = message;
  const reply = {
    command: exchange.input.command,
    status: header.status,
    header,
    body: message.kind === "response" ? message.body : null,
    error: message.kind === "error" ? message.body : null,
    messageId: exchange.messageId,
    sentAt: exchange.sentAt,
    receivedAt: now,
    bytesSent: exchange.bytesSent,
    bytesReceived: length,
  } as Reply;
  if (message.kind === "raw") return { ...reply, raw: message.body };
  return exchange.interimAt === null ? reply : {
    ...reply,
    interimAt: exchange.interimAt,
    ...(exchange.asyncId === null ? {} : { asyncId: exchange.asyncId }),
  };
}
