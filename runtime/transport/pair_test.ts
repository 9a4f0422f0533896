import { assertEquals, assertRejects } from "@std/assert";
import { TransportError, transportPair } from "./mod.ts";

function bytes(length: number, first = 0): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (first + i) & 0xff);
}

Deno.test("a pair keeps the order of bytes over any read size", async () => {
  const [a, b] = transportPair();
  await a.write([bytes(3), bytes(2, 3)]);
  await a.write([bytes(4, 5)]);
  a.close();
  const into = new Uint8Array(2);
  const seen: number[] = [];
  for (let n = await b.read(into); n !== null; n = await b.read(into)) {
    seen.push(...into.subarray(0, n));
  }
  assertEquals(seen, [0, 1, 2, 3, 4, 5, 6, 7, 8]);
});

Deno.test("a write waits while the reader has not taken the capacity", async () => {
  const [a, b] = transportPair({ capacity: 4 });
  const order: string[] = [];
  const first = a.write([bytes(4)]).then(() => order.push("first"));
  const second = a.write([bytes(1)]).then(() => order.push("second"));
  await first;
  for (let i = 0; i < 20; i++) await Promise.resolve();
  assertEquals(order, ["first"]);
  assertEquals(await b.read(new Uint8Array(8)), 4);
  await second;
  assertEquals(order, ["first", "second"]);
});

Deno.test("chunks may be reused once the write has settled", async () => {
  const [a, b] = transportPair();
  const chunk = bytes(2, 7);
  await a.write([chunk]);
  chunk.fill(0);
  const into = new Uint8Array(4);
  await b.read(into);
  assertEquals([...into], [7, 8, 0, 0]);
});

Deno.test("closing one end ends the other's reads and refuses its writes", async () => {
  const [a, b] = transportPair();
  const pending = b.read(new Uint8Array(1));
  a.close();
  assertEquals(await pending, null);
  assertEquals(await a.closed, null);
  assertEquals(await b.closed, null);
  const error = await assertRejects(() => b.write([bytes(1)]), TransportError);
  assertEquals(error.reason, "closed");
});

Deno.test("closing refuses a write that waits for room", async () => {
  const [a, b] = transportPair({ capacity: 1 });
  await a.write([bytes(1)]);
  const waiting = a.write([bytes(1)]);
  b.close();
  await assertRejects(() => waiting, TransportError);
});

Deno.test("who ends its writes still reads, up to the other's end", async () => {
  const [a, b] = transportPair();
  await a.write([bytes(2)]);
  a.endWrites?.();
  const into = new Uint8Array(4);
  assertEquals([await b.read(into), await b.read(into)], [2, null]);
  await b.write([bytes(3)]);
  b.close();
  assertEquals([await a.read(into), await a.read(into)], [3, null]);
});
