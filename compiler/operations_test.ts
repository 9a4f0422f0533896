import { assertEquals, assertObjectMatch } from "@std/assert";
import {
  type BuiltPacket,
  closeAnswer,
  closeBody,
  Conversation,
  createAnswer,
  createBody,
  fileId,
  queryInfoBody,
  readBody,
  RELATED,
  SAME_FILE,
  Wire,
  writeAnswer,
  writeBody,
} from "../tests/captures/conversation.ts";
import { inputOf, text } from "./capture/_build.ts";
import { compile } from "./compile.ts";
import { utf16Bytes } from "./name_bodies.ts";
import type { PlanOperation } from "./plan.ts";

async function planOf(wire: Wire, packets: readonly BuiltPacket[] = wire.packets) {
  const { plan, notes } = await compile(inputOf(wire.pcap(packets)), { version: "0.0.0" });
  return {
    plan,
    operations: plan.operations,
    losses: notes.filter(({ loss }) => loss).map(({ reason, count }) => `${reason} ${count}`),
  };
}

function of<K extends PlanOperation["kind"]>(operations: readonly PlanOperation[], kind: K) {
  return operations.filter((operation): operation is Extract<PlanOperation, { kind: K }> =>
    operation.kind === kind
  );
}

function kinds(operations: readonly PlanOperation[]): string {
  return operations.map(({ kind }) => kind).join(" ");
}

Deno.test("a conversation becomes connect, login, tree, file operations and disconnect", async () => {
  const talk = new Conversation().open();
  talk.exchange("CREATE", createBody("a"), createAnswer(fileId(1)));
  talk.exchange("WRITE", writeBody(fileId(1), 5n, text("hello")), writeAnswer(5));
  talk.exchange("CLOSE", closeBody(fileId(1)), closeAnswer());
  talk.exchange("TREE_DISCONNECT", { reserved: 0 }, { reserved: 0 });
  talk.exchange("LOGOFF", { reserved: 0 }, { reserved: 0 });
  talk.segment("request", { flags: "FA" });
  const { plan, operations, losses } = await planOf(talk.wire);
  assertEquals(losses, []);
  assertEquals(
    kinds(operations),
    "connect login tree create write close untree logoff disconnect",
  );
  assertObjectMatch(plan, {
    source: { start: "2023-11-14T22:13:20.000Z" },
    clients: [{ id: "alice", address: "10.0.0.1", users: ["alice"], operationCount: 9 }],
  });
  assertObjectMatch(of(operations, "login")[0]!, {
    connection: "n1",
    session: "s1",
    user: "alice",
    mechanism: "ntlm",
    status: 0,
  });
  assertObjectMatch(of(operations, "write")[0]!, {
    tree: "t1",
    file: "f1",
    offset: "5",
    data: { length: 5 },
    status: 0,
  });
});

Deno.test("failed operations are operations", async () => {
  const talk = new Conversation().open();
  talk.exchange("CREATE", createBody("missing"), null, { status: 0xc0000034 });
  talk.exchange("TREE_CONNECT", { flags: 0, path: "\\\\lab\\none" }, null, { status: 0xc00000cc });
  const { operations } = await planOf(talk.wire);
  assertEquals(kinds(operations), "connect login tree create tree");
  assertEquals(operations.map(({ status }) => status), [0, 0, 0, 0xc0000034, 0xc00000cc]);
  assertEquals(of(operations, "create")[0]?.granted, null);
});

Deno.test("a refused login is a login that failed, and the next one is another session", async () => {
  const talk = new Conversation();
  talk.negotiate();
  talk.login("alice", { password: "other", sessionId: 0x10n });
  talk.login("alice", { sessionId: 0x11n });
  const logins = of((await planOf(talk.wire)).operations, "login");
  assertEquals(logins.map(({ session, status }) => [session, status]), [
    ["s1", 0xc000006d],
    ["s2", 0],
  ]);
});

Deno.test("a session that authenticates again stays the session", async () => {
  const talk = new Conversation().open();
  talk.login("alice");
  talk.exchange("CREATE", createBody("a"), createAnswer(fileId(1)));
  const { operations } = await planOf(talk.wire);
  assertEquals(of(operations, "login").map(({ session, again }) => [session, again]), [
    ["s1", undefined],
    ["s1", true],
  ]);
  assertEquals(of(operations, "create")[0]?.tree, "t1");
});

Deno.test("a session id that is given again after a logoff is another session", async () => {
  const talk = new Conversation().open();
  talk.exchange("LOGOFF", { reserved: 0 }, { reserved: 0 });
  talk.sessionId = 0n;
  talk.treeId = 0;
  talk.login("bob");
  talk.tree();
  const { operations, plan } = await planOf(talk.wire);
  assertEquals(of(operations, "login").map(({ session, user }) => [session, user]), [
    ["s1", "alice"],
    ["s2", "bob"],
  ]);
  assertEquals(of(operations, "tree").map(({ session, tree }) => [session, tree]), [
    ["s1", "t1"],
    ["s2", "t2"],
  ]);
  assertEquals(plan.clients.map(({ users }) => users), [["alice", "bob"]]);
});

Deno.test("a login that replaces a lost session names it", async () => {
  const wire = new Wire();
  new Conversation({ wire }).open();
  const again = new Conversation({ wire, client: "10.0.0.1:1001" });
  again.negotiate();
  again.login("alice", { sessionId: 0x200n, previousSessionId: 0x100n });
  const logins = of((await planOf(wire)).operations, "login");
  assertEquals(logins.map(({ connection, session, previous }) => [connection, session, previous]), [
    ["n1", "s1", undefined],
    ["n2", "s2", "s1"],
  ]);
});

Deno.test("a further channel is bound to its session, and what is sent on it names it", async () => {
  const wire = new Wire();
  const first = new Conversation({ wire }).open();
  first.exchange("CREATE", createBody("a"), createAnswer(fileId(1)));
  const second = new Conversation({ wire, client: "10.0.0.1:1001", server: "10.0.0.3:445" });
  second.negotiate();
  second.login("alice", { flags: 1, sessionId: 0x100n, request: { sessionId: 0x100n } });
  second.treeId = 1;
  second.exchange("FLUSH", { reserved1: 0, reserved2: 0, fileId: fileId(1) }, { reserved: 0 });
  first.exchange("CREATE", createBody("b"), createAnswer(fileId(2)));
  const { operations, losses } = await planOf(wire);
  assertEquals(of(operations, "login").map(({ session, bind }) => [session, bind]), [
    ["s1", undefined],
    ["s2", "s1"],
  ]);
  assertEquals(of(operations, "create").map(({ tree }) => tree), ["t1", "t1"]);
  assertObjectMatch(of(operations, "flush")[0]!, { tree: "t1", file: "f1", via: "s2" });
  assertEquals(losses, []);
});

Deno.test("equal session ids of two servers are two sessions of one client", async () => {
  const wire = new Wire();
  const talks = ["10.0.0.2:445", "10.0.0.3:445"].map((server, index) =>
    new Conversation({ wire, server, client: `10.0.0.1:${1000 + index}` }).open()
  );
  for (const [index, talk] of talks.entries()) {
    talk.exchange("CREATE", createBody(`on${index}`), createAnswer(fileId(1)));
  }
  for (const talk of talks) talk.exchange("CLOSE", closeBody(fileId(1)), closeAnswer());
  const { plan, operations } = await planOf(wire);
  assertEquals(plan.clients.length, 1);
  assertEquals(of(operations, "create").map(({ path, tree, file }) => [path, tree, file]), [
    ["on0", "t1", "f1"],
    ["on1", "t2", "f2"],
  ]);
  assertEquals(of(operations, "close").map(({ file }) => file), ["f1", "f2"]);
});

Deno.test("clients are told apart by address and ClientGuid, and named after their users", async () => {
  const wire = new Wire();
  for (const [index, address] of ["10.0.0.1", "10.0.0.1", "10.0.0.9"].entries()) {
    const talk = new Conversation({ wire, client: `${address}:${1000 + index}` });
    talk.negotiate(0x0300, `00000000-0000-0000-0000-00000000000${index}`);
    talk.login(["alice", "bob", "alice"][index]!);
  }
  const { plan } = await planOf(wire);
  assertEquals(plan.clients.map(({ id, address }) => [id, address]), [
    ["alice", "10.0.0.1"],
    ["bob", "10.0.0.1"],
    ["alice2", "10.0.0.9"],
  ]);
});

Deno.test("a capture that begins within a conversation implies what came before", async () => {
  const wire = new Wire();
  const talk = new Conversation({ wire }).open();
  const before = wire.packets.length;
  talk.exchange("CREATE", createBody("a"), createAnswer(fileId(1)));
  talk.exchange("CLOSE", closeBody(fileId(1)), closeAnswer());
  talk.exchange("CLOSE", closeBody(fileId(7)), closeAnswer());
  const { operations, losses } = await planOf(wire, wire.packets.slice(before));
  assertEquals(kinds(operations), "connect login tree create close");
  assertEquals(operations.map((one) => "implied" in one && one.implied === true), [
    true,
    true,
    true,
    false,
    false,
  ]);
  assertEquals(of(operations, "tree")[0]?.path, "\\\\10.0.0.2\\unknown");
  assertEquals(losses, ["A CLOSE works on a file whose CREATE is not in the capture 1"]);
});

Deno.test("a file id that a client made up is an open that was never opened", async () => {
  const talk = new Conversation().open();
  talk.exchange("CLOSE", closeBody(fileId(99)), null, { status: 0xc000000d });
  talk.exchange("CLOSE", closeBody(fileId(99)), null, { status: 0xc0000128 });
  const { operations, losses } = await planOf(talk.wire);
  assertEquals(of(operations, "close").map(({ file }) => file), ["f1", "f1"]);
  assertEquals(losses, []);
});

Deno.test("a made up id of ones and zeros goes out as it is", async () => {
  const talk = new Conversation().open();
  talk.exchange("CLOSE", closeBody(SAME_FILE), null, { status: 0xc0000128 });
  const { operations } = await planOf(talk.wire);
  assertEquals(of(operations, "close").map(({ file }) => file), [
    "ffffffffffffffff:ffffffffffffffff",
  ]);
});

Deno.test("what two clients made up alike, or one took from the other, has a name in each", async () => {
  const wire = new Wire();
  const clients = ["10.0.0.1:1000", "10.0.0.3:1000"].map((client) =>
    new Conversation({ wire, client }).open()
  );
  for (const talk of clients) {
    talk.exchange("CREATE", createBody("x.txt"), null, { status: 0xc0000034 });
    talk.exchange("CLOSE", closeBody(fileId(99)), null, { status: 0xc0000128 });
  }
  const { operations } = await planOf(wire);
  assertEquals(of(operations, "close").map(({ client, file }) => [client, file]), [
    ["alice", "f2"],
    ["alice2", "f2"],
  ]);
});

Deno.test("a connection that the server ended is not ended by the scenario", async () => {
  const talk = new Conversation().open();
  talk.segment("response", { flags: "FA" });
  talk.segment("request", { flags: "FA" });
  assertEquals(kinds((await planOf(talk.wire)).operations), "connect login tree");
  const reset = new Conversation().open();
  reset.segment("request", { flags: "RA" });
  assertEquals(kinds((await planOf(reset.wire)).operations), "connect login tree disconnect");
});

Deno.test("a disconnect is answered when the server has closed the connection, too", async () => {
  const talk = new Conversation().open();
  talk.segment("request", { flags: "FA" });
  talk.wire.wait(0.02);
  talk.segment("response", { flags: "FA" });
  const [ended] = of((await planOf(talk.wire)).operations, "disconnect");
  assertEquals(((ended?.answeredAt ?? 0) - ended!.at).toFixed(3), "0.020");
  assertEquals(ended?.frames.response, ended!.frames.request + 1);
});

Deno.test("an SMB1 start and the NEGOTIATE that follows are one connect", async () => {
  const talk = new Conversation();
  const header = new Uint8Array(32);
  header.set([0xff, 0x53, 0x4d, 0x42, 0x72]);
  const dialects = text("\u0002SMB 2.???\0");
  talk.unit("request", new Uint8Array([...header, 0, dialects.length, 0, ...dialects]));
  const answer = {
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
  };
  talk.answer("NEGOTIATE", answer, { messageId: 0n });
  talk.ask("ECHO", { reserved: 0 }, { messageId: 99n });
  talk.negotiate(0x0210);
  const connects = of((await planOf(talk.wire)).operations, "connect");
  assertEquals(connects.length, 1);
  assertObjectMatch(connects[0]!, { smb1: true, dialects: [0x0210], dialect: 0x0210, status: 0 });
});

Deno.test("a compound keeps its members together, and related ones work on the file before", async () => {
  const talk = new Conversation().open();
  const [create, query, close] = talk.askAll([
    { command: "CREATE", body: createBody("a") },
    { command: "QUERY_INFO", body: queryInfoBody(SAME_FILE), header: RELATED },
    { command: "CLOSE", body: closeBody(SAME_FILE), header: RELATED },
  ]);
  talk.messages("response", [
    talk.response("CREATE", createAnswer(fileId(1)), { messageId: create! }),
    talk.response("QUERY_INFO", { output: new Uint8Array(24) }, { messageId: query! }),
    talk.response("CLOSE", closeAnswer(), { messageId: close! }),
  ]);
  const members = (await planOf(talk.wire)).operations.slice(3);
  assertEquals(
    members.map((
      one,
    ) => [one.kind, one.chain?.index, one.chain?.related, "file" in one && one.file]),
    [
      ["create", 0, false, "f1"],
      ["queryInfo", 1, true, "f1"],
      ["close", 2, true, "f1"],
    ],
  );
});

Deno.test("a WRITE with a lost segment is kept with its length", async () => {
  const talk = new Conversation({ mss: 500 }).open();
  talk.exchange("CREATE", createBody("a"), createAnswer(fileId(1)));
  const before = talk.wire.packets.length;
  talk.exchange("WRITE", writeBody(fileId(1), 512n, new Uint8Array(1500)), writeAnswer(1500));
  talk.exchange("READ", readBody(fileId(1), 0n, 10), {
    data: new Uint8Array(10),
    dataRemaining: 0,
    flags: 0,
  });
  const { operations } = await planOf(
    talk.wire,
    talk.wire.packets.filter((_, index) => index !== before + 1),
  );
  assertObjectMatch(of(operations, "write")[0]!, {
    offset: "512",
    data: { length: 1500 },
    file: "f1",
    incomplete: "part of the request is not in the capture",
    status: 0,
  });
  assertEquals(of(operations, "read")[0]?.returned, { length: 10, blocks: [0] });
});

Deno.test("a copy names the open whose resume key it carries", async () => {
  const talk = new Conversation().open();
  talk.exchange("CREATE", createBody("a"), createAnswer(fileId(1)));
  talk.exchange("CREATE", createBody("b"), createAnswer(fileId(2)));
  const ask = (id: number, ctlCode: number, input: Uint8Array) => ({
    reserved: 0,
    ctlCode,
    fileId: fileId(id),
    input,
    maxInputResponse: 0,
    output: new Uint8Array(0),
    maxOutputResponse: 32,
    flags: 1,
    reserved2: 0,
  });
  const answer = (id: number, ctlCode: number, output: Uint8Array) => ({
    reserved: 0,
    ctlCode,
    fileId: fileId(id),
    input: new Uint8Array(0),
    output,
    flags: 0,
    reserved2: 0,
  });
  const key = new Uint8Array(32).fill(5, 0, 24);
  const copy = new Uint8Array(32 + 24).fill(5, 0, 24);
  talk.exchange(
    "IOCTL",
    ask(1, 0x00140078, new Uint8Array(0)),
    answer(1, 0x00140078, key),
  );
  talk.exchange("IOCTL", ask(2, 0x001440f2, copy), answer(2, 0x001440f2, new Uint8Array(12)));
  const ioctls = of((await planOf(talk.wire)).operations, "ioctl");
  assertEquals(ioctls.map(({ file, resumeKey }) => [file, resumeKey]), [
    ["f1", undefined],
    ["f2", "f1"],
  ]);
});

Deno.test("a break and its acknowledgement are one operation", async () => {
  const talk = new Conversation().open();
  talk.exchange(
    "CREATE",
    createBody("a", { requestedOplockLevel: 9 }),
    createAnswer(fileId(1), { oplockLevel: 9 }),
  );
  const body = {
    kind: "oplock",
    oplockLevel: 1,
    reserved: 0,
    reserved2: 0,
    fileId: fileId(1),
  } as const;
  talk.answer("OPLOCK_BREAK", body, { messageId: 0xffffffffffffffffn });
  talk.wire.wait(0.25);
  talk.exchange("OPLOCK_BREAK", { ...body, oplockLevel: 0 }, { ...body, oplockLevel: 0 });
  const { operations, losses } = await planOf(talk.wire);
  assertEquals(losses, []);
  const [broken] = of(operations, "break");
  assertObjectMatch(broken!, {
    breakKind: "oplock",
    file: "f1",
    from: 9,
    to: 1,
    ackRequired: true,
    acknowledgedTo: 0,
    acknowledgeStatus: 0,
  });
  assertEquals(broken?.acknowledgedAfter?.toFixed(3), "0.250");
});

Deno.test("an acknowledgement and a CANCEL of what the capture lacks are noted", async () => {
  const talk = new Conversation().open();
  const body = {
    kind: "oplock",
    oplockLevel: 0,
    reserved: 0,
    reserved2: 0,
    fileId: fileId(1),
  } as const;
  talk.exchange("OPLOCK_BREAK", body, body);
  talk.ask("CANCEL", { reserved: 0 }, { asyncId: 12n, messageId: 0n });
  const { operations, losses } = await planOf(talk.wire);
  assertEquals(kinds(operations), "connect login tree");
  assertEquals(losses, [
    "An acknowledgement answers a break that is not in the capture 1",
    "A CANCEL names a request that is not in the capture 1",
  ]);
});

Deno.test("equal captures give equal plans", async () => {
  const make = () => {
    const talk = new Conversation().open();
    talk.exchange("CREATE", createBody("a"), createAnswer(fileId(1)));
    return talk.wire;
  };
  assertEquals((await planOf(make())).plan, (await planOf(make())).plan);
});

Deno.test("a CREATE and its answer are used where contexts are cut off by the snap length", async () => {
  const talk = new Conversation().open();
  const contexts = [{ kind: "ExtA" as const, data: new Uint8Array(600) }];
  talk.exchange(
    "CREATE",
    createBody("kept", { contexts }),
    createAnswer(fileId(1), {
      contexts: [{
        kind: "raw" as const,
        name: new Uint8Array([65, 65, 65, 65]),
        data: new Uint8Array(600),
      }],
    }),
  );
  talk.exchange("CREATE", createBody("n".repeat(300)), createAnswer(fileId(2)));
  talk.exchange("CLOSE", closeBody(fileId(1)), closeAnswer());
  // Ethernet, IP, TCP, the length, header and fixed body, a short name: as many bytes as a snap length of 300 leaves.
  const packets = talk.wire.packets.map((packet) => ({
    ...packet,
    bytes: packet.bytes.subarray(0, 300),
    originalLength: packet.bytes.byteLength,
  }));
  const { plan, coverage } = await compile(inputOf(talk.wire.pcap(packets)), { version: "0.0.0" });
  const { operations } = plan;
  const [create, other] = of(operations, "create");
  assertObjectMatch(create!, {
    path: "kept",
    contexts: [],
    status: 0,
    incomplete: "the capture lacks its create contexts",
  });
  assertObjectMatch(other!, {
    path: `${"n".repeat(61)}~${other!.frames.request}`,
    incomplete: "the capture lacks the end of its name",
  });
  assertObjectMatch(of(operations, "close")[0]!, { file: create!.file, status: 0 });
  assertEquals(coverage.commands.CREATE, { seen: 2, emitted: 2, partly: 2, dropped: 0 });
});

/** As many bytes of each packet as a snap length leaves. */
function snapped(packets: readonly BuiltPacket[], length: number): BuiltPacket[] {
  return packets.map((packet) => ({
    ...packet,
    bytes: packet.bytes.subarray(0, length),
    originalLength: packet.bytes.byteLength,
  }));
}

Deno.test("a name that is cut is learned from an answer, for every open of the file", async () => {
  const talk = new Conversation().open();
  const name = `${"folder\\".repeat(20)}report.docx`;
  const made = { creationTime: 133_000_000_000_000_000n };
  const all = utf16Bytes(`\\${name}`);
  const named = new Uint8Array(4 + all.length);
  named[0] = all.length & 0xff;
  named[1] = all.length >>> 8;
  named.set(all, 4);
  let telling = 0;
  for (const id of [1, 2, 3]) {
    const other = id === 3 ? { creationTime: 5n } : made;
    talk.exchange("CREATE", createBody(name), createAnswer(fileId(id), other));
    if (id === 2) {
      const asked = { ...queryInfoBody(fileId(id)), fileInfoClass: 9 };
      talk.exchange("QUERY_INFO", asked, { output: named });
      telling = talk.wire.packets.length - 1;
    }
    talk.exchange("CLOSE", closeBody(fileId(id)), closeAnswer());
  }
  const packets = snapped(talk.wire.packets, 256).with(telling, talk.wire.packets[telling]!);
  const { operations } = await planOf(talk.wire, packets);
  const paths = of(operations, "create").map(({ path, frames }) =>
    path.replace(String(frames.request), "FRAME")
  );
  assertEquals(paths, [name, name, `${name.slice(0, 39)}~FRAME`]);
});

Deno.test("a share whose path is cut is what is known of it, and pipes are pipes", async () => {
  const talk = new Conversation();
  talk.negotiate();
  talk.login("alice");
  talk.tree("\\\\server.example.com\\projects", 1);
  talk.exchange("TREE_CONNECT", { flags: 0, path: "\\\\server.example.com\\IPC$" }, {
    shareType: 2,
    shareFlags: 0,
    capabilities: 0,
    maximalAccess: 0,
  }, { request: { treeId: 0 }, treeId: 2 });
  const cut = 54 + 4 + 72 + 2 * 24;
  const { operations, losses } = await planOf(talk.wire, snapped(talk.wire.packets, cut));
  assertEquals(of(operations, "tree").map(({ path, shareType }) => [path, shareType]), [
    ["\\\\server.example.com\\pro", 1],
    ["\\\\server.example.com\\IPC$", 2],
  ]);
  assertEquals(
    losses.filter((reason) => reason.includes("TREE")),
    ["A TREE_CONNECT request is only partly in the capture, and lacks the end of its path 2"],
  );
});

Deno.test("a request names the open of the CREATE before, where its answer is not in the capture", async () => {
  const talk = new Conversation().open();
  talk.exchange("CREATE", createBody("a"), createAnswer(fileId(1)));
  talk.exchange("CREATE", createBody("b"), createAnswer(fileId(2)));
  talk.exchange("READ", readBody(fileId(2), 0n, 10), {
    data: new Uint8Array(10),
    dataRemaining: 0,
    flags: 0,
  });
  talk.exchange("CLOSE", closeBody(fileId(1)), closeAnswer());
  talk.exchange("CLOSE", closeBody(fileId(2)), closeAnswer());
  talk.exchange("CLOSE", closeBody(fileId(9)), closeAnswer());
  // Only the client's side.
  const sent = talk.wire.packets.filter(({ bytes }) =>
    bytes[54 + 4] === 0xfe && bytes[54 + 20]! % 2 === 0
  );
  const { operations, losses } = await planOf(talk.wire, sent);
  const [a, b] = of(operations, "create").map(({ file }) => file);
  assertEquals(of(operations, "read").map(({ file }) => file), [b]);
  assertEquals(of(operations, "close").map(({ file }) => file), [a, b]);
  assertEquals(losses, [
    "A tree id is taken to be that of the TREE_CONNECT before, whose answer the capture does not have 1",
    "A file id is taken to be that of the CREATE before, whose answer the capture does not have 2",
    "A CLOSE works on a file whose CREATE is not in the capture 1",
  ]);
});
