import { assert, assertEquals } from "@std/assert";
import { big, concat, ipv4, ipv6, seeded, tcp, text } from "./_build.ts";
import { SegmentDecoder } from "./decode.ts";
import { type CaptureNote, NoteBook } from "./notes.ts";

interface Given {
  readonly bytes: Uint8Array;
  readonly seconds?: number;
  /** Bytes at the end that the snap length cut off. */
  readonly cut?: number;
}

/** The payloads that packets lead to, with the frame and what is cut of each. */
function decode(packets: readonly (Given | Uint8Array)[]): {
  segments: [number, string, number][];
  notes: readonly CaptureNote[];
} {
  const notes = new NoteBook();
  const decoder = new SegmentDecoder(notes);
  const segments: [number, string, number][] = [];
  packets.forEach((given, index) => {
    const { bytes, seconds = 0, cut = 0 } = given instanceof Uint8Array ? { bytes: given } : given;
    const segment = decoder.decode({
      frame: index + 1,
      seconds,
      nanoseconds: index * index,
      linkType: 101,
      bytes,
      start: 0,
      end: bytes.length - cut,
      originalLength: bytes.length,
    });
    if (segment === undefined) return;
    const payload = new TextDecoder().decode(segment.payload);
    segments.push([segment.stamp.frame, payload, segment.cut]);
  });
  decoder.finish();
  return { segments, notes: notes.list() };
}

const WHOLE = tcp({ payload: "abcdefghijklmnopqrstuvwxyz" });

/** A part of a packet's payload as an IPv4 fragment. */
function part(start: number, end: number, payload = WHOLE): Uint8Array {
  const more = end < payload.length ? 0x2000 : 0;
  return ipv4(payload.subarray(start, end), { fragment: more | (start / 8) });
}

/** The same for IPv6. */
function part6(start: number, end: number, payload = WHOLE): Uint8Array {
  const more = end < payload.length ? 1 : 0;
  return ipv6(
    concat(big(1, 6, 0), big(2, start | more), big(4, 77), payload.subarray(start, end)),
    {
      next: 44,
    },
  );
}

const ALPHABET = "abcdefghijklmnopqrstuvwxyz";
const GIVEN_UP = "An IP packet was dropped, as not all of its fragments are in the capture";
const CONTRADICTION = "Fragments of an IP packet contradict each other, and the first were used";

for (const [version, fragment] of [["IPv4", part], ["IPv6", part6]] as const) {
  Deno.test(`fragments of ${version} in any order make one packet, at the last of them`, () => {
    const parts = [fragment(0, 16), fragment(16, 32), fragment(32, 46)];
    for (
      const order of [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]]
    ) {
      const { segments, notes } = decode(order.map((index) => parts[index]!));
      assertEquals(segments, [[3, ALPHABET, 0]]);
      assertEquals(notes, []);
    }
  });
}

Deno.test("copies of fragments, also after the packet was whole, are no other packet", () => {
  const parts = [part(0, 24), part(24, 46)];
  const { segments, notes } = decode([...parts, ...parts, parts[0]!, parts[0]!]);
  assertEquals(segments, [[2, ALPHABET, 0]]);
  assertEquals(notes, []);
});

Deno.test("an identification that is used again later is another packet", () => {
  const parts = [part(0, 24), part(24, 46)];
  const { segments } = decode([
    ...parts,
    ...parts.map((bytes) => ({ bytes, seconds: 5 })),
  ]);
  assertEquals(segments.map(([frame]) => frame), [2, 4]);
});

Deno.test("where fragments overlap the first bytes count, and different ones are noted", () => {
  const other = WHOLE.slice();
  other.fill(0x58, 24, 32);
  const same = decode([part(0, 32), part(16, 46)]);
  assertEquals([same.segments, same.notes], [[[2, ALPHABET, 0]], []]);
  const different = decode([part(0, 32), part(24, 46, other)]);
  assertEquals(different.segments, [[2, ALPHABET, 0]]);
  assertEquals(different.notes.map(({ reason, frames }) => [reason, frames]), [
    [CONTRADICTION, [1]],
  ]);
  const before = decode([part(24, 46), part(0, 40, other)]);
  assertEquals(before.segments, [[2, ALPHABET, 0]]);
  assertEquals(before.notes.map(({ reason }) => reason), [CONTRADICTION]);
});

Deno.test("a packet that lacks a fragment is given up, at the end or when its time is over", () => {
  const { segments, notes } = decode([
    part(0, 24),
    { bytes: ipv4(tcp({ payload: "x" })), seconds: 100 },
    { bytes: part(24, 46), seconds: 100 },
  ]);
  assertEquals(segments.map(([frame]) => frame), [2]);
  assertEquals(notes, [{ reason: GIVEN_UP, loss: true, count: 2, frames: [1, 3] }]);
});

Deno.test("what the snap length cuts off a fragment is cut from the packet, and all behind it", () => {
  const { segments, notes } = decode([{ bytes: part(0, 32), cut: 8 }, part(32, 46)]);
  assertEquals(segments, [[2, "abcd", 22]]);
  assertEquals(notes, []);
});

Deno.test("a tunnel's fragments are put together before it is opened", () => {
  const inner = ipv4(tcp({ payload: "inside" }), { from: "1.1.1.1:5", to: "2.2.2.2:445" });
  const gre = concat(big(2, 0, 0x0800), inner);
  const { segments } = decode([
    ipv4(gre.subarray(0, 24), { protocol: 47, fragment: 0x2000 }),
    ipv4(gre.subarray(24), { protocol: 47, fragment: 3 }),
  ]);
  assertEquals(segments, [[2, "inside", 0]]);
});

Deno.test("a fragment beyond the longest packet is refused", () => {
  const { notes } = decode([ipv4(new Uint8Array(100), { fragment: 0x1fff })]);
  assertEquals(notes.map(({ reason }) => reason), [
    "A fragment of an IP packet reaches beyond the longest packet there is",
  ]);
});

Deno.test("of a flood of fragments few are kept, by number and by bytes", () => {
  for (const [bytes, place, most] of [[8, 1, 4096], [1400, 7000, 300]] as const) {
    const payload = new Uint8Array(bytes);
    const notes = new NoteBook();
    const decoder = new SegmentDecoder(notes);
    for (let number = 0; number < 10_000; number++) {
      const packet = ipv4(payload, { fragment: 0x2000 | place });
      packet.set([number >> 8, number & 0xff], 4);
      assertEquals(
        decoder.decode({
          frame: number + 1,
          seconds: 0,
          nanoseconds: number,
          linkType: 101,
          bytes: packet,
          start: 0,
          end: packet.length,
          originalLength: packet.length,
        }),
        undefined,
      );
    }
    const [given] = notes.list();
    assert((given?.count ?? 0) >= 10_000 - most, `${given?.count}`);
    decoder.finish();
    assertEquals(notes.list().map(({ reason, count }) => [reason, count]), [[GIVEN_UP, 10_000]]);
  }
});

Deno.test("random fragments of random packets give the packets again", () => {
  const random = seeded(7);
  for (let run = 0; run < 200; run++) {
    const payload = Uint8Array.from({ length: 30 + random(3000) }, () => 97 + random(26));
    const whole = tcp({ payload });
    const parts: Uint8Array[] = [];
    for (let start = 0; start < whole.length;) {
      const end = Math.min(whole.length, start + 8 * (1 + random(60)));
      parts.push(part(start, end, whole));
      // Some begin before the end of the one before.
      start = end === whole.length ? end : end - 8 * random(Math.min(3, (end - start) / 8));
    }
    for (let index = parts.length - 1; index > 0; index--) {
      const other = random(index + 1);
      [parts[index], parts[other]] = [parts[other]!, parts[index]!];
    }
    const { segments, notes } = decode(parts);
    assertEquals(segments.map(([, bytes]) => text(bytes)), [payload], `run ${run}`);
    assertEquals(notes, []);
  }
});
