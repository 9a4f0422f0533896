/**
 * What leaves a connection: requests get message ids, credits, a header and a signature, wait where credits are short,
 * and stay known until they are answered (MS-SMB2 3.2.4.1, Connection.OutstandingRequests).
 */
import {
  chainBytes,
  Command,
  type CommandName,
  compressFrame,
  type CreateRequest,
  encodeChain,
  type EncodedChain,
  type EncodedPart,
  frameHeader,
  type Header,
  HeaderFlags,
  type Message,
  type Request,
} from "../wire/mod.ts";
import { CipherId } from "../security/mod.ts";
import { creditCharge, creditRequest } from "./credits.ts";
import type { Effect, Negotiated } from "./effects.ts";
import { shouldEncrypt } from "./encryption.ts";
import { ProtocolError } from "./errors.ts";
import type { Exchange } from "./exchange.ts";
import type { LeaseTable } from "./lease_table.ts";
import { codeJob } from "./long_signature.ts";
import { Dialect } from "./negotiation.ts";
import { OutstandingTable } from "./outstanding_table.ts";
import { SequenceWindow } from "./sequence_window.ts";
import { sealNow, type SessionCipher } from "./session_cipher.ts";
import { shouldSign } from "./signatures.ts";

/** Requests that wait together for credits: one frame. */
type Unit = readonly Exchange[];

/** What the outbox needs of its engine. */
export interface OutboxContext {
  /** Credits that requests ask to hold. */
  readonly creditTarget: number;
  readonly leases: LeaseTable;
  /** Frames from this length on, in bytes, are left to the shell to encrypt where the cipher is GCM. */
  readonly deferFrom: number;
  /** Messages from this length on, in bytes, are left to the shell to sign where the algorithm is GMAC. */
  readonly deferSignaturesFrom: number;
  /** Frames from this length on, in bytes, are compressed where that was negotiated. */
  readonly compressFrom: number;
  readonly negotiated: () => Negotiated | null;
  readonly emit: (effect: Effect) => void;
  /** Sees each message as it will be on the wire. */
  readonly encoded: (exchange: Exchange, part: EncodedPart) => void;
}

const NO_ID = 0xffffffff;
const NO_ID_64 = 0xffffffffffffffffn;
const UNSIGNED = new Uint8Array(16);
const NOTHING: Unit = [];

/** Requests from the call to the final response. */
export class Outbox {
  readonly #context: OutboxContext;
  readonly #window = new SequenceWindow();
  readonly #outstanding = new OutstandingTable();
  readonly #queue: Unit[] = [];
  #timed = 0;
  #creditStalls = 0;

  constructor(context: OutboxContext) {
    this.#context = context;
  }

  /** Credits in hand. */
  get credits(): number {
    return this.#window.available;
  }

  /** How often a send had to wait for credits. */
  get creditStalls(): number {
    return this.#creditStalls;
  }

  /** Requests without a final response, those that wait for credits included. */
  get size(): number {
    let queued = 0;
    for (const unit of this.#queue) queued += unit.length;
    return this.#outstanding.size + queued;
  }

  /** The earliest deadline of a request; null where none has one. */
  get nextDeadline(): number | null {
    if (this.#timed === 0) return null;
    let next: number | null = null;
    for (const { deadline } of this.#waiting()) {
      if (deadline !== null && (next === null || deadline < next)) next = deadline;
    }
    return next;
  }

  /** The request that a response answers. */
  find(messageId: bigint): Exchange | null {
    return this.#outstanding.get(messageId);
  }

  /** Sends now, or as soon as the credits suffice; `urgent` goes before what waits. */
  submit(unit: Unit, now: number, urgent = false): void {
    for (const exchange of unit) this.#begin(exchange, now);
    if ((urgent || this.#queue.length === 0) && this.#transmit(unit, now)) return;
    for (const exchange of unit) exchange.phase = "queued";
    this.#creditStalls++;
    if (urgent) this.#queue.unshift(unit);
    else this.#queue.push(unit);
    this.#refuseHopeless(now);
  }

  /** Enters a request that was sent by other means: the SMB1 NEGOTIATE, which counts as message id 0. */
  adopt(exchange: Exchange, now: number): void {
    exchange.messageId = BigInt(this.#window.take(1) ?? 0);
    exchange.phase = "sent";
    exchange.sentAt = now;
    this.#outstanding.add(exchange);
  }

  /** Takes the credits of a response (MS-SMB2 3.2.5.1.4). */
  grant(credits: number): void {
    this.#window.grant(credits);
  }

  /** The final response is here: the request is outstanding no more. */
  answered(exchange: Exchange): void {
    this.#outstanding.delete(exchange);
    this.#settle(exchange);
  }

  /** Sends what the credits allow by now. */
  drain(now: number): void {
    while (this.#queue.length > 0) {
      const unit = this.#queue[0];
      if (unit === undefined || !this.#transmit(unit, now, () => this.#queue.shift())) break;
    }
    if (this.#queue.length > 0) this.#refuseHopeless(now);
  }

  /** CANCEL, or withdrawal where the request was not sent (MS-SMB2 3.2.4.24). */
  cancel(exchange: Exchange, now: number): void {
    if (exchange.phase === "queued") {
      const index = this.#queue.findIndex((unit) => unit.length === 1 && unit[0] === exchange);
      if (index < 0) {
        exchange.cancelWhenSent = true;
        return;
      }
      this.#queue.splice(index, 1);
      this.#settle(exchange);
      this.#context.emit({ kind: "withdrawn", exchange });
    } else if (exchange.phase === "sent" || exchange.phase === "abandoned") {
      this.#sendCancel(exchange, now);
    }
  }

  /** Gives up what has waited too long. */
  tick(now: number): void {
    if (this.#timed === 0) return;
    for (const exchange of this.#inOrder()) {
      if (exchange.deadline !== null && exchange.deadline <= now) this.#timeOut(exchange, now);
    }
  }

  /** Ends an exchange that will have no answer; abandoned ones have been reported before. */
  reject(exchange: Exchange, error: Error, now: number): void {
    if (exchange.phase === "done") return;
    const wasAbandoned = exchange.phase === "abandoned";
    this.#settle(exchange);
    if (exchange.lease !== null && exchange.open === null) {
      this.#context.leases.giveUp(exchange.lease);
    }
    if (wasAbandoned) return;
    if (exchange.handler !== null) exchange.handler(error, { now, message: new Uint8Array(0) });
    else this.#context.emit({ kind: "rejected", exchange, error });
  }

  /** Ends everything. */
  rejectAll(error: Error, now: number): void {
    const waiting = this.#inOrder();
    this.#outstanding.clear();
    this.#queue.length = 0;
    for (const exchange of waiting) this.reject(exchange, error, now);
  }

  #begin(exchange: Exchange, now: number): void {
    if (exchange.phase !== "new") {
      throw new ProtocolError("Cannot send request: it has been sent before", { side: "local" });
    }
    const { timeout } = exchange.input;
    if (timeout === undefined) return;
    exchange.deadline = now + timeout;
    this.#timed++;
  }

  /** With nothing on its way, no response can bring the missing credits. */
  #refuseHopeless(now: number): void {
    while (this.#outstanding.size === 0) {
      const unit = this.#queue.shift();
      if (unit === undefined) return;
      if (this.#transmit(unit, now)) continue;
      const error = new ProtocolError(
        `Cannot send ${unit[0]?.input.command}: it costs ${
          this.#cost(unit)
        } credits, the server left ${this.#window.available} and nothing is outstanding`,
        { side: "local" },
      );
      for (const exchange of unit) this.reject(exchange, error, now);
    }
  }

  /** Message ids that a frame takes (MS-SMB2 3.2.4.1.6). */
  #cost(unit: Unit): number {
    let cost = 0;
    for (const { input } of unit) {
      if (input.override?.messageId === undefined) cost += Math.max(1, this.#charge(input));
    }
    return cost;
  }

  #charge(input: Exchange["input"]): number {
    if (input.creditCharge !== undefined) return input.creditCharge;
    const negotiated = this.#context.negotiated();
    if (negotiated?.supportsMultiCredit === true) return creditCharge(input.command, input.body);
    // 2.0.2 has no CreditCharge; from 2.1 on, 1 is right without multi-credit support too (MS-SMB2 3.2.4.1.5).
    return negotiated === null || negotiated.dialect === Dialect.SMB_2_0_2 ? 0 : 1;
  }

  /** Encodes, signs and writes one frame; false when credits are short. `leave` takes it off the queue. */
  #transmit(unit: Unit, now: number, leave?: () => void): boolean {
    if (this.#cost(unit) > this.#window.available) return false;
    leave?.();
    let messages: Message[];
    let chain: EncodedChain;
    let cipher: SessionCipher | null;
    try {
      cipher = cipherOf(unit);
      messages = [];
      for (const exchange of unit) {
        exchange.sealed = cipher !== null;
        messages.push(this.#message(exchange));
      }
      this.#refuseDuplicates(messages);
      chain = encodeChain(messages);
    } catch (cause) {
      // What cannot be encoded is the caller's fault and concerns this frame alone; its message ids are spent.
      if (!(cause instanceof Error)) throw cause;
      const command = unit[0]?.input.command;
      const error = new ProtocolError(`Cannot send ${command}: ${cause.message}`, {
        side: "local",
        cause,
      });
      for (const exchange of unit) this.reject(exchange, error, now);
      return true;
    }
    const deferred = this.#deferredSignature(unit, messages, chain);
    for (let i = 0; i < unit.length; i++) {
      const exchange = unit[i];
      const message = messages[i];
      const part = chain.parts[i];
      if (exchange !== undefined && message !== undefined && part !== undefined) {
        this.#launch(exchange, { message, part, now, signs: deferred === null });
      }
    }
    if (deferred !== null) this.#context.emit(deferred);
    else this.#write(unit, chain, cipher);
    for (const exchange of unit) if (exchange.cancelWhenSent) this.#sendCancel(exchange, now);
    return true;
  }

  /** How the shell signs a long message by GMAC; null where that is done here, or nothing is to be signed. */
  #deferredSignature(
    unit: Unit,
    messages: readonly Message[],
    chain: EncodedChain,
  ): Extract<Effect, { kind: "writeSigned" }> | null {
    const [exchange] = unit;
    const [message] = messages;
    const [part] = chain.parts;
    if (chain.length < this.#context.deferSignaturesFrom || unit.length !== 1) return null;
    if (exchange === undefined || message === undefined || part === undefined) return null;
    const key = exchange.session?.gmacKey ?? null;
    const isCompressed = this.#context.negotiated()?.compression !== undefined;
    // A login is hashed as it leaves, and a header that was altered may not say that it is signed.
    const isPlain = exchange.handler === null && exchange.input.override === undefined;
    if (key === null || isCompressed || !isPlain || !this.#signs(exchange)) return null;
    const job = codeJob(key, message.header, chainBytes(chain));
    return { kind: "writeSigned", job, head: part.head, chunks: chain.frame };
  }

  /** Compresses, then encrypts (MS-SMB2 3.1.4.3), then writes. */
  #write(unit: Unit, chain: EncodedChain, cipher: SessionCipher | null): void {
    const { emit, compressFrom, deferFrom } = this.#context;
    const compression = this.#context.negotiated()?.compression;
    const isLong = compression !== undefined && chain.length >= compressFrom;
    const carriesData = isLong && unit.some(({ input }) => input.command === "WRITE");
    const compressed = !carriesData ? null : compressFrame(chainBytes(chain), {
      ...compression,
      // The header and the fixed part stay legible in frames of one payload.
      offset: compression.chained ? 0 : chain.parts[0]?.head.byteLength ?? 0,
    });
    if (cipher === null) {
      const chunks = compressed === null
        ? chain.frame
        : [frameHeader(compressed.byteLength), compressed];
      emit({ kind: "write", chunks });
      return;
    }
    const job = cipher.seal(compressed ?? chainBytes(chain));
    if (job.plaintext.byteLength >= deferFrom && isGcm(cipher)) emit({ kind: "writeSealed", job });
    else emit({ kind: "write", chunks: sealNow(job) });
  }

  #message(exchange: Exchange): Message {
    const { input } = exchange;
    const header = this.#header(exchange);
    if (input.rawBody !== undefined) return { kind: "raw", header, body: input.rawBody };
    return { kind: "request", command: input.command, header, body: input.body } as Request;
  }

  #header(exchange: Exchange): Header {
    const { input, previous, related, session, tree } = exchange;
    const charge = this.#charge(input);
    const messageId = input.override?.messageId ?? BigInt(this.#window.take(charge) ?? 0);
    // Within a related chain, an id that only a response will tell is all ones (MS-SMB2 3.2.4.1.4).
    const inherits = previous !== null && needsTree(input.command);
    const header: Header = {
      creditCharge: charge,
      // ChannelSequence, which takes the place of Status in requests of 3.x (MS-SMB2 2.2.1.2, 3.2.4.1).
      status: input.channelSequence ?? session?.shared.channelSequence ?? 0,
      command: Command[input.command],
      credits: input.creditRequest ??
        creditRequest({
          charge,
          available: this.#window.available,
          target: this.#context.creditTarget,
        }),
      flags: (input.flags ?? 0) | (related ? HeaderFlags.RELATED_OPERATIONS : 0) |
        (this.#signs(exchange) ? HeaderFlags.SIGNED : 0),
      messageId,
      reserved: 0,
      treeId: tree?.treeId ?? (inherits ? NO_ID : 0),
      sessionId: session?.sessionId ?? (inherits ? NO_ID_64 : 0n),
      signature: UNSIGNED,
    };
    return input.override === undefined ? header : { ...header, ...input.override };
  }

  #refuseDuplicates(messages: readonly Message[]): void {
    for (const [i, { header: { messageId } }] of messages.entries()) {
      const isTwice = i > 0 &&
        messages.findIndex(({ header }) => header.messageId === messageId) !== i;
      if (isTwice || this.#outstanding.get(messageId) !== null) {
        throw new RangeError(`Cannot use message id ${messageId}: it is outstanding`);
      }
    }
  }

  /** Signs the encoded message and enters it among the outstanding requests. */
  #launch(
    exchange: Exchange,
    sent: { message: Message; part: EncodedPart; now: number; signs: boolean },
  ): void {
    const { message, part, now, signs } = sent;
    const { input, session, tree } = exchange;
    if (signs && this.#signs(exchange)) session?.signer?.sign(part.head, part.tail);
    exchange.messageId = message.header.messageId;
    exchange.sentAt = now;
    exchange.bytesSent = part.length;
    exchange.phase = "sent";
    this.#outstanding.add(exchange);
    if (input.command === "CREATE" && session !== null) {
      const owner = { session, tree };
      exchange.lease = this.#context.leases.expect(input.body as CreateRequest, owner);
    }
    this.#context.encoded(exchange, part);
    this.#context.emit({ kind: "sent", message, at: now });
  }

  #signs({ input, session, sealed }: Exchange): boolean {
    // What is encrypted is not signed (MS-SMB2 3.2.4.1.1).
    if (sealed && input.sign !== true) return false;
    return shouldSign(input, session, this.#context.negotiated());
  }

  #sendCancel(exchange: Exchange, now: number): void {
    const { asyncId, session } = exchange;
    const cipher = exchange.sealed ? session?.shared.cipher ?? null : null;
    const signed = cipher === null &&
      shouldSign({ command: "CANCEL" }, session, this.#context.negotiated());
    // No credits, the id of the request, and AsyncId once it is known (MS-SMB2 3.2.4.24).
    const header: Header = {
      creditCharge: 0,
      status: 0,
      command: Command.CANCEL,
      credits: 0,
      flags: (asyncId === null ? 0 : HeaderFlags.ASYNC_COMMAND) |
        (signed ? HeaderFlags.SIGNED : 0),
      messageId: exchange.messageId,
      ...(asyncId === null ? {} : { asyncId }),
      reserved: 0,
      treeId: 0,
      sessionId: session?.sessionId ?? 0n,
      signature: UNSIGNED,
    };
    const message: Message = { kind: "request", command: "CANCEL", header, body: { reserved: 0 } };
    const chain = encodeChain([message]);
    const [part] = chain.parts;
    if (part !== undefined && signed) session?.signer?.sign(part.head, part.tail);
    this.#context.emit({ kind: "sent", message, at: now });
    this.#write(NOTHING, chain, cipher);
  }

  #timeOut(exchange: Exchange, now: number): void {
    if (exchange.phase === "sent") {
      this.#sendCancel(exchange, now);
      this.#settle(exchange);
      exchange.phase = "abandoned";
      this.#reportTimeOut(exchange, now);
      return;
    }
    // A chain goes together: none of its requests was sent.
    const index = this.#queue.findIndex((unit) => unit.includes(exchange));
    const [unit = []] = index < 0 ? [] : this.#queue.splice(index, 1);
    for (const each of unit) {
      this.#settle(each);
      this.#reportTimeOut(each, now);
    }
  }

  #reportTimeOut(exchange: Exchange, now: number): void {
    if (exchange.handler === null) {
      this.#context.emit({ kind: "timedOut", exchange });
      return;
    }
    const error = new ProtocolError(
      `Cannot ${exchange.input.command}: no response within ${exchange.input.timeout} ms`,
      { side: "remote" },
    );
    exchange.handler(error, { now, message: new Uint8Array(0) });
  }

  /** The caller needs nothing more of the exchange. */
  #settle(exchange: Exchange): void {
    exchange.phase = "done";
    if (exchange.deadline === null) return;
    exchange.deadline = null;
    this.#timed--;
  }

  *#waiting(): IterableIterator<Exchange> {
    yield* this.#outstanding.values();
    for (const unit of this.#queue) yield* unit;
  }

  /** In the order in which they were sent, or will be. */
  #inOrder(): Exchange[] {
    const sent = [...this.#outstanding.values()].sort((a, b) => a.messageId < b.messageId ? -1 : 1);
    return [...sent, ...this.#queue.flat()];
  }
}

/** The cipher of a frame: a chain is encrypted as a whole where one of its requests is (MS-SMB2 3.1.4.3). */
function cipherOf(unit: Unit): SessionCipher | null {
  for (const { input, session, tree } of unit) {
    if (shouldEncrypt(input, session, tree)) return session?.shared.cipher ?? null;
  }
  return null;
}

/** WebCrypto, which shells have for long frames, knows GCM and not CCM. */
function isGcm({ cipherId }: SessionCipher): boolean {
  return cipherId === CipherId.AES_128_GCM || cipherId === CipherId.AES_256_GCM;
}

/** Commands that are sent within a tree connect. */
function needsTree(command: CommandName): boolean {
  return Command[command] >= Command.TREE_DISCONNECT && command !== "CANCEL" &&
    command !== "ECHO";
}
