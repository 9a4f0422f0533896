import { assert, assertEquals, assertThrows } from "@std/assert";
import { CaptureError } from "./errors.ts";
import { openScratch } from "./scratch_file.ts";

Deno.test("bytes come back from wherever they were put, and no file is left", () => {
  const folder = Deno.makeTempDirSync();
  try {
    {
      using scratch = openScratch(folder);
      const places = [5, 100_000, 1].map((length, index) => ({
        position: scratch.append(new Uint8Array(length).fill(index + 1)),
        length,
      }));
      assertEquals(places.map(({ position }) => position), [0, 5, 100_005]);
      for (const [index, { position, length }] of places.entries()) {
        const into = new Uint8Array(length);
        scratch.read(position, into);
        assert(into.every((byte) => byte === index + 1));
      }
      assertEquals(scratch.append(new Uint8Array([9])), 100_006, "reading moves nothing");
      assertThrows(() => scratch.read(100_000, new Uint8Array(100)), CaptureError, "shorter");
    }
    assertEquals([...Deno.readDirSync(folder)], []);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});

Deno.test("a folder that is not there is one clear sentence", () => {
  assertThrows(
    () => openScratch("/nowhere/at/all"),
    CaptureError,
    "Cannot make the temporary file of a large capture: No such file or directory",
  );
});
