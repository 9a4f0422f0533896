/** Breaks of leases and oplocks by a real Samba while the client is busy, under every policy. */
import { assert, assertEquals } from "@std/assert";
import {
  type BreakEvent,
  type BreakPolicy,
  LeaseTable,
  type Open,
} from "../../runtime/client/mod.ts";
import { type Message, Status } from "../../runtime/wire/mod.ts";
import { create, login, OPEN_IF, pattern, samba, same } from "./client_support.ts";

const R = 0x01;
const RH = 0x03;
const RW = 0x05;
const RWH = 0x07;
const KEY = new Uint8Array(16).fill(0x51);
const IN_FLIGHT = 32;
const BATCH = 0x09;
const EXCLUSIVE = 0x08;
const LEVEL_II = 0x01;
const BREAK_RECEIVED = "<18";
const ACKNOWLEDGEMENT_SENT = ">18";
const READ_SENT = ">8";

/** Reads a file over and over, until told to end. */
class Readers {
  failed = 0;
  #isDone = false;
  readonly #lanes: Promise<void>[];

  constructor(open: Open, content: Uint8Array) {
    this.#lanes = Array.from({ length: IN_FLIGHT }, (_, i) => this.#lane(open, content, i));
  }

  async end(): Promise<void> {
    this.#isDone = true;
    await Promise.all(this.#lanes);
  }

  async #lane(open: Open, content: Uint8Array, seed: number): Promise<void> {
    for (let i = seed; !this.#isDone; i++) {
      const at = i * 512 % 60000;
      const { body } = await open.read(at, 4096);
      if (!same(body.data, content.slice(at, at + 4096))) this.failed++;
    }
  }
}

samba("breaks are answered at once while 32 requests are in flight on the same file", {}, async (
  smbd,
) => {
  /** What went over alice's connection, in order. */
  const seen: string[] = [];
  await using alice = await login(smbd, {
    connection: {
      observer: {
        sent: ({ header }) => void seen.push(`>${header.command}`),
        received: ({ header }) => void seen.push(`<${header.command}`),
      },
    },
  });
  await using bob = await login(smbd);
  const rounds = 10;
  for (let round = 0; round < rounds; round++) {
    const name = `busy${round}`;
    const open = await create(alice.tree, name, { lease: { key: KEY, state: RWH } });
    const content = pattern(65536, round);
    await open.write(0, content);
    seen.length = 0;
    const readers = new Readers(open, content);
    const broken = open.nextBreak();
    const theirs = await create(bob.tree, name, { createDisposition: OPEN_IF });
    const event = await broken;
    const acknowledged = await event.acknowledged;
    await readers.end();
    assertEquals([event.from, event.to, acknowledged?.status], [RWH, RH, Status.SUCCESS]);
    // Nothing comes or goes between the break and its acknowledgement: not one of the answers, not one of the reads.
    const at = seen.indexOf(BREAK_RECEIVED);
    assertEquals(seen[at + 1], ACKNOWLEDGEMENT_SENT);
    assert(seen.slice(0, at).filter((it) => it === READ_SENT).length >= IN_FLIGHT);
    assertEquals([readers.failed, open.leaseState], [0, RH]);
    await theirs.close();
    await open.close();
  }
});

samba(
  "a break within a blocked CREATE of the same client is answered at once",
  {},
  async (smbd) => {
    const leases = new LeaseTable();
    await using alice = await login(smbd, { connection: { leases } });
    const first = await create(alice.tree, "self", { lease: { key: KEY, state: RWH } });
    // The second open waits until the first one's lease is broken, on the very same connection.
    const second = await create(alice.tree, "self", {
      createDisposition: OPEN_IF,
      lease: { key: new Uint8Array(16).fill(0x52), state: RWH },
    });
    assertEquals([first.leaseState, second.leaseState], [RH, RH]);
    await second.close();
    await first.close();
  },
);

/** What a policy makes of a break from RWH to RH. */
interface Case {
  readonly policy: BreakPolicy;
  readonly acknowledged: number | null;
}

samba("a policy acknowledges, changes the state, withholds or waits", {
  global: { "oplock break wait time": "0" },
}, async (smbd, t) => {
  await using alice = await login(smbd);
  await using bob = await login(smbd);
  const later: BreakEvent[] = [];
  const cases: Record<string, Case> = {
    "acknowledge": { policy: () => "acknowledge", acknowledged: Status.SUCCESS },
    "to nothing": { policy: () => ({ state: 0 }), acknowledged: Status.SUCCESS },
    "to more than offered": {
      policy: () => ({ state: RWH }),
      acknowledged: Status.REQUEST_NOT_ACCEPTED,
    },
    "later": {
      policy(event) {
        later.push(event);
        setTimeout(() => event.acknowledge(R), 30);
        return "defer";
      },
      acknowledged: Status.SUCCESS,
    },
  };
  for (const [name, { policy, acknowledged }] of Object.entries(cases)) {
    await t.step(name, async () => {
      const open = await create(alice.tree, `policy ${name}`, { lease: { key: KEY, state: RWH } });
      open.onBreak = policy;
      const broken = open.nextBreak();
      const theirs = create(bob.tree, `policy ${name}`, { createDisposition: OPEN_IF });
      const event = await broken;
      assertEquals((await event.acknowledged)?.status ?? null, acknowledged);
      // A state that the server refuses leaves the break open; then closing answers it.
      if (acknowledged !== Status.SUCCESS) await open.close();
      await (await theirs).close();
      if (!open.isClosed) await open.close();
    });
  }
  assertEquals(later.length, 1);
});

samba("closing instead of acknowledging answers a break, too", {}, async (smbd) => {
  await using alice = await login(smbd);
  await using bob = await login(smbd);
  const open = await create(alice.tree, "f", { lease: { key: KEY, state: RWH } });
  open.onBreak = () => {
    void open.close();
    return "never";
  };
  const theirs = await create(bob.tree, "f", { createDisposition: OPEN_IF });
  assert(open.isClosed);
  await theirs.close();
});

samba("dirty data is flushed before the acknowledgement", {}, async (smbd) => {
  const sent: string[] = [];
  await using alice = await login(smbd, {
    connection: {
      observer: {
        sent(message: Message) {
          if (message.kind === "request") sent.push(message.command);
        },
      },
    },
  });
  await using bob = await login(smbd);
  const open = await create(alice.tree, "f", { lease: { key: KEY, state: RWH } });
  open.onBreak = (event) => {
    const flushed = Promise.all([open.write(0, pattern(100)), open.flush()]);
    void flushed.then(() => event.acknowledge());
    return "defer";
  };
  sent.length = 0;
  const theirs = await create(bob.tree, "f", { createDisposition: OPEN_IF });
  assertEquals(sent, ["WRITE", "FLUSH", "OPLOCK_BREAK"]);
  assertEquals((await theirs.read(0, 100)).body.data, pattern(100));
  await theirs.close();
});

samba("a lease is upgraded, shared by its opens, and counts its epochs", {}, async (smbd) => {
  await using alice = await login(smbd);
  const first = await create(alice.tree, "f", { lease: { key: KEY, state: R, epoch: 10 } });
  assertEquals([first.leaseState, first.leaseEpoch], [R, 11]);
  const second = await alice.tree.create("f", { lease: { key: KEY, state: RWH } });
  assertEquals([first.leaseState, second.leaseState], [RWH, RWH]);
  assertEquals([first.leaseEpoch, second.leaseEpoch], [12, 12]);
  await using bob = await login(smbd);
  const broken = [first.nextBreak(), second.nextBreak()];
  const theirs = await create(bob.tree, "f", { createDisposition: OPEN_IF });
  const events = await Promise.all(broken);
  assertEquals(events.map(({ newEpoch }) => newEpoch), [13, 13]);
  assertEquals([first.leaseState, second.leaseEpoch], [RH, 13]);
  await theirs.close();
});

samba("oplocks of every kind are broken and acknowledged as they ask for", {}, async (smbd) => {
  await using alice = await login(smbd);
  await using bob = await login(smbd);
  for (const level of [BATCH, EXCLUSIVE]) {
    const open = await create(alice.tree, `oplock${level}`, { requestedOplockLevel: level });
    assertEquals(open.oplockLevel, level);
    const broken = open.nextBreak();
    const theirs = await create(bob.tree, `oplock${level}`, { createDisposition: OPEN_IF });
    const event = await broken;
    assertEquals([event.from, event.to, event.ackRequired], [level, LEVEL_II, true]);
    assertEquals((await event.acknowledged)?.status, Status.SUCCESS);
    // Level II goes without a word.
    const gone = open.nextBreak();
    await theirs.write(0, pattern(1));
    const last = await gone;
    assertEquals([last.from, last.to, last.ackRequired], [LEVEL_II, 0, false]);
    assertEquals(await last.acknowledged, null);
    await theirs.close();
    await open.close();
  }
});

samba("a lease without W or H is broken to what is left of it", {}, async (smbd) => {
  await using alice = await login(smbd);
  await using bob = await login(smbd);
  const open = await create(alice.tree, "f", { lease: { key: KEY, state: RW } });
  assertEquals(open.leaseState, RW);
  const broken = open.nextBreak();
  const theirs = await create(bob.tree, "f", { createDisposition: OPEN_IF });
  const first = await broken;
  assertEquals([first.from, first.to, first.ackRequired], [RW, R, true]);
  const second = open.nextBreak();
  await theirs.write(0, pattern(1));
  const event = await second;
  assertEquals([event.from, event.to, event.ackRequired], [R, 0, false]);
  await theirs.close();
});
