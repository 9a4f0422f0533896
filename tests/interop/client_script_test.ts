/** Encryption, channels, reconnection and faults as scenarios use them, against a real Samba. */
import { assert, assertEquals } from "@std/assert";
import { scenario } from "../../runtime/script/mod.ts";
import { HeaderFlags } from "../../runtime/wire/mod.ts";
import { interopTest } from "../harness/interop.ts";
import { type SmbdOptions, startSmbd } from "../harness/smbd.ts";
import { type Performance, playOn } from "./play.ts";

type Play = Parameters<typeof scenario>[1];

/** A scenario against a server of its own; what it asserts itself is what is tested. */
function played(
  name: string,
  options: SmbdOptions,
  play: Play,
  look: (performance: Performance) => void = () => {},
): void {
  interopTest(`Samba, scenario: ${name}`, { needs: ["smbd"] }, async () => {
    await using smbd = await startSmbd(options);
    const stage = {
      host: smbd.host,
      port: smbd.port,
      user: smbd.user,
      password: smbd.password,
      options: { share: smbd.shareName },
    };
    look(await playOn(stage, scenario({ name }, play)));
  });
}

played("a session is encrypted with the cipher of the script", {}, async ({ client }) => {
  const alice = await client("alice");
  const net = await alice.connect({ ciphers: ["AES-256-GCM"], signingAlgorithms: ["AES-CMAC"] });
  assertEquals(net.negotiated.cipher, "AES-256-GCM");
  const session = await net.login({ encryption: "required" });
  const tree = await session.tree();
  const file = await tree.open("secret", { access: "rw", disposition: "openIf" });
  await file.write(0, new Uint8Array(5));
  await file.close();
  const secret = await session.tree("enc");
  await secret.open("secret", { expect: "ACCESS_DENIED", encrypt: false });
});

played(
  "a second channel takes requests, and all of them when the first is lost",
  { multichannel: true },
  async ({ client }) => {
    const alice = await client("alice");
    const first = await alice.connect({ clientGuid: "pair" });
    const session = await first.login();
    const second = await alice.connect({ clientGuid: "pair" });
    const channel = await second.login({ bind: session });
    const tree = await session.tree();
    const file = await tree.open("f", { access: "rw", disposition: "overwriteIf" });
    await file.write(0, new TextEncoder().encode("one"), { via: session });
    await file.write(3, new TextEncoder().encode("two"), { via: channel });
    // Nothing comes over the first one: a compound that is answered took the other.
    first.net.stall();
    const chain = tree.compound({ via: channel });
    chain.open("chained", { access: "rw", disposition: "openIf" });
    chain.close();
    await chain.send();
    first.net.resume();
    first.net.dropBefore("WRITE");
    const written = file.write(6, new TextEncoder().encode("six"));
    await first.disconnected();
    await written;
    assertEquals(session.channelSequence, 1);
    assertEquals(new TextDecoder().decode(await file.read(0, 100)), "onetwosix");
    await file.close();
  },
  ({ sent }) => {
    const replays = sent.filter(({ header }) =>
      (header.flags & HeaderFlags.REPLAY_OPERATION) !== 0
    );
    assertEquals(replays.map(({ header }) => [header.command, header.status]), [[9, 1]]);
  },
);

played("a durable file is had back, and what was in flight goes out again", {}, async (
  { client },
) => {
  const alice = await client("alice");
  const before = await alice.connect({ clientGuid: "again" });
  const previous = await before.login();
  const file = await (await previous.tree()).open("f", {
    access: "rw",
    disposition: "overwriteIf",
    lease: "RWH",
    durable: true,
    resume: true,
  });
  assertEquals(file.durability, "durable2");
  before.net.dropBefore("WRITE");
  const written = file.write(0, new Uint8Array(7));
  await before.disconnected();
  const after = await alice.connect({ clientGuid: "again" });
  // The server ends the lost session first, whether it knows of the loss or not.
  const session = await after.login({ previous });
  await file.reconnect(await session.tree());
  assertEquals([await written, file.isOpen, file.granted], [7, true, "RWH"]);
  await file.close();
});

played("a session is authenticated again", {}, async ({ client }) => {
  const alice = await client("alice");
  const session = await (await alice.connect()).login({ renew: true, signing: "required" });
  await session.reauthenticate();
  await session.tree();
});

played("breaks: a flush first, and a handler of the script's own", {}, async ({ client }) => {
  const alice = await client("alice");
  const bob = await client("bob");
  const options = { access: "rw", disposition: "openIf", lease: "RWH" } as const;
  const order: string[] = [];
  const handled = Promise.withResolvers<void>();
  const flushing = await alice.open("a", { ...options, onBreak: { flush: true } });
  await flushing.write(0, new Uint8Array(10));
  await (await bob.open("a", { access: "r" })).close();
  assertEquals((await flushing.leaseBreak()).to, "RH");
  await alice.open("b", {
    ...options,
    onBreak: async (event, file) => {
      order.push(`${file.path} ${event.from} ${event.to}`);
      await file.write(0, new Uint8Array(3));
      await event.acknowledge({ to: "R" });
      order.push("acknowledged");
      handled.resolve();
    },
  });
  const theirs = await bob.open("b", { access: "r" });
  await handled.promise;
  assertEquals(order, ["b RWH RH", "acknowledged"]);
  assertEquals((await theirs.read(0, 10)).length, 3);
}, ({ sent }) => {
  const relevant = sent.filter(({ header }) => header.command === 0x07 || header.command === 0x12);
  assertEquals(relevant.map(({ header }) => header.command).slice(0, 2), [0x07, 0x12]);
});

interopTest("Samba, scenario: a policy for the whole scenario, and for one client", {
  needs: ["smbd"],
}, async () => {
  await using smbd = await startSmbd();
  const { host, port, user, password } = smbd;
  const stage = { host, port, user, password, options: { share: smbd.shareName } };
  const options = { access: "rw", disposition: "openIf", lease: "RWH" } as const;
  const closing = scenario({ name: "policy", onBreak: "close" }, async ({ client }) => {
    const [alice, bob, carol] = [await client("a"), await client("b"), await client("c")];
    carol.onBreak = { to: "" };
    const closed = await alice.open("a", options);
    await (await bob.open("a", { access: "r" })).close();
    assertEquals(closed.isOpen, false);
    const kept = await carol.open("b", options);
    await (await bob.open("b", { access: "r" })).close();
    assertEquals([kept.isOpen, kept.granted], [true, ""]);
  });
  await playOn(stage, closing);
});

played("the network is stalled and half open", {}, async ({ client }) => {
  const alice = await client("alice");
  const net = await alice.connect();
  const tree = await (await net.login()).tree();
  const file = await tree.open("f", { access: "rw", disposition: "overwriteIf" });
  net.net.stall("rx");
  const written = file.write(0, new Uint8Array(9));
  assertEquals((await file.write(9, new Uint8Array(1), { timeout: "50ms" }).outcome).code, null);
  net.net.resume();
  assertEquals(await written, 9);
  net.net.halfOpen();
  assertEquals((await file.flush({ timeout: "50ms" }).outcome).code, null);
  net.net.drop();
  await net.disconnected();
  assert(!file.isOpen);
});
