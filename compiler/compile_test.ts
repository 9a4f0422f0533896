import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import {
  Conversation,
  createAnswer,
  createBody,
  fileId,
  writeAnswer,
  writeBody,
} from "../tests/captures/conversation.ts";
import { inputOf, text } from "./capture/_build.ts";
import { CaptureError, compile, inspectOperations, noteText } from "./mod.ts";

function sample(): Uint8Array<ArrayBuffer> {
  const talk = new Conversation().open();
  talk.exchange("CREATE", createBody("a"), createAnswer(fileId(1)));
  talk.exchange("WRITE", writeBody(fileId(1), 0n, text("same")), writeAnswer(4));
  talk.exchange("WRITE", writeBody(fileId(1), 4n, text("same")), writeAnswer(4));
  talk.exchange("WRITE", writeBody(fileId(1), 8n, text("else")), writeAnswer(4));
  talk.exchange("CREATE", createBody("b"), null, { status: 0xc0000022 });
  return talk.wire.pcap();
}

Deno.test("written data is synthetic unless it is asked for, and equal where it was equal", async () => {
  const { script } = await compile(inputOf(sample()), { version: "1.2.3" });
  assertMatch(script, /^\/\/ Compiled by smbench 1\.2\.3 from "capture": 8 operations of 1 client/);
  assertEquals(script.match(/data\(4, \d\)/g), ["data(4, 1)", "data(4, 1)", "data(4, 2)"]);
});

Deno.test("each content is saved once under its hash, and the script names its path", async () => {
  const saved = new Map<string, string>();
  const { script } = await compile(inputOf(sample()), {
    version: "0",
    name: "x.pcap",
    blobs: {
      save: (sha256, data) => {
        assertEquals(saved.has(sha256), false);
        saved.set(sha256, new TextDecoder().decode(data));
      },
      path: (sha256) => `blobs/${sha256}.bin`,
    },
  });
  assertEquals([...saved.values()], ["same", "else"]);
  for (const hash of saved.keys()) assert(script.includes(`blob(\n  "blobs/${hash}.bin",\n);`));
  assertEquals(script.match(/write\(\d+, (blob\w+)\)/g)?.length, 3);
});

Deno.test("progress is told, and a signal stops", async () => {
  const seen: number[] = [];
  const bytes = sample();
  await compile(inputOf(bytes), { version: "0", progress: ({ packets }) => seen.push(packets) });
  assertEquals(seen.at(-1), 20);
  await assertRejects(
    () => compile(inputOf(bytes), { version: "0", signal: AbortSignal.abort() }),
    DOMException,
  );
});

Deno.test("what is no capture is an error, an empty file is a note", async () => {
  await assertRejects(
    () => compile(inputOf(text("hello, this is text and no capture")), { version: "0" }),
    CaptureError,
  );
  const { script, notes } = await compile(inputOf(new Uint8Array(0)), { version: "0" });
  assertEquals(notes.map(noteText), ["The file is empty: 1 x"]);
  assert(script.endsWith("clients: {},\n}, {});\n"));
});

Deno.test("each exchange is a line in the order of the requests", async () => {
  const talk = new Conversation().open();
  const one = talk.ask("ECHO", { reserved: 0 });
  const other = talk.ask("ECHO", { reserved: 0 });
  talk.answer("ECHO", { reserved: 0 }, { messageId: other });
  talk.answer("ECHO", { reserved: 0 }, { messageId: one });
  let text = "";
  await inspectOperations(
    inputOf(talk.wire.pcap()),
    (lines) => text += new TextDecoder().decode(lines),
  );
  const rows = text.trimEnd().split("\n").map((line) => JSON.parse(line));
  assertEquals(rows.map(({ i, cmd, frame_req, frame_resp }) => [i, cmd, frame_req, frame_resp]), [
    [0, "NEGOTIATE", 3, 4],
    [1, "SESSION_SETUP", 5, 6],
    [2, "SESSION_SETUP", 7, 8],
    [3, "TREE_CONNECT", 9, 10],
    [4, "ECHO", 11, 14],
    [5, "ECHO", 12, 13],
  ]);
  assertEquals(rows[3], {
    i: 3,
    cmd: "TREE_CONNECT",
    frame_req: 9,
    frame_resp: 10,
    t_req: "1700000000.006080000",
    t_resp: "1700000000.007090000",
    client: "10.0.0.1:1000",
    server: "10.0.0.2:445",
    stream: 0,
    session_id: "0x0000000000000100",
    tree_id: "0x00000001",
    tree: "\\\\lab\\share",
    message_id: 3,
    fid: null,
    path: null,
    status: "STATUS_SUCCESS",
    status_hex: "0x00000000",
    credit_charge: 1,
    credits_requested: 1,
    req: { path: "\\\\lab\\share", flags: "0x0000" },
    resp: {
      share_type: "0x01",
      share_flags: "0x00000000",
      share_caps: "0x00000000",
      max_access: "0x001f01ff",
    },
    credits_granted: 1,
  });
});
