import { assertEquals, assertThrows } from "@std/assert";
import { data, hex, isBlobPath } from "./data.ts";
import { duration, size } from "./units.ts";

Deno.test("sizes count in powers of 1024, whatever the unit's case", () => {
  assertEquals(["0", "1k", "1K", "1 KiB", "1.5m", "2G", "1t"].map(size), [
    0,
    1024,
    1024,
    1024,
    1572864,
    2 ** 31,
    2 ** 40,
  ]);
});

Deno.test("what is no size is refused", () => {
  for (const text of ["", "k", "1q", "-1", "1e3", "0.3k", -1, 1.5, NaN, Infinity, 2 ** 54]) {
    assertThrows(() => size(text), RangeError, "Cannot use");
  }
});

Deno.test("durations are seconds", () => {
  assertEquals([1.5, "1.5", "250ms", "500us", "2m", "1h"].map(duration), [
    1.5,
    1.5,
    0.25,
    0.0005,
    120,
    3600,
  ]);
  for (const text of ["soon", "5 days", -1, NaN]) {
    assertThrows(() => duration(text), RangeError, "Cannot use");
  }
});

Deno.test("synthetic data depends on length and seed alone, and does not repeat", () => {
  assertEquals(data(10, "x"), data("10", "x"));
  assertEquals(data(100, 1).subarray(0, 10), data(10, 1));
  assertEquals(data(0), new Uint8Array(0));
  const bytes = data(65536, "seed");
  const counts = new Array<number>(256).fill(0);
  for (const byte of bytes) counts[byte] = (counts[byte] ?? 0) + 1;
  assertEquals(counts.every((count) => count > 150 && count < 380), true);
  assertEquals(new Set([1, 2, "1", "a"].map((seed) => data(16, seed).join())).size, 3);
  assertThrows(() => data("65m"), RangeError, "the limit is");
});

Deno.test("hexadecimal text is pairs of digits", () => {
  assertEquals(hex("00 FF\n7f"), Uint8Array.of(0, 255, 127));
  for (const text of ["0", "zz", "0x12"]) assertThrows(() => hex(text), RangeError, "Cannot use");
});

Deno.test("blob paths stay below the folder and are named by content", () => {
  const good = ["blobs/3f2a.bin", "3f2a.bin", "a/b/0123456789abcdef.bin"];
  const bad = [
    "",
    "/etc/3f2a.bin",
    "../3f2a.bin",
    "blobs/../../3f2a.bin",
    "blobs/./3f2a.bin",
    "blobs//3f2a.bin",
    "blobs\\3f2a.bin",
    "c:3f2a.bin",
    "blobs/secret.txt",
    "blobs/3f2.bin",
    "blobs/3f2a.bin\u0000",
    "id_rsa",
  ];
  assertEquals(good.filter(isBlobPath), good);
  assertEquals(bad.filter(isBlobPath), []);
});
