import { assert, assertEquals, assertInstanceOf, assertThrows } from "@std/assert";
import {
  answer,
  createResponseBody,
  frameOf,
  refuse,
} from "../../tests/harness/scripted_server.ts";
import { createSigner } from "../security/mod.ts";
import { HeaderFlags, type RequestBodies, Status } from "../wire/mod.ts";
import { ProtocolError, StatusError } from "./errors.ts";
import { LockSequences } from "./lock_sequences.ts";
import { isReplayable, replayOf } from "./replay.ts";
import { create, echo, read, SecureDuo, SESSION_KEY, write } from "./testing.ts";
import type { OpenState, SessionState, TreeState } from "./sessions.ts";

/** A session with a tree and an open file. */
function opened(dialect = 0x0311): {
  duo: SecureDuo;
  session: SessionState;
  tree: TreeState;
  open: OpenState;
} {
  const duo = new SecureDuo();
  duo.negotiate(dialect);
  const session = duo.login({ signing: "required" });
  const tree = duo.tree(session);
  const exchange = duo.send(create({ session, tree }));
  duo.receive(frameOf([answer<"CREATE">(duo.next(), createResponseBody())], duo.signer));
  assert(exchange.open !== null);
  duo.kinds();
  return { duo, session, tree, open: exchange.open };
}

/** A further channel of a session, on a connection of its own. */
function joined(first: ReturnType<typeof opened>, dialect = 0x0311): {
  duo: SecureDuo;
  channel: SessionState;
} {
  const duo = new SecureDuo();
  duo.negotiate(dialect, { offer: { clientGuid: first.duo.engine.offered?.clientGuid ?? "" } });
  const channel = duo.login({ bind: first.session });
  duo.keys = first.duo.keys;
  return { duo, channel };
}

Deno.test("a channel joins with the session's key and signs with its own", () => {
  const first = opened();
  const { duo, channel } = joined(first);
  assertEquals(channel.phase, "valid");
  const { setup } = duo;
  assert(setup !== null && setup.message.command === "SESSION_SETUP");
  assertEquals([setup.message.body.flags, setup.header.sessionId], [1, 9n]);
  const key = first.session.shared.signingKey;
  assert(key !== null);
  assert(createSigner(1, key).verify(setup.bytes));
  assertEquals(first.session.shared.channels.size, 2);
  // The keys of the channel are those of its own login.
  duo.send({ ...echo(channel), sign: true });
  const request = duo.next();
  assert(duo.signer?.verify(request.bytes));
  assert(!createSigner(1, key).verify(request.bytes));
  // A file that another channel opened.
  duo.send(read({ session: channel, tree: first.tree }));
  assertEquals(duo.next().header.treeId, 3);
});

Deno.test("a channel encrypts with the session's keys, and never with a nonce that was used", () => {
  const duo = new SecureDuo();
  duo.negotiate(0x0311);
  const session = duo.login({ encryption: "required" });
  const other = new SecureDuo();
  other.negotiate(0x0311);
  const channel = other.login({ bind: session });
  other.keys = duo.keys;
  const nonces = [0, 1, 2, 3].map((i) => {
    const [engine, state] = i % 2 === 0 ? [duo, session] : [other, channel];
    engine.send(echo(state));
    return engine.next().nonce;
  });
  assertEquals(new Set(nonces).size, 4);
  assertEquals(channel.encryption, "required");
});

Deno.test("a final response that the channel's key did not sign ends the new connection alone", () => {
  const first = opened();
  const duo = new SecureDuo();
  duo.negotiate(0x0311);
  const key = first.session.shared.signingKey;
  assert(key !== null);
  // The session's own key is the wrong one here (MS-SMB2 3.2.5.3.3).
  duo.login({ bind: first.session, finalSigner: createSigner(1, key) });
  const { error } = duo.find("sessionFailed");
  assertInstanceOf(error, ProtocolError);
  assertEquals([error.side, duo.engine.phase, first.duo.engine.phase], [
    "remote",
    "failed",
    "ready",
  ]);
  assertEquals(first.session.shared.channels.size, 1);
});

Deno.test("nobody joins without a key, in a dialect without channels, or as a guest", () => {
  const first = opened();
  const old = new SecureDuo();
  old.negotiate(0x0210);
  old.login({ bind: first.session });
  const local = old.find("sessionFailed").error;
  assertInstanceOf(local, ProtocolError);
  assertEquals([local.side, old.inbox.length], ["local", 0]);

  const guestly = new SecureDuo();
  guestly.negotiate(0x0311);
  const guest = guestly.login({ sessionFlags: 1 });
  const other = new SecureDuo();
  other.negotiate(0x0311);
  other.login({ bind: guest });
  assertInstanceOf(other.find("sessionFailed").error, ProtocolError);

  const demoted = new SecureDuo();
  demoted.negotiate(0x0311);
  demoted.login({ bind: first.session, sessionFlags: 1 });
  const { error } = demoted.find("sessionFailed");
  assertInstanceOf(error, ProtocolError);
  assertEquals(error.side, "remote");
});

Deno.test("a lost channel is counted, and files live until the last one is lost", () => {
  const first = opened();
  const { duo, channel } = joined(first);
  const lost = new Error("Cannot read: the cable is cut");
  first.duo.take(first.duo.engine.close(lost, 0));
  assertEquals(first.duo.kinds(), ["ended"]);
  assertEquals([first.open.closed, channel.shared.channelSequence], [false, 1]);
  duo.send(read({ session: channel, tree: first.tree }));
  assertEquals(duo.next().header.status, 1);
  duo.send({ ...read({ session: channel, tree: first.tree }), channelSequence: 7 });
  assertEquals(duo.next().header.status, 7);
  duo.kinds();
  duo.take(duo.engine.close(lost, 0));
  assert(first.open.closed);
  assertEquals(duo.kinds().includes("openLost"), true);
  assertEquals([channel.shared.channelSequence, first.tree.connected], [1, false]);
});

Deno.test("a CLOSE on one channel closes the file for all", () => {
  const first = opened();
  const { duo, channel } = joined(first);
  const body: RequestBodies["CLOSE"] = { flags: 0, reserved: 0, fileId: first.open.fileId };
  duo.send({ command: "CLOSE", body, session: channel, tree: first.tree });
  duo.kinds();
  const request = duo.next();
  const times = { creationTime: 0n, lastAccessTime: 0n, lastWriteTime: 0n, changeTime: 0n };
  duo.receive(frameOf([
    answer<"CLOSE">(request, {
      ...times,
      flags: 0,
      reserved: 0,
      allocationSize: 0n,
      endOfFile: 0n,
      fileAttributes: 0,
    }),
  ], duo.signer));
  assertEquals(duo.kinds(), ["openClosed", "replied"]);
  assert(first.open.closed);
});

Deno.test("a break that comes on a further channel is acknowledged there", () => {
  const first = opened();
  const { duo, channel } = joined(first);
  const notice = {
    kind: "oplock",
    from: 9,
    to: 1,
    fileId: first.open.fileId,
    ackRequired: true,
    receivedAt: 0,
    opens: [first.open],
    lease: null,
  } as const;
  const { exchange } = duo.engine.acknowledge(notice, 0);
  assertEquals(exchange?.session, channel);
  assertEquals(first.duo.engine.acknowledge(notice, 0).exchange?.session, first.session);
});

/** Answers the SESSION_SETUP that is on its way. */
function confirm(duo: SecureDuo, status: number = Status.SUCCESS): void {
  const request = duo.next();
  assertEquals(request.message.command, "SESSION_SETUP");
  const response = status === Status.SUCCESS
    ? answer<"SESSION_SETUP">(request, { sessionFlags: 0, securityBuffer: SESSION_KEY })
    : refuse(request, status);
  duo.receive(frameOf([response], duo.signer));
}

Deno.test("a session is authenticated again while its requests go on, and keeps its keys", () => {
  const { duo, session, tree } = opened();
  const { signer } = session;
  const other = { token: SESSION_KEY, done: false, sessionKey: new Uint8Array(16).fill(9) };
  duo.take(duo.engine.reauthenticate(session));
  assertEquals(duo.kinds(), ["authenticate"]);
  duo.send(read({ session, tree }));
  assertEquals(duo.next().message.command, "READ");
  duo.take(duo.engine.authenticated(session, other, 0));
  const [request] = duo.inbox;
  assert(request?.message.command === "SESSION_SETUP");
  assertEquals([request.header.sessionId, request.message.body.flags], [9n, 0]);
  assert((request.header.flags & HeaderFlags.SIGNED) !== 0);
  confirm(duo);
  assertEquals(duo.kinds(), ["authenticate"]);
  duo.take(duo.engine.authenticated(session, { ...other, done: true }, 0));
  assertEquals([duo.kinds(), session.phase], [["sessionEstablished"], "valid"]);
  assert(session.signer === signer);
  assertEquals(session.sessionKey, SESSION_KEY);
});

Deno.test("a session that is refused when it authenticates again is over, with its files", () => {
  const { duo, session, open } = opened();
  duo.take(duo.engine.reauthenticate(session));
  const step = { token: SESSION_KEY, done: false, sessionKey: null };
  duo.take(duo.engine.authenticated(session, step, 0));
  duo.kinds();
  confirm(duo, Status.LOGON_FAILURE);
  assertInstanceOf(duo.find("sessionFailed").error, StatusError);
  assertEquals([session.phase, open.closed, duo.engine.phase], ["failed", true, "ready"]);
  assertThrows(() => duo.engine.reauthenticate(session), ProtocolError, "failed");
});

Deno.test("an authentication that cannot go on leaves the session as it was, on its other channels too", () => {
  const first = opened();
  const { duo, channel } = joined(first);
  duo.take(duo.engine.reauthenticate(channel));
  duo.take(
    duo.engine.authenticationFailed(channel, new Error("Cannot find a ticket: none is left")),
  );
  assertEquals([duo.kinds().at(-1), channel.phase], ["sessionFailed", "valid"]);

  duo.take(duo.engine.reauthenticate(channel));
  duo.take(duo.engine.close(new Error("Cannot read: the cable is cut"), 0));
  assertEquals(duo.find("sessionFailed").error.message, "Cannot read: the cable is cut");
  assertEquals([first.session.phase, first.open.closed, first.tree.connected], [
    "valid",
    false,
    true,
  ]);
});

Deno.test("what is sent again says so where it changes something, and goes to the new file id", () => {
  const { session, tree, open } = opened();
  const data = write({ session, tree }, new Uint8Array(3));
  const to = { persistent: 5n, volatile: 6n };
  const target = { session, tree, dialect: 0x0311, fileId: { from: open.fileId, to } };
  const again = replayOf(data, target);
  assertEquals(again.flags, HeaderFlags.REPLAY_OPERATION);
  assertEquals((again.body as RequestBodies["WRITE"]).fileId, to);
  assertEquals(replayOf(data, { ...target, dialect: 0x0210 }).flags, undefined);
  assertEquals(replayOf(read({ session, tree }), target).flags, undefined);
  const elsewhere = { ...target, fileId: { from: to, to: open.fileId } };
  assertEquals((replayOf(data, elsewhere).body as RequestBodies["WRITE"]).fileId, open.fileId);
  assertEquals(replayOf(echo(session), target).body, { reserved: 0 });
});

Deno.test("a CREATE is sent again by its CreateGuid alone, and a login never", () => {
  const { session, tree } = opened();
  assert(!isReplayable(create({ session, tree })));
  const durable = {
    kind: "DH2Q",
    timeout: 0,
    flags: 0,
    reserved: 0n,
    createGuid: "00112233-4455-6677-8899-aabbccddeeff",
  } as const;
  assert(isReplayable(create({ session, tree }, [durable])));
  assert(isReplayable(read({ session, tree })));
  assert(!isReplayable({ command: "LOGOFF", body: { reserved: 0 }, session }));
});

Deno.test("64 locks are numbered at once, each bucket counts to 16, and the rest goes without", () => {
  const sequences = new LockSequences();
  const taken = Array.from({ length: 64 }, () => sequences.take());
  assertEquals(taken.map((sequence) => (sequence?.value ?? 0) >> 4), taken.map((_, i) => i + 1));
  assertEquals(sequences.take(), null);
  taken[9]?.release();
  taken[9]?.release();
  const numbers = Array.from({ length: 17 }, () => {
    const sequence = sequences.take();
    sequence?.release();
    return sequence?.value;
  });
  assertEquals(numbers, Array.from({ length: 17 }, (_, i) => (10 << 4) | (i + 1) % 16));
});
