import { assertEquals } from "@std/assert";
import type { Exchange } from "./exchange.ts";
import { RecentRequests, TreeTable } from "./state_tables.ts";

const SERVER = "10.0.0.2:445";

Deno.test("a tree connect is found by session and server, then by session alone", () => {
  const trees = new TreeTable();
  trees.set(1n, { server: SERVER, stream: 0, treeId: 5, path: "one" });
  trees.set(1n, { server: "10.0.0.3:445", stream: 1, treeId: 5, path: "other" });
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

Deno.test("sessions that are forgotten are a loss where their connections go on", () => {
  const trees = new TreeTable((stream) => stream === 1);
  for (let session = 0; session < 16_384 + 3; session++) {
    trees.set(BigInt(session), { server: SERVER, stream: session, treeId: 5, path: "x" });
  }
  assertEquals([trees.find(SERVER, 2n, 5), trees.find(SERVER, 3n, 5), trees.lost], [null, "x", 1]);
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
