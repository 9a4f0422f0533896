/**
 * Bytes of one message -> what the capture tells of it: decoded where it is whole; where it is cut, its header and, for
 * WRITE and READ data, the fields before the data.
 */
import {
  Command,
  decodeHeader,
  decodeMessage,
  type Header,
  HEADER_SIZE,
  HeaderFlags,
  Reader,
  splitChain,
  WireError,
} from "../runtime/wire/mod.ts";
import type { Frame } from "./deframe.ts";
import type { CapturedMessage } from "./exchange.ts";
import type { PayloadSink } from "./payload.ts";

/** One message within a unit. */
export interface Part {
  readonly bytes: Uint8Array;
  /** Length that the message has on the wire; more than its bytes when it is cut. */
  readonly length: number;
}

/** The messages of a unit. */
export interface Messages {
  readonly parts: readonly Part[];
  /** Whether it is a compound; also when the capture has only its first message. */
  readonly compounded: boolean;
}

/** The messages of a unit of `length` bytes, as far as it is in the capture. */
export function messagesOf(unit: Uint8Array, length: number): Messages {
  if (unit.byteLength < length) return knownMessages(unit, length);
  if (isSingle(unit)) return { parts: [{ bytes: unit, length }], compounded: false };
  try {
    const parts = splitChain(unit).map(({ bytes }) => ({ bytes, length: bytes.byteLength }));
    return { parts, compounded: parts.length > 1 };
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    // NextCommand leads nowhere: the messages before it can be read, the one that has it cannot.
    return knownMessages(unit, length);
  }
}

/** Most units are one message: NextCommand is 0. */
function isSingle(unit: Uint8Array): boolean {
  return unit.byteLength >= HEADER_SIZE && unit[NEXT_COMMAND] === 0 &&
    unit[NEXT_COMMAND + 1] === 0 && unit[NEXT_COMMAND + 2] === 0 && unit[NEXT_COMMAND + 3] === 0;
}

/** Follows NextCommand to the message that is cut. */
function knownMessages(unit: Uint8Array, length: number): Messages {
  const parts: Part[] = [];
  for (let offset = 0; offset < unit.byteLength;) {
    const rest = unit.subarray(offset);
    const next = rest.byteLength < HEADER_SIZE ? 0 : new Reader(rest).peekU32(NEXT_COMMAND);
    if (next < HEADER_SIZE || next > length - offset) {
      parts.push({ bytes: rest, length: length - offset });
      return { parts, compounded: parts.length > 1 };
    }
    parts.push({ bytes: rest.subarray(0, next), length: next });
    offset += next;
  }
  return { parts, compounded: true };
}

/** Position of NextCommand in the header (MS-SMB2 2.2.1.2). */
const NEXT_COMMAND = 20;

/** How a message came. */
export interface Wrapping {
  readonly encrypted: boolean;
  readonly compressed: boolean;
}

/** Options of {@linkcode captureMessage}. */
export interface CaptureMessageOptions {
  /** Length that the message has on the wire; more than its bytes when it is cut. */
  readonly length: number;
  readonly frame: Frame;
  readonly wrapping: Wrapping;
  readonly payloads: PayloadSink;
  /** Told what could not be read, and why. */
  readonly note: (reason: string) => void;
}

/** Decodes one message; what cannot be decoded keeps its header and is noted. Null without a useful header. */
export function captureMessage(
  bytes: Uint8Array,
  options: CaptureMessageOptions,
): CapturedMessage | null {
  const { frame, length, payloads, note } = options;
  const whole = bytes.byteLength >= length;
  let kept: Kept | null = null;
  if (whole) {
    try {
      kept = keep(bytes, payloads);
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      note(error.message);
    }
  } else {
    note("A message is only partly in the capture");
    kept = keepFixedPart(bytes, length);
  }
  const header = kept?.header ?? partialHeader(bytes);
  if (header === null) return null;
  return {
    header,
    message: kept?.message ?? null,
    known: bytes.byteLength,
    length,
    completed: frame.completed,
    first: frame.first,
    encrypted: options.wrapping.encrypted,
    compressed: options.wrapping.compressed,
    payload: kept?.payload ?? null,
  };
}

type Kept = Pick<CapturedMessage, "header" | "message" | "payload">;

/** Takes READ and WRITE data out of a message: payloads are handed on at once and never held. */
function keep(bytes: Uint8Array, payloads: PayloadSink): Kept {
  // Views into the read buffer do not last, and one small copy of the message is cheaper than many of its fields.
  const message = decodeMessage(dataMessage(bytes) === null ? copyOf(bytes) : bytes);
  if (message.kind === "request" && message.command === "WRITE") {
    const payload = payloads.take("write", message.body.data);
    const channelInfo = message.body.channelInfo.slice();
    const header = ownHeader(message.header);
    const body = { ...message.body, data: NO_BYTES, channelInfo };
    return { message: { ...message, header, body }, header, payload };
  }
  if (message.kind === "response" && message.command === "READ") {
    const payload = payloads.take("read", message.body.data);
    const header = ownHeader(message.header);
    return {
      message: { ...message, header, body: { ...message.body, data: NO_BYTES } },
      header,
      payload,
    };
  }
  return { message, header: message.header, payload: null };
}

const NO_BYTES = new Uint8Array(0);

/** Messages are copied next to each other: memory of its own for each would cost more than decoding it. */
const SHARED_SIZE = 32 * 1024;
const LARGEST_SHARED = 1024;
let shared = new Uint8Array(SHARED_SIZE);
let sharedUsed = 0;

function copyOf(bytes: Uint8Array): Uint8Array {
  const { byteLength } = bytes;
  if (byteLength > LARGEST_SHARED) return bytes.slice();
  if (sharedUsed + byteLength > SHARED_SIZE) {
    shared = new Uint8Array(SHARED_SIZE);
    sharedUsed = 0;
  }
  const copy = shared.subarray(sharedUsed, sharedUsed + byteLength);
  copy.set(bytes);
  sharedUsed += byteLength;
  return copy;
}

/** Bytes of the body before the data: MS-SMB2 2.2.21 and 2.2.20. */
const WRITE_FIXED_SIZE = 48;
const READ_FIXED_SIZE = 16;

/** Position of Length in a WRITE request and of DataLength in a READ response. */
const DATA_LENGTH = HEADER_SIZE + 4;

/** A WRITE request or READ response that is cut inside its data tells where and how long the data was. */
function keepFixedPart(bytes: Uint8Array, length: number): Kept | null {
  const kind = dataMessage(bytes);
  if (kind === null) return null;
  const size = HEADER_SIZE + (kind === "write" ? WRITE_FIXED_SIZE : READ_FIXED_SIZE);
  if (bytes.byteLength < size) return null;
  const stated = new Reader(bytes).peekU32(DATA_LENGTH);
  // More than the unit has room for: the length is not to be believed.
  if (stated > length - size) return null;
  const fixed = bytes.slice(0, size);
  fixed.fill(0, DATA_LENGTH, DATA_LENGTH + 4);
  try {
    const message = decodeMessage(fixed);
    if (message.kind === "error") return null;
    return { message, header: message.header, payload: { length: stated } };
  } catch (error) {
    if (error instanceof WireError) return null;
    throw error;
  }
}

/** Whether the message is a WRITE request or a READ response, told from the command and flags bytes. */
function dataMessage(bytes: Uint8Array): "write" | "read" | null {
  if (bytes.byteLength < HEADER_SIZE || bytes[13] !== 0) return null;
  const response = (bytes[16]! & HeaderFlags.SERVER_TO_REDIR) !== 0;
  if (response) return bytes[12] === Command.READ ? "read" : null;
  return bytes[12] === Command.WRITE ? "write" : null;
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
