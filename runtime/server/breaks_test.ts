import { assert, assertEquals } from "@std/assert";
import { type CreateRequestContext, Status } from "../wire/mod.ts";
import { Lab, type Peer } from "./testing.ts";

const RWH = 7;
const RH = 3;
const KEY_1 = new Uint8Array(16).fill(0xa1);
const KEY_2 = new Uint8Array(16).fill(0xb2);
const OVERWRITE_IF = 5;

function lease(leaseKey: Uint8Array, leaseState: number): CreateRequestContext {
  return {
    kind: "RqLs",
    version: 2,
    leaseKey,
    leaseState,
    leaseFlags: 0,
    leaseDuration: 0n,
    parentLeaseKey: new Uint8Array(16),
    epoch: 5,
    reserved: 0,
  };
}

function withLease(key: Uint8Array, state: number) {
  return { requestedOplockLevel: 0xff, contexts: [lease(key, state)] };
}

function acknowledge(peer: Peer, leaseKey: Uint8Array, leaseState: number): number | undefined {
  return peer.status("OPLOCK_BREAK", {
    kind: "lease",
    reserved: 0,
    flags: 0,
    leaseKey,
    leaseState,
    leaseDuration: 0n,
  });
}

/** Opens a file for which a break must be acknowledged; returns the message id. */
function openAndWait(peer: Peer, name: string, how: Parameters<Peer["createBody"]>[1] = {}) {
  const request = peer.make("CREATE", peer.createBody(name, how));
  peer.send([request]);
  const { messageId } = request.header;
  const interim = peer.answer(messageId);
  assertEquals(interim?.header.status, Status.PENDING);
  assert(interim?.header.asyncId !== undefined);
  assertEquals(peer.answer(messageId), undefined);
  return messageId;
}

function grantedLease(contexts: readonly { readonly kind: string }[]): number | undefined {
  const found = contexts.find((context) => context.kind === "RqLs") as
    | { readonly leaseState: number }
    | undefined;
  return found?.leaseState;
}

Deno.test("a second open breaks a lease and waits for the acknowledgement", () => {
  const lab = new Lab();
  const alice = lab.connect();
  const bob = lab.connect({ user: "bob" });
  const first = alice.create("f", withLease(KEY_1, RWH));
  assertEquals([first.oplockLevel, grantedLease(first.contexts)], [0xff, RWH]);
  const waiting = openAndWait(bob, "f", withLease(KEY_2, RWH));
  const notification = alice.nextBreak();
  assert(notification?.kind === "leaseNotification");
  assertEquals(notification.leaseKey, KEY_1);
  assertEquals(
    [notification.currentLeaseState, notification.newLeaseState, notification.flags],
    [RWH, RH, 1],
  );
  assertEquals(notification.newEpoch, 7);
  assertEquals(acknowledge(alice, KEY_1, RWH), Status.REQUEST_NOT_ACCEPTED);
  assertEquals(acknowledge(alice, KEY_2, RH), Status.OBJECT_NAME_NOT_FOUND);
  assertEquals(acknowledge(alice, KEY_1, RH), Status.SUCCESS);
  const answer = bob.answer(waiting);
  assert(answer?.kind === "response" && answer.command === "CREATE");
  assertEquals(grantedLease(answer.body.contexts), RH);
  assertEquals(acknowledge(alice, KEY_1, RH), Status.UNSUCCESSFUL);
});

Deno.test("a break that nobody acknowledges ends in time, and the lease with it", () => {
  const lab = new Lab({ breakTimeout: 1000 });
  const alice = lab.connect();
  const bob = lab.connect({ user: "bob" });
  alice.create("f", withLease(KEY_1, RWH));
  const waiting = openAndWait(bob, "f");
  assertEquals(lab.server.nextDeadline, lab.now + 1000);
  lab.advance(999);
  assertEquals(bob.answer(waiting), undefined);
  lab.advance(1);
  assertEquals(bob.answer(waiting)?.header.status, Status.SUCCESS);
  assertEquals(acknowledge(alice, KEY_1, RH), Status.UNSUCCESSFUL);
  assertEquals(grantedLease(alice.create("f", withLease(KEY_1, 0)).contexts), 0);
});

Deno.test("closing the file instead of acknowledging lets the other in", () => {
  const lab = new Lab();
  const alice = lab.connect();
  const bob = lab.connect({ user: "bob" });
  const { fileId } = alice.create("f", { ...withLease(KEY_1, RWH), shareAccess: 0 });
  const waiting = openAndWait(bob, "f");
  alice.close(fileId);
  assertEquals(bob.answer(waiting)?.header.status, Status.SUCCESS);
});

Deno.test("a conflict in sharing breaks the right to cache handles, and is told when it stays", () => {
  const lab = new Lab();
  const alice = lab.connect();
  const bob = lab.connect({ user: "bob" });
  alice.create("f", { ...withLease(KEY_1, RWH), shareAccess: 0 });
  const waiting = openAndWait(bob, "f");
  const notification = alice.nextBreak();
  assert(notification?.kind === "leaseNotification");
  assertEquals(notification.newLeaseState, 5);
  acknowledge(alice, KEY_1, 5);
  assertEquals(bob.answer(waiting)?.header.status, Status.SHARING_VIOLATION);
});

Deno.test("an open under the same key breaks nothing, and adds rights", () => {
  const peer = new Lab().connect();
  assertEquals(grantedLease(peer.create("f", withLease(KEY_1, 1)).contexts), 1);
  const again = peer.create("f", withLease(KEY_1, RWH));
  assertEquals(grantedLease(again.contexts), RWH);
  assertEquals(peer.nextBreak(), undefined);
  assertEquals(peer.createStatus("g", withLease(KEY_1, RWH)), Status.INVALID_PARAMETER);
});

Deno.test("writing takes the right to cache reads from others without waiting", () => {
  const lab = new Lab();
  const alice = lab.connect();
  const bob = lab.connect({ user: "bob" });
  alice.create("f", withLease(KEY_1, 1));
  const { fileId } = bob.create("f");
  assertEquals(bob.write(fileId, 0n, new Uint8Array(4)), Status.SUCCESS);
  const notification = alice.nextBreak();
  assert(notification?.kind === "leaseNotification");
  assertEquals([notification.newLeaseState, notification.flags], [0, 0]);
});

Deno.test("a batch oplock falls to level II on an open, to none when the file is overwritten", () => {
  for (const [disposition, level] of [[1, 1], [OVERWRITE_IF, 0]] as const) {
    const lab = new Lab();
    const alice = lab.connect();
    const bob = lab.connect({ user: "bob" });
    const { fileId, oplockLevel } = alice.create("f", { requestedOplockLevel: 9 });
    assertEquals(oplockLevel, 9);
    const waiting = openAndWait(bob, "f", {
      createDisposition: disposition,
      requestedOplockLevel: 9,
    });
    const notification = alice.nextBreak();
    assertEquals(notification, {
      kind: "oplock",
      oplockLevel: level,
      reserved: 0,
      reserved2: 0,
      fileId,
    });
    const ack = { kind: "oplock", oplockLevel: level, reserved: 0, reserved2: 0, fileId } as const;
    assertEquals(alice.status("OPLOCK_BREAK", ack), Status.SUCCESS);
    const answer = bob.answer(waiting);
    assert(answer?.kind === "response" && answer.command === "CREATE");
    assertEquals(answer.body.oplockLevel, 1);
    assertEquals(alice.status("OPLOCK_BREAK", ack), Status.INVALID_OPLOCK_PROTOCOL);
  }
});

Deno.test("a waiting open can be cancelled", () => {
  const lab = new Lab();
  const alice = lab.connect();
  const bob = lab.connect({ user: "bob" });
  alice.create("f", withLease(KEY_1, RWH));
  const waiting = openAndWait(bob, "f");
  bob.send([bob.make("CANCEL", { reserved: 0 }, { messageId: waiting })]);
  assertEquals(bob.answer(waiting)?.header.status, Status.CANCELLED);
  acknowledge(alice, KEY_1, RH);
  assertEquals(bob.inbox, []);
});

Deno.test("the rest of a chain is done once its waiting open is answered", () => {
  const lab = new Lab();
  const alice = lab.connect();
  const bob = lab.connect({ user: "bob" });
  alice.create("f", withLease(KEY_1, RWH));
  const fileId = { persistent: 0xffff_ffff_ffff_ffffn, volatile: 0xffff_ffff_ffff_ffffn };
  const open = bob.make("CREATE", bob.createBody("f"));
  const close = bob.make("CLOSE", { flags: 1, reserved: 0, fileId }, { flags: 4 });
  bob.send([open, close]);
  assertEquals(bob.answer(open.header.messageId)?.header.status, Status.PENDING);
  assertEquals(bob.answer(close.header.messageId), undefined);
  acknowledge(alice, KEY_1, RH);
  assertEquals(bob.answer(open.header.messageId)?.header.status, Status.SUCCESS);
  assertEquals(bob.answer(close.header.messageId)?.header.status, Status.SUCCESS);
});

Deno.test("an open for attributes alone disturbs nobody", () => {
  const lab = new Lab();
  const alice = lab.connect();
  const bob = lab.connect({ user: "bob" });
  alice.create("f", { ...withLease(KEY_1, RWH), shareAccess: 0 });
  assertEquals(bob.createStatus("f", { desiredAccess: 0x80 }), Status.SUCCESS);
  assertEquals(alice.nextBreak(), undefined);
});

Deno.test("a lease of 2.1 has version 1, and 2.0.2 has none", () => {
  const context = { ...lease(KEY_1, RWH), version: 1 } as CreateRequestContext;
  const how = { requestedOplockLevel: 0xff, contexts: [context] };
  const peer = new Lab().connect({ dialect: 0x0210 });
  const answer = peer.create("f", how);
  assertEquals(answer.contexts.map((it) => "version" in it && it.version), [1]);
  const old = new Lab().connect({ dialect: 0x0202 });
  const without = old.create("f", how);
  assertEquals([without.oplockLevel, without.contexts], [0, []]);
});
