import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  compressFrame,
  CompressionAlgorithm,
  decodeCompression,
  decompressFrame,
  Reader,
  WireError,
} from "../mod.ts";
import { fromHex, toHex } from "../testing.ts";
import { ascii, sample, seeded } from "./_samples.ts";

const { NONE, LZNT1, LZ77, LZ77_HUFFMAN, PATTERN_V1, LZ4 } = CompressionAlgorithm;
const LIMITS = { maxLength: 1 << 20 };

/** MS-SMB2 2.2.42.1: two plain bytes, then MS-XCA 3.1's example. */
const UNCHAINED = "fc534d42 2c010000 0200 0000 02000000 aabb ffffff1f61626317000fff2601";

/** MS-SMB2 2.2.42.2: plain bytes, 100 times Z, and MS-XCA 3.1's example. */
const CHAINED = "fc534d42 92010000 0000 0100 02000000 aabb " +
  "0400 0000 08000000 5a00000064000000 " +
  "0200 0000 11000000 2c010000 ffffff1f61626317000fff2601";

Deno.test("an unchained frame becomes its plain bytes, then its compressed ones", () => {
  const plain = decompressFrame(fromHex(UNCHAINED), LIMITS);
  assertEquals(toHex(plain), "aabb" + toHex(ascii("abc".repeat(100))));
});

Deno.test("a chained frame becomes its payloads in their order", () => {
  const plain = decompressFrame(fromHex(CHAINED), LIMITS);
  assertEquals(
    toHex(plain),
    "aabb" + toHex(ascii("Z".repeat(100))) + toHex(ascii("abc".repeat(100))),
  );
});

Deno.test("a compressed frame that is cut raises WireError", () => {
  for (const hex of [UNCHAINED, CHAINED]) {
    const unit = fromHex(hex);
    for (let length = 0; length < unit.byteLength; length++) {
      assertThrows(() => decompressFrame(unit.subarray(0, length), LIMITS), WireError);
    }
  }
});

for (
  const [what, hex, reason] of [
    ["is not compressed", "fe534d42 40000000 0000 0000 00000000", "ProtocolId"],
    ["states 4 GiB", "fc534d42 ffffffff 0200 0000 00000000", "more than the 1048576 allowed"],
    [
      "states 4 GiB in a chain",
      "fc534d42 ffffffff 0400 0100 08000000 00000000ffffffff",
      "more than the 1048576 allowed",
    ],
    ["has an unknown algorithm", "fc534d42 04000000 0900 0000 00000000 61", "0x0009 is unknown"],
    ["has the pattern algorithm unchained", "fc534d42 04000000 0400 0000 00000000", "0x0004"],
    ["has no algorithm unchained", "fc534d42 04000000 0000 0000 00000000 61626364", "0x0000"],
    [
      "has an unknown algorithm in a chain",
      "fc534d42 04000000 0900 0100 04000000 61626364",
      "0x0009 is unknown",
    ],
    [
      "has a pattern longer than itself",
      "fc534d42 04000000 0400 0100 08000000 6100000005000000",
      "a payload of 5 bytes ends behind the stated 4 bytes",
    ],
    [
      "has a payload longer than itself",
      "fc534d42 04000000 0200 0100 08000000 05000000 00000000",
      "a payload of 5 bytes ends behind the stated 4 bytes",
    ],
    [
      "has plain bytes longer than itself",
      "fc534d42 01000000 0000 0100 02000000 6161",
      "a payload of 2 bytes ends behind the stated 1 bytes",
    ],
    [
      "has payloads shorter than itself",
      "fc534d42 04000000 0400 0100 08000000 6100000003000000",
      "its payloads have 3 of the stated 4 bytes",
    ],
  ] as const
) {
  Deno.test(`a frame that ${what} raises WireError`, () => {
    assertThrows(() => decompressFrame(fromHex(hex), LIMITS), WireError, reason);
  });
}

Deno.test("the plain bytes of an unchained frame count towards the limit", () => {
  assertEquals(decompressFrame(fromHex(UNCHAINED), { maxLength: 302 }).byteLength, 302);
  assertThrows(() => decompressFrame(fromHex(UNCHAINED), { maxLength: 301 }), WireError, "302");
});

Deno.test("frames come back whole from every algorithm, chained and not", () => {
  const random = seeded(5);
  let compressed = 0;
  for (let round = 0; round < 40; round++) {
    const message = sample(random, 20_000);
    for (const algorithm of [LZNT1, LZ77, LZ77_HUFFMAN, LZ4]) {
      for (
        const options of [
          { algorithms: [algorithm], chained: false },
          {
            algorithms: [algorithm],
            chained: false,
            offset: Math.floor(random() * message.byteLength),
          },
          { algorithms: [algorithm], chained: true },
          { algorithms: [PATTERN_V1, algorithm], chained: true },
        ]
      ) {
        const unit = compressFrame(message, options);
        if (unit === null) continue;
        compressed++;
        assert(unit.byteLength < message.byteLength);
        const plain = decompressFrame(unit, LIMITS);
        assertEquals(plain.byteLength, message.byteLength);
        assertEquals(plain.findIndex((byte, index) => byte !== message[index]), -1);
      }
    }
  }
  assert(compressed > 300);
});

Deno.test("a chained frame has patterns at both ends and the algorithm between", () => {
  const message = new Uint8Array(1000).fill(1, 0, 100).fill(3, 700);
  message.set(ascii("abc".repeat(200)), 100);
  const unit = compressFrame(message, { algorithms: [LZ77, PATTERN_V1], chained: true });
  assert(unit !== null);
  assertEquals(
    toHex(unit),
    ("fc534d42 e8030000 0400 0100 08000000 0100000064000000 " +
      "0200 0000 11000000 58020000 ffffff1f61626317000fff5202 " +
      "0400 0000 08000000 030000002c010000").replaceAll(" ", ""),
  );
});

Deno.test("what lies between patterns is sent as it is where compressing does not help", () => {
  const message = new Uint8Array(300);
  message.set(Uint8Array.from({ length: 50 }, (_, index) => index + 1));
  const unit = compressFrame(message, { algorithms: [PATTERN_V1, LZ77], chained: true });
  assert(unit !== null);
  const frame = decodeCompression(new Reader(unit));
  assert(frame.kind === "chained");
  assertEquals(frame.payloads.map(({ algorithm, flags }) => [algorithm, flags]), [
    [NONE, 1],
    [PATTERN_V1, 0],
  ]);
});

Deno.test("patterns alone compress where no other algorithm is known", () => {
  const message = new Uint8Array(500);
  assert(compressFrame(message, { algorithms: [PATTERN_V1], chained: true }) !== null);
  assertEquals(compressFrame(message, { algorithms: [PATTERN_V1], chained: false }), null);
  assertEquals(compressFrame(message, { algorithms: [], chained: true }), null);
});

Deno.test("a frame that would not become shorter is left as it is", () => {
  const message = Uint8Array.from({ length: 200 }, (_, index) => index);
  for (const chained of [true, false]) {
    for (const algorithm of [LZNT1, LZ77, LZ77_HUFFMAN, LZ4]) {
      assertEquals(compressFrame(message, { algorithms: [algorithm], chained }), null);
      assertEquals(
        compressFrame(new Uint8Array(0), { algorithms: [algorithm], chained }),
        null,
      );
    }
  }
});

Deno.test("the first algorithm that is known is used", () => {
  const unit = compressFrame(new Uint8Array(500), { algorithms: [99, LZ4, LZ77], chained: false });
  assert(unit !== null);
  const frame = decodeCompression(new Reader(unit));
  assert(frame.kind === "unchained");
  assertEquals(frame.algorithm, LZ4);
});

Deno.test("an offset behind the message is refused", () => {
  for (const offset of [-1, 11]) {
    assertThrows(
      () => compressFrame(new Uint8Array(10), { algorithms: [LZ77], chained: false, offset }),
      RangeError,
      `offset ${offset}`,
    );
  }
});

Deno.test("damaged frames raise nothing but WireError", () => {
  const random = seeded(6);
  for (let round = 0; round < 4000; round++) {
    const unit = fromHex(round % 2 === 0 ? UNCHAINED : CHAINED);
    for (let change = 0; change < 2; change++) {
      unit[4 + Math.floor(random() * (unit.byteLength - 4))] = Math.floor(random() * 256);
    }
    try {
      assert(decompressFrame(unit, LIMITS).byteLength <= LIMITS.maxLength);
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
    }
  }
});
