import { assertEquals } from "@std/assert";
import { allSegments, inputOf, packet, pcapFile } from "./_build.ts";
import { openCapture } from "./mod.ts";

async function notesOf(times: readonly bigint[]): Promise<[string, number, readonly number[]][]> {
  const packets = times.map((time) => ({ bytes: packet(), time }));
  const capture = await openCapture(
    inputOf(pcapFile(packets, { magic: 0xa1b23c4d, linkType: 101 })),
  );
  await allSegments(capture);
  return capture.notes.map(({ reason, count, frames }) => [reason, count, frames]);
}

const EVEN = Array.from({ length: 60 }, (_, index) => BigInt(index) * 1000n);
const MADE_UP = "The times of the capture are made up, as every packet is";

Deno.test("times that are all the same distance apart are made up", async () => {
  const [[reason] = []] = await notesOf(EVEN);
  assertEquals(reason?.startsWith(`${MADE_UP} 1000 ns`), true);
  const [[same] = []] = await notesOf(EVEN.map(() => 5n));
  assertEquals(same?.startsWith(`${MADE_UP} 0 ns`), true);
});

Deno.test("times are believed when there are few, one differs, or they are far apart", async () => {
  assertEquals(await notesOf(EVEN.slice(0, 49)), []);
  assertEquals(await notesOf(EVEN.with(59, 59_001n)), []);
  assertEquals(await notesOf(EVEN.map((time) => time * 1000n)), []);
});

Deno.test("packets older than the one before them are named", async () => {
  assertEquals(await notesOf([5n, 7n, 6n, 6n, 2n]), [
    ["A packet was captured before the one ahead of it in the file", 2, [3, 5]],
  ]);
});
