import { assertEquals } from "@std/assert";
import { CaptureProgress } from "./progress.ts";

Deno.test("reading shows its share, rate and time left, once these can be told", () => {
  let now = 5000;
  const progress = new CaptureProgress(() => now);
  const read = (bytesRead: number, totalBytes: number | undefined) => {
    progress.read({ bytesRead, totalBytes, packets: 7 });
    return progress.text;
  };
  assertEquals(read(0, 2e9), "reading: 0 % of 2.0 GB, 7 packets");
  now += 10_000;
  assertEquals(read(5e8, 2e9), "reading: 25 % of 2.0 GB, 50.0 MB/s, 30 s left, 7 packets");
  now += 10_000;
  assertEquals(read(5e8, 4e10), "reading: 1 % of 40.0 GB, 25.0 MB/s, 26 min left, 7 packets");
  assertEquals(read(5e8, undefined), "reading: 500 MB, 25.0 MB/s, 7 packets");
});

Deno.test("each stage counts its own time", () => {
  let now = 0;
  const progress = new CaptureProgress(() => now);
  progress.read({ bytesRead: 10, totalBytes: 10, packets: 1 });
  now = 60_000;
  progress.worked({ stage: "looking through", done: 0, of: 1000 });
  assertEquals(progress.text, "looking through: 0 % of 1000 operations");
  now += 2000;
  progress.worked({ stage: "looking through", done: 400, of: 1000 });
  assertEquals(progress.text, "looking through: 40 % of 1000 operations, 200/s, 3 s left");
  progress.worked({ stage: "writing", done: 100, of: 1000 });
  assertEquals(progress.text, "writing: 10 % of 1000 operations");
});
