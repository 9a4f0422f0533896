import { assertEquals, assertThrows } from "@std/assert";
import { decodePattern, encodePattern, scanPatterns, WireError } from "../mod.ts";
import { fromHex, toHex } from "../testing.ts";

/** MS-SMB2 2.2.42.2.2, field by field. */
const PATTERN = "5a 00 0000 00100000";

Deno.test("a pattern payload reads and writes every field", () => {
  assertEquals(decodePattern(fromHex(PATTERN)), { pattern: 0x5a, repetitions: 4096 });
  assertEquals(
    toHex(encodePattern({ pattern: 0x5a, repetitions: 4096 })),
    PATTERN.replaceAll(" ", ""),
  );
});

Deno.test("reserved bytes of a pattern payload mean nothing", () => {
  assertEquals(decodePattern(fromHex("5a ff ffff 00100000")).repetitions, 4096);
});

Deno.test("a pattern payload that is cut raises WireError", () => {
  const bytes = fromHex(PATTERN);
  for (let length = 0; length < bytes.byteLength; length++) {
    assertThrows(() => decodePattern(bytes.subarray(0, length)), WireError);
  }
});

for (
  const [name, head, middle, tail, expected] of [
    ["too short at both ends", 63, 10, 63, { forward: null, backward: null }],
    ["long enough at the front", 64, 10, 63, {
      forward: { pattern: 1, repetitions: 64 },
      backward: null,
    }],
    ["long enough at the back", 0, 10, 64, {
      forward: null,
      backward: { pattern: 3, repetitions: 64 },
    }],
    ["at both ends", 100, 1, 200, {
      forward: { pattern: 1, repetitions: 100 },
      backward: { pattern: 3, repetitions: 200 },
    }],
    ["that meet", 100, 0, 200, {
      forward: { pattern: 1, repetitions: 100 },
      backward: { pattern: 3, repetitions: 200 },
    }],
    ["that is the whole", 100, 0, 0, {
      forward: { pattern: 1, repetitions: 100 },
      backward: null,
    }],
    ["of nothing", 0, 0, 0, { forward: null, backward: null }],
  ] as const
) {
  Deno.test(`scanning finds runs of 64 bytes and more: ${name}`, () => {
    const data = new Uint8Array(head + middle + tail);
    data.fill(1, 0, head).fill(2, head, head + middle).fill(3, head + middle);
    assertEquals(scanPatterns(data), expected);
  });
}
