/**
 * Chains of compounded messages: where one ends and the next begins (NextCommand, MS-SMB2 2.2.1.2), and frames that
 * carry them, built in pieces so that file data need not be copied.
 */
import { WireError } from "./errors.ts";
import { checkedFrameLength } from "./framing.ts";
import { encodeHeader, HEADER_SIZE, SMB2_PROTOCOL_ID } from "./header.ts";
import { bodyCodec, type Message } from "./messages.ts";
import { Reader } from "./reader.ts";
import { Writer } from "./writer.ts";

/** Data from this length on is a piece of its own; below, a copy costs no more than one more piece. */
const DETACH_FROM = 1024;

/** Position of NextCommand in the header (MS-SMB2 2.2.1.2). */
const NEXT_COMMAND = 20;

/** Bytes of the length before a frame (MS-SMB2 2.1). */
const FRAME_HEADER_SIZE = 4;

/**
 * Memory that chains share: taking 32 KiB at a time costs a fraction of taking each message's own. It is freed once all
 * chains within it are sent.
 */
const ARENA_SIZE = 32 * 1024;

/** Room that must be left for another chain to begin in the same memory. */
const ARENA_RESERVE = 2 * 1024;

let arena = new Writer(ARENA_SIZE);

const ALONE = { offset: 0, last: true };
const NO_TAIL: readonly Uint8Array[] = [];

/** One message within a chain's bytes. */
export interface ChainPart {
  /** From its header to the next one's, padding included: what a signature covers (MS-SMB2 3.1.4.1). */
  readonly bytes: Uint8Array;
  /** Offset within the chain. */
  readonly offset: number;
}

/** One message of an encoded chain, in pieces: what a signature covers. */
export interface EncodedPart {
  /** Offset within the chain. */
  readonly offset: number;
  /** Length with padding. */
  readonly length: number;
  /** Begins with the header, which is whole within it: sign in place. */
  readonly head: Uint8Array;
  /** What follows: file data that was not copied, padding. Empty as a rule. */
  readonly tail: readonly Uint8Array[];
}

/** A chain that is ready to be signed and sent. */
export interface EncodedChain {
  /** The frame in pieces for one gather write: 4-byte length, then the messages. Shares its bytes with `parts`. */
  readonly frame: readonly Uint8Array[];
  /** The messages in order. */
  readonly parts: readonly EncodedPart[];
  /** Bytes of the chain, without the 4-byte length. */
  readonly length: number;
}

/**
 * Splits a frame into its messages by NextCommand. Alignment to 8 is not enforced: old Samba servers and fuzzed
 * clients deviate, and the bytes are unambiguous all the same.
 *
 * @throws {WireError} when a header is cut or NextCommand leads out of the frame or into the same header.
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { chainBytes, encodeChain, makeHeader, splitChain } from "../wire/mod.ts";
 * const header = makeHeader({ command: 0x0d });
 * const echo = { kind: "request", command: "ECHO", header, body: { reserved: 0 } } as const;
 * const parts = splitChain(chainBytes(encodeChain([echo, echo])));
 * assertEquals(parts.map((part) => part.offset), [0, 72]);
 * ```
 */
export function splitChain(frame: Uint8Array): ChainPart[] {
  const parts: ChainPart[] = [];
  const reader = new Reader(frame);
  let rest = frame;
  for (let offset = 0;;) {
    const nextCommand = peekNextCommand(reader, offset, rest.byteLength);
    if (nextCommand === 0) {
      parts.push({ bytes: rest, offset });
      return parts;
    }
    if (nextCommand < HEADER_SIZE || nextCommand > rest.byteLength - HEADER_SIZE) {
      throw new WireError(
        `Cannot split chain: NextCommand is ${nextCommand} where ${rest.byteLength} bytes are left`,
        { field: "NextCommand", offset: offset + NEXT_COMMAND, had: rest.byteLength },
      );
    }
    parts.push({ bytes: rest.subarray(0, nextCommand), offset });
    rest = rest.subarray(nextCommand);
    offset += nextCommand;
  }
}

/**
 * Encodes messages as one frame: NextCommand set, all but the last padded to 8 bytes. File data of at least 1 KiB
 * (WRITE requests, READ responses) is referred to, not copied: it must not change before the frame is written.
 *
 * @throws {WireError} when a value does not fit its field, or there is no message.
 */
export function encodeChain(messages: readonly Message[]): EncodedChain {
  if (messages.length === 0) {
    throw new WireError("Cannot encode chain: it has no message", { field: "Chain", offset: 0 });
  }
  if (arena.length > ARENA_SIZE - ARENA_RESERVE) arena = new Writer(ARENA_SIZE);
  const writer = arena;
  const [message] = messages;
  try {
    return messages.length === 1 && message !== undefined
      ? encodeAlone(writer, message)
      : encodeInto(writer, messages);
  } catch (error) {
    // Half a chain is in it, and its origin is anywhere.
    arena = new Writer(ARENA_SIZE);
    throw error;
  }
}

/** The ordinary case in few steps. */
function encodeAlone(writer: Writer, message: Message): EncodedChain {
  const frameLength = writer.reserve(FRAME_HEADER_SIZE);
  const { start, end, length, detached } = encodeOne(writer, message, ALONE);
  writer.patchU32be(frameLength, checkedFrameLength(length));
  const whole = writer.slice(frameLength.position, end);
  return {
    frame: detached === null ? [whole] : [whole, detached],
    parts: [{
      offset: 0,
      length,
      head: writer.slice(start, end),
      tail: detached === null ? NO_TAIL : [detached],
    }],
    length,
  };
}

function encodeInto(writer: Writer, messages: readonly Message[]): EncodedChain {
  const frameLength = writer.reserve(FRAME_HEADER_SIZE);
  const last = messages.length - 1;
  let offset = 0;
  const layouts = messages.map((message, index) => {
    const layout = encodeOne(writer, message, { offset, last: index === last });
    offset += layout.length;
    return layout;
  });
  writer.patchU32be(frameLength, checkedFrameLength(offset));
  const frame: Uint8Array[] = [];
  let start = frameLength.position;
  const parts = layouts.map((layout): EncodedPart => {
    const { offset, length, detached } = layout;
    if (detached === null) {
      return { offset, length, head: writer.slice(layout.start, layout.end), tail: [] };
    }
    const padding = writer.slice(layout.split, layout.end);
    frame.push(writer.slice(start, layout.split), detached);
    start = layout.split;
    return {
      offset,
      length,
      head: writer.slice(layout.start, layout.split),
      tail: padding.byteLength === 0 ? [detached] : [detached, padding],
    };
  });
  if (start < writer.length) frame.push(writer.slice(start, writer.length));
  return { frame, parts, length: offset };
}

/** The chain as one array without the 4-byte length: what encryption and the preauth hash take. */
export function chainBytes(chain: EncodedChain): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(chain.length);
  let position = 0;
  for (const part of chain.parts) {
    for (const piece of [part.head, ...part.tail]) {
      bytes.set(piece, position);
      position += piece.byteLength;
    }
  }
  return bytes;
}

/** NextCommand of the header at `offset`. Its other fields are looked at when the message is decoded. */
function peekNextCommand(reader: Reader, offset: number, left: number): number {
  const protocolId = reader.peekU32(offset);
  if (left < HEADER_SIZE || protocolId !== SMB2_PROTOCOL_ID) {
    throw new WireError(
      left < HEADER_SIZE
        ? `Cannot split chain: ${left} bytes at offset ${offset} are no header`
        : `Cannot split chain: no SMB2 header at offset ${offset}`,
      { field: "ProtocolId", offset, needed: HEADER_SIZE, had: left },
    );
  }
  return reader.peekU32(offset + NEXT_COMMAND);
}

/** Where the writer holds one message, and what it does not hold of it. */
interface Layout {
  readonly offset: number;
  readonly length: number;
  /** Positions in the writer: first byte, place of the detached data, end. */
  readonly start: number;
  readonly split: number;
  readonly end: number;
  readonly detached: Uint8Array | null;
}

function encodeOne(
  writer: Writer,
  message: Message,
  place: { offset: number; last: boolean },
): Layout {
  const before = writer.beginStructure();
  const start = writer.length;
  encodeHeader(writer, message.header);
  const detached = encodeBody(writer, message);
  const split = writer.length;
  const written = split - start + (detached?.byteLength ?? 0);
  const padding = place.last ? 0 : (8 - written % 8) % 8;
  writer.zero(padding);
  if (!place.last) {
    writer.patch({ position: start + NEXT_COMMAND, length: 4 }, written + padding);
  }
  writer.origin = before;
  const length = written + padding;
  return { offset: place.offset, length, start, split, end: writer.length, detached };
}

function encodeBody(writer: Writer, message: Message): Uint8Array | null {
  if (message.kind === "raw") {
    writer.raw(message.body);
    return null;
  }
  const codec = bodyCodec(message);
  const data = (message.body as { readonly data?: unknown }).data;
  if (
    codec.encodeDetached === undefined || !(data instanceof Uint8Array) ||
    data.byteLength < DETACH_FROM
  ) {
    codec.encode(writer, message.body);
    return null;
  }
  return codec.encodeDetached(writer, message.body);
}
