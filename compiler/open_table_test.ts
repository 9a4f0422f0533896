import { assertEquals } from "@std/assert";
import { fileId } from "../tests/captures/conversation.ts";
import type { Opened } from "./exchange.ts";
import { OpenTable } from "./open_table.ts";

const SERVER = "10.0.0.2:445";

function open(path: string, id = 1, sessionId: bigint | null = 1n): Opened {
  return {
    index: 0,
    server: SERVER,
    fileId: fileId(id),
    sessionId,
    treeId: 1,
    tree: null,
    path,
    leaseKey: null,
    clientGuid: null,
  };
}

Deno.test("an open is found by its session first, else the latest under the id", () => {
  const opens = new OpenTable();
  opens.open(open("of one"));
  opens.open(open("of two", 1, 2n));
  const third = open("of another server", 1, 4n);
  opens.open({ ...third, server: "10.0.0.4:445" });
  assertEquals(opens.find(SERVER, 1n, fileId(1))?.path, "of one");
  assertEquals(opens.find(SERVER, 3n, fileId(1))?.path, "of two");
  assertEquals(opens.find("10.0.0.3:445", 1n, fileId(1)), undefined);
  assertEquals(opens.open(open("again"))?.path, "of one");
  assertEquals(opens.find(SERVER, 1n, fileId(1))?.path, "again");
});

Deno.test("many closed opens later the oldest are forgotten, but no open one and no id given again", () => {
  const opens = new OpenTable();
  const once = (path: string, id: number) => {
    const opened = open(path, id);
    opens.open(opened);
    opens.close(opened);
  };
  opens.open(open("open", 1));
  once("closed", 2);
  once("before", 3);
  opens.open(open("again", 3));
  const paths = () => [1, 2, 3].map((id) => opens.find(SERVER, 1n, fileId(id))?.path);
  assertEquals(paths(), ["open", "closed", "again"]);
  for (let number = 4; number < 1000; number++) once("x", number);
  assertEquals(paths(), ["open", undefined, "again"]);
});

Deno.test("opens that are never closed do not pile up", () => {
  const opens = new OpenTable();
  for (let number = 1; number <= 70_000; number++) {
    opens.open({ ...open("x", number), index: number });
  }
  assertEquals(opens.find(SERVER, 1n, fileId(1)), undefined);
  assertEquals(opens.find(SERVER, 1n, fileId(70_000))?.path, "x");
  assertEquals(opens.lost, 16_384);
  for (let session = 1n; session <= 1000n; session++) opens.open(open("x", 70_000, session));
  assertEquals(opens.find(SERVER, 1000n, fileId(70_000))?.sessionId, 1000n);
});
