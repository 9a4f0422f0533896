import { assertEquals, assertRejects } from "@std/assert";
import { loadBlob } from "./row_blobs.ts";
import type { Run } from "./run.ts";

/** A run whose blobs have 24 MiB each; notes what is read. */
function runWithBlobs(): { readonly run: Run; readonly read: string[] } {
  const read: string[] = [];
  const blob = (path: string) => {
    read.push(path);
    return path === "missing"
      ? Promise.reject(new Error("Cannot read blob"))
      : Promise.resolve(new Uint8Array(24 * 2 ** 20));
  };
  return { run: { host: { blob } } as unknown as Run, read };
}

Deno.test("a blob is read once while it is kept, and the least recently used one goes first", async () => {
  const { run, read } = runWithBlobs();
  await Promise.all([loadBlob(run, "a"), loadBlob(run, "a")]);
  await loadBlob(run, "b");
  await loadBlob(run, "a");
  await loadBlob(run, "c");
  assertEquals(read, ["a", "b", "c"]);
  await loadBlob(run, "a");
  await loadBlob(run, "b");
  assertEquals(read, ["a", "b", "c", "b"]);
});

Deno.test("a blob that cannot be had is asked for again", async () => {
  const { run, read } = runWithBlobs();
  await assertRejects(async () => await loadBlob(run, "missing"), Error, "Cannot read blob");
  await assertRejects(async () => await loadBlob(run, "missing"), Error, "Cannot read blob");
  assertEquals(read.length, 2);
});
