import { assertEquals } from "@std/assert";
import { Conversation, Wire } from "../tests/captures/conversation.ts";
import { inputOf } from "./capture/_build.ts";
import { inspectOperations } from "./mod.ts";

/** A token that begins as NTLM's first message does. */
const LONG_TOKEN = new Uint8Array(60_000);
LONG_TOKEN.set([...new TextEncoder().encode("NTLMSSP\0"), 1]);

Deno.test("logins that begin and never end take no more than their share, and that is told", async () => {
  const wire = new Wire();
  for (let number = 0; number < 320; number++) {
    const talk = new Conversation({ wire, client: `10.1.${number >> 8}.${number & 255}:1000` });
    talk.negotiate();
    talk.ask("SESSION_SETUP", {
      flags: 0,
      securityMode: 1,
      capabilities: 1,
      channel: 0,
      previousSessionId: 0n,
      securityBuffer: LONG_TOKEN,
    });
    // What ended on the way is no loss.
    if (number % 2 === 1) {
      for (const way of ["request", "response"] as const) talk.segment(way, { flags: "FA" });
    }
  }
  const { notes } = await inspectOperations(inputOf(wire.pcap()), () => {});
  const [forgotten] = notes.filter(({ reason }) => reason.startsWith("A login was forgotten"));
  // 16 MiB hold 279 of the tokens; of the first 41 every other one goes on.
  assertEquals([forgotten?.count, forgotten?.loss], [21, true]);
});
