import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { blocksOf, planPayloads, zerosOf } from "./payload.ts";

function filled(length: number, value: number): Uint8Array {
  return new Uint8Array(length).fill(value);
}

Deno.test("equal blocks have equal numbers, wherever they lie in memory, and zeros have 0", () => {
  const random = crypto.getRandomValues(new Uint8Array(4096));
  const data = new Uint8Array([7, ...random, ...new Uint8Array(4096), ...random, 1, 2]);
  const blocks = blocksOf(data.subarray(1));
  assertEquals(blocks.length, 4);
  assertEquals(blocks[0], blocks[2]);
  assertEquals(blocks[1], 0);
  assertNotEquals(blocks[3], blocksOf(new Uint8Array([1, 2, 0]))[0]);
});

Deno.test("a block that differs in one bit has another number", () => {
  const numbers = new Set([blocksOf(filled(4096, 1))[0]]);
  for (let bit = 0; bit < 4096 * 8; bit += 37) {
    const data = filled(4096, 1);
    data[bit >> 3]! ^= 1 << (bit & 7);
    const [number = 0] = blocksOf(data);
    assert(Number.isSafeInteger(number) && number > 0);
    numbers.add(number);
  }
  assertEquals(numbers.size, 1 + Math.ceil(4096 * 8 / 37));
});

Deno.test("zeros are told in whole blocks, or where everything is", () => {
  assertEquals(zerosOf(filled(10, 0)), [[0, 10]]);
  assertEquals(zerosOf(filled(10, 1)), undefined);
  assertEquals(zerosOf(new Uint8Array(0)), undefined);
  const data = filled(20_000, 1).fill(0, 4096, 12_288).fill(0, 16_384);
  assertEquals(zerosOf(data), [[4096, 8192]]);
  assertEquals(zerosOf(data.fill(0, 12_288)), [[4096, 15_904]]);
  assertEquals(zerosOf(filled(4100, 1).fill(0, 10)), undefined);
});

Deno.test("a plan knows what was equal of what was read, and what was zeros of what was written", () => {
  assertEquals(Object.keys(planPayloads.take("read", filled(10, 1))), ["length", "blocks"]);
  assertEquals(Object.keys(planPayloads.take("write", filled(10, 1))), ["length", "sha256"]);
  assertEquals(planPayloads.take("write", filled(10, 0)).zeros, [[0, 10]]);
});
