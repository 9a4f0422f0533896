import { assert, assertEquals, assertThrows } from "@std/assert";
import { GOLDEN_MESSAGES } from "../../tests/golden/wire_messages.ts";
import {
  chainBytes,
  decodeMessage,
  encodeChain,
  HeaderFlags,
  makeHeader,
  type Message,
  splitChain,
  WireError,
} from "./mod.ts";
import { encoded, SeededRandom, toHex } from "./testing.ts";

const NONE = new Uint8Array(0);

function write(data: Uint8Array): Message {
  return {
    kind: "request",
    command: "WRITE",
    header: makeHeader({ command: 9, flags: HeaderFlags.RELATED_OPERATIONS }),
    body: {
      offset: 0n,
      fileId: { persistent: 1n, volatile: 2n },
      channel: 0,
      remainingBytes: 0,
      channelInfo: NONE,
      flags: 0,
      data,
    },
  };
}

function echo(): Message {
  return {
    kind: "request",
    command: "ECHO",
    header: makeHeader({ command: 13 }),
    body: { reserved: 0 },
  };
}

function pattern(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (i * 31) & 0xff);
}

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(pieces.flatMap((piece) => [...piece]));
}

Deno.test("a chain of all golden messages splits into the same messages", () => {
  const messages = GOLDEN_MESSAGES.map(({ value }) => value);
  const chain = encodeChain(messages);
  const parts = splitChain(chainBytes(chain));
  assertEquals(parts.map(({ bytes }) => decodeMessage(bytes)), messages);
  assertEquals(parts.map(({ offset }) => offset), chain.parts.map(({ offset }) => offset));
});

Deno.test("all messages but the last are padded to 8 bytes, and a signature covers the padding", () => {
  const chain = encodeChain([echo(), echo(), echo()]);
  assertEquals(
    chain.parts.map(({ offset, length }) => [offset, length]),
    [[0, 72], [72, 72], [144, 68]],
  );
  assertEquals(chain.length, 212);
  for (const part of chain.parts) assertEquals(part.head.byteLength, part.length);
});

Deno.test("a single message is encoded as alone, behind its length", () => {
  for (const { name, value } of GOLDEN_MESSAGES) {
    const { frame, length } = encodeChain([value]);
    const bytes = joined(frame);
    assertEquals(toHex(bytes.subarray(4)), toHex(encoded(value)), name);
    assertEquals([...bytes.subarray(0, 4)], [0, length >> 16, (length >> 8) & 0xff, length & 0xff]);
  }
});

for (const length of [0, 1, 1023, 1024, 1025, 70001]) {
  Deno.test(`WRITE data of ${length} bytes in the middle of a chain reads back`, () => {
    const messages = [echo(), write(pattern(length)), write(pattern(length)), echo()];
    const chain = encodeChain(messages);
    const bytes = chainBytes(chain);
    assertEquals(joined(chain.frame).subarray(4), bytes);
    assertEquals(splitChain(bytes).map((part) => decodeMessage(part.bytes)), messages);
    for (const part of chain.parts) {
      const pieces = joined([part.head, ...part.tail]);
      assertEquals(pieces, bytes.subarray(part.offset, part.offset + part.length));
    }
  });
}

Deno.test("large data is referred to, not copied, and small data is one piece with its message", () => {
  const large = pattern(1024);
  assert(encodeChain([write(large)]).frame.includes(large));
  assertEquals(encodeChain([write(pattern(1023))]).frame.length, 1);
  const read: Message = {
    kind: "response",
    command: "READ",
    header: makeHeader({ command: 8, flags: HeaderFlags.SERVER_TO_REDIR }),
    body: { data: large, dataRemaining: 0, flags: 0 },
  };
  assert(encodeChain([read]).frame.includes(large));
});

Deno.test("a signature written into a part is seen in the frame", () => {
  const chain = encodeChain([write(pattern(20000)), echo()]);
  for (const [index, part] of chain.parts.entries()) part.head.fill(0xa0 + index, 48, 64);
  const parts = splitChain(joined(chain.frame).subarray(4));
  assertEquals(parts.map(({ bytes }) => decodeMessage(bytes).header.signature[15]), [0xa0, 0xa1]);
});

Deno.test("an empty chain raises WireError", () => {
  assertThrows(() => encodeChain([]), WireError, "no message");
});

Deno.test("a frame that 24 bits cannot state raises WireError", () => {
  assertThrows(() => encodeChain([write(new Uint8Array(0x1000000))]), WireError, "24 bits");
});

for (const next of [1, 8, 63, 69, 72, 0x7fffffff, 0xffffffff]) {
  Deno.test(`NextCommand ${next} that leads nowhere raises WireError`, () => {
    const bytes = encoded(echo());
    new DataView(bytes.buffer).setUint32(20, next, true);
    const error = assertThrows(() => splitChain(bytes), WireError);
    assertEquals(error.field, "NextCommand");
  });
}

Deno.test("the error of a later message's NextCommand names its place in the frame", () => {
  const bytes = chainBytes(encodeChain([echo(), echo()]));
  new DataView(bytes.buffer).setUint32(72 + 20, 5, true);
  assertEquals(assertThrows(() => splitChain(bytes), WireError).offset, 72 + 20);
});

Deno.test("a chain whose messages are not aligned is split all the same", () => {
  const first = encoded(echo());
  new DataView(first.buffer).setUint32(20, first.byteLength, true);
  const parts = splitChain(new Uint8Array([...first, ...encoded(echo())]));
  assertEquals(parts.map(({ offset }) => offset), [0, 68]);
});

Deno.test("mutated chains raise nothing but WireError", () => {
  const random = new SeededRandom(0xc4a1);
  const sample = chainBytes(encodeChain(GOLDEN_MESSAGES.slice(0, 12).map(({ value }) => value)));
  for (let i = 0; i < 1000; i++) {
    const bytes = sample.slice();
    for (let n = 0; n < 4; n++) bytes[random.below(bytes.byteLength)] = random.below(256);
    try {
      for (const part of splitChain(bytes)) decodeMessage(part.bytes);
    } catch (error) {
      assert(error instanceof WireError, String(error));
    }
  }
});

Deno.test("a frame that is not SMB2, or ends within a header, raises WireError", () => {
  const bytes = encoded(echo());
  for (let length = 0; length < 64; length++) {
    assertThrows(() => splitChain(bytes.subarray(0, length)), WireError, "no header");
  }
  bytes[0] = 0xfd;
  assertThrows(() => splitChain(bytes), WireError, "no SMB2 header at offset 0");
});

Deno.test("chains keep their bytes while thousands of others are encoded", () => {
  const chains = Array.from({ length: 3000 }, (_, i) => {
    const message = write(pattern(i % 1500));
    return { message, frame: encodeChain([message, echo()]).frame };
  });
  assertThrows(() => encodeChain([write(NONE), write(new Uint8Array(0x1000000))]), WireError);
  for (const { message, frame } of chains) {
    const parts = splitChain(joined(frame).subarray(4));
    assertEquals(parts.map(({ bytes }) => decodeMessage(bytes)), [message, echo()]);
  }
});
