/** Lost connections of a real Samba: durable handles, further channels, authentication anew. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  type BreakEvent,
  LeaseTable,
  ProtocolError,
  type SessionKeyRecord,
  StatusError,
  type Transport,
  TransportError,
} from "../../runtime/client/mod.ts";
import { HeaderFlags, type Message, Status } from "../../runtime/wire/mod.ts";
import {
  authenticator,
  Client,
  create,
  dial,
  type Login,
  login,
  OPEN_IF,
  pattern,
  samba,
  same,
  seskeyPreference,
} from "./client_support.ts";
import { dissect, malformedFrames, startCapture } from "../harness/tshark.ts";
import type { Smbd } from "../harness/smbd.ts";

const GUID = "3f1a52b8-9c1d-4e6f-8a37-5d2c0b1e4f60";
const BATCH = 0x09;
const RWH = 0x07;
const RH = 0x03;
const ALL_ONES = 0xffff_ffff_ffff_ffffn;
const KEY = new Uint8Array(16).fill(0x4b);
const CHANNELS = { multichannel: true, global: { "aio write size": "0" } } as const;

/** Logs in with a second connection to the same server as a further channel. */
async function twoChannels(smbd: Smbd, options: Login = {}): Promise<{
  first: Client;
  second: Client;
}> {
  const negotiate = { clientGuid: GUID, ...options.negotiate };
  const leases = new LeaseTable();
  const connection = { leases, ...options.connection };
  const first = await login(smbd, { ...options, negotiate, connection });
  const other = await dial(smbd, { ...options, connection });
  await other.negotiate(negotiate);
  const channel = await other.bind(first.session, authenticator(smbd));
  return { first, second: new Client(other, channel, first.tree) };
}

/** Ends a connection as a network does, and waits until the client knows. */
async function cut({ connection }: Client): Promise<void> {
  connection.net.drop();
  await connection.disconnected;
}

/** Logs in anew. PreviousSessionId makes the server end the lost session first, whether it knows of the loss or not. */
function loginAfter(smbd: Smbd, lost: Client, options: Login = {}): Promise<Client> {
  return login(smbd, { ...options, previousSessionId: lost.session.id });
}

samba("durable handles of both versions outlive their connection", {}, async (smbd, t) => {
  const cases = [
    { name: "v1 with a batch oplock", dialect: 0x0210, more: { requestedOplockLevel: BATCH } },
    { name: "v1 with a lease", dialect: 0x0210, more: { lease: { key: KEY, state: RH | 4 } } },
    { name: "v2 with a lease", dialect: 0x0311, more: { lease: { key: KEY, state: RWH } } },
    { name: "v2 with a batch oplock", dialect: 0x0302, more: { requestedOplockLevel: BATCH } },
  ];
  for (const { name, dialect, more } of cases) {
    await t.step(name, async () => {
      const negotiate = { clientGuid: GUID, dialects: [dialect] };
      const version = dialect < 0x0300 ? 1 : 2;
      const lease = "lease" in more && more.lease !== undefined
        ? { lease: { ...more.lease, version } as const }
        : {};
      const before = await login(smbd, { negotiate });
      const open = await create(before.tree, `${name}.bin`, {
        ...more,
        ...lease,
        durable: { version },
      });
      assertEquals(open.durability, version === 1 ? "durable" : "durable2");
      await open.write(0, pattern(5000));
      const { fileId, leaseState } = open;
      await cut(before);
      assert(open.isClosed);
      await assertRejects(() => open.read(0, 1), TransportError);
      await using after = await loginAfter(smbd, before, { negotiate });
      await open.reconnect(after.tree);
      assertEquals([open.isClosed, open.leaseState], [false, leaseState]);
      assertEquals(open.fileId.persistent, fileId.persistent);
      assert(same((await open.read(0, 5000)).body.data, pattern(5000)));
      const again = await assertRejects(() => open.reconnect(after.tree), ProtocolError);
      assertEquals(again.side, "local");
      await open.close();
    });
  }
});

samba("requests in flight wait for the reconnection and go out again", {}, async (smbd) => {
  const negotiate = { clientGuid: GUID };
  const before = await login(smbd, { negotiate });
  const open = await create(before.tree, "f", {
    lease: { key: KEY, state: RWH },
    durable: true,
    resume: true,
  });
  await open.write(0, pattern(100));
  before.connection.net.dropBefore("WRITE");
  const written = open.write(100, pattern(100, 2));
  const read = open.read(0, 10);
  await before.connection.disconnected;
  assertEquals(open.held, 2);
  const sent: Message[] = [];
  await using after = await loginAfter(smbd, before, {
    negotiate,
    connection: { observer: { sent: (message) => void sent.push(message) } },
  });
  await open.reconnect(after.tree);
  assertEquals((await written).body.count, 100);
  assertEquals((await read).body.data, pattern(100).slice(0, 10));
  const flags = sent.filter(({ header }) => header.command === 9 || header.command === 8)
    .map(({ header }) => header.flags >>> 29 & 1);
  assertEquals(flags, [1, 0]);
  assert(same((await open.readAll()).subarray(100), pattern(100, 2)));
  await open.close();
});

samba("a durable handle that somebody else took cannot be had back", {}, async (smbd) => {
  const negotiate = { clientGuid: GUID };
  const before = await login(smbd, { negotiate });
  const open = await create(before.tree, "f", {
    requestedOplockLevel: BATCH,
    durable: true,
    resume: true,
  });
  before.connection.net.dropBefore("READ");
  const read = open.read(0, 1, { accept: "any" });
  await before.connection.disconnected;
  await using other = await login(smbd);
  const theirs = await create(other.tree, "f");
  await using after = await login(smbd, { negotiate });
  const error = await assertRejects(() => open.reconnect(after.tree), StatusError);
  assertEquals(error.statusName, "OBJECT_NAME_NOT_FOUND");
  // What waited gets the same error.
  assertEquals(await read.catch((caught) => caught), error);
  await theirs.close();
});

samba("a session that comes back ends its former one", {}, async (smbd) => {
  await using before = await login(smbd);
  const open = await create(before.tree, "f");
  await using after = await login(smbd, { previousSessionId: before.session.id });
  await after.connection.echo();
  const error = await assertRejects(() => open.read(0, 1), StatusError);
  assertEquals(error.statusName, "USER_SESSION_DELETED");
});

samba("a session is authenticated again and keeps its keys and files", {}, async (smbd, t) => {
  for (const dialect of [0x0210, 0x0300, 0x0311]) {
    for (const encryption of ["enabled", "required"] as const) {
      if (encryption === "required" && dialect < 0x0300) continue;
      await t.step(`0x${dialect.toString(16)}, encryption ${encryption}`, async () => {
        await using client = await login(smbd, {
          negotiate: { dialects: [dialect] },
          signing: "required",
          encryption,
        });
        const open = await create(client.tree, "f");
        await open.write(0, pattern(10));
        await client.session.reauthenticate(authenticator(smbd));
        assertEquals((await open.read(0, 10)).body.data, pattern(10));
        const wrong = authenticator(smbd, { password: "wrong" });
        const error = await assertRejects(
          () => client.session.reauthenticate(wrong),
          StatusError,
        );
        assertEquals(error.statusName, "LOGON_FAILURE");
      });
    }
  }
});

samba("two channels carry one session, signed, encrypted and by name", CHANNELS, async (
  smbd,
  t,
) => {
  for (const dialect of [0x0300, 0x0302, 0x0311]) {
    for (const encryption of ["enabled", "required"] as const) {
      await t.step(`0x${dialect.toString(16)}, encryption ${encryption}`, async () => {
        const { first, second } = await twoChannels(smbd, {
          negotiate: { dialects: [dialect] },
          signing: "required",
          encryption,
        });
        await using _ = first;
        await using __ = second;
        assertEquals(first.session.channels.length, 2);
        const open = await create(first.tree, "f");
        const data = pattern(200_000);
        await open.write(0, data.subarray(0, 100_000), { via: first.session });
        await open.write(100_000, data.subarray(100_000), { via: second.session });
        const reads = await Promise.all(
          [first, second].map(({ session }) => open.read(0, 200_000, { via: session })),
        );
        assert(reads.every(({ body }) => same(body.data, data)));
        const over = await create(first.tree, "over", { via: second.session });
        await over.close();
        await open.close({ via: second.session });
        assert(open.isClosed);
      });
    }
  }
});

samba("every signing algorithm signs a further channel", CHANNELS, async (smbd) => {
  for (const algorithm of [0, 1, 2]) {
    const { first, second } = await twoChannels(smbd, {
      negotiate: { signingAlgorithms: [algorithm] },
      signing: "required",
    });
    await using _ = first;
    await using __ = second;
    const open = await create(first.tree, "f");
    await open.write(0, pattern(10), { via: second.session });
    await open.close();
  }
});

samba("a lost channel hands its requests to the other one", CHANNELS, async (smbd) => {
  const { first, second } = await twoChannels(smbd, { signing: "required" });
  await using _ = second;
  const open = await create(first.tree, "f");
  await open.write(0, pattern(100));
  first.connection.net.dropBefore(({ header, kind }) => kind === "request" && header.command === 9);
  const written = open.write(100, pattern(100, 2));
  const read = open.read(0, 100);
  await first.connection.disconnected;
  assertEquals([open.isClosed, first.session.channelSequence], [false, 1]);
  assertEquals((await written).body.count, 100);
  assertEquals((await read).body.data, pattern(100));
  assertEquals((await written).header.status, Status.SUCCESS);
  assertEquals(first.session.channels.map(({ connection }) => connection), [second.connection]);
  // The session goes on over what is left of it.
  assertEquals((await open.write(200, pattern(5))).body.count, 5);
  const other = await create(first.tree, "g");
  await other.close();
  await open.close();
  await first.session.logoff();
});

samba("a CREATE whose answer is lost opens the file once", CHANNELS, async (smbd, t) => {
  for (const arrives of [false, true]) {
    await t.step(arrives ? "it had arrived" : "it had not", async () => {
      const { first, second } = await twoChannels(smbd);
      await using _ = second;
      const name = `create-${arrives}`;
      if (arrives) first.connection.net.stall("rx");
      else first.connection.net.dropBefore("CREATE");
      const opened = create(first.tree, name, {
        lease: { key: new Uint8Array(16).fill(arrives ? 0x61 : 0x62), state: RWH },
        durable: true,
        shareAccess: 0,
      });
      if (arrives) {
        // One process of the server serves both channels: once the file is there, it has opened it, too.
        const path = `${smbd.shareDirectory}/${name}`;
        while (!await Deno.stat(path).then(() => true, () => false)) {
          await new Promise((resolve) => setTimeout(resolve, 5));
        }
        first.connection.net.drop();
      }
      const open = await opened;
      assertEquals([open.durability, open.leaseState], ["durable2", RWH]);
      assertEquals((await open.write(0, pattern(3))).body.count, 3);
      // Nobody else holds it: closed once, it can be opened again without sharing.
      await open.close();
      const again = await create(first.tree, name, { shareAccess: 0 });
      await again.close();
    });
  }
});

samba("a lost channel hands a chain to the other one, whole", CHANNELS, async (smbd, t) => {
  await t.step("requests that stand for themselves", async () => {
    const { first, second } = await twoChannels(smbd, { signing: "required" });
    await using _ = second;
    const open = await create(first.tree, "chain");
    await open.write(0, pattern(100));
    first.connection.net.dropBefore("WRITE");
    const chain = first.tree.compound();
    const read = chain.on(open).read(0, 100);
    const written = chain.on(open).write(100, pattern(50, 3));
    // Nobody knows whether the server opened it: it has no CreateGuid.
    const refused = assertRejects(() => chain.create("not made"), TransportError);
    chain.send();
    assertEquals((await read).body.data, pattern(100));
    assertEquals((await written).body.count, 50);
    await refused;
    assertEquals((await open.readAll()).byteLength, 150);
    await open.close();
  });
  await t.step("requests that relate to a CREATE with a CreateGuid", async () => {
    const { first, second } = await twoChannels(smbd);
    await using _ = second;
    first.connection.net.dropBefore("CLOSE");
    const chain = first.tree.compound({ related: true });
    const opened = chain.create("chain-made", {
      desiredAccess: 0x0012019f,
      createDisposition: OPEN_IF,
      durable: true,
    });
    const written = chain.file.write(0, pattern(20));
    const closed = chain.file.close();
    chain.send();
    const open = await opened;
    assertEquals([(await written).body.count, (await closed).status], [20, 0]);
    assertEquals([open.isClosed, first.session.channelSequence], [true, 1]);
    const again = await first.tree.create("chain-made");
    assertEquals(await again.readAll(), pattern(20));
    await again.close();
  });
  await t.step("nothing of what relates to a CREATE without one", async () => {
    const { first, second } = await twoChannels(smbd);
    await using _ = second;
    first.connection.net.dropBefore("CREATE");
    const chain = first.tree.compound({ related: true });
    const parts = [chain.create("chain-made"), chain.file.read(0, 20), chain.file.close()];
    chain.send();
    const reasons = (await Promise.allSettled(parts)).map((part) =>
      part.status === "rejected" && part.reason instanceof TransportError
    );
    assertEquals(reasons, [true, true, true]);
  });
});

/** A directory, to list and to watch. */
const DIRECTORY = { desiredAccess: 0x00100081, createOptions: 0x01 };

samba("what is left of a chain goes to the other channel", CHANNELS, async (smbd, t) => {
  for (const related of [false, true]) {
    await t.step(related ? "related to a CREATE" : "by itself", async () => {
      const sent: Message[] = [];
      const connection = { observer: { sent: (message: Message) => void sent.push(message) } };
      const { first, second } = await twoChannels(smbd, { signing: "required", connection });
      await using _ = second;
      const root = await first.tree.create("", DIRECTORY);
      sent.length = 0;
      const interim = Promise.withResolvers<void>();
      const chain = first.tree.compound({ related });
      const answered: Promise<unknown> = related
        ? chain.create("", DIRECTORY)
        : chain.on(root).queryInfo({ fileInfoClass: 5 });
      const watched = related ? chain.file : chain.on(root);
      const watching = watched.notify({}, { onInterim: interim.resolve });
      chain.send();
      // The first request has its answer; the second waits for a change, and is lost with its connection.
      await answered;
      await interim.promise;
      await cut(first);
      const commands = sent.map(({ header }) => header.command);
      assertEquals(commands, [related ? 0x05 : 0x10, 0x0f, 0x0f]);
      const again = sent[2];
      assert(again?.kind === "request" && again.command === "CHANGE_NOTIFY");
      assert(again.body.fileId.volatile !== ALL_ONES);
      let changed = false;
      const changes = watching.finally(() => changed = true);
      // The server may tell the lost request first.
      for (let i = 0; !changed && i < 1000; i++) {
        await (await create(second.tree, `new-${related}-${i}`)).close();
      }
      assert((await changes).body.output.byteLength > 12);
    });
  }
});

/** A transport that ends within a frame: behind the first message of the next chain. */
function cutWithin(inner: Transport, isDue: () => boolean): Transport {
  let isOver = false;
  return {
    remote: inner.remote,
    closed: inner.closed,
    async read(into) {
      if (isOver) return null;
      const count = await inner.read(into);
      if (count === null || !isDue()) return count;
      // NextCommand of the header behind the length (MS-SMB2 2.2.1.2).
      const view = new DataView(into.buffer, into.byteOffset, count);
      const first = view.getUint32(4 + 20, true);
      assert(first > 0, "the answer is no chain");
      view.setUint32(4 + 20, 0);
      view.setUint32(0, first);
      isOver = true;
      return 4 + first;
    },
    write: (chunks) => inner.write(chunks),
    close: () => inner.close(),
  };
}

samba("several requests that are left of a chain stay one", CHANNELS, async (smbd) => {
  let isDue = false;
  let isFirst = true;
  const sent: Message[] = [];
  const connection = { observer: { sent: (message: Message) => void sent.push(message) } };
  const wrap = (inner: Transport) => {
    const cuts = isFirst;
    isFirst = false;
    return cuts ? cutWithin(inner, () => isDue) : inner;
  };
  const { first, second } = await twoChannels(smbd, { connection, wrap });
  await using _ = second;
  sent.length = 0;
  isDue = true;
  const chain = first.tree.compound({ related: true });
  const opened = chain.create("f", { desiredAccess: 0x0012019f, createDisposition: OPEN_IF });
  const written = chain.file.write(0, pattern(20));
  const read = chain.file.read(0, 20);
  chain.send();
  // The server has done all three of them; the WRITE is marked as one that it may know.
  const open = await opened;
  assertEquals((await written).body.count, 20);
  assertEquals((await read).body.data, pattern(20));
  const [write, last] = sent.slice(3).map(({ header: { command, flags } }) => [command, flags]);
  assertEquals(write, [0x09, HeaderFlags.REPLAY_OPERATION]);
  assertEquals(last, [0x08, HeaderFlags.RELATED_OPERATIONS]);
  const [again] = sent.slice(3);
  assert(again?.kind === "request" && again.command === "WRITE");
  assertEquals([again.body.fileId, again.header.status], [open.fileId, 1]);
  assertEquals(first.session.channels.map(({ connection }) => connection), [second.connection]);
  await open.close();
});

samba("without failover a lost channel fails its requests", CHANNELS, async (smbd) => {
  const { first, second } = await twoChannels(smbd, { failover: false });
  await using _ = second;
  const open = await create(first.tree, "f");
  first.connection.net.dropBefore("WRITE");
  await assertRejects(() => open.write(0, pattern(1)), TransportError);
  assertEquals((await open.write(0, pattern(1))).body.count, 1);
});

samba("the last channel takes the opens with it", CHANNELS, async (smbd) => {
  const { first, second } = await twoChannels(smbd);
  const open = await create(first.tree, "f");
  await cut(second);
  assert(!open.isClosed);
  await open.write(0, pattern(1));
  await cut(first);
  assert(open.isClosed);
  await assertRejects(() => open.read(0, 1), TransportError);
});

samba("a break is acknowledged on the channel that it came on, or on another one", CHANNELS, async (
  smbd,
) => {
  for (const lost of ["none", "first"] as const) {
    const { first, second } = await twoChannels(smbd);
    await using _ = second;
    await using __ = first;
    const open = await create(first.tree, `b-${lost}`, { lease: { key: KEY, state: RWH } });
    if (lost === "first") await cut(first);
    const broken = open.nextBreak();
    await using other = await login(smbd);
    const theirs = await create(other.tree, `b-${lost}`, { createDisposition: OPEN_IF });
    const event: BreakEvent = await broken;
    assertEquals([event.from, event.to], [RWH, RH]);
    assertEquals((await event.acknowledged)?.status, Status.SUCCESS);
    await theirs.close();
    await open.close();
  }
});

samba("a break that waits for its answer outlives the channel that it came on", CHANNELS, async (
  smbd,
) => {
  const { first, second } = await twoChannels(smbd);
  await using _ = second;
  const open = await create(first.tree, "f", { lease: { key: KEY, state: RWH } });
  open.onBreak = () => "defer";
  const broken = open.nextBreak();
  await using other = await login(smbd);
  const theirs = create(other.tree, "f", { createDisposition: OPEN_IF });
  const event = await broken;
  await cut(first);
  event.acknowledge();
  assertEquals((await event.acknowledged)?.status, Status.SUCCESS);
  await (await theirs).close();
  await open.close();
});

samba("joining a session needs its key, and the same user", CHANNELS, async (smbd) => {
  await using client = await login(smbd, { negotiate: { clientGuid: GUID } });
  const other = await dial(smbd);
  await other.negotiate({ clientGuid: GUID });
  const wrong = authenticator(smbd, { password: "wrong" });
  await assertRejects(() => other.bind(client.session, wrong), StatusError);
  const old = await dial(smbd);
  await old.negotiate({ clientGuid: GUID, dialects: [0x0210] });
  const error = await assertRejects(
    () => old.bind(client.session, authenticator(smbd)),
    ProtocolError,
  );
  assertEquals(error.side, "local");
  for (const connection of [other, old]) {
    connection.close();
    await connection.disconnected;
  }
});

samba("the server's interfaces are told", {
  ...CHANNELS,
  global: { interfaces: '"127.0.0.1/8;speed=1000000000,capability=RSS"' },
}, async (smbd) => {
  await using client = await login(smbd);
  const found = await client.tree.networkInterfaces();
  assertEquals(found.map(({ address }) => address), ["127.0.0.1:0"]);
  assertEquals(found.map(({ isRssCapable }) => isRssCapable), [true]);
});

samba("resilient handles are refused, and the open stays as it was", {}, async (smbd) => {
  await using client = await login(smbd);
  const open = await create(client.tree, "f");
  const error = await assertRejects(() => open.resilient(1000), StatusError);
  assertEquals([error.command, open.durability], ["IOCTL", "none"]);
});

samba("tshark finds nothing malformed in binding, failover and reconnection", {
  ...CHANNELS,
  also: ["tshark", "tcpdump"],
}, async (smbd) => {
  const keys: SessionKeyRecord[] = [];
  const connection = { observer: { keyed: (key: SessionKeyRecord) => void keys.push(key) } };
  await using capture = await startCapture({ port: smbd.port });
  const { first, second } = await twoChannels(smbd, { encryption: "required", connection });
  const open = await create(first.tree, "f", {
    lease: { key: KEY, state: RWH },
    durable: true,
    resume: true,
  });
  await open.lock([{ offset: 0, length: 10, flags: 0x12 }], { via: second.session });
  first.connection.net.dropBefore("WRITE");
  await open.write(0, pattern(50_000));
  await cut(second);
  await using after = await loginAfter(smbd, first, {
    negotiate: { clientGuid: GUID },
    encryption: "required",
    connection,
  });
  await open.reconnect(after.tree);
  await after.tree.networkInterfaces();
  await open.close();
  await after.session.logoff();
  const pcap = await capture.stop();
  const filter = `tcp.dstport == ${smbd.port}`;
  const sessions = keys.filter((key) => !key.isBinding);
  assertEquals([keys.length, sessions.length], [3, 2]);
  for (const key of sessions) {
    const options = { port: smbd.port, preferences: seskeyPreference(key) };
    assertEquals(await malformedFrames(pcap, { ...options, filter }), []);
    const creates = await dissect(pcap, { ...options, filter: "smb2.cmd == 5", fields: [] });
    assert(creates.length > 0);
  }
});
