import { assertEquals } from "@std/assert";
import type { Exchange } from "./exchange.ts";
import { RecentRequests, TreeTable } from "./state_tables.ts";

const SERVER = "10.0.0.2:445";

Deno.test("a tree connect is found by session and server, then by session alone", () => {
  const trees = new TreeTable();
  trees.set(SERVER, 1n, 5, "one");
  trees.set("10.0.0.3:445", 1n, 5, "other");
  assertEquals(
    [
      trees.find(SERVER, 1n, 5),
      trees.find("10.0.0.3:445", 1n, 5),
      trees.find("10.0.0.4:445", 1n, 5),
      trees.find(SERVER, 2n, 5),
      trees.find(SERVER, 1n, 6),
    ],
    ["one", "other", "other", null, null],
  );
});

Deno.test("of the latest requests the last one with a message id is found", () => {
  const recent = new RecentRequests();
  const request = (stream: number, messageId: bigint, index: number) =>
    recent.add({ stream, index, request: { header: { messageId } } } as unknown as Exchange);
  request(1, 5n, 0);
  request(2, 5n, 1);
  request(1, 5n, 2);
  request(1, 6n, 3);
  assertEquals(recent.find(1, 5n)?.index, 2);
  assertEquals(recent.find(3, 5n), null);
  for (let index = 4; index < 1000; index++) request(1, BigInt(index + 10), index);
  assertEquals(recent.find(1, 5n), null);
  assertEquals(recent.find(1, 1009n)?.index, 999);
});
