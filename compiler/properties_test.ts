/** What a capture goes through on its way is not in the plan: order, copies, segments and carriers; what is lost is told. */
import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { type BuiltPacket, Conversation, Wire } from "../tests/captures/conversation.ts";
import { sharedPath, sharedTest } from "../tests/harness/interop.ts";
import { sampleTalk } from "../tests/captures/sample.ts";
import {
  CARRIERS,
  concat,
  enhancedPacket,
  inputOf,
  interfaceBlock,
  little,
  section,
  seeded,
} from "./capture/_build.ts";
import { type CaptureNote, compile } from "./mod.ts";

type Random = (below: number) => number;

/**
 * What the capture file tells of an operation, and not what the client did. Whether another client's request was queued
 * before (`afterPending`) is told from frame numbers, which are those of the file.
 */
const OF_THE_FILE = new Set(["frames", "at", "answeredAt", "acknowledgedAfter", "afterPending"]);

interface Result {
  readonly operations: readonly string[];
  readonly notes: readonly CaptureNote[];
}

function compiled(file: Uint8Array): Promise<Result> {
  return compiledFrom(inputOf(file));
}

async function compiledFrom(input: Parameters<typeof compile>[0]): Promise<Result> {
  const { plan, notes } = await compile(input, { version: "0.0.0", name: "x" });
  const operations = plan.operations.map((operation) =>
    JSON.stringify(operation, (key, value) => OF_THE_FILE.has(key) ? undefined : value)
  );
  return { operations, notes };
}

function planOf(packets: readonly BuiltPacket[]): Promise<Result> {
  return compiled(new Wire().pcap(packets));
}

/** Two clients at work at the same time. */
function conversations(): BuiltPacket[] {
  const first = sampleTalk();
  const second = sampleTalk(new Conversation({ client: "10.0.0.9:2000", mss: 300 }));
  const offset = 1_000_000n / 3n;
  return [
    ...first.wire.packets,
    ...second.wire.packets.map((packet) => ({ ...packet, time: packet.time + offset })),
  ].sort((one, other) => Number(one.time - other.time));
}

/** Each packet comes up to so many places late. */
function shuffled(packets: readonly BuiltPacket[], places: number, random: Random): BuiltPacket[] {
  return packets.map((packet, index) => ({ packet, place: index + random(places) }))
    .sort((one, other) => one.place - other.place).map(({ packet }) => packet);
}

/** A quarter of the packets comes twice. */
function duplicated(packets: readonly BuiltPacket[], random: Random): BuiltPacket[] {
  return packets.flatMap((packet, index) => {
    if (random(4) > 0) return [packet];
    const later = packets[Math.min(packets.length - 1, index + random(6))]!;
    return [packet, { ...packet, time: later.time + 1n }];
  }).sort((one, other) => Number(one.time - other.time));
}

const HEADERS = 14 + 20 + 20;

/** Payloads cut into other segments; the parts come at the same time, as what was one write of the sender. */
function resegmented(packets: readonly BuiltPacket[], random: Random): BuiltPacket[] {
  return packets.flatMap((packet) => {
    const { bytes } = packet;
    const parts: BuiltPacket[] = [];
    for (let at = HEADERS; at < bytes.length;) {
      const end = Math.min(bytes.length, at + 1 + random(bytes.length));
      const part = concat(bytes.subarray(0, HEADERS), bytes.subarray(at, end));
      const view = new DataView(part.buffer);
      view.setUint16(16, part.length - 14);
      view.setUint32(38, view.getUint32(38) + at - HEADERS);
      parts.push({ ...packet, bytes: part });
      at = end;
    }
    return parts.length === 0 ? [packet] : parts;
  });
}

const CHANGES: Readonly<
  Record<string, (packets: readonly BuiltPacket[], random: Random) => BuiltPacket[]>
> = {
  "packets out of order": (packets, random) => shuffled(packets, 30, random),
  "packets captured twice": duplicated,
  "other segments": resegmented,
  "all of that": (packets, random) =>
    shuffled(duplicated(resegmented(packets, random), random), 30, random),
};

for (const [name, change] of Object.entries(CHANGES)) {
  Deno.test(`${name} give the same plan`, async () => {
    const packets = conversations();
    const { operations, notes } = await planOf(packets);
    assertEquals(notes, []);
    for (let seed = 1; seed <= 15; seed++) {
      const changed = await planOf(change(packets, seeded(seed)));
      assertEquals(changed.operations, operations, `seed ${seed}`);
      assertEquals(changed.notes.filter(({ loss }) => loss), []);
    }
  });
}

/** Whether a note names a frame, and says how often. */
function isExact({ count, frames }: CaptureNote): boolean {
  return count > 0 && frames.length > 0;
}

Deno.test("where packets are lost the plan is the same, or notes name what is missing", async () => {
  const { packets } = sampleTalk().wire;
  const whole = await planOf(packets);
  assertEquals(whole.notes, []);
  // Nothing comes behind the last packet, a FIN, that would show that there was one.
  for (let lost = 0; lost < packets.length - 1; lost++) {
    const left = await planOf(packets.filter((_, index) => index !== lost));
    if (JSON.stringify(left.operations) === JSON.stringify(whole.operations)) continue;
    assert(left.notes.some(isExact), `without packet ${lost + 1}: ${JSON.stringify(left.notes)}`);
  }
  for (let seed = 1; seed <= 40; seed++) {
    const random = seeded(seed);
    const left = await planOf(packets.filter(() => random(12) > 0));
    const same = JSON.stringify(left.operations) === JSON.stringify(whole.operations);
    assert(same || left.notes.some(isExact), `seed ${seed}`);
  }
});

Deno.test("every carrier gives the same plan, also beside a bare copy as mirror ports make it", async () => {
  const packets = sampleTalk().wire.packets;
  const { operations } = await planOf(packets);
  for (const [name, carry] of Object.entries(CARRIERS)) {
    for (const copied of [false, true]) {
      let linkType = 1;
      const blocks = packets.flatMap(({ bytes, time }, index) => {
        const carried = carry(bytes, index + 1);
        linkType = carried.linkType;
        const units = time;
        return [
          ...(copied ? [enhancedPacket(bytes, { interfaceId: 0, units })] : []),
          ...carried.packets.map((part) => enhancedPacket(part, { interfaceId: 1, units })),
        ];
      });
      const interfaces = [1, linkType].map((type) =>
        interfaceBlock({ linkType: type, options: [[9, little(1, 9)]] })
      );
      const file = concat(section(), ...interfaces, ...blocks);
      assertEquals((await compiled(file)).operations, operations, `${name}, copied: ${copied}`);
    }
  }
});

/** The packets in files of their own, from each of these packets on; every other form of file in turn. */
async function inFiles(
  folder: string,
  packets: readonly BuiltPacket[],
  cuts: readonly number[],
): Promise<string[]> {
  const ends = [...cuts, packets.length];
  const paths: string[] = [];
  for (const [index, end] of ends.entries()) {
    const part = new Wire().pcap(packets.slice(index === 0 ? 0 : ends[index - 1], end));
    const form = [part, gzipSync(part), zstdCompressSync(part)][index % 3]!;
    const path = `${folder}/${index}`;
    await Deno.writeFile(path, new Uint8Array(form));
    paths.push(path);
  }
  return paths;
}

Deno.test("files of several forms, cut anywhere and given in any order, give the plan of the whole", async () => {
  const packets = conversations();
  const { operations } = await planOf(packets);
  const folder = await Deno.makeTempDir({ prefix: "smbench_files_" });
  try {
    for (let seed = 1; seed <= 12; seed++) {
      const random = seeded(seed);
      const cuts = [...new Set([1, 2, 3, 4].map(() => 1 + random(packets.length - 1)))]
        .sort((one, other) => one - other);
      const paths = await inFiles(folder, packets, cuts);
      const given = paths.map((path) => ({ path, place: random(100) }))
        .sort((one, other) => one.place - other.place).map(({ path }) => path);
      const result = await compiledFrom(given);
      assertEquals(result.operations, operations, `seed ${seed}, cut at ${cuts}`);
      assertEquals(result.notes, [], `seed ${seed}, cut at ${cuts}`);
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("one of several files that is missing or damaged costs its packets, and that is told", async () => {
  const packets = conversations();
  const { operations } = await planOf(packets);
  const folder = await Deno.makeTempDir({ prefix: "smbench_files_" });
  try {
    for (let lost = 0; lost < 3; lost++) {
      const cuts = [packets.length / 3, 2 * packets.length / 3].map(Math.floor);
      const paths = await inFiles(folder, packets, cuts);
      const left = await compiledFrom(paths.filter((_, index) => index !== lost));
      assertNotEquals(left.operations, operations, `without file ${lost}`);
      assert(left.notes.some(({ loss }) => loss), `without file ${lost}`);
      const path = paths[lost]!;
      const bytes = await Deno.readFile(path);
      await Deno.writeFile(path, bytes.subarray(0, bytes.length - 100));
      const cut = await compiledFrom(paths);
      const told = cut.notes.filter(({ loss }) => loss).map(({ reason }) => reason);
      assert(told.some((reason) => /ends (early|in the middle)/.test(reason)), told.join("; "));
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

/** Packets of a classic capture file on Ethernet. */
function packetsOf(file: Uint8Array): BuiltPacket[] {
  const view = new DataView(file.buffer, file.byteOffset);
  const unit = view.getUint32(0, true) === 0xa1b23c4d ? 1n : 1000n;
  const packets: BuiltPacket[] = [];
  for (let at = 24; at < file.length;) {
    const length = view.getUint32(at + 8, true);
    const time = BigInt(view.getUint32(at, true)) * 1_000_000_000n +
      BigInt(view.getUint32(at + 4, true)) * unit;
    packets.push({ bytes: file.slice(at + 16, at + 16 + length), time });
    at += 16 + length;
  }
  return packets;
}

const SHARED = ["smbclient-recurse", "multi-4clients-small", "torture-compound"];

sharedTest(
  "shared captures out of order and captured twice give the same plan",
  ["captures/own"],
  async () => {
    for (const name of SHARED) {
      const packets = packetsOf(await Deno.readFile(`${sharedPath("captures/own")}/${name}.pcap`));
      const { operations } = await planOf(packets);
      for (const change of [CHANGES["packets out of order"]!, duplicated]) {
        const changed = await planOf(change(packets, seeded(7)));
        assertEquals(changed.operations, operations, name);
      }
    }
  },
);

sharedTest(
  "a capture whose packets were put out of order gives the plan of the original",
  ["captures/own"],
  async () => {
    const folder = sharedPath("captures/own");
    const plans = await Promise.all(
      ["smbclient-recurse", "der-reordered"].map(async (name) =>
        (await compiled(await Deno.readFile(`${folder}/${name}.pcap`))).operations
      ),
    );
    assertEquals(plans[1], plans[0]);
  },
);

sharedTest("a ring of files gives the plan of the whole", ["captures/own/rotated"], async () => {
  const folder = `${sharedPath("captures/own")}`;
  const files = [...Deno.readDirSync(`${folder}/rotated`)].map(({ name }) =>
    `${folder}/rotated/${name}`
  );
  const name = "x";
  const options = { version: "0.0.0", name };
  const whole = await compile(`${folder}/smbclient-tree.pcap`, options);
  for (const order of [files, files.toReversed()]) {
    const parts = await compile(order, options);
    assertEquals(parts.plan, whole.plan);
    assertEquals(parts.script, whole.script);
  }
});
