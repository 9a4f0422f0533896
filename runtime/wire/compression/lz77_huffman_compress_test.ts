import { assertEquals } from "@std/assert";
import { huffmanLengths } from "./lz77_huffman_compress.ts";

/** How much of all codes the lengths use: 1 is a full code (Kraft). */
function used(lengths: Uint8Array): number {
  return lengths.reduce((sum, length) => sum + (length === 0 ? 0 : 2 ** -length), 0);
}

function countsOf(list: readonly number[]): Uint32Array {
  const counts = new Uint32Array(512);
  counts.set(list);
  return counts;
}

Deno.test("frequent symbols get shorter codes", () => {
  const lengths = huffmanLengths(countsOf([1, 1, 2, 0, 4, 8]));
  assertEquals([...lengths.subarray(0, 6)], [4, 4, 3, 0, 2, 1]);
  assertEquals(used(lengths), 1);
});

Deno.test("codes that would be longer than 15 bits are flattened, and stay full", () => {
  // The Fibonacci numbers make the deepest tree: a code a bit longer for each symbol.
  const counts = [1, 1];
  while (counts.length < 30) counts.push(counts.at(-1)! + counts.at(-2)!);
  const lengths = huffmanLengths(countsOf(counts));
  assertEquals(Math.max(...lengths), 15);
  assertEquals([...lengths], [...lengths].sort((one, other) => other - one));
  assertEquals(used(lengths), 1);
});

Deno.test("one symbol, and none, still make a full code of two", () => {
  for (const counts of [[0, 0, 7], [7], []]) {
    const lengths = huffmanLengths(countsOf(counts));
    assertEquals(lengths.filter((length) => length === 1).length, 2);
    assertEquals(used(lengths), 1);
    counts.forEach((count, symbol) => {
      if (count > 0) assertEquals(lengths[symbol], 1);
    });
  }
});
