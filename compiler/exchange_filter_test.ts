import { assertEquals } from "@std/assert";
import {
  Conversation,
  createAnswer,
  createBody,
  fileId,
  writeAnswer,
  writeBody,
} from "../tests/captures/conversation.ts";
import { inputOf, text } from "./capture/_build.ts";
import type { Criteria } from "./criteria.ts";
import { inspectOperations } from "./mod.ts";

const talk = new Conversation().open();
talk.exchange("CREATE", createBody("in\\a.txt"), createAnswer(fileId(1)));
talk.exchange("WRITE", writeBody(fileId(1), 0n, text("x")), writeAnswer(1));
talk.exchange("CREATE", createBody("b"), null, { status: 0xc0000022 });
const CAPTURE = talk.wire.pcap();

/** Commands of the lines that are written. */
async function lines(select: Criteria): Promise<string[]> {
  let written = "";
  await inspectOperations(inputOf(CAPTURE), (lines) => written += new TextDecoder().decode(lines), {
    select,
  });
  return written.split("\n").filter((line) => line !== "").map((line) => JSON.parse(line).cmd);
}

Deno.test("lines are selected by command, path, share, client and user", async () => {
  assertEquals(await lines({ commands: ["create"] }), ["CREATE", "CREATE"]);
  assertEquals(await lines({ paths: [(path) => path === "in\\a.txt"] }), ["CREATE", "WRITE"]);
  assertEquals(await lines({ shares: ["SHARE"] }), ["TREE_CONNECT", "CREATE", "WRITE", "CREATE"]);
  assertEquals((await lines({ clients: ["10.0.0.1"] })).length, 7);
  assertEquals((await lines({ servers: ["10.0.0.2:445"] })).length, 7);
  assertEquals(await lines({ users: ["ALICE"], commands: ["TREE_CONNECT", "NEGOTIATE"] }), [
    "TREE_CONNECT",
  ]);
  assertEquals(await lines({ users: ["bob"] }), []);
});

Deno.test("lines are selected by frame and time", async () => {
  const all = await lines({});
  assertEquals(all.length, 7);
  assertEquals(await lines({ frames: [{ first: 11, last: 12 }] }), ["CREATE"]);
  assertEquals((await lines({ times: [{ from: 0, to: 0 }] })).length, 1);
  assertEquals((await lines({ times: [{ from: new Date("2023-11-14T22:13:20Z") }] })).length, 7);
});
