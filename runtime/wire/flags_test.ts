import { assertEquals, assertThrows } from "@std/assert";
import {
  CreateDisposition,
  CreateOption,
  FileInformationClass,
  flagBits,
  flagNames,
  FsInformationClass,
  informationClassName,
  numberName,
  ShareFlag,
} from "./flags.ts";

Deno.test("flags become names in the order of the table, and come back", () => {
  const value = CreateOption.DELETE_ON_CLOSE | CreateOption.DIRECTORY_FILE;
  assertEquals(flagNames(CreateOption, value), ["DIRECTORY_FILE", "DELETE_ON_CLOSE"]);
  assertEquals(flagBits(CreateOption, flagNames(CreateOption, value)), value);
});

Deno.test("each single flag of each option survives the way to text and back, bit 31 included", () => {
  for (let bit = 0; bit < 32; bit++) {
    const value = (1 << bit) >>> 0;
    assertEquals(flagBits(CreateOption, flagNames(CreateOption, value).join("|")), value);
  }
});

Deno.test("unnamed bits are kept as one number", () => {
  assertEquals(flagNames(CreateOption, 0xc0000001), ["DIRECTORY_FILE", "0xc0000000"]);
  assertEquals(flagBits(CreateOption, ["DIRECTORY_FILE", "0xc0000000"]), 0xc0000001);
});

Deno.test("a name of two bits wins over the names of each", () => {
  assertEquals(flagNames(ShareFlag, 0x30), ["NO_CACHING"]);
  assertEquals(flagNames(ShareFlag, 0x10), ["AUTO_CACHING"]);
});

Deno.test("an unknown name, a prototype name and a number that is too large are refused", () => {
  for (const name of ["NO_SUCH", "toString", "__proto__", "0x100000000", "99999999999"]) {
    assertThrows(() => flagBits(CreateOption, name), RangeError, "Cannot find flag");
  }
});

Deno.test("numbers that count have one name, or none", () => {
  assertEquals(numberName(CreateDisposition, 3), "OPEN_IF");
  assertEquals(numberName(CreateDisposition, 9), "0x9");
});

Deno.test("classes are named within their type", () => {
  assertEquals(informationClassName(1, 37), "FileIdBothDirectoryInformation");
  assertEquals(informationClassName(2, 5), "FileFsAttributeInformation");
  assertEquals(informationClassName(3, 0), "SecurityInformation");
  assertEquals(informationClassName(4, 0), "FileQuotaInformation");
  assertEquals(informationClassName(1, 200), "class 0xc8");
  assertEquals(informationClassName(9, 1), "class 0x1");
});

Deno.test("no two classes share a number", () => {
  for (const table of [FileInformationClass, FsInformationClass]) {
    const numbers = Object.values(table);
    assertEquals(new Set(numbers).size, numbers.length);
  }
});
