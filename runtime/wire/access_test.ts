import { assertEquals, assertThrows } from "@std/assert";
import { accessMaskNames, FileAccess, mapGenericAccess, parseAccess } from "./access.ts";

Deno.test("each bit of a mask survives the way to text and back, for files and directories", () => {
  for (let bit = 0; bit < 32; bit++) {
    const mask = (1 << bit) >>> 0;
    assertEquals(parseAccess(accessMaskNames(mask).join("|")), mask);
    assertEquals(parseAccess(accessMaskNames(mask, { directory: true })), mask);
  }
});

Deno.test("short forms stand for the generic mappings", () => {
  assertEquals([parseAccess("r"), parseAccess("w"), parseAccess("rw")], [
    0x00120089,
    0x00120116,
    0x0012019f,
  ]);
});

Deno.test("directories have names of their own for the four shared bits", () => {
  assertEquals(accessMaskNames(0x27, { directory: true }), [
    "LIST_DIRECTORY",
    "ADD_FILE",
    "ADD_SUBDIRECTORY",
    "TRAVERSE",
  ]);
});

Deno.test("a name that no access has is refused", () => {
  assertThrows(() => parseAccess("READ_DATA|READ_MIND"), RangeError, "READ_MIND");
  assertThrows(() => parseAccess("toString"), RangeError, "toString");
});

Deno.test("generic bits become specific ones, and nothing else changes", () => {
  assertEquals(mapGenericAccess(FileAccess.GENERIC_ALL), 0x001f01ff);
  assertEquals(mapGenericAccess(FileAccess.GENERIC_READ), 0x00120089);
  assertEquals(mapGenericAccess(FileAccess.GENERIC_WRITE | 1), 0x00120117);
  assertEquals(mapGenericAccess(FileAccess.GENERIC_EXECUTE), 0x001200a0);
  assertEquals(mapGenericAccess(0x02000001), 0x02000001);
});
