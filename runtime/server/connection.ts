/**
 * One connection (MS-SMB2 3.3.1.7): frames in, answers out; message ids, credits, signatures and chains.
 *
 * @module
 */

import { PreauthHash } from "../security/mod.ts";
import {
  chainBytes,
  Command,
  COMMAND_NAMES,
  type CommandName,
  decodeHeader,
  decodeMessage,
  decodeSmb1Negotiate,
  encodeChain,
  type EncodedChain,
  type EncodedPart,
  type FileId,
  frameContent,
  FrameDecoder,
  frameHeader,
  FrameType,
  type Header,
  HeaderFlags,
  isError,
  isResponse,
  type Message,
  Reader,
  RELATED_FILE_ID,
  type RequestBodies,
  sameFileId,
  splitChain,
  Status,
  WireError,
} from "../wire/mod.ts";
import { StoreError } from "../store/mod.ts";
import { Disconnect, Refusal, statusOfStoreError } from "./errors.ts";
import { dispatch } from "./dispatch.ts";
import { FRAME_OVERHEAD, MAX_CHAIN, MAX_PENDING } from "./limits.ts";
import { answerSmb1 } from "./negotiate.ts";
import { SequenceWindow } from "./sequence_window.ts";
import type { Server } from "./server.ts";
import type { Session } from "./state.ts";
import { failure, type Outcome, type Reply, Work } from "./work.ts";

const { SERVER_TO_REDIR, ASYNC_COMMAND, RELATED_OPERATIONS, SIGNED } = HeaderFlags;

/** What NEGOTIATE settled. */
export interface Negotiated {
  readonly dialect: number;
  readonly clientGuid: string;
  readonly clientCapabilities: number;
  readonly clientSecurityMode: number;
  readonly clientDialects: readonly number[];
  readonly capabilities: number;
  readonly securityMode: number;
  readonly maxTransactSize: number;
  /** One of SigningAlgorithm, where 3.1.1 settled it. */
  readonly signingAlgorithm: number | undefined;
  readonly supportsMultiCredit: boolean;
}

/** A message of an answer, with what is done to its bytes. */
interface Outgoing {
  readonly message: Message;
  readonly session: Session | undefined;
  readonly sign: boolean;
  readonly encoded: ((bytes: Uint8Array) => void) | undefined;
}

/** One connection. */
export class Connection {
  readonly server: Server;
  readonly id: number;
  /** When it was accepted, in milliseconds. */
  readonly acceptedAt: number;
  readonly sessions = new Map<bigint, Session>();
  /** Requests whose answer is to come later, by async id. */
  readonly pending = new Map<bigint, Work>();
  readonly window = new SequenceWindow();
  readonly #frames: FrameDecoder;
  negotiated: Negotiated | undefined;
  /** Whether the client began with a multi-protocol NEGOTIATE of SMB1. */
  multiProtocol = false;
  preauthHash = PreauthHash.initial();
  #nextAsyncId = 1n;

  constructor(server: Server, id: number, now: number) {
    this.server = server;
    this.id = id;
    this.acceptedAt = now;
    this.#frames = new FrameDecoder({ maxLength: server.maxTransactSize + FRAME_OVERHEAD });
  }

  /** The dialect; 0 before NEGOTIATE. */
  get dialect(): number {
    return this.negotiated?.dialect ?? 0;
  }

  /**
   * Takes bytes from the peer.
   *
   * @param bytes Any part of the stream; not kept.
   * @param now Milliseconds since 1970.
   * @throws {Disconnect} The peer broke the protocol.
   */
  receive(bytes: Uint8Array, now: number): void {
    try {
      for (const { type, payload } of this.#frames.push(bytes)) {
        if (type === FrameType.SESSION_KEEPALIVE) continue;
        if (type === FrameType.SESSION_REQUEST) {
          this.server.send(this, [new Uint8Array([FrameType.POSITIVE_SESSION_RESPONSE, 0, 0, 0])]);
          continue;
        }
        if (type !== FrameType.SESSION_MESSAGE) throw new Disconnect("Cannot read frame: its type");
        this.#frame(payload, now);
      }
    } catch (error) {
      if (error instanceof WireError) throw new Disconnect("Cannot read frame", { cause: error });
      throw error;
    }
  }

  /**
   * Gives a request an id under which its answer comes later (MS-SMB2 3.3.4.2).
   *
   * @param work The request.
   * @param cancel Withdraws it.
   * @returns null, for a handler to return.
   */
  defer(work: Work, cancel: () => Reply | null): null {
    if (this.pending.size >= MAX_PENDING) {
      cancel();
      throw new Refusal(Status.INSUFFICIENT_RESOURCES);
    }
    // MS-SMB2 3.3.5.2.7: what may wait for ever holds up no chain.
    if (MAY_WAIT_LONG.includes(work.command) && !work.chain.atEnd) {
      cancel();
      throw new Refusal(Status.INTERNAL_ERROR);
    }
    work.asyncId = this.#nextAsyncId++;
    work.cancel = cancel;
    this.pending.set(work.asyncId, work);
    return null;
  }

  /**
   * Answers a request that was deferred, and goes on with its chain.
   *
   * @param work The request.
   * @param reply The answer.
   * @param now Milliseconds since 1970.
   */
  complete(work: Work, reply: Reply, now: number): void {
    if (work.asyncId === undefined || !this.pending.delete(work.asyncId)) return;
    work.cancel = undefined;
    work.chain.resume(work, reply, now);
  }

  /**
   * Withdraws a request (MS-SMB2 3.3.5.16).
   *
   * @param header Header of the CANCEL.
   * @param now Milliseconds since 1970.
   */
  cancel(header: Header, now: number): void {
    for (const work of this.pending.values()) {
      const matches = header.asyncId !== undefined
        ? work.asyncId === header.asyncId
        : work.header.messageId === header.messageId;
      if (!matches || work.cancel === undefined) continue;
      const reply = work.cancel();
      if (reply !== null) this.complete(work, reply, now);
      return;
    }
  }

  /**
   * Signs messages where that is due, and sends them as one frame.
   *
   * @param outgoing The messages.
   */
  sendAll(outgoing: readonly Outgoing[]): void {
    if (outgoing.length === 0) return;
    const chain = encodeChain(outgoing.map(({ message }) => message));
    // Windows pads the last answer of a chain like the others.
    const padding = new Uint8Array(outgoing.length > 1 ? (8 - chain.length % 8) % 8 : 0);
    for (const [index, { session, sign, encoded }] of outgoing.entries()) {
      const part = chain.parts[index];
      if (part === undefined) continue;
      const last = index === outgoing.length - 1 && padding.length > 0;
      if (sign) session?.signer?.sign(part.head, last ? [...part.tail, padding] : part.tail);
      encoded?.(partBytes(part, chain));
    }
    if (padding.length === 0) return this.server.send(this, chain.frame);
    chain.frame[0]?.set(frameHeader(chain.length + padding.length));
    this.server.send(this, [...chain.frame, padding]);
  }

  #frame(payload: Uint8Array, now: number): void {
    const content = frameContent(payload);
    if (content === "smb1" && this.negotiated === undefined && !this.multiProtocol) {
      const negotiate = decodeSmb1Negotiate(payload);
      if (negotiate === null || negotiate.response) throw new Disconnect("Cannot answer SMB1");
      return answerSmb1(this, negotiate, { payload, now });
    }
    if (content !== "smb2") throw new Disconnect(`Cannot read message: ${content}`);
    const parts = splitChain(payload);
    if (parts.length > MAX_CHAIN) throw new Disconnect(`Cannot take ${parts.length} messages`);
    new Chain(this, parts.map(({ bytes }) => bytes)).run(now);
  }
}

/** The messages of one frame, handled in order (MS-SMB2 3.3.5.2.7). */
export class Chain {
  readonly #connection: Connection;
  #parts: Uint8Array[];
  #index = 0;
  #answers: Outgoing[] = [];
  #fileId: FileId | undefined;
  #sessionId = 0n;
  #treeId = 0;
  /** Why the last CREATE made no open. */
  #createError: number | undefined;
  #started = false;

  constructor(connection: Connection, parts: Uint8Array[]) {
    this.#connection = connection;
    this.#parts = parts;
  }

  /**
   * Handles messages until one is deferred or all are done.
   *
   * @param now Milliseconds since 1970.
   */
  run(now: number): void {
    while (this.#index < this.#parts.length) {
      const bytes = this.#parts[this.#index++];
      if (bytes === undefined) break;
      const { header } = decodeHeader(new Reader(bytes));
      if (isResponse(header)) throw new Disconnect("Cannot take a response from a client");
      if (header.command === Command.CANCEL) {
        if (this.#mayCancel(header, bytes)) this.#connection.cancel(header, now);
        continue;
      }
      this.#takeMessageId(header);
      const work = this.#begin(header, bytes, now);
      if (work === null) continue;
      const outcome = this.#attempt(work);
      if (outcome === null) return this.#suspend(work);
      this.#answer(work, outcome);
    }
    this.#flush();
  }

  /**
   * Goes on after a deferred message was answered.
   *
   * @param work The message.
   * @param reply Its answer.
   * @param now Milliseconds since 1970.
   */
  resume(work: Work, reply: Reply, now: number): void {
    this.#answer(work, reply);
    this.run(now);
  }

  /** Whether the message being handled is the last one. */
  get atEnd(): boolean {
    return this.#index >= this.#parts.length;
  }

  /** The id of the open that the next related message means. */
  set fileId(id: FileId) {
    this.#fileId = id;
  }

  /**
   * The file id that a message means (MS-SMB2 3.3.5.2.7.2).
   *
   * @param work The message.
   * @param given As it has it.
   * @returns The id to look up.
   */
  fileIdFor(work: Work, given: FileId): FileId {
    if ((work.header.flags & RELATED_OPERATIONS) === 0 || !sameFileId(given, RELATED_FILE_ID)) {
      this.#fileId = given;
      return given;
    }
    if (this.#fileId !== undefined) return this.#fileId;
    // Where a CREATE gave no id, its error is that of all that follow.
    throw new Refusal(this.#createError ?? Status.INVALID_HANDLE);
  }

  #takeMessageId(header: Header): void {
    const { negotiated, window } = this.#connection;
    const charge = negotiated?.supportsMultiCredit === true ? Math.max(1, header.creditCharge) : 1;
    // MS-SMB2 3.3.5.2.3: an id outside the window ends the connection.
    if (!window.take(header.messageId, charge)) {
      throw new Disconnect(`Cannot take message ${header.messageId}: not in the window`);
    }
  }

  #begin(header: Header, bytes: Uint8Array, now: number): Work | null {
    const command = COMMAND_NAMES[header.command];
    if (command === undefined) {
      this.#refuse(header, Status.INVALID_PARAMETER);
      return null;
    }
    const { server } = this.#connection;
    const connection = this.#connection;
    return new Work({ server, connection, header, command, chain: this, bytes, now });
  }

  #attempt(work: Work): Outcome {
    try {
      this.#relate(work);
      const message = decodeMessage(work.bytes);
      if (message.kind !== "request") throw new Refusal(Status.INVALID_PARAMETER);
      this.#locate(work);
      return dispatch(work, message.command, message.body as RequestBodies[CommandName]);
    } catch (error) {
      return outcomeOf(error);
    }
  }

  // MS-SMB2 3.3.5.2.7.2: related messages take their ids from the message before.
  #relate(work: Work): void {
    const related = (work.header.flags & RELATED_OPERATIONS) !== 0;
    if (!related) {
      this.#fileId = undefined;
      this.#createError = undefined;
      return;
    }
    if (!this.#started) throw new Refusal(Status.INVALID_PARAMETER);
    work.sessionId = this.#sessionId;
    work.treeId = this.#treeId;
  }

  #locate(work: Work): void {
    const connection = this.#connection;
    const { command } = work;
    if (command === "NEGOTIATE") return;
    if (connection.negotiated === undefined) throw new Disconnect("Cannot work: not negotiated");
    if (command === "SESSION_SETUP") {
      this.#verifySignature(work.header, work.bytes);
      return;
    }
    if (command === "ECHO" && work.sessionId === 0n) return;
    const session = connection.sessions.get(work.sessionId);
    if (session === undefined || session.state !== "valid") {
      if (command === "ECHO") return;
      throw new Refusal(Status.USER_SESSION_DELETED);
    }
    work.session = session;
    const signed = this.#verifySignature(work.header, work.bytes, session);
    // MS-SMB2 3.3.5.2.4: what must be signed and is not, is refused.
    if (!signed && session.signingRequired) throw new Refusal(Status.ACCESS_DENIED);
    if (command === "LOGOFF" || command === "TREE_CONNECT" || command === "ECHO") return;
    if (command === "OPLOCK_BREAK") {
      work.tree = session.trees.get(work.treeId);
      return;
    }
    work.tree = session.trees.get(work.treeId);
    if (work.tree === undefined) throw new Refusal(Status.NETWORK_NAME_DELETED);
  }

  #verifySignature(header: Header, bytes: Uint8Array, session?: Session): boolean {
    if ((header.flags & SIGNED) === 0) return false;
    const sessionId = (header.flags & RELATED_OPERATIONS) !== 0
      ? this.#sessionId
      : header.sessionId;
    const signer = (session ?? this.#connection.sessions.get(sessionId))?.signer;
    if (signer === undefined) return false;
    if (!signer.verify(bytes)) throw new Refusal(Status.ACCESS_DENIED);
    return true;
  }

  // A CANCEL has no answer that could refuse it.
  #mayCancel(header: Header, bytes: Uint8Array): boolean {
    const signer = this.#connection.sessions.get(header.sessionId)?.signer;
    return (header.flags & SIGNED) === 0 || signer === undefined || signer.verify(bytes);
  }

  #suspend(work: Work): void {
    // What is left of the frame lies in the transport's buffer, which is used again.
    this.#parts = this.#parts.slice(this.#index).map((bytes) => bytes.slice());
    this.#index = 0;
    const message = this.#respond(work, failure(Status.PENDING), work.header.credits);
    this.#answers.push({ message, session: undefined, sign: false, encoded: undefined });
    this.#flush();
  }

  #answer(work: Work, reply: Reply): void {
    this.#sessionId = work.sessionId;
    this.#treeId = work.treeId;
    this.#started = true;
    if (work.command === "CREATE") {
      const failed = isError(reply.status);
      if (failed) this.#fileId = undefined;
      this.#createError = failed ? reply.status : undefined;
    }
    const credits = work.asyncId === undefined ? work.header.credits : 0;
    const message = this.#respond(work, reply, credits);
    const session = work.session ?? this.#connection.sessions.get(work.sessionId);
    const signed = (work.header.flags & SIGNED) !== 0;
    // MS-SMB2 3.3.4.1.1: signed requests and sessions that demand it get signed answers.
    const sign = reply.sign === true || (session?.state === "valid" && signed) ||
      (session?.signingRequired === true && session.state === "valid");
    this.#answers.push({ message, session, sign, encoded: reply.encoded });
  }

  #respond(work: Work, reply: Reply, requested: number): Message {
    const { header } = work;
    const related = header.flags & RELATED_OPERATIONS;
    const isAsync = work.asyncId !== undefined;
    const responseHeader: Header = {
      creditCharge: header.creditCharge,
      status: reply.status,
      command: header.command,
      credits: isAsync && requested === 0 ? 0 : this.#connection.window.grant(requested),
      flags: SERVER_TO_REDIR | related | (isAsync ? ASYNC_COMMAND : 0),
      messageId: header.messageId,
      ...(work.asyncId === undefined ? {} : { asyncId: work.asyncId }),
      reserved: isAsync ? 0 : header.reserved,
      treeId: isAsync ? 0 : work.treeId,
      sessionId: work.sessionId,
      signature: NO_SIGNATURE,
    };
    const { command } = work;
    if (reply.body !== undefined) {
      return { kind: "response", command, header: responseHeader, body: reply.body } as Message;
    }
    return errorMessage(command, responseHeader, reply.errorData ?? NO_BYTES);
  }

  #refuse(header: Header, status: number): void {
    const message = errorMessage("ECHO", {
      ...header,
      status,
      flags: SERVER_TO_REDIR,
      credits: this.#connection.window.grant(header.credits),
      signature: NO_SIGNATURE,
    }, NO_BYTES);
    this.#answers.push({ message, session: undefined, sign: false, encoded: undefined });
  }

  #flush(): void {
    const answers = this.#answers;
    this.#answers = [];
    this.#connection.sendAll(answers);
  }
}

const MAY_WAIT_LONG: readonly CommandName[] = ["CHANGE_NOTIFY", "LOCK"];
const NO_SIGNATURE = new Uint8Array(16);
const NO_BYTES = new Uint8Array(0);

function errorMessage(command: CommandName, header: Header, errorData: Uint8Array): Message {
  return { kind: "error", command, header, body: { reserved: 0, errorData, contextCount: 0 } };
}

/**
 * What a thrown refusal is answered with.
 *
 * @param error What a handler threw.
 * @returns The answer.
 */
export function outcomeOf(error: unknown): Reply {
  if (error instanceof Refusal) return { status: error.status, errorData: error.data };
  if (error instanceof StoreError) return failure(statusOfStoreError(error));
  // MS-SMB2 3.3.5.2.6: a body that cannot be read is refused, the connection lives on.
  if (error instanceof WireError) return failure(Status.INVALID_PARAMETER);
  throw error;
}

function partBytes(part: EncodedPart, chain: EncodedChain): Uint8Array {
  if (part.tail.length === 0) return part.head;
  return chainBytes(chain).subarray(part.offset, part.offset + part.length);
}
