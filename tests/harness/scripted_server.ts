/**
 * The other end of a client in unit tests: reads its requests and builds whatever answer a test wants, right or wrong.
 *
 * @module
 */
import {
  type CommandName,
  decodeMessage,
  encodeChain,
  FrameDecoder,
  type Header,
  HeaderFlags,
  makeHeader,
  type Message,
  type Request,
  type Response,
  type ResponseBodies,
  splitChain,
} from "../../runtime/wire/mod.ts";
import type { Signer } from "../../runtime/security/mod.ts";
import type { Transport } from "../../runtime/transport/mod.ts";

/** A request as it was on the wire. */
export interface SeenRequest {
  readonly message: Request;
  readonly header: Header;
  readonly bytes: Uint8Array;
}

/** Cuts what a client wrote into requests. */
export class RequestReader {
  readonly #decoder = new FrameDecoder();

  push(chunk: Uint8Array): SeenRequest[] {
    return this.#decoder.push(chunk).flatMap(({ payload }) => {
      return splitChain(payload).map(({ bytes }) => {
        const message = decodeMessage(bytes);
        if (message.kind !== "request") throw new TypeError(`Cannot read a ${message.kind}`);
        return { message, header: message.header, bytes: bytes.slice() };
      });
    });
  }
}

/** Header fields of an answer beside those that follow from the request. */
export type AnswerFields = Partial<Omit<Header, "command">>;

function answerHeader(request: Header, fields: AnswerFields): Header {
  return makeHeader({
    command: request.command,
    messageId: request.messageId,
    treeId: request.treeId,
    sessionId: request.sessionId,
    creditCharge: request.creditCharge,
    credits: 1,
    ...fields,
    flags: HeaderFlags.SERVER_TO_REDIR | (fields.flags ?? 0),
  });
}

/** A response with the command's own body. */
export function answer<C extends CommandName>(
  request: { readonly header: Header; readonly message: { readonly command: CommandName } },
  body: ResponseBodies[C],
  fields: AnswerFields = {},
): Message {
  const header = answerHeader(request.header, fields);
  return { kind: "response", command: request.message.command, header, body } as Response;
}

/** A response with an ERROR body. */
export function refuse(
  request: { readonly header: Header; readonly message: { readonly command: CommandName } },
  status: number,
  fields: AnswerFields = {},
): Message {
  return {
    kind: "error",
    command: request.message.command,
    header: answerHeader(request.header, { status, ...fields }),
    body: { reserved: 0, errorData: new Uint8Array(0), contextCount: 0 },
  };
}

/** The interim response of an asynchronous request. */
export function pend(
  request: { readonly header: Header; readonly message: { readonly command: CommandName } },
  asyncId: bigint,
  fields: AnswerFields = {},
): Message {
  return refuse(request, 0x00000103, { asyncId, flags: HeaderFlags.ASYNC_COMMAND, ...fields });
}

/** One frame of messages, signed where a signer is given. */
export function frameOf(messages: readonly Message[], signer: Signer | null = null): Uint8Array {
  const { frame, parts } = encodeChain(messages);
  for (const part of parts) signer?.sign(part.head, part.tail);
  return joined(frame);
}

/** Everything in one array. */
export function joined(chunks: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.byteLength, 0));
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.byteLength;
  }
  return whole;
}

/**
 * Serves a transport until it ends: `respond` gives the frames that answer each request.
 *
 * @returns Once the client has closed its side.
 */
export async function serve(
  transport: Transport,
  respond: (request: SeenRequest) => readonly Uint8Array[],
): Promise<void> {
  const reader = new RequestReader();
  const buffer = new Uint8Array(64 * 1024);
  for (;;) {
    const count = await transport.read(buffer);
    if (count === null) return;
    for (const request of reader.push(buffer.slice(0, count))) {
      const frames = respond(request);
      if (frames.length > 0) await transport.write(frames);
    }
  }
}

/** The body of a NEGOTIATE response. */
export function negotiateBody(
  dialectRevision: number,
  more: Partial<ResponseBodies["NEGOTIATE"]> = {},
): ResponseBodies["NEGOTIATE"] {
  return {
    securityMode: 1,
    dialectRevision,
    serverGuid: "00112233-4455-6677-8899-aabbccddeeff",
    capabilities: dialectRevision === 0x0202 ? 0 : 0x07,
    maxTransactSize: 65536,
    maxReadSize: 65536,
    maxWriteSize: 65536,
    systemTime: 0n,
    serverStartTime: 0n,
    securityBuffer: new Uint8Array(0),
    ...(dialectRevision === 0x0311
      ? {
        contexts: [{
          kind: "preauthIntegrity",
          hashAlgorithms: [1],
          salt: new Uint8Array(32),
        }],
      }
      : {}),
    ...more,
  };
}

/** The body of a CREATE response. */
export function createResponseBody(
  more: Partial<ResponseBodies["CREATE"]> = {},
): ResponseBodies["CREATE"] {
  return {
    oplockLevel: 0,
    flags: 0,
    createAction: 1,
    creationTime: 0n,
    lastAccessTime: 0n,
    lastWriteTime: 0n,
    changeTime: 0n,
    allocationSize: 0n,
    endOfFile: 0n,
    fileAttributes: 0x80,
    reserved: 0,
    fileId: { persistent: 1n, volatile: 2n },
    contexts: [],
    ...more,
  };
}

/** A break notification: nothing asked for it (MS-SMB2 3.3.4.6, 3.3.4.7). */
export function breakFrame(body: ResponseBodies["OPLOCK_BREAK"]): Uint8Array {
  const header = makeHeader({
    command: 0x12,
    messageId: 0xffffffffffffffffn,
    flags: HeaderFlags.SERVER_TO_REDIR,
  });
  return frameOf([{ kind: "response", command: "OPLOCK_BREAK", header, body }]);
}
