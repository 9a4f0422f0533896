/**
 * The loop between a transport and the package: its frames out, whole responses in, one at a time and only those that
 * it can take. Replies are read from the same bytes with the project's own codec, so that they have the shape, statuses
 * and times of the native client's.
 */
import { Buffer } from "node:buffer";
import {
  type CommandName,
  commandName,
  decodeMessage,
  type ErrorMessage,
  FrameDecoder,
  frameHeader,
  FrameType,
  HeaderFlags,
  type Response,
  splitChain,
  Status,
} from "../../wire/mod.ts";
import { ProtocolError, type Reply } from "../../protocol/mod.ts";
import { type Transport, TransportError } from "../../transport/mod.ts";
import { UnsupportedError } from "../backend.ts";
import type { ConnectionOptions, Observer } from "../link.ts";
import {
  makeConnection,
  type MessageName,
  type PackageConnection,
  receiver,
  send,
} from "./package.ts";

/** One request of the package. */
export interface PackageRequest {
  readonly message: MessageName;
  readonly command: CommandName;
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly sessionId: bigint;
  readonly treeId: number;
  /** The share of a TREE_CONNECT. */
  readonly path?: string;
  /** The interim response has come. */
  readonly onInterim?: (() => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

interface Pending {
  readonly request: PackageRequest;
  readonly resolve: (reply: Reply) => void;
  readonly reject: (error: unknown) => void;
  sentAt: number | null;
  bytesSent: number;
  interimAt: number | null;
  asyncId: bigint | null;
}

const NO_INTERIM = { interimAt: null, asyncId: null };

/** The longest response to what the package asks for is 64 KiB of data with its headers. */
const MAX_FRAME = 128 * 1024;
const READ_SIZE = 64 * 1024;
/** MessageId of what the server sends unasked (MS-SMB2 2.2.1.2). */
const UNSOLICITED = 0xffff_ffff_ffff_ffffn;
/** The package counts message ids with 32 bits. */
const LAST_MESSAGE_ID = 0xffff_ffff;

/** One connection of the package at work. */
export class MarsaudLink {
  readonly transport: Transport;
  readonly disconnected: Promise<Error | null>;
  readonly now: () => number;
  readonly #observer: Observer | null;
  readonly #settleDisconnected: (error: Error | null) => void;
  readonly #connection: PackageConnection;
  readonly #deliver: (bytes: Buffer) => void;
  readonly #pending = new Map<bigint, Pending>();
  /** Requests that wait for a credit: the package itself does not count them. */
  readonly #queue: Pending[] = [];
  /** A client begins with one (MS-SMB2 3.2.4.1.2). */
  #credits = 1;
  #ended: Error | null = null;

  constructor(transport: Transport, options: ConnectionOptions) {
    this.transport = transport;
    this.now = options.now ?? (() => performance.now());
    this.#observer = options.observer ?? null;
    const { promise, resolve } = Promise.withResolvers<Error | null>();
    this.disconnected = promise;
    this.#settleDisconnected = resolve;
    this.#connection = makeConnection({
      write: (frame) => this.#write(frame),
      end: () => this.close(),
    });
    this.#deliver = receiver(this.#connection);
    void this.#readLoop();
  }

  /** Sends at once, or as soon as there is a credit. @throws {TransportError} When the connection ends. */
  request<C extends CommandName>(request: PackageRequest & { readonly command: C }): Promise<
    Reply<C>
  > {
    const { promise, resolve, reject } = Promise.withResolvers<Reply>();
    const { signal } = request;
    if (this.#ended !== null) reject(this.#ended);
    else if (signal?.aborted === true) reject(signal.reason);
    else {
      const pending = { request, resolve, reject, sentAt: null, bytesSent: 0, ...NO_INTERIM };
      if (signal !== undefined) this.#watch(signal, pending, promise);
      this.#queue.push(pending);
      this.#pump();
    }
    return promise as Promise<Reply<C>>;
  }

  /** Ends the connection: whatever is outstanding rejects. Idempotent. */
  close(): void {
    this.#end(null);
  }

  /** Who aborts is told that nothing can be done about a request that is sent; its response is still taken. */
  #watch(signal: AbortSignal, pending: Pending, settled: Promise<unknown>): void {
    const abort = () => {
      const waiting = this.#queue.indexOf(pending);
      if (waiting >= 0) {
        this.#queue.splice(waiting, 1);
        pending.reject(signal.reason);
      } else {
        pending.reject(
          new UnsupportedError({ command: "CANCEL", reason: "it has no such request" }),
        );
      }
    };
    signal.addEventListener("abort", abort, { once: true });
    const forget = () => signal.removeEventListener("abort", abort);
    settled.then(forget, forget);
  }

  #pump(): void {
    while (this.#credits > 0 && this.#ended === null) {
      const pending = this.#queue.shift();
      if (pending === undefined) return;
      this.#send(pending);
    }
  }

  #send(pending: Pending): void {
    const { request } = pending;
    const connection = this.#connection;
    if (connection.messageId > LAST_MESSAGE_ID) {
      pending.reject(
        new ProtocolError("Cannot send: @marsaud/smb2 has no message ids beyond 32 bits", {
          side: "local",
        }),
      );
      return;
    }
    connection.SessionId = littleEndian(request.sessionId, 8);
    connection.TreeId = littleEndian(BigInt(request.treeId), 4);
    if (request.path !== undefined) connection.fullPath = request.path;
    const messageId = BigInt(connection.messageId);
    this.#credits--;
    this.#pending.set(messageId, pending);
    try {
      send(request.message, request.parameters, connection, () => {});
    } catch (error) {
      this.#pending.delete(messageId);
      pending.reject(error);
    }
  }

  /** The package's socket: one frame a call, within {@linkcode send}. */
  #write(frame: Buffer): void {
    const bytes = new Uint8Array(frame.buffer, frame.byteOffset, frame.byteLength);
    const message = decodeMessage(bytes.subarray(FRAME_HEADER));
    const pending = this.#pending.get(message.header.messageId);
    if (pending === undefined) throw new Error("Cannot send: the package chose another message id");
    pending.sentAt = this.now();
    pending.bytesSent = bytes.byteLength - FRAME_HEADER;
    this.#observer?.sent?.(message, pending.sentAt);
    this.transport.write([bytes]).catch((error) => this.#end(error));
  }

  async #readLoop(): Promise<void> {
    const decoder = new FrameDecoder({ maxLength: MAX_FRAME });
    const room = new Uint8Array(READ_SIZE);
    try {
      for (;;) {
        const count = await this.transport.read(room);
        if (count === null) break;
        const at = this.now();
        for (const { type, payload } of decoder.push(room.subarray(0, count))) {
          if (type !== FrameType.SESSION_MESSAGE) continue;
          // Replies outlive the buffer.
          for (const { bytes } of splitChain(payload.slice())) this.#receive(bytes, at);
        }
        if (this.#ended !== null) return;
      }
      this.#end(
        new TransportError("Cannot go on: the server closed the connection", { reason: "closed" }),
      );
    } catch (error) {
      this.#end(error instanceof Error ? error : new Error(String(error)));
    }
  }

  #receive(bytes: Uint8Array, at: number): void {
    const message = decodeMessage(bytes);
    this.#observer?.received?.(message, at);
    const { header } = message;
    // Breaks of oplocks that the package never asks for; it would keep them for ever.
    if (header.messageId === UNSOLICITED) return;
    const pending = this.#pending.get(header.messageId);
    if (pending === undefined) {
      throw remote(`Cannot accept response: message id ${header.messageId} is unknown`);
    }
    const { command } = pending.request;
    if ((message.kind !== "response" && message.kind !== "error") || message.command !== command) {
      throw remote(
        `Cannot accept response: ${
          commandName(header.command)
        } instead of ${command} for message id ${header.messageId}`,
      );
    }
    this.#credits += header.credits;
    if (header.status === Status.PENDING && (header.flags & HeaderFlags.ASYNC_COMMAND) !== 0) {
      // The package would take an interim response for the answer (MS-SMB2 3.2.5.1.5).
      pending.interimAt ??= at;
      pending.asyncId = header.asyncId ?? null;
      pending.request.onInterim?.();
    } else {
      this.#pending.delete(header.messageId);
      this.#answer(pending, message, { bytes, at });
    }
    this.#pump();
  }

  #answer(pending: Pending, message: Response | ErrorMessage, received: {
    bytes: Uint8Array;
    at: number;
  }): void {
    const { bytes, at } = received;
    try {
      this.#deliver(Buffer.concat([frameHeader(bytes.byteLength), bytes]));
    } catch (cause) {
      const error = new ProtocolError(
        `Cannot accept response: @marsaud/smb2 does not understand this ${message.command}`,
        { side: "remote", cause },
      );
      pending.reject(error);
      throw error;
    }
    pending.resolve(
      {
        command: message.command,
        status: message.header.status,
        header: message.header,
        body: message.kind === "response" ? message.body : null,
        error: message.kind === "error" ? message.body : null,
        messageId: message.header.messageId,
        ...pending.asyncId === null ? {} : { asyncId: pending.asyncId },
        sentAt: pending.sentAt ?? at,
        ...pending.interimAt === null ? {} : { interimAt: pending.interimAt },
        receivedAt: at,
        bytesSent: pending.bytesSent,
        bytesReceived: bytes.byteLength,
      } as Reply,
    );
  }

  #end(error: Error | null): void {
    if (this.#ended !== null) return;
    this.#ended = error ??
      new TransportError("Cannot send: the connection is closed", { reason: "closed" });
    this.transport.close();
    const unanswered = [...this.#pending.values(), ...this.#queue.splice(0)];
    this.#pending.clear();
    for (const pending of unanswered) pending.reject(this.#ended);
    this.#settleDisconnected(error);
  }
}

const FRAME_HEADER = 4;

function remote(message: string): ProtocolError {
  return new ProtocolError(message, { side: "remote" });
}

function littleEndian(value: bigint, length: 4 | 8): Buffer {
  const bytes = Buffer.alloc(length);
  if (length === 8) bytes.writeBigUInt64LE(value);
  else bytes.writeUInt32LE(Number(value));
  return bytes;
}
