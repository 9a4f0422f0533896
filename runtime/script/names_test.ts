import { assertEquals, assertThrows } from "@std/assert";
import {
  accessMask,
  attributesMask,
  changeAction,
  createOptionsMask,
  dialectNumber,
  dispositionNumber,
  infoTypeNumber,
  leaseStateBits,
  leaseStateText,
  oplockLevel,
  oplockText,
  shareMask,
  sharePath,
} from "./names.ts";

Deno.test("access is letters, a word, bits by name, or the mask", () => {
  assertEquals(accessMask("r"), 0x00120089);
  assertEquals(accessMask("rw"), 0x0012019f);
  assertEquals(accessMask("wr"), 0x0012019f);
  assertEquals(accessMask("rwd"), 0x0013019f);
  assertEquals(accessMask("all"), 0x001f01ff);
  assertEquals(accessMask("max"), 0x02000000);
  assertEquals(accessMask("DELETE"), 0x00010000);
  assertEquals(accessMask(["FILE_READ_DATA", "GENERIC_READ"]), 0x80000001);
  assertEquals(accessMask(0x80000000), 0x80000000);
});

Deno.test("share access, disposition, options and attributes take names and numbers", () => {
  assertEquals(["", "r", "rwd", 5].map(shareMask), [0, 1, 7, 5]);
  assertEquals([dispositionNumber("openIf"), dispositionNumber(9)], [3, 9]);
  assertEquals(createOptionsMask(["directory", "deleteOnClose"]), 0x1001);
  assertEquals(createOptionsMask(0x40), 0x40);
  assertEquals(attributesMask(["hidden", "archive"]), 0x22);
});

Deno.test("lease states read in any order and write in one", () => {
  for (const text of ["RWH", "HWR", "WHR"]) assertEquals(leaseStateBits(text), 7);
  assertEquals([0, 1, 3, 5, 7].map(leaseStateText), ["", "R", "RH", "RW", "RWH"]);
  assertEquals(leaseStateText(0x11), "R+0x10");
});

Deno.test("oplocks keep levels that have no name", () => {
  assertEquals([oplockLevel("batch"), oplockLevel(0x42)], [9, 0x42]);
  assertEquals([oplockText(0xff), oplockText(0x42)], ["lease", "0x42"]);
});

Deno.test("dialects, information types and changes have names", () => {
  assertEquals([dialectNumber("3.1.1"), dialectNumber(0x2ff)], [0x0311, 0x2ff]);
  assertEquals([infoTypeNumber(), infoTypeNumber("fileSystem"), infoTypeNumber(9)], [1, 2, 9]);
  assertEquals([changeAction(1), changeAction(8), changeAction(77)], [
    "added",
    "modifiedStream",
    77,
  ]);
});

Deno.test("a name that is not known is refused with those that are", () => {
  assertThrows(
    () => accessMask("q"),
    RangeError,
    `Cannot use "q" as access: known are "r", "w", "x", "d", or a number`,
  );
  assertThrows(() => accessMask(["NOPE"]), RangeError, "FILE_READ_DATA");
  assertThrows(() => leaseStateBits("RX"), RangeError, `Cannot use "RX" as lease state`);
  assertThrows(() => dispositionNumber("constructor" as "open"), RangeError, "disposition");
});

Deno.test("paths have backslashes and none at their ends", () => {
  assertEquals(["/a/b\\c/", "\\\\a", "", "/"].map(sharePath), ["a\\b\\c", "a", "", ""]);
});
