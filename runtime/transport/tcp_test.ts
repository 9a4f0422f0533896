import { assert, assertEquals } from "@std/assert";
import { joinSmall } from "./tcp.ts";

function lengths(chunks: readonly Uint8Array[]): number[] {
  return chunks.map((chunk) => chunk.byteLength);
}

Deno.test("small neighbours are joined up to the limit, in order", () => {
  const chunks = [1, 2, 3, 4].map((n) => new Uint8Array(n).fill(n));
  const joined = joinSmall(chunks, 6);
  assertEquals(lengths(joined), [6, 4]);
  assertEquals([...joined[0] as Uint8Array], [1, 2, 2, 3, 3, 3]);
});

Deno.test("a chunk above the limit is passed on without a copy", () => {
  const large = new Uint8Array(100);
  const joined = joinSmall([new Uint8Array(4), large, new Uint8Array(2), new Uint8Array(2)], 10);
  assertEquals(lengths(joined), [4, 100, 4]);
  assert(joined[1] === large);
});

Deno.test("a single chunk stays itself", () => {
  const chunk = new Uint8Array(5);
  assert(joinSmall([chunk])[0] === chunk);
  assertEquals(joinSmall([]), []);
});
