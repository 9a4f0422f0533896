import { assertEquals, assertThrows } from "@std/assert";
import {
  decodeDirectory,
  type DirectoryEntry,
  encodeDirectory,
  isDirectoryClass,
} from "./directory.ts";
import { decodeNotify, encodeNotify } from "./notify.ts";
import { assertMutationsSafe, assertTruncationsSafe, bytesOf, hexOf } from "./testing.ts";

const CLASSES = [1, 2, 3, 12, 37, 38, 60, 78, 79, 80, 81] as const;

/** Bytes before the name (MS-FSCC 2.4). */
const FIXED_SIZES: Readonly<Record<number, number>> = {
  1: 64,
  2: 68,
  3: 94,
  12: 12,
  37: 104,
  38: 80,
  60: 88,
  78: 80,
  79: 106,
  80: 96,
  81: 122,
};

const FULL: DirectoryEntry = {
  name: "name",
  fileIndex: 1,
  creationTime: 2n,
  lastAccessTime: 3n,
  lastWriteTime: 4n,
  changeTime: 5n,
  endOfFile: 6n,
  allocationSize: 7n,
  fileAttributes: 8,
  eaSize: 9,
  reparsePointTag: 10,
  shortName: "N~1",
  fileId: 11n,
  fileId128: bytesOf("0c0d0e0f101112131415161718191a1b"),
};

const COMMON = "01000000 0200000000000000 0300000000000000 0400000000000000 0500000000000000" +
  "0600000000000000 0700000000000000 08000000 08000000";
const SHORT = "06 00 4e007e003100 000000000000000000000000000000000000";
const NAME = "6e0061006d006500";
const ID_128 = "0c0d0e0f101112131415161718191a1b";

const GOLDEN: Readonly<Record<number, string>> = {
  1: `00000000 ${COMMON} ${NAME}`,
  2: `00000000 ${COMMON} 09000000 ${NAME}`,
  3: `00000000 ${COMMON} 09000000 ${SHORT} ${NAME}`,
  12: `00000000 01000000 08000000 ${NAME}`,
  37: `00000000 ${COMMON} 09000000 ${SHORT} 0000 0b00000000000000 ${NAME}`,
  38: `00000000 ${COMMON} 09000000 00000000 0b00000000000000 ${NAME}`,
  60: `00000000 ${COMMON} 09000000 0a000000 ${ID_128} ${NAME}`,
  78: `00000000 ${COMMON} 09000000 0a000000 0b00000000000000 ${NAME}`,
  79: `00000000 ${COMMON} 09000000 0a000000 0b00000000000000 ${SHORT} ${NAME}`,
  80: `00000000 ${COMMON} 09000000 0a000000 0b00000000000000 ${ID_128} ${NAME}`,
  81: `00000000 ${COMMON} 09000000 0a000000 0b00000000000000 ${ID_128} ${SHORT} ${NAME}`,
};

Deno.test("each directory class is its golden bytes, and decodes to the fields that it has", () => {
  for (const informationClass of CLASSES) {
    const hex = (GOLDEN[informationClass] ?? "").replaceAll(" ", "");
    assertEquals(hexOf(encodeDirectory(informationClass, [FULL]).bytes), hex);
    const [entry] = decodeDirectory(informationClass, bytesOf(hex));
    for (const [field, value] of Object.entries(entry ?? {})) {
      assertEquals(
        value,
        FULL[field as keyof DirectoryEntry],
        `class ${informationClass} ${field}`,
      );
    }
    assertEquals(entry?.name, "name");
    assertEquals(encodeDirectory(informationClass, entry ? [entry] : []).bytes, bytesOf(hex));
  }
});

Deno.test("entries stand at multiples of 8, the last one ends the bytes", () => {
  for (const informationClass of CLASSES) {
    const names = ["a", "bc", "def", "ghij"];
    const { bytes, used } = encodeDirectory(informationClass, names.map((name) => ({ name })));
    assertEquals(used, 4);
    assertEquals(decodeDirectory(informationClass, bytes).map((entry) => entry.name), names);
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    let start = 0;
    for (let next = view.getUint32(0, true); next !== 0; next = view.getUint32(start, true)) {
      assertEquals(next % 8, 0);
      start += next;
    }
    assertEquals(bytes.byteLength, start + (FIXED_SIZES[informationClass] ?? 0) + 8);
  }
});

Deno.test("only entries that fit are written, to the byte", () => {
  const entries = [{ name: "a" }, { name: "b" }, { name: "c" }];
  // FileNamesInformation: 14 bytes an entry, the next at 16.
  const used = (maxLength: number) => encodeDirectory(12, entries, { maxLength }).used;
  assertEquals([0, 13, 14, 29, 30, 45, 46, 1000].map(used), [0, 0, 1, 1, 2, 2, 3, 3]);
  for (let maxLength = 0; maxLength < 50; maxLength++) {
    const list = encodeDirectory(12, entries, { maxLength });
    assertEquals(decodeDirectory(12, list.bytes).length, list.used);
    assertEquals(list.bytes.byteLength <= maxLength, true);
  }
});

Deno.test("a single entry is one, although more would fit", () => {
  const list = encodeDirectory(37, [{ name: "a" }, { name: "b" }], { single: true });
  assertEquals([list.used, decodeDirectory(37, list.bytes).length], [1, 1]);
});

Deno.test("entries are taken from the iterable no further than needed", () => {
  let taken = 0;
  function* endless(): Generator<DirectoryEntry> {
    while (true) yield { name: `file${taken++}` };
  }
  const { used } = encodeDirectory(12, endless(), { maxLength: 100 });
  assertEquals(taken, used + 1);
});

Deno.test("a short name of any stated length is never more than its field", () => {
  const bytes = encodeDirectory(37, [{ name: "a", shortName: "ABCDEFGH.TXTLONGER" }]).bytes;
  assertEquals(decodeDirectory(37, bytes)[0]?.shortName, "ABCDEFGH.TXT");
  bytes[68] = 0xff;
  assertEquals(decodeDirectory(37, bytes)[0]?.shortName, "ABCDEFGH.TXT");
});

Deno.test("entries that overlap, go back or end behind the bytes are refused", () => {
  const { bytes } = encodeDirectory(12, [{ name: "a" }, { name: "b" }]);
  for (const next of [1, 7, 8, 200, 0xffffffff]) {
    const broken = bytes.slice();
    new DataView(broken.buffer).setUint32(0, next, true);
    assertThrows(() => decodeDirectory(12, broken), Error, "Cannot decode");
  }
});

Deno.test("a class that is none of directories is refused", () => {
  assertEquals(CLASSES.every(isDirectoryClass), true);
  assertEquals([4, 18, 63].some(isDirectoryClass), false);
  assertThrows(() => decodeDirectory(4, new Uint8Array(0)), Error, "none of directories");
});

Deno.test("no bytes are no entries", () => {
  assertEquals(decodeDirectory(37, new Uint8Array(0)), []);
  assertEquals(encodeDirectory(37, []), { bytes: new Uint8Array(0), used: 0 });
  assertEquals(decodeNotify(new Uint8Array(0)), []);
});

Deno.test("entries cut anywhere or changed at random raise nothing but WireError", () => {
  for (const informationClass of CLASSES) {
    const bytes = encodeDirectory(informationClass, [FULL, { ...FULL, name: "z" }]).bytes;
    const decode = (cut: Uint8Array) => decodeDirectory(informationClass, cut);
    assertTruncationsSafe(bytes, decode);
    assertMutationsSafe(bytes, decode, { rounds: 200 });
  }
});

Deno.test("changes are their golden bytes, both ways", () => {
  const entries = [{ action: 4, name: "old" }, { action: 5, name: "new.txt" }];
  const hex = "14000000 04000000 06000000 6f006c006400 0000" +
    "00000000 05000000 0e000000 6e00650077002e00740078007400";
  assertEquals(hexOf(encodeNotify(entries).bytes), hex.replaceAll(" ", ""));
  assertEquals(decodeNotify(bytesOf(hex)), entries);
  assertTruncationsSafe(bytesOf(hex), decodeNotify);
  assertMutationsSafe(bytesOf(hex), decodeNotify);
});

Deno.test("the padding that Samba leaves behind the last change is passed over (own notify.pcap)", () => {
  assertEquals(decodeNotify(bytesOf("00000000 01000000 02000000 6100 0000")), [
    { action: 1, name: "a" },
  ]);
});

Deno.test("changes that do not all fit show in the number used", () => {
  const entries = [{ action: 1, name: "a" }, { action: 2, name: "b" }];
  assertEquals([13, 14, 29, 30].map((maxLength) => encodeNotify(entries, { maxLength }).used), [
    0,
    1,
    1,
    2,
  ]);
});
