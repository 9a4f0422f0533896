/**
 * The codec against every message of the shared captures: what decodes encodes to the same bytes, apart from the
 * leniencies listed here, and is the same value when it is decoded again.
 */
import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import { openCapture } from "./capture/mod.ts";
import { Reassembler } from "./reassembly.ts";
import type { Direction, StreamEvent } from "./stream_events.ts";
import {
  decodeHeader,
  decodeMessage,
  describe,
  encodeMessage,
  frameContent,
  FrameDecoder,
  type Message,
  messageName,
  Reader,
  splitChain,
  WireError,
  Writer,
} from "../runtime/wire/mod.ts";
import { sharedPath, sharedTest } from "../tests/harness/interop.ts";

/** Length of the header; positions below count from behind it. */
const HEADER = 64;

/** Where a sender chooses bytes that mean nothing, so that ours may differ: positions within the body. */
const MEANINGLESS: Readonly<Record<string, (position: number, message: Message) => boolean>> = {
  // CreateContextsOffset when there is no byte in place of an empty name (smbtorture), CreateContextsLength when the
  // padding behind the last context is counted in (macOS), padding behind the name, DataOffset of contexts without data
  // (Windows 7).
  "CREATE request": (at, message) => within(at, 48, 8) || at >= 56 + nameLength(message),
  // CreateContextsLength with the padding behind the last context (macOS).
  "CREATE response": (at) => within(at, 84, 4),
  // The byte in place of ReadChannelInfo.
  "READ request": (at) => at === 48,
  // Reserved; a public capture sets it on purpose.
  "READ response": (at) => at === 3,
  // InputOffset and OutputOffset of what is absent: Samba and Windows state them, MS-SMB2 2.2.31 wants 0.
  "IOCTL request": (at) => within(at, 24, 4) || within(at, 36, 4),
  "IOCTL response": (at) => within(at, 24, 4) || within(at, 32, 4),
  // InputBufferOffset of an absent input (Windows).
  "QUERY_INFO request": (at) => within(at, 8, 2),
  // OutputBufferOffset of nothing.
  "CHANGE_NOTIFY response": (at) => within(at, 2, 2),
};

/** What one capture showed. */
interface Tally {
  messages: number;
  /** The same bytes. */
  identical: number;
  /** The same but for padding and trailing bytes. */
  padding: number;
  /** Different where nothing is meant. */
  lenient: number;
  undecodable: number;
}

sharedTest(
  "every message of the shared captures survives decoding and encoding",
  ["captures/captures.json"],
  async (t) => {
    const list = JSON.parse(await Deno.readTextFile(sharedPath("captures/captures.json") ?? ""));
    const total = emptyTally();
    for (const { file } of list as { file: string }[]) {
      const tally = await examine(`${sharedPath("captures")}/${file}`);
      for (const key of Object.keys(total) as (keyof Tally)[]) total[key] += tally[key];
      if (tally.messages > 0) await t.step(`${file}: ${summary(tally)}`, () => {});
    }
    await t.step(`in all: ${summary(total)}`, () => {
      assert(total.messages > 1000, "the captures were not read");
      assert(total.undecodable < total.messages / 1000, `${total.undecodable} undecodable`);
    });
  },
);

async function examine(path: string): Promise<Tally> {
  const tally = emptyTally();
  const streams = new Map<Direction, Stream>();
  const reassembler = new Reassembler((event) => {
    const stream = streams.get(event.direction) ?? new Stream(tally);
    streams.set(event.direction, stream);
    stream.take(event);
  });
  const capture = await openCapture(path);
  for await (const _ of capture.segments((segment) => reassembler.push(segment)));
  reassembler.finish();
  return tally;
}

/** One direction of a connection. Behind a gap, or foreign bytes, it waits for a segment that begins with a frame. */
class Stream {
  readonly #tally: Tally;
  #decoder: FrameDecoder | null = null;

  constructor(tally: Tally) {
    this.#tally = tally;
  }

  take(event: StreamEvent): void {
    if (event.kind === "gap") this.#decoder = null;
    if (event.kind !== "data") return;
    // A Buffer would not be equal to what the writer makes.
    const { buffer, byteOffset, byteLength } = event.bytes;
    const bytes = new Uint8Array(buffer, byteOffset, byteLength);
    // go-smb2 sends the length as a segment of its own, so the start of a connection is taken as one of a frame.
    const synced = this.#decoder !== null || event.position === 0;
    if (!synced && frameContent(bytes.subarray(4)) === "unknown") return;
    this.#decoder ??= new FrameDecoder();
    let frames;
    try {
      frames = this.#decoder.push(bytes);
    } catch (error) {
      assertInstanceOf(error, WireError);
      this.#decoder = null;
      return;
    }
    for (const { payload } of frames) {
      if (frameContent(payload) === "smb2") examineFrame(payload, this.#tally);
    }
  }
}

function examineFrame(bytes: Uint8Array, tally: Tally): void {
  let parts;
  try {
    parts = splitChain(bytes);
  } catch (error) {
    assertInstanceOf(error, WireError);
    tally.messages++;
    tally.undecodable++;
    return;
  }
  for (const { bytes } of parts) examineMessage(bytes, tally);
}

function examineMessage(bytes: Uint8Array, tally: Tally): void {
  tally.messages++;
  let message: Message;
  try {
    message = decodeMessage(bytes);
  } catch (error) {
    assertInstanceOf(error, WireError);
    tally.undecodable++;
    return;
  }
  const { nextCommand } = decodeHeader(new Reader(bytes));
  const writer = new Writer();
  encodeMessage(writer, message, nextCommand);
  const again = writer.bytes();
  assertEquals(decodeMessage(again), message, describe(message));
  const common = Math.min(again.byteLength, bytes.byteLength);
  const different = differences(bytes, again, common);
  if (different.length === 0) {
    if (again.byteLength === bytes.byteLength) tally.identical++;
    else tally.padding++;
    return;
  }
  const key = `${messageName(message)} ${message.kind}`;
  for (const at of different) {
    const meaningless = message.kind === "error"
      // The byte in place of ErrorData: Windows and Samba leave what was there before.
      ? at - HEADER === 8 && message.body.errorData.byteLength === 0
      : MEANINGLESS[key]?.(at - HEADER, message) ?? false;
    assert(meaningless, `${describe(message)}: byte ${at - HEADER} of the body differs`);
  }
  tally.lenient++;
}

function differences(a: Uint8Array, b: Uint8Array, length: number): number[] {
  const positions: number[] = [];
  for (let at = 0; at < length; at++) if (a[at] !== b[at]) positions.push(at);
  return positions;
}

function nameLength(message: Message): number {
  return message.kind === "request" && message.command === "CREATE"
    ? message.body.name.length * 2
    : 0;
}

function within(position: number, start: number, length: number): boolean {
  return position >= start && position < start + length;
}

function emptyTally(): Tally {
  return { messages: 0, identical: 0, padding: 0, lenient: 0, undecodable: 0 };
}

function summary(tally: Tally): string {
  return `${tally.messages} messages, ${tally.identical} identical, ${tally.padding} apart from ` +
    `padding, ${tally.lenient} apart from bytes without meaning, ${tally.undecodable} undecodable`;
}
