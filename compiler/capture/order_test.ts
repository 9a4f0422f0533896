import { assert, assertEquals } from "@std/assert";
import { allSegments, inputOf, ipv4, packet, pcapFile, seeded, tcp } from "./_build.ts";
import { type CaptureOptions, openCapture } from "./mod.ts";

const MILLISECOND = 1_000_000n;

/** Frames in the order in which their segments come, of packets with these times in milliseconds. */
async function framesOf(times: readonly number[], options: CaptureOptions = {}) {
  const packets = times.map((time, index) => ({
    bytes: packet({ seq: index * 10, payload: `packet ${index + 1}` }),
    time: BigInt(Math.round(time * 1000)) * MILLISECOND / 1000n,
  }));
  const file = pcapFile(packets, { magic: 0xa1b23c4d, linkType: 101 });
  const capture = await openCapture(inputOf(file), options);
  const segments = await allSegments(capture);
  assertEquals(
    segments.map(({ stamp, payload }) =>
      new TextDecoder().decode(payload) === `packet ${stamp.frame}`
    ),
    times.map(() => true),
  );
  return { frames: segments.map(({ stamp }) => stamp.frame), notes: capture.notes };
}

const NOTE = "A packet was captured before the one ahead of it in the file";

Deno.test("packets out of place are put where their times belong, and are named", async () => {
  const { frames, notes } = await framesOf([1, 4, 2, 3, 5, 5, 4.5]);
  assertEquals(frames, [1, 3, 4, 2, 7, 5, 6]);
  assertEquals(notes, [{ reason: NOTE, loss: false, count: 2, frames: [3, 7] }]);
});

Deno.test("packets stay in the order of the file where that is wanted", async () => {
  const { frames, notes } = await framesOf([1, 4, 2, 3], { order: "file" });
  assertEquals(frames, [1, 2, 3, 4]);
  assertEquals(notes.map(({ reason }) => reason), [NOTE]);
});

Deno.test("a clock that is set back changes no order, wherever a read ends", async () => {
  const many = Array.from({ length: 400 }, (_, index) => 1000 + index);
  const later = many.map((time) => time - 300);
  // Two packets are out of place behind the step.
  const expected = [...many.keys(), ...later.keys().map((at) => at + 400)].map((at) => at + 1);
  [expected[449], expected[450]] = [451, 450];
  const times = [...many, ...later.with(49, later[50]!).with(50, later[49]!)];
  for (const chunkBytes of [900, 3000, 20_000, 0x80000]) {
    assertEquals((await framesOf(times, { chunkBytes })).frames, expected);
  }
});

Deno.test("order is restored across reads of any size", async () => {
  for (let seed = 1; seed <= 20; seed++) {
    const random = seeded(seed);
    const times = Array.from({ length: 500 }, (_, index) => ({ index, key: index + random(12) }))
      .sort((one, other) => one.key - other.key).map(({ index }) => index);
    for (const chunkBytes of [3000, 20_000, 0x80000]) {
      const { frames } = await framesOf(times, { chunkBytes });
      const sorted = frames.map((frame) => times[frame - 1]);
      // What the first window ends with cannot wait for the second: nothing was out of place yet.
      const from = chunkBytes === 3000 ? 100 : 0;
      assertEquals(sorted.slice(from), sorted.slice(from).toSorted((a, b) => a! - b!));
    }
  }
});

Deno.test("what is kept for the next read is bounded", async () => {
  const payload = new Uint8Array(500_000);
  const packets = Array.from({ length: 120 }, (_, index) => ({
    bytes: ipv4(tcp({ payload }), { totalLength: 0 }),
    time: BigInt(index % 2 === 0 ? index + 2 : index) * MILLISECOND,
  }));
  const capture = await openCapture(inputOf(pcapFile(packets, { linkType: 101 })));
  let segments = 0;
  let most = 0;
  for await (const _ of capture.segments(() => segments++)) {
    most = Math.max(most, Math.floor(capture.bytesRead / payload.length) - segments);
  }
  assertEquals(segments, 120);
  assert(most < 50, `${most} packets`);
});
