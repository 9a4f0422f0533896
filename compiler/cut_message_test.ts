import { assert, assertEquals, assertObjectMatch } from "@std/assert";
import { chainBytes, encodeChain, type Message } from "../runtime/wire/mod.ts";
import {
  Conversation,
  createAnswer,
  createBody,
  fileId,
  queryInfoBody,
  readBody,
  writeBody,
} from "../tests/captures/conversation.ts";
import { text } from "./capture/_build.ts";
import { cutMessage } from "./cut_message.ts";
import { utf16Bytes, utf16Text } from "./name_bodies.ts";

const LEASE = {
  kind: "RqLs",
  version: 1,
  leaseKey: new Uint8Array(16).fill(9),
  leaseState: 7,
  leaseFlags: 0,
  leaseDuration: 0n,
} as const;

const talk = new Conversation();
const lock = { offset: 5n, length: 6n, flags: 2, reserved: 0 };

const REQUESTS: readonly Message[] = [
  talk.request("NEGOTIATE", {
    securityMode: 1,
    capabilities: 0x7f,
    clientGuid: "00000000-0000-0000-0000-000000000001",
    dialects: [0x0202, 0x0210, 0x0311],
    contexts: [{ kind: "netname", netName: "server" }],
    clientStartTime: 0n,
  }),
  talk.request("SESSION_SETUP", {
    flags: 0,
    securityMode: 1,
    capabilities: 1,
    channel: 0,
    previousSessionId: 3n,
    securityBuffer: new Uint8Array(80).fill(6),
  }),
  talk.request("LOGOFF", { reserved: 0 }),
  talk.request("TREE_CONNECT", { flags: 0, path: "\\\\server\\projects" }),
  talk.request("TREE_DISCONNECT", { reserved: 0 }),
  talk.request("CREATE", createBody("docs\\report.docx", { contexts: [LEASE, { kind: "MxAc" }] })),
  talk.request("CLOSE", { flags: 1, reserved: 0, fileId: fileId(4) }),
  talk.request("FLUSH", { reserved1: 0, reserved2: 0, fileId: fileId(4) }),
  talk.request("READ", readBody(fileId(4), 512n, 100)),
  talk.request("WRITE", writeBody(fileId(4), 512n, new Uint8Array(100).fill(1))),
  talk.request("LOCK", { lockSequence: 7, fileId: fileId(4), locks: [lock, lock, lock] }),
  talk.request("IOCTL", {
    reserved: 0,
    ctlCode: 0x0011c017,
    fileId: fileId(4),
    input: new Uint8Array(60).fill(8),
    maxInputResponse: 0,
    output: new Uint8Array(0),
    maxOutputResponse: 1024,
    flags: 1,
    reserved2: 0,
  }),
  talk.request("CANCEL", { reserved: 0 }),
  talk.request("ECHO", { reserved: 0 }),
  talk.request("QUERY_DIRECTORY", {
    fileInformationClass: 37,
    flags: 1,
    fileIndex: 0,
    fileId: fileId(4),
    pattern: "report*.docx",
    outputBufferLength: 65_536,
  }),
  talk.request("CHANGE_NOTIFY", {
    flags: 1,
    outputBufferLength: 4096,
    fileId: fileId(4),
    completionFilter: 0xfff,
    reserved: 0,
  }),
  talk.request("QUERY_INFO", { ...queryInfoBody(fileId(4)), input: new Uint8Array(20).fill(3) }),
  talk.request("SET_INFO", {
    infoType: 1,
    fileInfoClass: 4,
    reserved: 0,
    additionalInformation: 0,
    fileId: fileId(4),
    input: new Uint8Array(40).fill(2),
  }),
  talk.request("OPLOCK_BREAK", {
    kind: "oplock",
    oplockLevel: 1,
    reserved: 0,
    reserved2: 0,
    fileId: fileId(4),
  }),
  talk.request("OPLOCK_BREAK", {
    kind: "lease",
    reserved: 0,
    flags: 0,
    leaseKey: new Uint8Array(16).fill(9),
    leaseState: 3,
    leaseDuration: 0n,
  }),
];

function bytesOf(message: Message): Uint8Array {
  return chainBytes(encodeChain([message]));
}

/** The first `known` bytes of a message, behind bytes of something else. */
function cutAt(message: Message, known: number) {
  const bytes = bytesOf(message);
  const held = new Uint8Array([...new Uint8Array(5).fill(0xa5), ...bytes.subarray(0, known)]);
  return cutMessage(held, { start: 5, end: 5 + known, length: bytes.byteLength });
}

/** Fields that a cut may change: lists and strings, and what stands in their place without them. */
const VARIABLE =
  /^(clientStartTime|contexts|dialects|securityBuffer|path|name|channelInfo|data|locks|input|output|pattern)$/;

Deno.test("every request is used as soon as its fixed part is there, with every field of that", () => {
  for (const message of REQUESTS) {
    const { byteLength } = bytesOf(message);
    const { command, body } = message as Message & { command: string; body: object };
    let shortest = byteLength;
    for (let known = 0; known < byteLength; known++) {
      const cut = cutAt(message, known);
      if (cut === null) continue;
      shortest = Math.min(shortest, known);
      assertEquals(cut.message.kind, "request");
      assertEquals(cut.message.header.sessionId, message.header.sessionId);
      for (const [field, value] of Object.entries((cut.message as typeof message).body)) {
        // What is behind the needed fields is taken to be zero.
        if (VARIABLE.test(field) || value === 0 || value === 0n) continue;
        const whole = (body as Record<string, unknown>)[field];
        assertEquals(value, whole, `${command}.${field} of ${known} bytes`);
      }
    }
    assert(shortest <= 64 + 56, `${command} needs ${shortest} bytes`);
  }
});

function bodyAt(command: string, known: number): Record<string, unknown> {
  const message = REQUESTS.find((one) => one.kind === "request" && one.command === command)!;
  const cut = cutAt(message, known);
  return { ...(cut?.message as { body: object } | undefined)?.body, lacks: cut?.lacks };
}

Deno.test("text is kept to the last whole character, a pattern finds what begins like it", () => {
  assertObjectMatch(bodyAt("TREE_CONNECT", 72 + 21), {
    path: "\\\\server\\p",
    lacks: "the end of its path",
  });
  assertObjectMatch(bodyAt("CREATE", 120 + 16), { name: "docs\\rep", contexts: [] });
  assertObjectMatch(bodyAt("CREATE", 120 + 16), { lacks: "the end of its name" });
  assertObjectMatch(bodyAt("QUERY_DIRECTORY", 96 + 6), {
    pattern: "rep*",
    lacks: "the end of its pattern",
  });
  assertObjectMatch(bodyAt("QUERY_DIRECTORY", 96), { pattern: "*", outputBufferLength: 65_536 });
});

Deno.test("of lists the whole members are kept", () => {
  assertObjectMatch(bodyAt("LOCK", 88 + 24 + 23), { locks: [lock], lacks: "some of its ranges" });
  assertObjectMatch(bodyAt("NEGOTIATE", 100 + 5), {
    dialects: [0x0202, 0x0210],
    lacks: "some of its dialects",
  });
  assertObjectMatch(bodyAt("NEGOTIATE", 100 + 6), {
    dialects: [0x0202, 0x0210, 0x0311],
    contexts: [],
    lacks: "its negotiate contexts",
  });
  const create = bytesOf(REQUESTS[5]!).byteLength;
  assertObjectMatch(bodyAt("CREATE", create - 1), {
    name: "docs\\report.docx",
    contexts: [LEASE],
    lacks: "some of its create contexts",
  });
});

Deno.test("bytes are filled up with zeros, the name of a rename with what a name may have", () => {
  const { input, lacks } = bodyAt("IOCTL", 120 + 10);
  assertEquals(input, new Uint8Array(60).fill(8, 0, 10));
  assertEquals(lacks, "some bytes of its input");
  const name = utf16Bytes("new\\name.txt");
  const rename = talk.request("SET_INFO", {
    infoType: 1,
    fileInfoClass: 10,
    reserved: 0,
    additionalInformation: 0,
    fileId: fileId(4),
    input: new Uint8Array([...new Uint8Array(16), name.length, 0, 0, 0, ...name]),
  });
  const renamedAt = (known: number) => {
    const message = cutAt(rename, known)?.message;
    assert(message?.kind === "request" && message.command === "SET_INFO");
    const { input } = message.body;
    assertEquals([input[16], input.byteLength], [name.length, 20 + name.length]);
    return utf16Text(input.subarray(20));
  };
  assertEquals(renamedAt(96 + 20 + 8), "new\\________");
  assertEquals(renamedAt(96 + 8), "____________");
});

Deno.test("a WRITE that is cut within its data tells how long that was", () => {
  const message = talk.request("WRITE", writeBody(fileId(4), 5n, new Uint8Array(3000)));
  for (const known of [96, 112, 2000]) assertEquals(cutAt(message, known)?.dataLength, 3000);
  assertEquals(cutAt(message, 95), null);
});

Deno.test("an answer tells what it granted, also before its contexts and its file id", () => {
  const answer = talk.response(
    "CREATE",
    createAnswer(fileId(7), {
      endOfFile: 99n,
      oplockLevel: 0xff,
      contexts: [LEASE, { kind: "raw", name: text("abcd"), data: new Uint8Array(50) }],
    }),
  );
  const at = (known: number) => {
    const cut = cutAt(answer, known);
    return { ...(cut?.message as { body: object } | undefined)?.body, lacks: cut?.lacks };
  };
  const length = bytesOf(answer).byteLength;
  assertObjectMatch(at(length - 1), { contexts: [LEASE], lacks: "some of its create contexts" });
  assertObjectMatch(at(64 + 80), { fileId: fileId(7), contexts: [] });
  assertObjectMatch(at(64 + 79), { endOfFile: 99n, lacks: "its file id" });
  assertEquals(at(64 + 59).lacks, undefined);
});

Deno.test("what the beginning cannot tell is not made up", () => {
  const padded = REQUESTS.map((message) => {
    const bytes = bytesOf(message).slice();
    bytes.fill(0xff, 64);
    return bytes;
  });
  for (const bytes of padded) {
    for (let known = 0; known < bytes.byteLength; known += 3) {
      cutMessage(bytes, { start: 0, end: known, length: bytes.byteLength });
    }
  }
  const error = talk.response("CREATE", null, { status: 0xc0000034 });
  assertEquals(cutAt(error, 70), null);
});
