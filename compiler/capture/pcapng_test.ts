import { assertEquals } from "@std/assert";
import {
  allSegments,
  big,
  block,
  concat,
  enhancedPacket,
  ethernet,
  inputOf,
  interfaceBlock,
  little,
  packet,
  section,
  seeded,
  text,
} from "./_build.ts";
import { openCapture } from "./mod.ts";

function frame(payload: string): Uint8Array {
  return ethernet(packet({ payload }));
}

async function read(bytes: Uint8Array, chunkBytes = 0x10000) {
  const capture = await openCapture(inputOf(bytes), { chunkBytes });
  const segments = await allSegments(capture);
  return {
    notes: capture.notes,
    segments,
    payloads: segments.map(({ payload }) => new TextDecoder().decode(payload)),
    times: segments.map(({ stamp }) => stamp.time),
  };
}

for (const bigEndian of [false, true]) {
  const order = bigEndian ? big : little;
  const name = bigEndian ? "big" : "little";

  Deno.test(`enhanced, simple and obsolete packet blocks are read in ${name} endian`, async () => {
    const simple = frame("simple");
    const old = frame("old");
    const file = concat(
      section({ bigEndian }),
      interfaceBlock({ bigEndian }),
      enhancedPacket(frame("enhanced"), { bigEndian, units: 1_700_000_000_000_001n }),
      block(3, concat(order(4, simple.length), simple), { bigEndian }),
      block(
        2,
        concat(
          order(2, 0, 7),
          // 1 700 000 001 seconds in microseconds, high and low half.
          order(4, 395812, 405635648, old.length, old.length),
          old,
        ),
        { bigEndian },
      ),
    );
    for (const chunkBytes of [1, 10, 64, file.length]) {
      const { payloads, times, notes, segments } = await read(file, chunkBytes);
      assertEquals(payloads, ["enhanced", "simple", "old"]);
      assertEquals(times, [
        1_700_000_000_000_001_000n,
        1_700_000_000_000_001_000n,
        1_700_000_001_000_000_000n,
      ]);
      assertEquals(segments.map(({ stamp }) => stamp.frame), [1, 2, 3]);
      assertEquals(notes, [{
        reason: "A packet has no time stamp, and got that of the packet before it",
        loss: false,
        count: 1,
        frames: [2],
      }]);
    }
  });

  Deno.test(`time units and offset of an interface are used in ${name} endian`, async () => {
    const offset = bigEndian ? order(4, 0, 100) : order(4, 100, 0);
    const cases: [number, bigint, bigint][] = [
      [6, 1_000_001n, 101_000_001_000n],
      [9, 1_000_000_001n, 101_000_000_001n],
      [3, 1_001n, 101_001_000_000n],
      [12, 1_000_000_001_999n, 101_000_000_001n],
      [0x80 | 10, 1536n, 101_500_000_000n],
      [0, 7n, 107_000_000_000n],
    ];
    for (const [resolution, units, time] of cases) {
      const { times } = await read(concat(
        section({ bigEndian }),
        interfaceBlock({
          bigEndian,
          options: [[2, text("eth0")], [9, big(1, resolution)], [14, offset], [0, big(1)]],
        }),
        enhancedPacket(frame("x"), { bigEndian, units }),
      ));
      assertEquals(times, [time], `resolution ${resolution}`);
    }
  });
}

Deno.test("each section has its own byte order and interfaces, and frames count on", async () => {
  const { payloads, segments, notes } = await read(concat(
    section(),
    interfaceBlock(),
    enhancedPacket(frame("one")),
    section({ bigEndian: true }),
    interfaceBlock({ bigEndian: true, linkType: 101 }),
    enhancedPacket(packet({ payload: "two" }), { bigEndian: true }),
  ));
  assertEquals(payloads, ["one", "two"]);
  assertEquals(segments.map(({ stamp }) => stamp.frame), [1, 2]);
  assertEquals(notes, []);
});

Deno.test("packets of several interfaces are read by the link type of each", async () => {
  const { payloads } = await read(concat(
    section(),
    interfaceBlock({ linkType: 1 }),
    interfaceBlock({ linkType: 101 }),
    enhancedPacket(packet({ payload: "raw" }), { interfaceId: 1 }),
    enhancedPacket(frame("ethernet"), { interfaceId: 0 }),
  ));
  assertEquals(payloads, ["raw", "ethernet"]);
});

Deno.test("blocks of other types are skipped however long they are", async () => {
  for (const chunkBytes of [999, 0x10000]) {
    const { payloads, notes } = await read(
      concat(
        section(),
        block(0x00000004, new Uint8Array(64)),
        interfaceBlock(),
        block(0x0000000a, new Uint8Array(3_000_000)),
        block(0x00000005, new Uint8Array(20)),
        enhancedPacket(frame("after")),
      ),
      chunkBytes,
    );
    assertEquals(payloads, ["after"]);
    assertEquals(notes, []);
  }
});

Deno.test("a simple packet block is as long as the interface's snap length allows", async () => {
  const whole = frame("0123456789");
  const kept = whole.subarray(0, 60);
  const { segments } = await read(concat(
    section(),
    interfaceBlock({ snapLength: 60 }),
    block(3, concat(little(4, whole.length), kept)),
  ));
  assertEquals(segments[0]?.payload, text("012345"));
  assertEquals(segments[0]?.cut, whole.length - 60);
});

Deno.test("a packet of an interface that is not described is noted and counted as a frame", async () => {
  const { payloads, segments, notes } = await read(concat(
    section(),
    interfaceBlock(),
    enhancedPacket(frame("lost"), { interfaceId: 3 }),
    enhancedPacket(frame("kept")),
  ));
  assertEquals(payloads, ["kept"]);
  assertEquals(segments[0]?.stamp.frame, 2);
  assertEquals(notes.map(({ reason, frames }) => [reason, frames]), [
    ["A packet names an interface that the file does not describe", [1]],
  ]);
});

Deno.test("damaged block lengths end a section with a note, and the next section is read", async () => {
  const bad = enhancedPacket(frame("bad"));
  const damages: [number, Uint8Array][] = [
    [4, little(4, 3)], // shorter than a block
    [4, little(4, 0x0000001f)], // no multiple of four
    [20, little(4, 0x7fffffff)], // captured length beyond any packet
    [20, little(4, bad.length)], // captured length beyond the block
  ];
  for (const [at, value] of damages) {
    const damaged = bad.slice();
    damaged.set(value, at);
    const { payloads, notes } = await read(
      concat(
        section(),
        interfaceBlock(),
        enhancedPacket(frame("before")),
        damaged,
        enhancedPacket(frame("skipped")),
        section(),
        interfaceBlock(),
        enhancedPacket(frame("after")),
      ),
      50,
    );
    assertEquals(payloads, ["before", "after"]);
    assertEquals(notes.map(({ reason, loss, count }) => [reason, loss, count]), [
      ["A block length is damaged, and blocks were skipped up to the next section", true, 1],
    ]);
  }
});

Deno.test("a file that is cut anywhere gives its whole packets and at most one note", async () => {
  const packets = ["one", "two", "three"].map((payload) => enhancedPacket(frame(payload)));
  const head = concat(section(), interfaceBlock());
  const file = concat(head, ...packets);
  for (let length = 4; length < file.length; length++) {
    const { payloads, notes } = await read(file.subarray(0, length), 17);
    // A packet is whole before its padding and trailing length are.
    const certain = Math.floor((length - head.length) / (packets[0]?.length ?? 1));
    assertEquals(payloads.length >= Math.max(0, certain), true, `cut at ${length}`);
    assertEquals(payloads.length <= Math.max(0, certain) + 1, true, `cut at ${length}`);
    assertEquals(notes.length <= 1, true);
  }
});

Deno.test("files damaged at random never throw", async () => {
  const random = seeded(7);
  const original = concat(
    section(),
    interfaceBlock({ options: [[9, big(1, 9)], [14, little(4, 1, 2)]] }),
    enhancedPacket(frame("one")),
    block(3, concat(little(4, 3), text("abc"))),
    section({ bigEndian: true }),
    interfaceBlock({ bigEndian: true }),
    enhancedPacket(frame("two"), { bigEndian: true }),
  );
  for (let round = 0; round < 500; round++) {
    const bytes = original.slice();
    for (let changes = random(8); changes >= 0; changes--) {
      bytes[4 + random(bytes.length - 4)] = random(256);
    }
    const { payloads, times } = await read(bytes, 1 + random(150));
    assertEquals(payloads.length <= 16 && times.length <= 16, true);
  }
});

Deno.test("a time that cannot be true is that of the packet before, and noted", async () => {
  for (
    const options of [[[9, big(1, 0)]], [[14, little(4, 0, 0x7fffffff)]]] as [
      number,
      Uint8Array,
    ][][]
  ) {
    const file = concat(
      section(),
      interfaceBlock(),
      interfaceBlock({ options }),
      enhancedPacket(frame("one"), { units: 5_000_000n }),
      enhancedPacket(frame("two"), { interfaceId: 1, units: 1n << 60n }),
    );
    const { payloads, times, notes } = await read(file, 100);
    assertEquals(payloads, ["one", "two"]);
    assertEquals(times, [5_000_000_000n, 5_000_000_000n]);
    assertEquals(notes.map(({ reason, frames }) => [reason, frames]), [
      ["A packet has a time that cannot be true, and got that of the packet before it", [2]],
    ]);
  }
});
