/**
 * Bytes of one message -> what the capture tells of it: decoded where it is whole; where it is cut, what its beginning
 * tells (cut_message.ts), its header at least.
 */
import {
  Command,
  decodeBody,
  decodeHeader,
  type Header,
  HEADER_SIZE,
  HeaderFlags,
  type Message,
  Reader,
  splitChain,
  WireError,
} from "../runtime/wire/mod.ts";
import type { Stamp } from "./capture/mod.ts";
import { type CutMessage, cutMessage } from "./cut_message.ts";
import { SKIM_HEAD } from "./deframe.ts";
import type { CapturedMessage } from "./exchange.ts";
import type { PayloadSink } from "./payload.ts";

/** One message within a unit. */
export interface Part {
  /** Where it is in the unit's bytes. */
  readonly start: number;
  readonly end: number;
  /** Length that the message has on the wire; more than its bytes when it is cut. */
  readonly length: number;
}

/** The messages of a unit. */
export interface Messages {
  readonly parts: readonly Part[];
  /** Whether it is a compound; also when the capture has only its first message. */
  readonly compounded: boolean;
}

/** The messages of a unit, as far as it is in the capture. */
export function messagesOf(bytes: Uint8Array, unit: Part): Messages {
  const { start, end, length } = unit;
  if (isSingle(bytes, unit)) return { parts: [unit], compounded: false };
  if (end - start < length) return knownMessages(bytes, unit);
  try {
    const parts = splitChain(bytes.subarray(start, end)).map((part) => ({
      start: start + part.offset,
      end: start + part.offset + part.bytes.byteLength,
      length: part.bytes.byteLength,
    }));
    return { parts, compounded: parts.length > 1 };
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    // NextCommand leads nowhere: the messages before it can be read, the one that has it cannot.
    return knownMessages(bytes, unit);
  }
}

/** Most units are one message: NextCommand is 0. */
export function isSingle(bytes: Uint8Array, { start, end }: Part): boolean {
  return end - start >= HEADER_SIZE && isZero32(bytes, start + NEXT_COMMAND);
}

function isZero32(bytes: Uint8Array, at: number): boolean {
  return bytes[at] === 0 && bytes[at + 1] === 0 && bytes[at + 2] === 0 && bytes[at + 3] === 0;
}

/** Follows NextCommand to the message that is cut. */
function knownMessages(bytes: Uint8Array, unit: Part): Messages {
  const parts: Part[] = [];
  const reader = new Reader(bytes, { start: unit.start, end: unit.end });
  let { start, length } = unit;
  while (start < unit.end) {
    const next = unit.end - start < HEADER_SIZE ? 0 : reader.peekU32(start + NEXT_COMMAND);
    if (next < HEADER_SIZE || next > length) {
      parts.push({ start, end: unit.end, length });
      return { parts, compounded: parts.length > 1 };
    }
    parts.push({ start, end: Math.min(start + next, unit.end), length: next });
    start += next;
    length -= next;
  }
  return { parts, compounded: true };
}

/** Position of NextCommand in the header (MS-SMB2 2.2.1.2). */
const NEXT_COMMAND = 20;

/** Bytes that messages are read from, and how they came. They will be overwritten. */
export interface Unit {
  readonly bytes: Uint8Array;
  /** File data was passed over. */
  readonly skimmed: boolean;
  readonly first: Stamp;
  readonly completed: Stamp;
  readonly encrypted: boolean;
  readonly compressed: boolean;
}

/** Where {@linkcode captureMessage} puts what is no message. */
export interface MessageSinks {
  readonly payloads: PayloadSink;
  /** Told what could not be read, and why. */
  readonly note: (where: { readonly completed: Stamp }, reason: string) => void;
}

/** Decodes one message; what cannot be decoded keeps its header and is noted. Null without a useful header. */
export function captureMessage(
  unit: Unit,
  part: Part,
  { payloads, note }: MessageSinks,
): CapturedMessage | null {
  const { start, end, length } = part;
  const { bytes, skimmed, first, completed, encrypted, compressed } = unit;
  let kept: Kept | null = null;
  if (skimmed) {
    kept = keepFixedPart(bytes, part);
  } else if (end - start >= length) {
    try {
      kept = keep(bytes, part, payloads);
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      note(unit, error.message);
    }
  } else {
    const cut = cutMessage(bytes, part);
    note(unit, cutText(cut));
    if (cut !== null) kept = keptOf(cut);
  }
  const header = kept?.header ?? partialHeader(bytes, part);
  if (header === null) return null;
  const captured = {
    header,
    message: kept?.message ?? null,
    known: skimmed ? length : end - start,
    length,
    completed,
    first,
    encrypted,
    compressed,
    payload: kept?.payload ?? null,
  };
  return kept?.lacks === undefined ? captured : { ...captured, lacks: kept.lacks };
}

type Kept = Pick<CapturedMessage, "header" | "message" | "payload" | "lacks">;

/** Takes READ and WRITE data out of a message: payloads are handed on at once and never held. */
function keep(bytes: Uint8Array, part: Part, payloads: PayloadSink): Kept {
  const { start, end, length } = part;
  const kind = dataMessage(bytes, part);
  if (kind === null) {
    const message = decode(bytes, { start, end, copies: true });
    return { message, header: message.header, payload: null };
  }
  if (payloads.lengthsOnly && isPlainData(bytes, start, length)) {
    const kept = keepFixedPart(bytes, part);
    if (kept !== null) return kept;
  }
  const message = decode(bytes, { start, end, copies: false });
  const header = { ...message.header, signature: message.header.signature.slice() };
  if (message.kind === "request" && message.command === "WRITE") {
    const payload = payloads.take("write", message.body.data);
    const channelInfo = message.body.channelInfo.slice();
    const body = { ...message.body, data: NO_BYTES, channelInfo };
    return { message: { ...message, header, body }, header, payload };
  }
  if (message.kind === "response" && message.command === "READ") {
    const payload = payloads.take("read", message.body.data);
    const body = { ...message.body, data: NO_BYTES };
    return { message: { ...message, header, body }, header, payload };
  }
  const whole = decode(bytes, { start, end, copies: true });
  return { message: whole, header: whole.header, payload: null };
}

const NO_BYTES = new Uint8Array(0);

function decode(
  bytes: Uint8Array,
  { start, end, copies }: { start: number; end: number; copies: boolean },
): Message {
  const reader = new Reader(bytes, { start, end, origin: start, copies });
  return decodeBody(reader, decodeHeader(reader).header);
}

/** Bytes of the body before the data: MS-SMB2 2.2.21 and 2.2.20. */
const WRITE_FIXED_SIZE = 48;
const READ_FIXED_SIZE = 16;

/** Position of DataOffset, and of Length in a WRITE request and DataLength in a READ response. */
const DATA_OFFSET = HEADER_SIZE + 2;
const DATA_LENGTH = HEADER_SIZE + 4;

/** Position of WriteChannelInfoLength in a WRITE request. */
const WRITE_CHANNEL_LENGTH = HEADER_SIZE + 42;

/**
 * Whether a message of `length` bytes is READ or WRITE data and nothing besides, so that its first 112 bytes tell all but
 * the data.
 */
export function isPlainData(bytes: Uint8Array, start: number, length: number): boolean {
  const head = { start, end: start + Math.min(length, SKIM_HEAD), length };
  const kind = dataMessage(bytes, head);
  if (kind === null || bytes[start] !== 0xfe || bytes[start + 4] !== HEADER_SIZE) return false;
  if (bytes[start + 5] !== 0 || !isSingle(bytes, head)) return false;
  const size = kind === "write" ? 49 : 17;
  if (bytes[start + HEADER_SIZE] !== size || bytes[start + HEADER_SIZE + 1] !== 0) return false;
  if (
    kind === "write" &&
    (length < SKIM_HEAD || bytes[start + WRITE_CHANNEL_LENGTH] !== 0 ||
      bytes[start + WRITE_CHANNEL_LENGTH + 1] !== 0)
  ) {
    return false;
  }
  const low = bytes[start + DATA_OFFSET]!;
  const offset = kind === "write" ? low | (bytes[start + DATA_OFFSET + 1]! << 8) : low;
  return offset + dataLength(bytes, start) <= length;
}

function dataLength(bytes: Uint8Array, start: number): number {
  const at = start + DATA_LENGTH;
  return (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>>
    0;
}

/** The fields before the data of one message, with a Length of 0. */
const fixed = new Uint8Array(SKIM_HEAD);

/** A WRITE request or READ response tells where and how long its data is, also without the data. */
function keepFixedPart(bytes: Uint8Array, part: Part): Kept | null {
  const { start, end, length } = part;
  const kind = dataMessage(bytes, part);
  if (kind === null) return null;
  const size = HEADER_SIZE + (kind === "write" ? WRITE_FIXED_SIZE : READ_FIXED_SIZE);
  if (end - start < size) return null;
  const stated = dataLength(bytes, start);
  // More than the unit has room for: the length is not to be believed.
  if (stated > length - size) return null;
  fixed.set(bytes.subarray(start, start + size));
  fixed.fill(0, DATA_LENGTH, DATA_LENGTH + 4);
  try {
    const message = decode(fixed, { start: 0, end: size, copies: true });
    if (message.kind === "error") return null;
    return { message, header: message.header, payload: { length: stated } };
  } catch (error) {
    if (error instanceof WireError) return null;
    throw error;
  }
}

function keptOf({ message, lacks, dataLength }: CutMessage): Kept {
  const payload = dataLength === null ? null : { length: dataLength };
  return { message, header: message.header, payload, ...lacks === null ? {} : { lacks } };
}

function cutText(cut: CutMessage | null): string {
  const text = "A message is only partly in the capture";
  if (cut === null || cut.lacks === null || cut.message.kind === "raw") return text;
  const { command, kind } = cut.message;
  return `A ${command} ${kind} is only partly in the capture, and lacks ${cut.lacks}`;
}

/** Whether the message is a WRITE request or a READ response, told from the command and flags bytes. */
function dataMessage(bytes: Uint8Array, { start, end }: Part): "write" | "read" | null {
  if (end - start < HEADER_SIZE || bytes[start + 13] !== 0) return null;
  const response = (bytes[start + 16]! & HeaderFlags.SERVER_TO_REDIR) !== 0;
  const command = bytes[start + 12];
  if (response) return command === Command.READ ? "read" : null;
  return command === Command.WRITE ? "write" : null;
}

/** Bytes of the header up to and including Flags: below that, a cut message tells nothing. */
const USEFUL_HEADER = 20;

/** The header of a cut or undecodable message; fields that are not in the capture read as 0. */
function partialHeader(bytes: Uint8Array, { start, end }: Part): Header | null {
  if (end - start < USEFUL_HEADER) return null;
  const padded = new Uint8Array(HEADER_SIZE);
  padded.set(bytes.subarray(start, Math.min(end, start + HEADER_SIZE)));
  try {
    return decodeHeader(new Reader(padded)).header;
  } catch (error) {
    if (error instanceof WireError) return null;
    throw error;
  }
}
