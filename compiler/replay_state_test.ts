import { assertEquals } from "@std/assert";
import {
  closeAnswer,
  closeBody,
  Conversation,
  createAnswer,
  createBody,
  fileId,
  queryInfoBody,
  RELATED,
  SAME_FILE,
  Wire,
} from "../tests/captures/conversation.ts";
import { inputOf } from "./capture/_build.ts";
import type { Exchange, Facts } from "./exchange.ts";
import { countPayloads } from "./payload.ts";
import { readCapture } from "./read_capture.ts";

/** The facts of every exchange of one command. */
async function factsOf(wire: Wire, command: string): Promise<Facts[]> {
  const exchanges: Exchange[] = [];
  await readCapture(inputOf(wire.pcap()), () => ({
    opened: (exchange: Exchange) => exchanges.push(exchange),
    pending() {},
    settled() {},
  }), { payloads: countPayloads });
  return exchanges.filter((exchange) => exchange.command === command).map(({ facts }) => facts!);
}

Deno.test("a file id names the path of the CREATE that returned it, also after its CLOSE", async () => {
  const talk = new Conversation().open();
  talk.exchange("CREATE", createBody("a"), createAnswer(fileId(1)));
  talk.exchange("CLOSE", closeBody(fileId(1)), closeAnswer());
  talk.exchange("CLOSE", closeBody(fileId(1)), null, { status: 0xc0000128 });
  const facts = await factsOf(talk.wire, "CLOSE");
  assertEquals(facts.map(({ path, tree }) => [path, tree]), [
    ["a", "\\\\lab\\share"],
    ["a", "\\\\lab\\share"],
  ]);
});

Deno.test("a file id that is given again means the later file", async () => {
  const talk = new Conversation().open();
  for (const name of ["a", "b"]) {
    talk.exchange("CREATE", createBody(name), createAnswer(fileId(1)));
    talk.exchange("CLOSE", closeBody(fileId(1)), closeAnswer());
  }
  assertEquals((await factsOf(talk.wire, "CLOSE")).map(({ path }) => path), ["a", "b"]);
});

Deno.test("a tree id that is given again means the later share", async () => {
  const talk = new Conversation().open();
  talk.exchange("CREATE", createBody("a"), createAnswer(fileId(1)));
  talk.exchange("TREE_DISCONNECT", { reserved: 0 }, { reserved: 0 });
  talk.tree("\\\\lab\\other", 1);
  talk.exchange("CREATE", createBody("a"), createAnswer(fileId(2)));
  assertEquals((await factsOf(talk.wire, "CREATE")).map(({ tree }) => tree), [
    "\\\\lab\\share",
    "\\\\lab\\other",
  ]);
});

Deno.test("equal ids on two servers are kept apart", async () => {
  const wire = new Wire();
  const talks = ["10.0.0.2:445", "10.0.0.3:445"].map((server, index) => {
    const talk = new Conversation({ wire, server, client: `10.0.0.1:${1000 + index}` }).open();
    talk.exchange("CREATE", createBody(`on${index}`), createAnswer(fileId(1)));
    return talk;
  });
  for (const talk of talks) talk.exchange("CLOSE", closeBody(fileId(1)), closeAnswer());
  assertEquals((await factsOf(wire, "CLOSE")).map(({ path }) => path), ["on0", "on1"]);
});

Deno.test("a related compound inherits session, tree and file, through a failed member too", async () => {
  const talk = new Conversation().open();
  const all = { sessionId: 0xffffffffffffffffn, treeId: 0xffffffff };
  const [first, second, third] = talk.askAll([
    { command: "CREATE", body: createBody("a") },
    { command: "QUERY_INFO", body: queryInfoBody(SAME_FILE), header: { ...RELATED, ...all } },
    { command: "CLOSE", body: closeBody(SAME_FILE), header: { ...RELATED, ...all } },
  ]);
  talk.messages("response", [
    talk.response("CREATE", createAnswer(fileId(4)), { messageId: first! }),
    talk.response("QUERY_INFO", null, { messageId: second!, status: 0xc0000022 }),
    talk.response("CLOSE", closeAnswer(), { messageId: third! }),
  ]);
  const [facts] = await factsOf(talk.wire, "CLOSE");
  assertEquals([facts?.sessionId, facts?.treeId, facts?.fileId, facts?.path], [
    0x100n,
    1,
    fileId(4),
    "a",
  ]);
  assertEquals(facts?.fileIdInherited, true);
});

Deno.test("a first compound member has nothing to inherit", async () => {
  const talk = new Conversation().open();
  talk.askAll([
    { command: "CLOSE", body: closeBody(SAME_FILE), header: RELATED },
    { command: "ECHO", body: { reserved: 0 } },
  ]);
  const [facts] = await factsOf(talk.wire, "CLOSE");
  assertEquals([facts?.path, facts?.fileIdInherited], [null, false]);
});

Deno.test("a durable reconnect without a name has the path of the open it asks for", async () => {
  const talk = new Conversation().open();
  talk.exchange("CREATE", createBody("kept"), createAnswer(fileId(1)));
  talk.exchange(
    "CREATE",
    createBody("", { contexts: [{ kind: "DHnC", fileId: fileId(1) }] }),
    createAnswer(fileId(2)),
  );
  const facts = await factsOf(talk.wire, "CREATE");
  assertEquals(facts[1]?.path, "kept");
  assertEquals(facts[1]?.reconnectFileId, fileId(1));
});

Deno.test("a lease break names the paths held under its key, and is answered by key", async () => {
  const talk = new Conversation().open();
  const leaseKey = new Uint8Array(16).fill(3);
  const lease = {
    kind: "RqLs",
    version: 1,
    leaseKey,
    leaseState: 7,
    leaseFlags: 0,
    leaseDuration: 0n,
  } as const;
  for (const [index, name] of ["b", "a", "closed"].entries()) {
    talk.exchange(
      "CREATE",
      createBody(name, { contexts: [lease] }),
      createAnswer(fileId(index + 1), { contexts: [lease] }),
    );
  }
  talk.exchange("CLOSE", closeBody(fileId(3)), closeAnswer());
  talk.answer("OPLOCK_BREAK", {
    kind: "leaseNotification",
    newEpoch: 0,
    flags: 1,
    leaseKey,
    currentLeaseState: 7,
    newLeaseState: 1,
    breakReason: 0,
    accessMaskHint: 0,
    shareMaskHint: 0,
  }, { messageId: 0xffffffffffffffffn, sessionId: 0n });
  const answer = {
    kind: "lease",
    reserved: 0,
    flags: 0,
    leaseKey,
    leaseState: 1,
    leaseDuration: 0n,
  } as const;
  talk.exchange("OPLOCK_BREAK", answer, answer);
  const [notified, acknowledged] = await factsOf(talk.wire, "OPLOCK_BREAK");
  assertEquals(notified?.leasePaths, ["a", "b"]);
  assertEquals(acknowledged?.acknowledges?.facts, notified);
});

Deno.test("connections that are given up for others are told, with the frame after which they were", async () => {
  const wire = new Wire();
  const ask = (number: number) => {
    const client = `10.${number >> 16}.${(number >> 8) & 0xff}.${number & 0xff}:1000`;
    new Conversation({ wire, client, syn: false }).ask("ECHO", { reserved: 0 });
  };
  for (let number = 0; number <= 16_384; number++) ask(number);
  const { notes } = await readCapture(inputOf(wire.pcap()), () => ({
    opened() {},
    pending() {},
    settled() {},
  }), { payloads: countPayloads });
  const [given] = notes.filter(({ reason }) => reason.includes("given up"));
  assertEquals([given?.count, given?.loss, given?.frames[0]], [4096, true, 1]);
});
