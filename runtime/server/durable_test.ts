import { assert, assertEquals } from "@std/assert";
import {
  type CreateRequestContext,
  type CreateResponse,
  type FileId,
  Status,
} from "../wire/mod.ts";
import { MAX_DISCONNECTED } from "./limits.ts";
import { Lab, type Peer } from "./testing.ts";

const GUID_1 = "11111111-0000-0000-0000-000000000001";
const GUID_2 = "22222222-0000-0000-0000-000000000002";
const NO_GUID = "00000000-0000-0000-0000-000000000000";
const CLIENT = "cccccccc-0000-0000-0000-00000000000c";
const KEY = new Uint8Array(16).fill(0xa1);
const OTHER_KEY = new Uint8Array(16).fill(0xb2);
const R = 1;
const RH = 3;
const RWH = 7;
const REPLAY = { flags: 0x2000_0000 };
const DUPLICATE_OBJECTID = 0xc000022a;
const DELETE_ON_CLOSE = 0x1000;
const OPENED = 1;
const CREATED = 2;

type How = Parameters<Peer["createBody"]>[1];

function asked(timeout = 0, createGuid = GUID_1): CreateRequestContext {
  return { kind: "DH2Q", timeout, flags: 0, reserved: 0n, createGuid };
}

const ASKED_1: CreateRequestContext = { kind: "DHnQ", reserved: new Uint8Array(16) };

function lease(leaseState: number, leaseKey = KEY): CreateRequestContext {
  return { kind: "RqLs", version: 1, leaseKey, leaseState, leaseFlags: 0, leaseDuration: 0n };
}

function batch(...contexts: CreateRequestContext[]): How {
  return { requestedOplockLevel: 9, shareAccess: 0, contexts };
}

function leased(state: number, ...contexts: CreateRequestContext[]): How {
  return { requestedOplockLevel: 0xff, contexts: [lease(state), ...contexts] };
}

function back(fileId: FileId, createGuid = GUID_1): CreateRequestContext {
  return { kind: "DH2C", fileId, createGuid, flags: 0 };
}

function durability({ contexts }: CreateResponse): [string, number?] | undefined {
  for (const context of contexts) {
    if (context.kind === "DHnQ") return ["DHnQ"];
    if (context.kind === "DH2Q") return ["DH2Q", context.timeout];
  }
  return undefined;
}

function comeBack(lab: Lab, user = "alice", guid = CLIENT): Peer {
  return lab.connect({ user, guid });
}

/** A durable open whose connection is gone. */
function lost(how: How = batch(asked()), name = "f"): { lab: Lab; bob: Peer; fileId: FileId } {
  const lab = new Lab();
  const alice = comeBack(lab);
  const { fileId } = alice.create(name, how);
  alice.hangUp();
  return { lab, bob: lab.connect({ user: "bob" }), fileId };
}

Deno.test("an open is durable where it has a batch oplock, or a lease that caches handles", () => {
  const cases: [How, ReturnType<typeof durability>][] = [
    [batch(ASKED_1), ["DHnQ"]],
    [batch(asked()), ["DH2Q", 60_000]],
    [batch(asked(5000)), ["DH2Q", 5000]],
    [batch(asked(0xffff_ffff)), ["DH2Q", 300_000]],
    [{ requestedOplockLevel: 8, contexts: [asked()] }, undefined],
    [{ contexts: [ASKED_1] }, undefined],
    [leased(RH, ASKED_1), ["DHnQ"]],
    [leased(RWH, asked()), ["DH2Q", 60_000]],
    [leased(R, asked()), undefined],
    [{ ...batch(asked()), createOptions: 1 }, undefined],
  ];
  for (const [how, expected] of cases) {
    const peer = new Lab().connect();
    assertEquals(durability(peer.create("f", how)), expected);
  }
});

Deno.test("no handle is persistent, and before 3.0 there is version 1 alone", () => {
  const persistent = { ...asked(), flags: 2 } as CreateRequestContext;
  const answer = new Lab().connect().create("f", batch(persistent));
  assertEquals(answer.contexts, [{ kind: "DH2Q", timeout: 60_000, flags: 0 }]);
  const old = new Lab().connect({ dialect: 0x0210 });
  assertEquals(durability(old.create("f", batch(asked()))), undefined);
  assertEquals(durability(old.create("g", batch(ASKED_1))), ["DHnQ"]);
});

Deno.test("a guest, who cannot prove to be the same again, gets no durable open", () => {
  const peer = new Lab({ guest: true }).connect({ user: "nobody", dialect: 0x0302 });
  const { oplockLevel, contexts } = peer.create("f", batch(asked()));
  assertEquals([oplockLevel, contexts], [9, []]);
});

Deno.test("contexts of durable handles that exclude each other are refused", () => {
  const peer = new Lab().connect();
  const fileId = { persistent: 1n, volatile: 1n };
  const first: CreateRequestContext = { kind: "DHnC", fileId };
  const pairs = [[asked(), ASKED_1], [asked(), first], [asked(), back(fileId)], [
    back(fileId),
    first,
  ], [back(fileId), ASKED_1]];
  for (const contexts of pairs) {
    assertEquals(peer.createStatus("f", batch(...contexts)), Status.INVALID_PARAMETER);
  }
  assertEquals(peer.createStatus("f", batch(first, ASKED_1)), Status.OBJECT_NAME_NOT_FOUND);
});

Deno.test("what is reclaimed is the same open with its locks and its oplock, under a new id", () => {
  const lab = new Lab();
  const before = comeBack(lab);
  const { fileId } = before.create("f", { ...batch(asked()), shareAccess: 7 });
  before.write(fileId, 0n, new Uint8Array([1, 2, 3]));
  const lock = { offset: 0n, length: 9n, flags: 0x12, reserved: 0 };
  before.call("LOCK", { lockSequence: 0, fileId, locks: [lock] });
  before.hangUp();
  assertEquals(lab.server.durables.size, 1);
  const alice = comeBack(lab);
  const answer = alice.create("", { ...batch(back(fileId)), desiredAccess: 0 });
  assertEquals([answer.createAction, answer.oplockLevel, answer.contexts], [OPENED, 9, []]);
  assertEquals(answer.fileId.persistent, fileId.persistent);
  assert(answer.fileId.volatile !== fileId.volatile);
  assertEquals(lab.server.durables.size, 0);
  assertEquals(lab.server.durables.nextDeadline, Infinity);
  assertEquals(alice.write(fileId, 0n, new Uint8Array(1)), Status.FILE_CLOSED);
  assertEquals(alice.call("READ", alice.readBody(answer.fileId, 0n, 9)).data.length, 3);
  const bob = lab.connect({ user: "bob" });
  const waiting = bob.make("CREATE", bob.createBody("f"));
  bob.send([waiting]);
  assertEquals(bob.answer(waiting.header.messageId)?.header.status, Status.PENDING);
  const notification = alice.nextBreak();
  assert(notification?.kind === "oplock");
  assertEquals(notification.fileId, answer.fileId);
  alice.call("OPLOCK_BREAK", { ...notification, oplockLevel: 1 });
  const theirs = bob.answer(waiting.header.messageId);
  assert(theirs?.kind === "response" && theirs.command === "CREATE");
  assertEquals(bob.write(theirs.body.fileId, 0n, new Uint8Array(1)), Status.FILE_LOCK_CONFLICT);
});

Deno.test("version 1 reclaims by the file id alone", () => {
  for (const dialect of [0x0202, 0x0210, 0x0311]) {
    const lab = new Lab();
    const before = lab.connect({ dialect });
    const { fileId } = before.create("f", batch(ASKED_1));
    before.hangUp();
    const alice = lab.connect({ dialect });
    const again: CreateRequestContext = { kind: "DHnC", fileId };
    assertEquals(alice.create("f", batch(again, ASKED_1)).contexts, []);
    assertEquals(alice.createStatus("f", batch(again)), Status.OBJECT_NAME_NOT_FOUND);
  }
});

Deno.test("version 2 reclaims an open of version 1 by a CreateGuid of zeros, and version 1 one of version 2", () => {
  const { lab, fileId } = lost(batch(ASKED_1));
  const alice = comeBack(lab);
  const { OBJECT_NAME_NOT_FOUND } = Status;
  assertEquals(alice.createStatus("f", batch(back(fileId))), OBJECT_NAME_NOT_FOUND);
  assertEquals(alice.create("f", batch(back(fileId, NO_GUID))).createAction, OPENED);
  const second = lost();
  const again = comeBack(second.lab);
  assertEquals(
    again.createStatus("f", batch(back(second.fileId, NO_GUID))),
    OBJECT_NAME_NOT_FOUND,
  );
  const first: CreateRequestContext = { kind: "DHnC", fileId: second.fileId };
  assertEquals(again.create("f", batch(first)).createAction, OPENED);
  // Who has it back has had the answer to its CREATE: the next one with the same name is a new one.
  const body = again.createBody("g", batch(asked()));
  assertEquals(again.status("CREATE", body), Status.SUCCESS);
});

Deno.test("an open is given to nobody but the client and user that lost it", () => {
  const { lab, bob, fileId } = lost();
  assertEquals(bob.createStatus("f", batch(back(fileId))), Status.ACCESS_DENIED);
  const alice = comeBack(lab);
  const { OBJECT_NAME_NOT_FOUND, SUCCESS } = Status;
  const nobody = { ...fileId, persistent: 99n };
  assertEquals(alice.createStatus("f", batch(back(nobody))), OBJECT_NAME_NOT_FOUND);
  assertEquals(alice.createStatus("f", batch(back(fileId, GUID_2))), OBJECT_NAME_NOT_FOUND);
  assertEquals(alice.createStatus("f", leased(0, back(fileId))), OBJECT_NAME_NOT_FOUND);
  const elsewhere = lab.connect({ guid: CLIENT, share: "ro" });
  assertEquals(elsewhere.createStatus("f", batch(back(fileId))), OBJECT_NAME_NOT_FOUND);
  assertEquals(alice.createStatus("f", batch(back(fileId))), SUCCESS);
});

Deno.test("with a lease, the client, the key and the name must be those from before", () => {
  const { lab, fileId } = lost(leased(RWH, asked()));
  const stranger = lab.connect();
  const alice = comeBack(lab);
  const { OBJECT_NAME_NOT_FOUND, INVALID_PARAMETER } = Status;
  const other = { requestedOplockLevel: 0xff, contexts: [lease(0, OTHER_KEY), back(fileId)] };
  assertEquals(stranger.createStatus("f", leased(0, back(fileId))), OBJECT_NAME_NOT_FOUND);
  assertEquals(alice.createStatus("f", batch(back(fileId))), OBJECT_NAME_NOT_FOUND);
  assertEquals(alice.createStatus("f", other), OBJECT_NAME_NOT_FOUND);
  for (const name of ["g", "", "f:stream", "no\\such\\file", "in?valid"]) {
    assertEquals(alice.createStatus(name, leased(0, back(fileId))), INVALID_PARAMETER, name);
  }
  const answer = alice.create("F", leased(0, back(fileId)));
  const [granted] = answer.contexts;
  assert(granted?.kind === "RqLs");
  assertEquals([answer.oplockLevel, granted.leaseState], [0xff, RWH]);
});

Deno.test("who opens the file meanwhile gets in at once; the open is gone", () => {
  for (const how of [batch(asked()), leased(RWH, asked())]) {
    const { lab, bob, fileId } = lost(how);
    assertEquals(bob.createStatus("f", { requestedOplockLevel: 9 }), Status.SUCCESS);
    assertEquals(lab.server.durables.size, 0);
    const alice = comeBack(lab);
    const again = how?.requestedOplockLevel === 9 ? batch(back(fileId)) : leased(0, back(fileId));
    assertEquals(alice.createStatus("f", again), Status.OBJECT_NAME_NOT_FOUND);
  }
});

Deno.test("what breaks nothing leaves the open: attributes alone, or reading beside RH", () => {
  const { lab, bob, fileId } = lost(leased(RH, asked()));
  assertEquals(bob.createStatus("f", { desiredAccess: 0x80 }), Status.SUCCESS);
  const reader = bob.create("f", { desiredAccess: 0x3 });
  assertEquals(lab.server.durables.size, 1);
  assertEquals(bob.write(reader.fileId, 0n, new Uint8Array(1)), Status.SUCCESS);
  assertEquals(lab.server.durables.size, 0);
  assertEquals(
    comeBack(lab).createStatus("f", leased(0, back(fileId))),
    Status.OBJECT_NAME_NOT_FOUND,
  );
});

Deno.test("a lease of which one open is connected is broken as ever; the lost one goes with its handles", () => {
  const lab = new Lab();
  const first = comeBack(lab);
  first.create("f", leased(RWH, asked()));
  const second = comeBack(lab);
  second.create("f", leased(RWH, asked(0, GUID_2)));
  first.hangUp();
  const bob = lab.connect({ user: "bob" });
  const waiting = bob.make("CREATE", bob.createBody("f"));
  bob.send([waiting]);
  assertEquals(second.nextBreak()?.kind, "leaseNotification");
  assertEquals(lab.server.durables.size, 1);
  second.call("OPLOCK_BREAK", {
    kind: "lease",
    reserved: 0,
    flags: 0,
    leaseKey: KEY,
    leaseState: RH,
    leaseDuration: 0n,
  });
  const { SUCCESS } = Status;
  assertEquals(bob.answer(waiting.header.messageId, SUCCESS)?.header.status, SUCCESS);
  assertEquals(lab.server.durables.size, 1);
  bob.send([bob.make("CREATE", bob.createBody("f", { shareAccess: 0 }))]);
  assertEquals(second.nextBreak()?.kind, "leaseNotification");
  assertEquals(lab.server.durables.size, 0);
});

Deno.test("a break under way when the connection is lost closes the open", () => {
  const lab = new Lab();
  const alice = comeBack(lab);
  alice.create("f", batch(asked()));
  const bob = lab.connect({ user: "bob" });
  const waiting = bob.make("CREATE", bob.createBody("f"));
  bob.send([waiting]);
  alice.hangUp();
  const { SUCCESS } = Status;
  assertEquals(bob.answer(waiting.header.messageId, SUCCESS)?.header.status, SUCCESS);
  assertEquals(lab.server.durables.size, 0);
});

Deno.test("an open that nobody comes back for is closed in time, and deleted where that was its wish", () => {
  const how = { ...batch(asked(5000)), createOptions: DELETE_ON_CLOSE };
  const { lab, bob, fileId } = lost(how);
  const stat = { desiredAccess: 0x80, createDisposition: 1 };
  assertEquals(lab.server.nextDeadline, lab.now + 5000);
  lab.advance(4999);
  const { fileId: looked } = bob.create("f", stat);
  bob.close(looked);
  lab.advance(1);
  assertEquals(lab.server.durables.size, 0);
  assertEquals(bob.createStatus("f", stat), Status.OBJECT_NAME_NOT_FOUND);
  assertEquals(
    comeBack(lab).createStatus("f", batch(back(fileId))),
    Status.OBJECT_NAME_NOT_FOUND,
  );
});

Deno.test("an overdue open is not given back, even before the timer closes it", () => {
  const { lab, fileId } = lost(batch(asked(5000)));
  lab.now += 5000;
  assertEquals(
    comeBack(lab).createStatus("f", batch(back(fileId))),
    Status.OBJECT_NAME_NOT_FOUND,
  );
});

Deno.test("a logoff and a session that takes the place of another keep the open, closing a tree does not", () => {
  const ends: [string, (alice: Peer, lab: Lab) => Peer, number][] = [
    ["logoff", (alice, lab) => {
      alice.call("LOGOFF", { reserved: 0 });
      return comeBack(lab);
    }, Status.SUCCESS],
    ["previous session", (alice, lab) => {
      const next = lab.accept();
      next.negotiate([0x0311], CLIENT);
      next.login({ user: "alice", previous: alice.sessionId });
      next.treeConnect("data");
      assertEquals(alice.createStatus("g"), Status.USER_SESSION_DELETED);
      return next;
    }, Status.SUCCESS],
    ["tree", (alice, lab) => {
      alice.call("TREE_DISCONNECT", { reserved: 0 });
      return comeBack(lab);
    }, Status.OBJECT_NAME_NOT_FOUND],
    ["nothing", (_alice, lab) => comeBack(lab), Status.OBJECT_NAME_NOT_FOUND],
  ];
  for (const [name, end, status] of ends) {
    const lab = new Lab();
    const alice = comeBack(lab);
    const { fileId } = alice.create("f", batch(asked()));
    assertEquals(end(alice, lab).createStatus("f", batch(back(fileId))), status, name);
  }
});

Deno.test("another user's session is not ended by its id", () => {
  const lab = new Lab();
  const alice = comeBack(lab);
  const { fileId } = alice.create("f", batch(asked()));
  const bob = lab.accept();
  bob.negotiate([0x0311]);
  bob.login({ user: "bob", previous: alice.sessionId });
  assertEquals(alice.write(fileId, 0n, new Uint8Array(1)), Status.SUCCESS);
});

Deno.test("for one open too many, the one that waits longest is closed", () => {
  const lab = new Lab();
  const alice = comeBack(lab);
  const ids: FileId[] = [];
  for (let i = 0; i <= MAX_DISCONNECTED; i++) {
    const guid = `00000000-0000-0000-0000-${String(i).padStart(12, "0")}`;
    ids.push(alice.create(`f${i}`, batch(asked(0, guid))).fileId);
  }
  alice.hangUp();
  assertEquals(lab.server.durables.size, MAX_DISCONNECTED);
  const bob = lab.connect({ user: "bob" });
  assertEquals(bob.createStatus("f0", { desiredAccess: 0x1 }), Status.SUCCESS);
  lab.advance(300_000);
  assertEquals([lab.server.durables.size, lab.server.nextDeadline], [0, Infinity]);
});

Deno.test("a CREATE that is sent again is answered with the open that it made", () => {
  const lab = new Lab();
  const alice = comeBack(lab);
  const body = alice.createBody("f", batch(asked()));
  const first = alice.call("CREATE", body);
  assertEquals(alice.status("CREATE", body), DUPLICATE_OBJECTID);
  const again = alice.call("CREATE", body, REPLAY);
  assertEquals([again.fileId, again.createAction], [first.fileId, CREATED]);
  assertEquals(durability(again), ["DH2Q", 60_000]);
  const withLease = alice.createBody("f", leased(RWH, asked()));
  assertEquals(alice.status("CREATE", withLease, REPLAY), Status.ACCESS_DENIED);
  // What was used is no replay any more, and stands in its own way.
  alice.write(first.fileId, 0n, new Uint8Array(1));
  const request = alice.make("CREATE", body, REPLAY);
  alice.send([request]);
  assertEquals(alice.answer(request.header.messageId)?.header.status, Status.PENDING);
});

Deno.test("a CREATE whose answer was lost with the connection gets its open on the next one", () => {
  const lab = new Lab();
  const before = comeBack(lab);
  const { fileId } = before.create("f", batch(asked()));
  before.hangUp();
  const alice = comeBack(lab);
  const body = alice.createBody("f", batch(asked()));
  const bob = lab.connect({ user: "bob", guid: CLIENT });
  assertEquals(bob.status("CREATE", body, REPLAY), Status.ACCESS_DENIED);
  const again = alice.call("CREATE", body, REPLAY);
  assertEquals([again.fileId.persistent, again.createAction], [fileId.persistent, CREATED]);
  assertEquals(alice.write(again.fileId, 0n, new Uint8Array(1)), Status.SUCCESS);
});

Deno.test("however connections are lost and opens reclaimed, nothing stays in the end", () => {
  let state = 0x2f6e_2b1;
  const below = (limit: number) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % limit;
  };
  const lab = new Lab({ breakTimeout: 1000 });
  interface Held {
    readonly fileId: FileId;
    readonly guid: string;
    readonly file: number;
    readonly isLease: boolean;
  }
  const users = ["alice", "bob"].map((user, i) => {
    const guid = `${CLIENT.slice(0, -1)}${i}`;
    return { user, guid, peer: comeBack(lab, user, guid), held: [] as Held[] };
  });
  const keyOf = (file: number) => new Uint8Array(16).fill(file + 1);
  const terms = (isLease: boolean, file: number, context: CreateRequestContext) =>
    isLease
      ? { requestedOplockLevel: 0xff, contexts: [lease(RWH, keyOf(file)), context] }
      : { requestedOplockLevel: 9, contexts: [context] };
  let reclaimed = 0;
  for (let step = 0; step < 3000; step++) {
    const one = users[below(2)];
    if (one === undefined) continue;
    const { peer, held } = one;
    const last = held.at(-1 - below(3));
    const kind = below(10);
    if (kind < 3) {
      const guid = `00000000-0000-0000-0000-${String(step).padStart(12, "0")}`;
      const made = { guid, file: below(6), isLease: below(2) === 0 };
      const answer = peer.exchange("CREATE", {
        ...peer.createBody(`f${made.file}`, terms(made.isLease, made.file, asked(3000, guid))),
        shareAccess: below(2) * 7,
        createOptions: below(8) === 0 ? DELETE_ON_CLOSE : 0,
      });
      if (answer?.kind !== "response" || answer.command !== "CREATE") continue;
      held.push({ ...made, fileId: answer.body.fileId });
    } else if (kind < 5) {
      peer.hangUp();
      one.peer = comeBack(lab, one.user, one.guid);
    } else if (kind === 5) {
      lab.advance(below(1500));
    } else if (last === undefined) {
      continue;
    } else if (kind === 6) {
      peer.status("CLOSE", { flags: 0, reserved: 0, fileId: last.fileId });
    } else if (kind === 7) {
      peer.write(last.fileId, 0n, new Uint8Array(4));
    } else {
      const how = terms(last.isLease, last.file, back(last.fileId, last.guid));
      const answer = peer.exchange("CREATE", peer.createBody(`f${last.file}`, how));
      if (answer?.kind !== "response" || answer.command !== "CREATE") continue;
      held.push({ ...last, fileId: answer.body.fileId });
      reclaimed++;
    }
  }
  assert(reclaimed > 20, String(reclaimed));
  for (const { peer } of users) peer.hangUp();
  lab.advance(300_000);
  const { server } = lab;
  const left = [server.opens.size, server.leases.size, server.durables.size, server.sessions.size];
  assertEquals(left, [0, 0, 0, 0]);
  assertEquals(server.findShare("data")?.store?.openCount, 0);
  assertEquals(server.nextDeadline, Infinity);
});
