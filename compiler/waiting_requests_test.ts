import { assertEquals } from "@std/assert";
import type { CapturedMessage, Exchange } from "./exchange.ts";
import { WaitingRequests } from "./waiting_requests.ts";

function message(messageId: bigint, known = 64): CapturedMessage {
  return { known, header: { messageId } } as unknown as CapturedMessage;
}

function exchange(index: number): Exchange {
  return { index } as unknown as Exchange;
}

Deno.test("requests are found by their ids: those in a row, far apart, enormous, and without one", () => {
  const waiting = new WaitingRequests();
  const ids = [
    ...Array.from({ length: 500 }, (_, index) => BigInt(index)),
    ...Array.from({ length: 500 }, (_, index) => BigInt(index) * 65_536n + 7n),
    2n ** 53n,
    2n ** 53n + 1n,
    2n ** 64n - 2n,
  ].filter((id, index, all) => all.indexOf(id) === index);
  for (const [index, id] of ids.entries()) waiting.set(message(id), exchange(index));
  waiting.set(message(3n, 20), exchange(ids.length));
  assertEquals(waiting.size, ids.length + 1);
  assertEquals(ids.map((id) => waiting.get(message(id))?.index), [...ids.keys()]);
  assertEquals(waiting.get(message(9n, 16))?.index, ids.length);
  assertEquals(waiting.all().map(({ index }) => index), [...Array(ids.length + 1).keys()]);
  for (const id of ids) waiting.delete(message(id));
  assertEquals([waiting.size, waiting.get(message(5n))], [1, undefined]);
});

Deno.test("an id that waits for long is found while others pass, and is replaced by its like", () => {
  const waiting = new WaitingRequests();
  waiting.set(message(1n), exchange(0));
  for (let id = 2; id < 10_000; id++) {
    const asked = message(BigInt(id));
    waiting.set(asked, exchange(id));
    assertEquals(waiting.get(asked)?.index, id);
    waiting.delete(asked);
  }
  assertEquals(waiting.get(message(1n))?.index, 0);
  waiting.set(message(1n), exchange(10_000));
  assertEquals([waiting.size, waiting.get(message(1n))?.index], [1, 10_000]);
});

Deno.test("the older half is let go", () => {
  const waiting = new WaitingRequests();
  for (let index = 0; index < 1000; index++) {
    waiting.set(message(BigInt(index % 2 === 0 ? index : index << 16)), exchange(index));
  }
  const half = [...Array(500).keys()];
  assertEquals(waiting.takeOlderHalf().map(({ index }) => index), half);
  assertEquals(waiting.all().map(({ index }) => index), half.map((index) => index + 500));
  assertEquals(waiting.size, 500);
});
