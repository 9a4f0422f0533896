import { assert, assertEquals, assertInstanceOf, assertNotEquals } from "@std/assert";
import {
  answer,
  breakFrame,
  createResponseBody,
  frameOf,
  joined,
  pend,
} from "../../tests/harness/scripted_server.ts";
import { HeaderFlags, WireError } from "../wire/mod.ts";
import { ProtocolError } from "./errors.ts";
import { Exchange } from "./exchange.ts";
import { create, echo, read, SecureDuo, write } from "./testing.ts";
import type { SessionState, TreeState } from "./sessions.ts";

const ENCRYPT_DATA = 0x0004;
const SHARE_ENCRYPT_DATA = 0x00008000;

function encrypted(
  options: ConstructorParameters<typeof SecureDuo>[0] = {},
  cipherId = 2,
): { duo: SecureDuo; session: SessionState; tree: TreeState } {
  const duo = new SecureDuo(options);
  duo.negotiate(0x0311, { cipherId });
  const session = duo.login({ sessionFlags: ENCRYPT_DATA });
  const tree = duo.tree(session);
  duo.kinds();
  return { duo, session, tree };
}

function failure(duo: SecureDuo): Error {
  const { error } = duo.find("ended");
  assert(error !== null);
  return error;
}

/** Only the peer may be to blame. */
function assertRemote(error: Error | null): void {
  if (error instanceof WireError) return;
  assertInstanceOf(error, ProtocolError);
  assertEquals(error.side, "remote");
}

Deno.test("a session that the server wants encrypted is, unsigned and with a nonce for each frame", () => {
  for (const dialect of [0x0300, 0x0302, 0x0311]) {
    for (const cipherId of dialect === 0x0311 ? [1, 2, 3, 4] : [1]) {
      const duo = new SecureDuo();
      duo.negotiate(dialect, { cipherId });
      assertEquals(duo.engine.negotiated?.cipherId, cipherId);
      const session = duo.login({ sessionFlags: ENCRYPT_DATA, signing: "required" });
      assertEquals(duo.setup?.nonce, null);
      const tree = duo.tree(session);
      assert(tree.connected);
      const exchanges = [1, 2, 3].map((length) => duo.send(read({ session, tree }, length)));
      assertEquals(new Set(duo.inbox.map(({ nonce }) => nonce)).size, 3);
      assert(duo.inbox.every(({ header }) => (header.flags & HeaderFlags.SIGNED) === 0));
      duo.kinds();
      for (const request of duo.inbox.splice(0)) {
        duo.reply<"READ">(request, { data: new Uint8Array(3), dataRemaining: 0, flags: 0 });
      }
      assertEquals(duo.kinds(), ["replied", "replied", "replied"]);
      assert(exchanges.every(({ phase, sealed }) => phase === "done" && sealed));
    }
  }
});

Deno.test("a chain is encrypted as one frame, and so may be its answers", () => {
  const { duo, session, tree } = encrypted();
  const chain = [create({ session, tree }), read({ session, tree })];
  duo.take(duo.engine.send(chain.map((input) => new Exchange(input)), 0, true));
  const [first, second] = duo.inbox.splice(0);
  assert(first !== undefined && second !== undefined);
  assertEquals([first.frame, first.nonce], [second.frame, second.nonce]);
  duo.receive(duo.seal(
    answer<"CREATE">(first, createResponseBody()),
    answer<"READ">(second, { data: new Uint8Array(1), dataRemaining: 0, flags: 0 }),
  ));
  assertEquals(duo.kinds(), ["replied", "replied"]);
});

Deno.test("an encrypted share is encrypted alone, and a request may say otherwise", () => {
  const duo = new SecureDuo();
  duo.negotiate(0x0311);
  const session = duo.login();
  const plain = duo.tree(session);
  const secret = duo.tree(session, SHARE_ENCRYPT_DATA);
  assertEquals([plain.encryptData, secret.encryptData], [false, true]);
  duo.send(read({ session, tree: plain }));
  duo.send(read({ session, tree: secret }));
  duo.send(echo(session));
  duo.send({ ...read({ session, tree: secret }), encrypt: false });
  duo.send({ ...echo(session), encrypt: true });
  const nonces = duo.inbox.map(({ nonce }) => nonce !== null);
  assertEquals(nonces, [false, true, false, false, true]);
});

Deno.test("a session that insists on encryption needs a cipher, and one that refuses it has none", () => {
  const old = new SecureDuo();
  old.negotiate(0x0210);
  old.login({ encryption: "required" });
  const { error } = old.find("sessionFailed");
  assertInstanceOf(error, ProtocolError);
  assertEquals([error.side, old.engine.phase], ["local", "ready"]);

  const demanded = new SecureDuo();
  demanded.negotiate(0x0210);
  demanded.login({ sessionFlags: ENCRYPT_DATA });
  assertRemote(failure(demanded));

  const refusing = new SecureDuo();
  refusing.negotiate(0x0311);
  const session = refusing.login({ sessionFlags: ENCRYPT_DATA, encryption: "off" });
  refusing.send(echo(session));
  assertEquals(refusing.next().nonce, null);
});

Deno.test("a cipher is there when both sides have it; one that was not offered is refused", () => {
  const withoutCapability = new SecureDuo();
  withoutCapability.negotiate(0x0300, { offer: { capabilities: 0x07 } });
  assertEquals(withoutCapability.engine.negotiated?.cipherId, undefined);

  const none = new SecureDuo();
  none.negotiate(0x0311, { cipherId: 0 });
  assertEquals(none.engine.negotiated?.cipherId, undefined);

  const other = new SecureDuo();
  other.negotiate(0x0311, { cipherId: 4, offer: { ciphers: [1, 2] } });
  assertRemote(failure(other));
});

Deno.test("an open answer to an encrypted request ends the connection", () => {
  for (const interim of [false, true]) {
    const { duo, session } = encrypted();
    duo.send(echo(session));
    const request = duo.next();
    duo.receive(frameOf([
      interim ? pend(request, 5n) : answer<"ECHO">(request, { reserved: 0 }),
    ]));
    assertRemote(failure(duo));
  }
});

Deno.test("an encrypted answer to an open request is welcome, but not one of another session", () => {
  const duo = new SecureDuo();
  duo.negotiate(0x0311);
  const session = duo.login();
  duo.send(echo(session));
  duo.kinds();
  duo.receive(duo.seal(answer<"ECHO">(duo.next(), { reserved: 0 })));
  assertEquals(duo.kinds(), ["replied"]);

  const { keys } = duo;
  const second = duo.login({ sessionId: 10n });
  duo.send({ ...echo(second), encrypt: true });
  const request = duo.next();
  duo.keys = keys;
  // Encrypted with the first session's key.
  duo.receive(duo.sealBytes(frameOf([answer<"ECHO">(request, { reserved: 0 })]).subarray(4)));
  assertRemote(failure(duo));
});

Deno.test("interim responses, CANCEL and acknowledgements of breaks are encrypted too", () => {
  const { duo, session, tree } = encrypted();
  const key = new Uint8Array(16).fill(7);
  const lease = {
    kind: "RqLs",
    version: 1,
    leaseKey: key,
    leaseState: 7,
    leaseFlags: 0,
    leaseDuration: 0n,
  } as const;
  const opened = create({ session, tree }, [lease]);
  duo.send({ ...opened, body: { ...opened.body, requestedOplockLevel: 0xff } });
  duo.reply<"CREATE">(duo.next(), createResponseBody({ oplockLevel: 0xff, contexts: [lease] }));
  const waiting = duo.send(read({ session, tree }));
  duo.receive(duo.seal(pend(duo.next(), 5n)));
  assertEquals(waiting.asyncId, 5n);
  duo.take(duo.engine.cancel(waiting, 0));
  const cancel = duo.next();
  assertEquals([cancel.message.command, cancel.nonce !== null], ["CANCEL", true]);
  // Samba sends lease breaks unencrypted.
  duo.receive(breakFrame({
    kind: "leaseNotification",
    newEpoch: 0,
    flags: 1,
    leaseKey: key,
    currentLeaseState: 7,
    newLeaseState: 3,
    breakReason: 0,
    accessMaskHint: 0,
    shareMaskHint: 0,
  }));
  const { notice } = duo.find("broke");
  duo.take(duo.engine.acknowledge(notice, 0).effects);
  assertNotEquals(duo.next().nonce, null);
});

Deno.test("what cannot be decrypted ends the connection", () => {
  const text = (duo: SecureDuo) =>
    frameOf([answer<"ECHO">(duo.next(), { reserved: 0 })]).subarray(4);
  const wrong: ((duo: SecureDuo) => Uint8Array)[] = [
    (duo) => duo.sealBytes(text(duo), { sessionId: 77n }),
    (duo) => duo.sealBytes(text(duo), { flags: 0 }),
    (duo) => duo.sealBytes(text(duo), { size: 1 }),
    (duo) => duo.sealBytes(text(duo), { key: new Uint8Array(16) }),
    (duo) => duo.sealBytes(duo.sealBytes(text(duo)).subarray(4)),
    (duo) => duo.sealBytes(new Uint8Array(3)),
  ];
  for (const deferFrom of [Infinity, 0]) {
    for (const make of wrong) {
      const { duo, session } = encrypted({ deferFrom });
      duo.send(echo(session));
      duo.receive(make(duo));
      assertRemote(failure(duo));
      assertEquals(duo.engine.phase, "failed");
    }
  }
});

Deno.test("mutated encrypted frames reach only WireError and remote ProtocolError", () => {
  let state = 12345;
  function random(limit: number): number {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return Math.floor(state / 0x100000000 * limit);
  }
  for (let run = 0; run < 1500; run++) {
    const { duo, session, tree } = encrypted(
      { deferFrom: run % 2 === 0 ? 0 : Infinity },
      run % 4 + 1,
    );
    duo.send(read({ session, tree }));
    const request = duo.next();
    const body = { data: new Uint8Array(40), dataRemaining: 0, flags: 0 };
    const plain = frameOf([answer<"READ">(request, body)]).subarray(4);
    if (run % 3 === 0) {
      // Behind the encryption, where only who has the key can alter.
      for (let i = 0; i <= random(4); i++) plain[random(plain.length)] = random(256);
    }
    const frame = duo.sealBytes(plain);
    if (run % 3 !== 0) frame[4 + random(frame.length - 4)] = random(256);
    duo.receive(run % 5 === 4 ? frame.subarray(0, random(frame.length)) : frame);
    for (const effect of duo.effects) {
      if (effect.kind === "ended" || effect.kind === "rejected") assertRemote(effect.error);
    }
  }
});

Deno.test("long frames are left to the shell, and everything behind them keeps its order", () => {
  const { duo, session, tree } = encrypted({ deferFrom: 1000 });
  duo.performsCrypto = false;
  duo.send(read({ session, tree }));
  duo.send(write({ session, tree }, new Uint8Array(2000)));
  duo.send(echo(session));
  // The long one is not written yet; the shell holds back what comes behind it.
  assertEquals(duo.inbox.map(({ message }) => message.command), ["READ", "ECHO"]);
  const { job } = duo.find("writeSealed");
  assert(job.plaintext.byteLength > 2000);
  duo.performsCrypto = true;
  const sealed = duo.effects.filter((effect) => effect.kind === "writeSealed");
  duo.take(sealed);
  duo.kinds();

  duo.performsCrypto = false;
  const [first, second, third] = duo.inbox.splice(0);
  assert(first !== undefined && second !== undefined && third !== undefined);
  const long = (n: number) => ({ data: new Uint8Array(n), dataRemaining: 0, flags: 0 });
  duo.receive(
    duo.seal(answer<"READ">(first, long(3000))),
    duo.seal(answer<"ECHO">(second, { reserved: 0 })),
  );
  assertEquals(duo.effects.map(({ kind }) => kind), ["open"]);
  assert(duo.engine.backlog > 3000);
  const open = duo.find("open");
  duo.performsCrypto = true;
  duo.take(duo.effects.splice(0));
  assertEquals(duo.kinds(), ["replied", "replied"]);
  assertEquals(duo.engine.backlog, 0);
  // Once more for the same frame: nobody waits for it.
  duo.take(duo.engine.opened(open.id, new Uint8Array(0), 0));
  assertEquals(duo.kinds(), []);
});

Deno.test("frames that are decrypted out of order are looked at in order", () => {
  const { duo, session, tree } = encrypted({ deferFrom: 100 });
  const exchanges = [1, 2, 3].map(() => duo.send(read({ session, tree }, 500)));
  const requests = duo.inbox.splice(0);
  duo.performsCrypto = false;
  duo.kinds();
  const body = { data: new Uint8Array(500), dataRemaining: 0, flags: 0 };
  duo.receive(joined(requests.map((request) => duo.seal(answer<"READ">(request, body)))));
  const opens = duo.effects.splice(0).filter((effect) => effect.kind === "open");
  assertEquals(opens.length, 3);
  duo.performsCrypto = true;
  const phases = opens.toReversed().map((effect) => {
    duo.take([effect]);
    return exchanges.map(({ phase }) => phase).join();
  });
  assertEquals(phases, ["sent,sent,sent", "sent,sent,sent", "done,done,done"]);
});

Deno.test("CCM is never left to the shell", () => {
  const { duo, session, tree } = encrypted({ deferFrom: 0 }, 3);
  duo.performsCrypto = false;
  duo.send(write({ session, tree }, new Uint8Array(5000)));
  assertEquals(duo.next().message.command, "WRITE");
});

Deno.test("the negotiation is validated within an encrypted session, where nothing is signed", () => {
  const duo = new SecureDuo();
  duo.negotiate(0x0300);
  const session = duo.login({ sessionFlags: ENCRYPT_DATA });
  const { effects } = duo.engine.treeConnect(session, { path: "\\\\s\\share" }, 0);
  duo.take(effects);
  duo.reply<"TREE_CONNECT">(
    duo.next(),
    { shareType: 1, shareFlags: 0, capabilities: 0, maximalAccess: 0 },
    { treeId: 3 },
  );
  const request = duo.next();
  assertEquals(request.message.command, "IOCTL");
  assertEquals(request.header.flags & HeaderFlags.SIGNED, 0);
  const negotiated = duo.engine.negotiated?.response;
  assert(negotiated !== undefined);
  const output = new Uint8Array(24);
  const view = new DataView(output.buffer);
  view.setUint32(0, negotiated.capabilities, true);
  output.set(Uint8Array.fromHex("33221100554477668899aabbccddeeff"), 4);
  view.setUint16(20, negotiated.securityMode, true);
  view.setUint16(22, 0x0300, true);
  duo.kinds();
  duo.reply<"IOCTL">(request, {
    reserved: 0,
    ctlCode: 0x00140204,
    fileId: { persistent: 0n, volatile: 0n },
    input: new Uint8Array(0),
    output,
    flags: 0,
    reserved2: 0,
  });
  assertEquals(duo.kinds(), ["treeConnected"]);
});
