import { assert, assertEquals } from "@std/assert";
import { chainBytes, encodeChain, type Request, Status } from "../wire/mod.ts";
import { FileStore } from "../store/mod.ts";
import { MAX_OPENS, MAX_PENDING, MAX_TREES } from "./limits.ts";
import { Lab, type Peer } from "./testing.ts";

function randomNumbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

/** One request of every command that a session can send, over a file that exists. */
function everyRequest(peer: Peer): Request[] {
  const { fileId } = peer.create("victim");
  const lock = { offset: 0n, length: 1n, flags: 0x12, reserved: 0 };
  const query = {
    infoType: 1,
    fileInfoClass: 18,
    outputBufferLength: 1000,
    reserved: 0,
    additionalInformation: 0,
    flags: 0,
    fileId,
    input: new Uint8Array(),
  };
  return [
    peer.make("CREATE", peer.createBody("other", { contexts: [{ kind: "MxAc" }] })),
    peer.make("READ", peer.readBody(fileId, 0n, 100)),
    peer.make("WRITE", {
      offset: 0n,
      fileId,
      channel: 0,
      remainingBytes: 0,
      channelInfo: new Uint8Array(),
      flags: 0,
      data: new Uint8Array(50),
    }),
    peer.make("LOCK", { lockSequence: 0, fileId, locks: [lock] }),
    peer.make("IOCTL", {
      reserved: 0,
      ctlCode: 0x001440f2,
      fileId,
      input: new Uint8Array(56),
      maxInputResponse: 0,
      output: new Uint8Array(),
      maxOutputResponse: 12,
      flags: 1,
      reserved2: 0,
    }),
    peer.make("QUERY_DIRECTORY", {
      fileInformationClass: 37,
      flags: 0,
      fileIndex: 0,
      fileId,
      outputBufferLength: 1000,
      pattern: "*",
    }),
    peer.make("CHANGE_NOTIFY", {
      flags: 1,
      outputBufferLength: 1000,
      fileId,
      completionFilter: 0xfff,
      reserved: 0,
    }),
    peer.make("QUERY_INFO", query),
    peer.make("SET_INFO", {
      infoType: 1,
      fileInfoClass: 10,
      reserved: 0,
      additionalInformation: 0,
      fileId,
      input: new Uint8Array(40),
    }),
    peer.make("FLUSH", { reserved1: 0, reserved2: 0, fileId }),
    peer.make("CLOSE", { flags: 1, reserved: 0, fileId }),
    peer.make("SESSION_SETUP", {
      flags: 0,
      securityMode: 1,
      capabilities: 0,
      channel: 0,
      previousSessionId: 0n,
      securityBuffer: new Uint8Array(60),
    }, { sessionId: 0n }),
    peer.make("TREE_CONNECT", { flags: 0, path: "\\\\s\\data" }),
  ];
}

Deno.test("changed bytes in any request bring an answer or the end of the connection, never an exception", () => {
  let answers = 0;
  let closed = 0;
  for (let seed = 1; seed <= 150; seed++) {
    const random = randomNumbers(seed * 7919);
    const lab = new Lab();
    const peer = lab.connect({ dialect: [0x0202, 0x0210, 0x0302][seed % 3] ?? 0x0302 });
    for (const request of everyRequest(peer)) {
      const chain = encodeChain([request]);
      const bytes = chainBytes(chain);
      for (let i = random(4); i >= 0; i--) {
        // The first 12 bytes say that it is SMB2 at all; they are left alone most of the time.
        const from = random(10) === 0 ? 0 : 12;
        bytes[from + random(bytes.length - from)] = [0, 1, 0x7f, 0xff][random(5)] ?? random(256);
      }
      const before = peer.inbox.length;
      peer.sendRaw(new Uint8Array([0, 0, bytes.length >> 8, bytes.length & 0xff, ...bytes]));
      answers += peer.inbox.length - before;
      if (peer.closed !== undefined) break;
    }
    if (peer.closed !== undefined) closed++;
    const sane = lab.connect({ user: "bob" });
    assertEquals(sane.status("ECHO", { reserved: 0 }), Status.SUCCESS);
  }
  assert(answers > 300, `${answers} answers`);
  assert(closed > 10, `${closed} closed`);
});

Deno.test("a request cut at any length brings an answer or the end of the connection", () => {
  const lab = new Lab();
  for (let index = 0; index < 13; index++) {
    for (let cut = 0; cut < 160; cut += 5) {
      const peer = lab.connect({ dialect: 0x0302 });
      const request = everyRequest(peer)[index];
      assert(request !== undefined);
      const bytes = chainBytes(encodeChain([request])).slice(0, cut);
      peer.sendRaw(new Uint8Array([0, 0, bytes.length >> 8, bytes.length & 0xff, ...bytes]));
      assert(peer.closed !== undefined || peer.inbox.length > 0);
      peer.hangUp();
    }
  }
});

Deno.test("a stream of nonsense ends the connection at once", () => {
  const random = randomNumbers(99);
  for (let round = 0; round < 200; round++) {
    const peer = new Lab().accept();
    const bytes = Uint8Array.from({ length: 200 }, () => random(256));
    if (round % 2 === 0) bytes.set([0, 0, 0, 100, 0xfe, 0x53, 0x4d, 0x42, 64, 0]);
    else bytes[0] = 1 + random(255);
    peer.sendRaw(bytes);
    assert(peer.closed !== undefined || bytes[0] === 0x85 || bytes[0] === 0x81);
  }
});

Deno.test("a frame longer than any request ends the connection before it is stored", () => {
  const peer = new Lab({ maxTransactSize: 65_536 }).accept();
  peer.sendRaw(new Uint8Array([0, 0x7f, 0xff, 0xff]));
  assertEquals(peer.closed, "Cannot read frame");
});

Deno.test("opens, trees and waiting requests of one client are bounded", () => {
  const store = new FileStore({ now: 0n });
  const peer = new Lab({ shares: [{ name: "data", store }] }).connect({ dialect: 0x0302 });
  const how = { desiredAccess: 1, createOptions: 1 };
  const { fileId } = peer.create("d", how);
  for (let i = 1; i < MAX_OPENS; i++) peer.createStatus("d", how);
  assertEquals(peer.createStatus("d", how), Status.TOO_MANY_OPENED_FILES);
  assertEquals(store.openCount, MAX_OPENS);
  for (let i = 1; i < MAX_TREES; i++) {
    peer.exchange("TREE_CONNECT", { flags: 0, path: "\\\\s\\data" });
  }
  assertEquals(peer.treeConnect("data"), Status.INSUFFICIENT_RESOURCES);
  const body = { flags: 0, outputBufferLength: 100, fileId, completionFilter: 1, reserved: 0 };
  for (let i = 0; i < MAX_PENDING; i++) {
    assertEquals(peer.status("CHANGE_NOTIFY", body), Status.PENDING);
  }
  assertEquals(peer.status("CHANGE_NOTIFY", body), Status.INSUFFICIENT_RESOURCES);
  peer.hangUp();
  assertEquals(store.openCount, 0);
});

Deno.test("a chain longer than any client makes ends the connection", () => {
  const peer = new Lab().connect({ dialect: 0x0302 });
  peer.send(Array.from({ length: 65 }, () => peer.make("ECHO", { reserved: 0 })));
  assertEquals(peer.closed, "Cannot take 65 messages");
});
