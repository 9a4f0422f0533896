/** Bytes of any kind on a connection, and what the server answers to them. */
import {
  commandName,
  decodeHeader,
  decodeMessage,
  type Header,
  HEADER_SIZE,
  type Message,
  Reader,
  splitChain,
  Status,
  statusName,
  WireError,
} from "../wire/mod.ts";
import type { Operation, RawAnswer, SendRawOptions } from "./api.ts";
import type { ClientState } from "./client_state.ts";
import type { RawTransport } from "./raw_transport.ts";
import type { Answered } from "./run.ts";

/** Where bytes go, and how its end is told. */
export interface RawEnd {
  readonly transport: RawTransport;
  /** Settles once, with why the connection ended. */
  readonly disconnected: Promise<Error | null>;
}

/** An answer on its way into a record. */
interface RawReply extends Answered {
  readonly answer: RawAnswer;
}

const NO_BYTES = new Uint8Array(0);
const NO_ANSWER: RawAnswer = {
  bytes: NO_BYTES,
  status: "",
  command: "",
  messageId: 0n,
  message: null,
};

/** Sends bytes and waits for the frame that answers them. */
export function sendRaw(state: ClientState, bytes: Uint8Array, how: {
  readonly options: SendRawOptions;
  readonly obstacle: string | null;
  readonly end: () => RawEnd;
}): Operation<RawAnswer> {
  const { options } = how;
  // What was sent may change until the server is asked; the script's array is its own.
  const sent = bytes.slice();
  return state.run.perform<RawAnswer, RawReply>({
    origin: state.origin(),
    command: "RAW",
    path: "",
    options: { ...options, expect: options.expect ?? "any" },
    obstacle: how.obstacle,
    send: async ({ owner: { signal } }) => {
      const { clock } = state.run.host;
      const end = how.end();
      const framed = options.framed ?? true;
      const sentAt = clock.now();
      const waiting = options.answer === false ? null : answerTo(sent, end, signal);
      await end.transport.inject(sent, { framed });
      const frame = waiting === null ? null : await waiting;
      const answer = frame === null ? NO_ANSWER : rawAnswer(frame);
      return {
        answer,
        status: headerOf(frame ?? NO_BYTES)?.status ?? Status.SUCCESS,
        sentAt,
        receivedAt: clock.now(),
        bytesSent: sent.length,
        bytesReceived: frame?.length ?? 0,
      };
    },
    value: ({ answer }) => answer,
    empty: () => NO_ANSWER,
  });
}

/** The next frame that answers: with the same message id where both have one, and not an interim response. */
function answerTo(sent: Uint8Array, end: RawEnd, signal: AbortSignal): Promise<Uint8Array> {
  const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>();
  const wanted = headerOf(sent)?.messageId ?? null;
  const stop = end.transport.listen((frame) => {
    const header = headerOf(frame);
    if (wanted !== null && header !== null && header.messageId !== wanted) return;
    if (header?.status === Status.PENDING) return;
    resolve(frame);
  });
  void end.disconnected.then((error) =>
    reject(error ?? new Error("Cannot wait for an answer: the connection is closed"))
  );
  signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  return promise.finally(stop);
}

function rawAnswer(bytes: Uint8Array): RawAnswer {
  const header = headerOf(bytes);
  return {
    bytes,
    status: header === null ? "" : statusName(header.status),
    command: header === null ? "" : commandName(header.command),
    messageId: header?.messageId ?? 0n,
    message: messageOf(bytes),
  };
}

/** The header of the first message; null where there is none, as before encrypted ones. */
function headerOf(bytes: Uint8Array): Header | null {
  if (bytes.length < HEADER_SIZE) return null;
  try {
    return decodeHeader(new Reader(bytes)).header;
  } catch (error) {
    if (error instanceof WireError) return null;
    throw error;
  }
}

/** The first message; null where it is none. */
function messageOf(bytes: Uint8Array): Message | null {
  try {
    const [first] = splitChain(bytes);
    return first === undefined ? null : decodeMessage(first.bytes);
  } catch (error) {
    if (error instanceof WireError) return null;
    throw error;
  }
}
