import { assertEquals } from "@std/assert";
import {
  closeAnswer,
  closeBody,
  Conversation,
  createAnswer,
  createBody,
  fileId,
  framed,
  queryInfoBody,
  readBody,
  RELATED,
  SAME_FILE,
  Wire,
  writeAnswer,
  writeBody,
} from "../tests/captures/conversation.ts";
import { inputOf, text } from "./capture/_build.ts";
import { chainBytes, encodeChain, makeHeader, type Message } from "../runtime/wire/mod.ts";
import { NoteBook, Stamp } from "./capture/mod.ts";
import type { Exchange } from "./exchange.ts";
import { ExchangeTracker } from "./exchanges.ts";
import { type Connection, type Direction, StreamData } from "./stream_events.ts";
import { countPayloads, hashPayloads } from "./payload.ts";
import { readCapture } from "./read_capture.ts";

/** What a tracker said of a capture, in order, each as one short text. */
async function said(wire: Wire, packets = wire.packets) {
  const log: string[] = [];
  const exchanges: Exchange[] = [];
  const { notes } = await readCapture(inputOf(wire.pcap(packets)), () => ({
    opened(exchange: Exchange) {
      exchanges.push(exchange);
      log.push(`opened ${nameOf(exchange)}`);
    },
    pending: (exchange: Exchange) => log.push(`pending ${nameOf(exchange)}`),
    settled(exchange: Exchange) {
      const status = exchange.response?.header.status;
      log.push(`settled ${nameOf(exchange)} ${status === undefined ? "-" : status.toString(16)}`);
    },
  }), { payloads: countPayloads });
  const losses = notes.filter(({ loss }) => loss).map(({ reason, count }) => `${reason} ${count}`);
  return { log, exchanges, losses };
}

function nameOf({ index, command, kind }: Exchange): string {
  return `${index} ${kind === "exchange" ? command : kind}`;
}

Deno.test("requests meet their responses by MessageId, in any order", async () => {
  const talk = new Conversation();
  const one = talk.ask("ECHO", { reserved: 0 });
  const other = talk.ask("FLUSH", { reserved1: 0, reserved2: 0, fileId: fileId(1) });
  talk.answer("FLUSH", { reserved: 0 }, { messageId: other });
  talk.answer("ECHO", { reserved: 0 }, { messageId: one });
  const { log, losses } = await said(talk.wire);
  assertEquals(log, ["opened 0 ECHO", "opened 1 FLUSH", "settled 1 FLUSH 0", "settled 0 ECHO 0"]);
  assertEquals(losses, []);
});

Deno.test("an interim response leaves the request open until its final one", async () => {
  const talk = new Conversation();
  talk.ask("ECHO", { reserved: 0 });
  talk.answer("ECHO", null, { status: 0x103, asyncId: 77n });
  talk.answer("ECHO", { reserved: 0 }, { asyncId: 77n });
  const { log, exchanges } = await said(talk.wire);
  assertEquals(log, ["opened 0 ECHO", "pending 0 ECHO", "settled 0 ECHO 0"]);
  assertEquals(exchanges[0]?.interim?.asyncId, 77n);
});

Deno.test("a CANCEL has no response and leaves its target open", async () => {
  const talk = new Conversation();
  talk.ask("ECHO", { reserved: 0 });
  talk.ask("CANCEL", { reserved: 0 }, { messageId: 0n });
  talk.answer("ECHO", null, { status: 0xc0000120 });
  const { log, exchanges } = await said(talk.wire);
  assertEquals(log, [
    "opened 0 ECHO",
    "opened 1 CANCEL",
    "settled 1 CANCEL -",
    "settled 0 ECHO c0000120",
  ]);
  assertEquals(exchanges[1]?.facts?.cancels, exchanges[0]);
});

Deno.test("a CANCEL by AsyncId finds its target", async () => {
  const talk = new Conversation();
  talk.ask("ECHO", { reserved: 0 });
  talk.answer("ECHO", null, { status: 0x103, asyncId: 5n });
  talk.ask("ECHO", { reserved: 0 });
  talk.ask("CANCEL", { reserved: 0 }, { messageId: 0n, asyncId: 5n });
  const { exchanges } = await said(talk.wire);
  assertEquals(exchanges[2]?.facts?.cancels?.index, 0);
});

Deno.test("a break notification is an exchange of its own and answers nothing", async () => {
  const talk = new Conversation();
  talk.ask("ECHO", { reserved: 0 });
  talk.answer("OPLOCK_BREAK", {
    kind: "oplock",
    oplockLevel: 1,
    reserved: 0,
    reserved2: 0,
    fileId: fileId(1),
  }, { messageId: 0xffffffffffffffffn });
  talk.answer("ECHO", { reserved: 0 });
  const { log } = await said(talk.wire);
  assertEquals(log, ["opened 0 ECHO", "opened 1 break", "settled 1 break 0", "settled 0 ECHO 0"]);
});

Deno.test("the members of a compound know their place and the one before", async () => {
  const talk = new Conversation();
  const [create, close] = talk.askAll([
    { command: "CREATE", body: createBody("a") },
    { command: "CLOSE", body: closeBody(SAME_FILE), header: RELATED },
  ]);
  talk.messages("response", [
    talk.response("CREATE", createAnswer(fileId(1)), { messageId: create! }),
    talk.response("CLOSE", closeAnswer(), { messageId: close! }),
  ]);
  talk.exchange("ECHO", { reserved: 0 }, { reserved: 0 });
  const { exchanges } = await said(talk.wire);
  assertEquals(exchanges[1]?.chain?.previous, exchanges[0]);
  assertEquals(
    exchanges.map(({ chain }) => chain === null ? null : [chain.index, chain.related]),
    [[0, false], [1, true], null],
  );
  assertEquals(exchanges.map(({ responseChained }) => responseChained), [true, true, false]);
  assertEquals(exchanges.map(({ facts }) => facts?.path), ["a", "a", null]);
});

Deno.test("a MessageId that is used again while it waits replaces the request", async () => {
  const talk = new Conversation();
  talk.ask("ECHO", { reserved: 0 }, { messageId: 3n });
  talk.ask("ECHO", { reserved: 0 }, { messageId: 3n });
  talk.answer("ECHO", { reserved: 0 }, { messageId: 3n });
  const { log, exchanges } = await said(talk.wire);
  assertEquals(log, ["opened 0 ECHO", "opened 1 ECHO", "settled 0 ECHO -", "settled 1 ECHO 0"]);
  assertEquals(exchanges.map(({ repeatedMessageId }) => repeatedMessageId), [false, true]);
});

Deno.test("a response without a request is an exchange, and noted", async () => {
  const talk = new Conversation();
  talk.answer("CLOSE", closeAnswer(), { messageId: 9n });
  talk.ask("ECHO", { reserved: 0 });
  const { log, losses } = await said(talk.wire);
  assertEquals(log, ["opened 0 CLOSE", "settled 0 CLOSE 0", "opened 1 ECHO", "settled 1 ECHO -"]);
  assertEquals(losses, ["A CLOSE response has no request in the capture 1"]);
});

Deno.test("a response to another command than asked is an orphan", async () => {
  const talk = new Conversation();
  talk.ask("LOGOFF", { reserved: 0 });
  talk.answer("ECHO", { reserved: 0 });
  const { log } = await said(talk.wire);
  assertEquals(log.slice(0, 3), ["opened 0 LOGOFF", "opened 1 ECHO", "settled 1 ECHO 0"]);
});

Deno.test("a lost segment leaves a WRITE with its place and length, and is noted with its bytes", async () => {
  const talk = new Conversation({ mss: 500 });
  talk.exchange("WRITE", writeBody(fileId(1), 4096n, new Uint8Array(2000)), writeAnswer(2000));
  talk.exchange("ECHO", { reserved: 0 }, { reserved: 0 });
  const packets = talk.wire.packets.filter((_, index) => index !== 4);
  const { exchanges, losses } = await said(talk.wire, packets);
  const { request } = exchanges[0]!;
  assertEquals(request?.payload, { length: 2000 });
  assertEquals(request?.message?.kind === "request" && request.message.command, "WRITE");
  assertEquals((request?.known ?? 0) < (request?.length ?? 0), true);
  assertEquals(exchanges[0]?.response?.header.status, 0);
  assertEquals(exchanges[1]?.command, "ECHO");
  assertEquals(losses, [
    "500 bytes of SMB connections were lost: the receiver acknowledged them, or the connection ended 1",
    "A message is only partly in the capture 1",
  ]);
});

Deno.test("a lost segment of a READ's data leaves its length", async () => {
  const talk = new Conversation({ mss: 500 });
  talk.exchange("READ", readBody(fileId(1), 0n, 2000), {
    data: new Uint8Array(2000),
    dataRemaining: 0,
    flags: 0,
  });
  talk.exchange("ECHO", { reserved: 0 }, { reserved: 0 });
  const { exchanges } = await said(talk.wire, talk.wire.packets.filter((_, at) => at !== 5));
  assertEquals(exchanges[0]?.response?.payload, { length: 2000 });
  assertEquals(exchanges.length, 2);
});

Deno.test("a compound that is cut keeps the members before the cut", async () => {
  const talk = new Conversation({ mss: 300 });
  talk.askAll([
    { command: "CREATE", body: createBody("a") },
    { command: "QUERY_INFO", body: queryInfoBody(SAME_FILE), header: RELATED },
    { command: "CLOSE", body: closeBody(SAME_FILE), header: RELATED },
  ]);
  const { exchanges } = await said(talk.wire, talk.wire.packets.slice(0, -1));
  assertEquals(
    exchanges.map(({ command, request }) => [command, request?.message === null]),
    [["CREATE", false], ["QUERY_INFO", false], ["CLOSE", true]],
  );
  assertEquals(exchanges.every(({ chain }) => chain !== null), true);
});

Deno.test("an SMB1 NEGOTIATE is answered by SMB1 or by SMB2", async () => {
  const talk = new Conversation();
  const smb1 = new Uint8Array(32);
  smb1.set([0xff, 0x53, 0x4d, 0x42, 0x72]);
  const dialects = text("\u0002NT LM 0.12\0\u0002SMB 2.???\0");
  const body = new Uint8Array([0, dialects.length, 0, ...dialects]);
  talk.unit("request", new Uint8Array([...smb1, ...body]));
  talk.answer("NEGOTIATE", {
    securityMode: 1,
    dialectRevision: 0x02ff,
    serverGuid: "99999999-0000-0000-0000-000000000000",
    capabilities: 0,
    maxTransactSize: 65_536,
    maxReadSize: 65_536,
    maxWriteSize: 65_536,
    systemTime: 0n,
    serverStartTime: 0n,
    securityBuffer: new Uint8Array(0),
  }, { messageId: 0n });
  const { log, exchanges } = await said(talk.wire);
  assertEquals(log, ["opened 0 smb1", "settled 0 smb1 0"]);
  assertEquals(exchanges[0]?.smb1Dialects, ["NT LM 0.12", "SMB 2.???"]);
});

Deno.test("conversations of SMB1 alone are counted, those that go on with SMB2 are not", async () => {
  const smb1 = new Uint8Array(35).fill(0);
  smb1.set([0xff, 0x53, 0x4d, 0x42, 0x25]);
  const wire = new Conversation().wire;
  for (const [index, isUpgraded] of [false, true, false].entries()) {
    const talk = new Conversation({ wire, client: `10.0.0.1:${2000 + index}` });
    talk.unit("request", smb1);
    if (isUpgraded) talk.negotiate();
    talk.segment("request", { flags: "FA" });
  }
  const { losses } = await said(wire);
  assertEquals(losses.filter((reason) => reason.includes("SMB1")), [
    "SMB1 messages are not compiled 3",
    "A conversation is SMB1 alone, and not compiled 2",
  ]);
});

Deno.test("an encrypted unit without a key is told by session and size", async () => {
  const talk = new Conversation().open();
  const unit = new Uint8Array(152);
  unit.set([0xfd, 0x53, 0x4d, 0x42]);
  unit[36] = 100;
  unit[42] = 1;
  unit[44] = 7;
  talk.unit("request", unit);
  const { exchanges, losses } = await said(talk.wire);
  assertEquals(exchanges.at(-1)?.kind, "encrypted");
  assertEquals(exchanges.at(-1)?.opaque, { sessionId: 7n, size: 100 });
  assertEquals(losses, ["An encrypted message could not be read 1"]);
});

Deno.test("another protocol on a connection is left alone and not noted", async () => {
  const wire = new Wire();
  const http = new Conversation({ wire, server: "10.0.0.2:80" });
  http.bytes("request", text("GET / HTTP/1.1\r\n\r\n"));
  http.bytes("response", text("HTTP/1.1 200 OK\r\n\r\n"));
  const middle = new Conversation({ wire, client: "10.0.0.1:2000", syn: false });
  middle.bytes("request", new Uint8Array(3000).fill(0x55));
  const { log, losses } = await said(wire);
  assertEquals([log, losses], [[], []]);
});

Deno.test("data is hashed once and not held", async () => {
  const talk = new Conversation();
  const data = text("some data");
  talk.exchange("WRITE", writeBody(fileId(1), 0n, data), writeAnswer(data.length));
  const exchanges: Exchange[] = [];
  await readCapture(inputOf(talk.wire.pcap()), () => ({
    opened: (exchange: Exchange) => exchanges.push(exchange),
    pending() {},
    settled() {},
  }), { payloads: hashPayloads });
  const request = exchanges[0]?.request;
  assertEquals(request?.payload, {
    length: 9,
    sha256: "1307990e6ba5ca145eb35e99182a9bec46531bc54ddf656a602c780fa0240dee",
  });
  assertEquals(
    request?.message?.kind === "request" && request.message.command === "WRITE" &&
      request.message.body.data.byteLength,
    0,
  );
});

Deno.test("payload after the end of a connection is noted with its bytes", async () => {
  const talk = new Conversation().open();
  talk.segment("request", { flags: "FA" });
  talk.segment("request", { payload: new Uint8Array(33) });
  const { losses } = await said(talk.wire);
  assertEquals(losses, [
    "33 bytes of SMB connections were dropped, as they came after the end of their connection 1",
  ]);
});

Deno.test("requests of a capture without answers do not wait for ever", () => {
  const settled: number[] = [];
  const notes = new NoteBook();
  const tracker = new ExchangeTracker({
    notes,
    payloads: countPayloads,
    sink: { opened() {}, pending() {}, settled: ({ index }) => settled.push(index) },
  });
  const stamp = new Stamp({ frame: 1, seconds: 0, nanoseconds: 0 });
  const [client, server] = [{ address: "10.0.0.1", port: 1 }, { address: "10.0.0.2", port: 445 }];
  const one = { index: 0, source: client, destination: server, initiator: true } as const;
  const other = { index: 1, source: server, destination: client, initiator: false } as const;
  const directions: Direction[] = [];
  const connection = { number: 0, opened: stamp, directions } as unknown as Connection;
  directions.push({ ...one, connection }, { ...other, connection });
  const unit = framed(chainBytes(encodeChain([echo(0n)])));
  const view = new DataView(unit.buffer);
  for (let messageId = 0; messageId < 65_600; messageId++) {
    view.setUint32(4 + 24, messageId, true);
    tracker.take(
      new StreamData({
        direction: directions[0]!,
        position: 0,
        source: unit,
        start: 0,
        end: unit.length,
        completed: stamp,
        carried: stamp,
      }),
    );
  }
  assertEquals(settled.length, 32_768);
  assertEquals(settled.slice(0, 3), [0, 1, 2]);
});

function echo(messageId: bigint): Message {
  const header = makeHeader({ command: 0x0d, messageId });
  return { kind: "request", command: "ECHO", header, body: { reserved: 0 } };
}
