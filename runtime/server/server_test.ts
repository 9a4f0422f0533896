import { assert, assertEquals, assertNotEquals } from "@std/assert";
import {
  encodeSmb1Negotiate,
  frameHeader,
  HeaderFlags,
  RELATED_FILE_ID,
  Status,
} from "../wire/mod.ts";
import { DEFAULT_CONTEXTS, Lab, RELATED, successOf } from "./testing.ts";

const TEXT = new TextEncoder().encode("some text");
const ECHO = { reserved: 0 };

Deno.test("the highest common dialect is chosen, and its limits are told", () => {
  for (const dialect of [0x0202, 0x0210, 0x0300, 0x0302, 0x0311]) {
    const peer = new Lab().accept();
    const offered = [0x0202, 0x0210, 0x0300, 0x0302, 0x0311].filter((it) => it <= dialect);
    const answer = peer.negotiate(offered);
    assertEquals(answer.dialectRevision, dialect);
    assertEquals(answer.maxReadSize, dialect === 0x0202 ? 65_536 : 8 * 2 ** 20);
    assertEquals(answer.capabilities, dialect === 0x0202 ? 0 : 6);
  }
});

Deno.test("3.1.1 is answered with hash and signing algorithm, and refused without a common hash", () => {
  const answer = new Lab().accept().negotiate([0x0311]);
  assertEquals(answer.contexts?.map((context) => context.kind), ["preauthIntegrity", "signing"]);
  const body = {
    securityMode: 1,
    capabilities: 0,
    clientGuid: "00000000-0000-0000-0000-000000000001",
    dialects: [0x0311],
    clientStartTime: 0n,
  };
  const [hash, signing] = DEFAULT_CONTEXTS;
  assert(hash !== undefined && signing !== undefined);
  const other = { kind: "preauthIntegrity", hashAlgorithms: [9], salt: new Uint8Array() } as const;
  const cases = [
    [[signing], Status.INVALID_PARAMETER],
    [[hash, hash], Status.INVALID_PARAMETER],
    [[other], Status.SMB_NO_PREAUTH_INTEGRITY_HASH_OVERLAP],
    [[hash, { kind: "signing", algorithms: [] } as const], Status.INVALID_PARAMETER],
  ] as const;
  for (const [contexts, status] of cases) {
    assertEquals(new Lab().accept().status("NEGOTIATE", { ...body, contexts }), status);
  }
});

Deno.test("a multi-protocol start is answered with 2.FF and goes on with message 1", () => {
  const peer = new Lab().accept();
  const smb1 = encodeSmb1Negotiate({ dialects: ["NT LM 0.12", "SMB 2.002", "SMB 2.???"] });
  peer.sendRaw(frameHeader(smb1.length));
  peer.sendRaw(smb1);
  assertEquals(successOf("NEGOTIATE", peer.answer(0n)).dialectRevision, 0x02ff);
  peer.messageId = 1n;
  assertEquals(peer.negotiate([0x0210, 0x0302]).dialectRevision, 0x0302);
});

Deno.test("SMB1 without an SMB2 dialect, and a second NEGOTIATE, end the connection", () => {
  const old = new Lab().accept();
  const smb1 = encodeSmb1Negotiate({ dialects: ["NT LM 0.12"] });
  old.sendRaw(frameHeader(smb1.length));
  old.sendRaw(smb1);
  assertEquals(old.closed, "Cannot negotiate: only SMB1 is offered");
  const twice = new Lab().accept();
  twice.negotiate([0x0210]);
  const body = { securityMode: 1, capabilities: 0, dialects: [0x0210], clientStartTime: 0n };
  const clientGuid = "00000000-0000-0000-0000-000000000001";
  twice.exchange("NEGOTIATE", { ...body, clientGuid });
  assertEquals(twice.closed, "Cannot negotiate again");
});

Deno.test("users log in with their password only, in every dialect, and answers are signed", () => {
  for (const dialect of [0x0202, 0x0210, 0x0300, 0x0302, 0x0311]) {
    const lab = new Lab();
    const wrong = lab.accept();
    wrong.negotiate([dialect]);
    assertEquals(wrong.login({ user: "alice", password: "wrong" }), Status.LOGON_FAILURE);
    assertEquals(wrong.login({ user: "nobody" }), Status.LOGON_FAILURE);
    const peer = lab.connect({ dialect, sign: true });
    const raw = peer.rawAnswers.at(-1);
    assert(raw !== undefined && peer.signer?.verify(raw));
    assertEquals(peer.status("ECHO", ECHO), Status.SUCCESS);
  }
});

Deno.test("guests and anonymous clients get in only where they may", () => {
  const strict = new Lab({ anonymous: false }).accept();
  strict.negotiate([0x0302]);
  assertEquals(strict.login({ user: "" }), Status.LOGON_FAILURE);
  const lab = new Lab({ guest: true, shares: [{ name: "open" }, { name: "shut", guests: false }] });
  const guest = lab.accept();
  guest.negotiate([0x0302]);
  assertEquals(guest.login({ user: "stranger", password: "x" }), Status.SUCCESS);
  assertEquals(guest.treeConnect("open"), Status.SUCCESS);
  assertEquals(guest.treeConnect("shut"), Status.ACCESS_DENIED);
});

Deno.test("where signing is required, unsigned and wrongly signed requests are refused", () => {
  const peer = new Lab({ requireSigning: true }).connect({ dialect: 0x0302, sign: true });
  peer.signs = false;
  assertEquals(peer.status("ECHO", ECHO), Status.ACCESS_DENIED);
  const request = peer.make("ECHO", ECHO, {
    flags: HeaderFlags.SIGNED,
    signature: new Uint8Array(16).fill(9),
  });
  peer.send([request]);
  assertEquals(peer.answer(request.header.messageId)?.header.status, Status.ACCESS_DENIED);
  peer.signs = true;
  assertEquals(peer.status("ECHO", ECHO), Status.SUCCESS);
});

Deno.test("an unsigned TREE_CONNECT of 3.1.1 ends the connection", () => {
  const peer = new Lab().connect();
  peer.signs = false;
  peer.treeConnect("data");
  assertEquals(peer.closed, "Cannot connect a tree: the request is not signed");
});

Deno.test("a message id outside the window ends the connection", () => {
  for (const messageId of [0n, 100_000n]) {
    const peer = new Lab().connect();
    peer.exchange("ECHO", ECHO, { messageId });
    assertEquals(peer.closed, `Cannot take message ${messageId}: not in the window`);
  }
});

Deno.test("requests without session or tree are refused, whatever they are", () => {
  const peer = new Lab().accept();
  peer.negotiate([0x0302]);
  assertEquals(peer.createStatus("f"), Status.USER_SESSION_DELETED);
  peer.login({ user: "alice" });
  assertEquals(peer.createStatus("f"), Status.NETWORK_NAME_DELETED);
  assertEquals(peer.treeConnect("nothing"), Status.BAD_NETWORK_NAME);
  assertEquals(peer.treeConnect("DATA"), Status.SUCCESS);
  assertEquals(peer.createStatus("f"), Status.SUCCESS);
  assertEquals(peer.status("LOGOFF", ECHO), Status.SUCCESS);
  assertEquals(peer.createStatus("f"), Status.USER_SESSION_DELETED);
});

Deno.test("a client that comes back ends its former session", () => {
  const lab = new Lab();
  const before = lab.connect();
  before.create("f", { shareAccess: 0 });
  const after = lab.accept();
  after.negotiate([0x0311]);
  assertEquals(after.login({ user: "alice", previous: before.sessionId }), Status.SUCCESS);
  after.treeConnect("data");
  assertEquals(after.createStatus("f", { shareAccess: 0 }), Status.SUCCESS);
  assertEquals(before.createStatus("g"), Status.USER_SESSION_DELETED);
  const stranger = lab.accept();
  stranger.negotiate([0x0311]);
  stranger.login({ user: "bob", previous: after.sessionId });
  assertEquals(after.createStatus("g"), Status.SUCCESS);
});

Deno.test("files are written, read, listed and closed", () => {
  const peer = new Lab().connect();
  const { fileId, createAction } = peer.create("dir", { createOptions: 1 });
  assertEquals(createAction, 2);
  const file = peer.create("dir\\a.txt");
  assertEquals(peer.write(file.fileId, 0n, TEXT), Status.SUCCESS);
  assertEquals(peer.call("READ", peer.readBody(file.fileId, 5n, 100)).data, TEXT.slice(5));
  assertEquals(peer.status("READ", peer.readBody(file.fileId, 9n, 1)), Status.END_OF_FILE);
  const list = {
    fileInformationClass: 12,
    flags: 0,
    fileIndex: 0,
    fileId,
    outputBufferLength: 1000,
    pattern: "*",
  };
  const { output } = peer.call("QUERY_DIRECTORY", list);
  assertEquals(output.length, 16 + 16 + 12 + 10);
  assertEquals(peer.status("QUERY_DIRECTORY", list), Status.NO_MORE_FILES);
  assertEquals(peer.close(file.fileId).endOfFile, 9n);
  assertEquals(peer.status("READ", peer.readBody(file.fileId, 0n, 1)), Status.FILE_CLOSED);
});

Deno.test("a read-only share is read and not changed", () => {
  const peer = new Lab().connect({ share: "ro" });
  assertEquals(peer.createStatus("new"), Status.ACCESS_DENIED);
  assertEquals(peer.createStatus("", { desiredAccess: 0x80000000 }), Status.SUCCESS);
  const open = { desiredAccess: 0x80000000, createDisposition: 1 };
  assertEquals(peer.createStatus("missing", open), Status.OBJECT_NAME_NOT_FOUND);
});

Deno.test("a transfer must be within the limit and paid for in credits", () => {
  const peer = new Lab().connect();
  const { fileId } = peer.create("f");
  const body = peer.readBody(fileId, 0n, 65_537);
  assertEquals(peer.status("READ", body), Status.INVALID_PARAMETER);
  peer.messageId += 1n;
  const paid = { creditCharge: 2, messageId: peer.messageId - 1n };
  assertEquals(peer.status("READ", body, paid), Status.END_OF_FILE);
});

Deno.test("related messages share session, tree and file; a failed CREATE fails what follows", () => {
  const peer = new Lab().connect();
  const related = { flags: RELATED, sessionId: ~0n & 0xffff_ffff_ffff_ffffn, treeId: 0xffff_ffff };
  const close = { flags: 0, reserved: 0, fileId: RELATED_FILE_ID };
  const chain = (disposition: number) => {
    const requests = [
      peer.make("CREATE", peer.createBody("f", { createDisposition: disposition })),
      peer.make("READ", peer.readBody(RELATED_FILE_ID, 0n, 1), related),
      peer.make("CLOSE", close, related),
    ];
    peer.send(requests);
    return requests.map(({ header }) => peer.answer(header.messageId)?.header.status);
  };
  const missing = Status.OBJECT_NAME_NOT_FOUND;
  assertEquals(chain(1), [missing, missing, missing]);
  assertEquals(chain(2), [Status.SUCCESS, Status.END_OF_FILE, Status.SUCCESS]);
  const alone = peer.make("CLOSE", close, { ...related, sessionId: peer.sessionId });
  peer.send([alone]);
  assertEquals(peer.answer(alone.header.messageId)?.header.status, Status.INVALID_PARAMETER);
});

Deno.test("unrelated messages in one frame are handled each for itself", () => {
  const peer = new Lab().connect();
  const open = peer.createBody("f", { createDisposition: 1 });
  const requests = [peer.make("CREATE", open), peer.make("ECHO", ECHO), peer.make("CREATE", open)];
  peer.send(requests);
  const statuses = requests.map(({ header }) => peer.answer(header.messageId)?.header.status);
  const missing = Status.OBJECT_NAME_NOT_FOUND;
  assertEquals(statuses, [missing, Status.SUCCESS, missing]);
});

Deno.test("a client without a session is dropped after a while", () => {
  const lab = new Lab();
  const stranger = lab.accept();
  const user = lab.connect();
  lab.advance(46_000);
  assertEquals([stranger.closed, user.closed], ["no session in time", undefined]);
  assertEquals(lab.server.nextDeadline, Infinity);
});

Deno.test("a connection that ends closes files, locks and sessions", () => {
  const lab = new Lab();
  const gone = lab.connect();
  const { fileId } = gone.create("f", { shareAccess: 0, createOptions: 0x1000 });
  assertNotEquals(fileId.volatile, 0n);
  const other = lab.connect({ user: "bob" });
  assertEquals(other.createStatus("f"), Status.SHARING_VIOLATION);
  gone.hangUp();
  assertEquals(lab.server.sessions.size, 1);
  assertEquals(other.createStatus("f", { createDisposition: 1 }), Status.OBJECT_NAME_NOT_FOUND);
});

Deno.test("the negotiation can be validated, and an altered one ends the connection", () => {
  const validate = (guid: string) => {
    const peer = new Lab().connect({ dialect: 0x0302 });
    const hex = guid.replaceAll("-", "");
    const input = new Uint8Array(26);
    const view = new DataView(input.buffer);
    view.setUint32(0, 0x7f, true);
    view.setUint8(19, parseInt(hex.slice(30), 16));
    view.setUint16(20, 1, true);
    view.setUint16(22, 1, true);
    view.setUint16(24, 0x0302, true);
    const answer = peer.exchange("IOCTL", {
      reserved: 0,
      ctlCode: 0x00140204,
      fileId: RELATED_FILE_ID,
      input,
      maxInputResponse: 0,
      output: new Uint8Array(),
      maxOutputResponse: 24,
      flags: 1,
      reserved2: 0,
    });
    return answer?.header.status ?? peer.closed;
  };
  assertEquals(validate("00000000-0000-0000-0000-000000000001"), Status.SUCCESS);
  const altered = "Cannot validate negotiation: it was altered";
  assertEquals(validate("00000000-0000-0000-0000-000000000002"), altered);
});
