import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import { answer, frameOf } from "../../tests/harness/scripted_server.ts";
import type { Signer } from "../security/mod.ts";
import { Status, WireError } from "../wire/mod.ts";
import { ProtocolError } from "./errors.ts";
import type { SessionState, TreeState } from "./sessions.ts";
import { echo, read, SecureDuo, write } from "./testing.ts";

const GMAC = { kind: "signing", algorithms: [2] } as const;

/** A session that signs by GMAC, and leaves what is longer than 1000 bytes to others. */
function signing(): { duo: SecureDuo; session: SessionState; tree: TreeState; signer: Signer } {
  const duo = new SecureDuo({ deferSignaturesFrom: 1000 });
  duo.negotiate(0x0311, { contexts: [GMAC] });
  const session = duo.login({ signing: "required" });
  const tree = duo.tree(session);
  duo.kinds();
  assert(duo.signer !== null);
  return { duo, session, tree, signer: duo.signer };
}

function data(length: number) {
  return { data: new Uint8Array(length).fill(3), dataRemaining: 0, flags: 0 };
}

Deno.test("a long request is signed elsewhere, as it would be here", () => {
  const { duo, session, tree, signer } = signing();
  duo.send(write({ session, tree }, new Uint8Array(5000)));
  duo.send(write({ session, tree }, new Uint8Array(500)));
  const [long, short] = duo.inbox;
  assert(long !== undefined && short !== undefined);
  assertEquals([signer.verify(long.bytes), signer.verify(short.bytes)], [true, true]);
  duo.performsCrypto = false;
  duo.send(write({ session, tree }, new Uint8Array(5000)));
  duo.send({ ...write({ session, tree }, new Uint8Array(5000)), sign: false });
  assertEquals(duo.effects.filter(({ kind }) => kind === "writeSigned").length, 1);
});

Deno.test("a long answer is verified elsewhere, and those behind it wait", () => {
  const { duo, session, tree, signer } = signing();
  duo.send(read({ session, tree }, 5000));
  duo.send(echo(session));
  const [first, second] = duo.inbox.splice(0);
  assert(first !== undefined && second !== undefined);
  duo.performsCrypto = false;
  const response = frameOf([answer<"READ">(first, data(5000))], signer);
  const signature = response.slice(4 + 48, 4 + 64);
  duo.receive(response, frameOf([answer<"ECHO">(second, { reserved: 0 })], signer));
  assertEquals(duo.effects.map(({ kind }) => kind).filter((kind) => kind !== "sent"), ["verify"]);
  duo.performsCrypto = true;
  duo.take(duo.effects.splice(0));
  const replies = duo.effects.filter((effect) => effect.kind === "replied");
  assertEquals(replies.map(({ reply }) => reply.command), ["READ", "ECHO"]);
  assertEquals(replies[0]?.reply.body, data(5000));
  // The reply shows the header as it came.
  assertEquals(replies[0]?.reply.header.signature, signature);
});

Deno.test("a long answer whose signature is wrong, or missing, ends the connection", () => {
  for (const fault of ["altered", "foreign", "missing"] as const) {
    const { duo, session, tree, signer } = signing();
    duo.send(read({ session, tree }, 5000));
    const request = duo.next();
    const frame = frameOf(
      [answer<"READ">(request, data(5000))],
      fault === "missing" ? null : signer,
    );
    if (fault === "altered") frame[2000] = 99;
    if (fault === "foreign") frame[4 + 50] = (frame[4 + 50] ?? 0) ^ 1;
    duo.receive(frame);
    const { error } = duo.find("ended");
    assertInstanceOf(error, ProtocolError);
    assertEquals(error.side, "remote");
  }
});

Deno.test("a chain, and what CMAC signed, are judged here", () => {
  const { duo, session, tree, signer } = signing();
  duo.send(read({ session, tree }, 5000));
  duo.send(read({ session, tree }, 5000));
  const [first, second] = duo.inbox.splice(0);
  assert(first !== undefined && second !== undefined);
  duo.performsCrypto = false;
  duo.kinds();
  duo.receive(frameOf([
    answer<"READ">(first, data(5000)),
    answer<"READ">(second, data(5000), { status: Status.BUFFER_OVERFLOW }),
  ], signer));
  assertEquals(duo.kinds(), ["replied", "replied"]);

  const other = new SecureDuo({ deferSignaturesFrom: 0 });
  other.negotiate(0x0311);
  const plain = other.login({ signing: "required" });
  other.performsCrypto = false;
  other.send(echo(plain));
  other.kinds();
  other.receive(frameOf([answer<"ECHO">(other.next(), { reserved: 0 })], other.signer));
  assertEquals(other.kinds(), ["replied"]);
});

Deno.test("mutated long answers reach only WireError and remote ProtocolError", () => {
  let state = 99;
  function random(limit: number): number {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return Math.floor(state / 0x100000000 * limit);
  }
  for (let run = 0; run < 300; run++) {
    const { duo, session, tree, signer } = signing();
    duo.send(read({ session, tree }, 2000));
    const frame = frameOf([answer<"READ">(duo.next(), data(2000))], signer);
    // In the header above all, where more depends on it.
    for (let i = 0; i <= random(3); i++) {
      frame[4 + random(run % 2 === 0 ? 80 : frame.length - 4)] = random(256);
    }
    duo.receive(frame);
    for (const effect of duo.effects) {
      if (effect.kind !== "ended" && effect.kind !== "rejected") continue;
      const { error } = effect;
      if (!(error instanceof WireError)) {
        assertInstanceOf(error, ProtocolError);
        assertEquals(error.side, "remote");
      }
    }
  }
});
