import { assertEquals } from "@std/assert";
import { fileId } from "../tests/captures/conversation.ts";
import { OpenTable, TreeTable } from "./state_tables.ts";

const SERVER = "10.0.0.2:445";

function open(path: string, sessionId: bigint | null = 1n) {
  return { index: 0, fileId: fileId(1), sessionId, treeId: 1, tree: null, path, text: null };
}

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

Deno.test("an open is found by its session first, else the latest under the id", () => {
  const opens = new OpenTable();
  opens.open(SERVER, fileId(1), open("of one", 1n));
  opens.open(SERVER, fileId(1), open("of two", 2n));
  assertEquals(opens.find(SERVER, 1n, fileId(1))?.path, "of one");
  assertEquals(opens.find(SERVER, 3n, fileId(1))?.path, "of two");
  assertEquals(opens.find("10.0.0.3:445", 1n, fileId(1)), undefined);
});

Deno.test("many closed opens later the oldest are forgotten, but no open one and no id given again", () => {
  const opens = new OpenTable();
  opens.open(SERVER, fileId(1), open("open"));
  opens.open(SERVER, fileId(2), open("closed"));
  opens.close(SERVER, fileId(2), 1n);
  opens.open(SERVER, fileId(3), open("before"));
  opens.close(SERVER, fileId(3), 1n);
  opens.open(SERVER, fileId(3), open("again"));
  const paths = () => [1, 2, 3].map((id) => opens.find(SERVER, 1n, fileId(id))?.path);
  assertEquals(paths(), ["open", "closed", "again"]);
  for (let number = 4; number < 16_400; number++) {
    opens.open(SERVER, fileId(number), open("x"));
    opens.close(SERVER, fileId(number), 1n);
  }
  assertEquals(paths(), ["open", undefined, "again"]);
});
