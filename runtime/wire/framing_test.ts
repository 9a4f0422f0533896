import { assert, assertEquals, assertThrows } from "@std/assert";
import { GOLDEN_MESSAGES } from "../../tests/golden/wire_messages.ts";
import {
  decodeMessage,
  encodeChain,
  FrameDecoder,
  frameHeader,
  FrameType,
  MAX_FRAME_LENGTH,
  WireError,
} from "./mod.ts";
import { fromHex, SeededRandom } from "./testing.ts";

const STREAM = new Uint8Array(
  GOLDEN_MESSAGES.flatMap(({ value }) => encodeChain([value]).frame.flatMap((piece) => [...piece])),
);

function decodeAll(chunks: Iterable<Uint8Array>): unknown[] {
  const decoder = new FrameDecoder();
  const messages: unknown[] = [];
  for (const chunk of chunks) {
    // The chunk's memory is overwritten after the call, as a socket's buffer is.
    const memory = chunk.slice();
    for (const { type, payload } of decoder.push(memory)) {
      assertEquals(type, FrameType.SESSION_MESSAGE);
      messages.push(decodeMessage(payload.slice()));
    }
    memory.fill(0xee);
  }
  assertEquals(decoder.pending, 0);
  return messages;
}

const EXPECTED = GOLDEN_MESSAGES.map(({ value }) => value);

Deno.test("a stream in one chunk gives all frames", () => {
  assertEquals(decodeAll([STREAM]), EXPECTED);
});

Deno.test("a stream byte by byte gives the same frames", () => {
  assertEquals(decodeAll(Array.from(STREAM, (byte) => new Uint8Array([byte]))), EXPECTED);
});

Deno.test("a stream cut at seeded random places gives the same frames", () => {
  const random = new SeededRandom(7);
  for (let run = 0; run < 50; run++) {
    const chunks: Uint8Array[] = [];
    for (let at = 0; at < STREAM.byteLength;) {
      const end = Math.min(STREAM.byteLength, at + random.below(400));
      chunks.push(STREAM.subarray(at, end));
      at = end;
    }
    assertEquals(decodeAll(chunks), EXPECTED);
  }
});

Deno.test("a frame that is whole within a chunk is a view of it", () => {
  const chunk = fromHex("00000003010203 00000001");
  const [frame] = new FrameDecoder().push(chunk);
  assert(frame?.payload.buffer === chunk.buffer);
  assertEquals([...frame.payload], [1, 2, 3]);
});

Deno.test("an empty frame and a keepalive are frames without payload", () => {
  const frames = new FrameDecoder().push(fromHex("00000000 85000000"));
  assertEquals(frames.map(({ type, payload }) => [type, payload.byteLength]), [
    [FrameType.SESSION_MESSAGE, 0],
    [FrameType.SESSION_KEEPALIVE, 0],
  ]);
});

Deno.test("pending counts the bytes that arrived, not those that the header announces", () => {
  const decoder = new FrameDecoder();
  decoder.push(frameHeader(MAX_FRAME_LENGTH));
  decoder.push(new Uint8Array(10));
  assertEquals(decoder.pending, 14);
});

Deno.test("a frame of 16 MiB in small chunks is put together in time linear to its size", () => {
  const decoder = new FrameDecoder();
  decoder.push(frameHeader(MAX_FRAME_LENGTH));
  const chunk = new Uint8Array(1460).fill(0x5a);
  let left = MAX_FRAME_LENGTH;
  const frames = [];
  while (left > 0) {
    frames.push(...decoder.push(chunk.subarray(0, Math.min(chunk.byteLength, left))));
    left -= chunk.byteLength;
  }
  assertEquals(frames.length, 1);
  assertEquals(frames[0]?.payload.byteLength, MAX_FRAME_LENGTH);
  assert(frames[0]?.payload.every((byte) => byte === 0x5a));
});

Deno.test("what was read into the room of an incomplete frame stays where it is", () => {
  const decoder = new FrameDecoder();
  assertEquals(decoder.room(), null);
  const length = 300_000;
  const payload = Uint8Array.from({ length }, (_, i) => i * 7);
  decoder.push(frameHeader(length));
  decoder.push(payload.subarray(0, 1000));
  const frames = [];
  let at = 1000;
  while (at < length) {
    const room = decoder.room();
    assert(room !== null && room.byteLength > 0 && room.byteLength <= length - at);
    const count = Math.min(room.byteLength, 40_000);
    room.set(payload.subarray(at, at + count));
    frames.push(...decoder.push(room.subarray(0, count)));
    at += count;
    if (at === length) assert(frames[0]?.payload.buffer === room.buffer);
  }
  assertEquals(frames[0]?.payload, payload);
  assertEquals([decoder.room(), decoder.pending], [null, 0]);
});

Deno.test("a frame gets the room at once that one before it has filled, and no more", () => {
  const decoder = new FrameDecoder();
  decoder.push(frameHeader(MAX_FRAME_LENGTH));
  assert((decoder.room()?.byteLength ?? 0) <= 64 * 1024);
  const other = new FrameDecoder();
  other.push(frameHeader(200_000));
  other.push(new Uint8Array(200_000));
  other.push(frameHeader(MAX_FRAME_LENGTH));
  assertEquals(other.room()?.byteLength, 200_000);
});

Deno.test("a frame above the limit raises WireError, then and on every later call", () => {
  const decoder = new FrameDecoder({ maxLength: 100 });
  assertEquals(decoder.push(frameHeader(100)), []);
  assertEquals(decoder.push(new Uint8Array(100)).length, 1);
  assertThrows(() => decoder.push(frameHeader(101)), WireError, "exceeds 100");
  assertThrows(() => decoder.push(fromHex("00")), WireError, "exceeds 100");
});

Deno.test("an unknown packet type raises WireError", () => {
  for (const type of ["01", "80", "86", "ff"]) {
    assertThrows(() => new FrameDecoder().push(fromHex(`${type}000000`)), WireError, `0x${type}`);
  }
});

Deno.test("a frame header states type and length", () => {
  assertEquals(frameHeader(0x44, FrameType.SESSION_REQUEST), fromHex("81000044"));
  assertThrows(() => frameHeader(MAX_FRAME_LENGTH + 1), WireError, "24 bits");
  assertThrows(() => frameHeader(-1), WireError, "24 bits");
});
