import { assert, assertEquals, assertThrows } from "@std/assert";
import { Reader, WireError, Writer } from "./mod.ts";
import { fromHex, toHex } from "./testing.ts";

Deno.test("integers of every width read back what was written", () => {
  const writer = new Writer(1);
  writer.u8(0xfe);
  writer.u16(0xfedc);
  writer.u32(0xfedcba98);
  writer.i32(-2);
  writer.u64(0xfedcba9876543210n);
  writer.i64(-3n);
  writer.u16be(0x0102);
  writer.u32be(0x01020304);
  assertEquals(
    toHex(writer.bytes()),
    "fe" + "dcfe" + "98badcfe" + "feffffff" + "1032547698badcfe" + "fdffffffffffffff" + "0102" +
      "01020304",
  );
  const reader = new Reader(writer.bytes());
  assertEquals(reader.u8("a"), 0xfe);
  assertEquals(reader.u16("a"), 0xfedc);
  assertEquals(reader.u32("a"), 0xfedcba98);
  assertEquals(reader.i32("a"), -2);
  assertEquals(reader.u64("a"), 0xfedcba9876543210n);
  assertEquals(reader.i64("a"), -3n);
  assertEquals(reader.u16be("a"), 0x0102);
  assertEquals(reader.u32be("a"), 0x01020304);
  assertEquals(reader.remaining, 0);
});

Deno.test("a short read names field, offset, and what was there", () => {
  const reader = new Reader(fromHex("010203"));
  reader.u8("First");
  const error = assertThrows(() => reader.u32("Second"), WireError);
  assertEquals([error.field, error.offset, error.needed, error.had], ["Second", 1, 4, 2]);
  assertEquals(reader.u16("Third"), 0x0302);
});

Deno.test("a child is bounded by its length and keeps or renews the origin", () => {
  const reader = new Reader(fromHex("0001020304050607"));
  reader.skip(2, "Head");
  const child = reader.sub(3, "Child");
  assertEquals([child.offset, child.remaining], [2, 3]);
  assertThrows(() => child.u32("Field"), WireError, "has 3");
  assertEquals(reader.offset, 5);
  const fresh = reader.fresh(2, "Fresh");
  assertEquals([fresh.offset, fresh.u16("Field")], [0, 0x0605]);
});

Deno.test("a field by offset is bounded by the end and moves nothing", () => {
  const reader = new Reader(fromHex("00010203"));
  assertEquals([...reader.bytesAt(2, 2, "Field")], [2, 3]);
  assertEquals(reader.at(1, 2, "Field").u16("Inner"), 0x0201);
  assertEquals(reader.from(3, "Field").remaining, 1);
  assertEquals(reader.from(4, "Field").remaining, 0);
  assertEquals(reader.offset, 0);
  for (const [offset, length] of [[3, 2], [5, 0xffffffff], [0xffffffff, 1]] as const) {
    assertThrows(() => reader.bytesAt(offset, length, "Field"), WireError, "Field");
    assertThrows(() => reader.at(offset, length, "Field"), WireError, "Field");
  }
  assertThrows(() => reader.from(5, "Field"), WireError, "Field");
});

Deno.test("an absent field is empty whatever its offset", () => {
  const reader = new Reader(fromHex("00"));
  assertEquals(reader.bytesAt(0xffff, 0, "Field").byteLength, 0);
  assertEquals(reader.textAt(0xffff, 0, "Field"), "");
});

Deno.test("offsets count from the origin within a larger buffer", () => {
  const reader = new Reader(fromHex("eeee0001ee"), { start: 2, end: 4, origin: 2 });
  assertEquals([reader.offset, reader.remaining], [0, 2]);
  assertEquals([...reader.bytesAt(0, 2, "Field")], [0, 1]);
  assertThrows(() => reader.bytesAt(0, 3, "Field"), WireError);
});

Deno.test("text of any length keeps every code unit", () => {
  for (const length of [0, 1, 4095, 4096, 4097, 10000]) {
    const text = Array.from({ length }, (_, i) => String.fromCharCode((i * 7919) & 0xffff)).join(
      "",
    );
    const writer = new Writer();
    writer.text(text);
    assertEquals(new Reader(writer.bytes()).text(length * 2, "Text"), text);
  }
});

Deno.test("an odd last byte of text is dropped", () => {
  const reader = new Reader(fromHex("410042"));
  assertEquals([reader.text(3, "Text"), reader.remaining], ["A", 0]);
});

Deno.test("a GUID keeps its mixed order", () => {
  const writer = new Writer();
  writer.guid("00112233-4455-6677-8899-AABBCCDDEEFF");
  assertEquals(toHex(writer.bytes()), "33221100554477668899aabbccddeeff");
  assertEquals(
    new Reader(writer.bytes()).guid("Guid"),
    "00112233-4455-6677-8899-aabbccddeeff",
  );
  assertThrows(() => writer.guid("00112233"), WireError, "GUID");
});

Deno.test("peeking moves nothing and tells the end", () => {
  const reader = new Reader(fromHex("010203"));
  assertEquals([reader.peekU16(1), reader.peekU16(2), reader.offset], [0x0302, -1, 0]);
  assertEquals([reader.peekU32(0), new Reader(fromHex("ffffffff")).peekU32(0)], [-1, 0xffffffff]);
});

Deno.test("a writer that grows in the middle of a field keeps what it has", () => {
  for (let capacity = 0; capacity < 40; capacity++) {
    const writer = new Writer(capacity, 0xa5);
    for (let i = 0; i < 4; i++) {
      writer.u16(i);
      writer.u64(BigInt(i));
      writer.zero(3);
      writer.raw(fromHex("0102"));
    }
    assertEquals(
      toHex(writer.bytes()),
      [0, 1, 2, 3].map((i) => `0${i}00` + `0${i}00000000000000` + "000000" + "0102").join(""),
    );
  }
});

Deno.test("a part patches its offset from the origin and its length", () => {
  const writer = new Writer();
  writer.zero(8);
  writer.beginStructure();
  const offset = writer.reserve(2);
  const length = writer.reserve(4);
  writer.part({ offset, length, alignment: 8 }, (w) => w.raw(fromHex("aabbcc")));
  assertEquals(toHex(writer.bytes().subarray(8)), "0800" + "03000000" + "0000" + "aabbcc");
});

Deno.test("an empty part leaves no padding, and its offset only when asked to", () => {
  for (const keepOffset of [false, true]) {
    const writer = new Writer();
    const offset = writer.reserve(1);
    const length = writer.reserve(1);
    writer.part({ offset, length, alignment: 8, keepOffset }, () => {});
    assertEquals(toHex(writer.bytes()), keepOffset ? "0200" : "0000");
  }
});

Deno.test("a length or offset that does not fit raises WireError", () => {
  const writer = new Writer();
  for (const [width, fits] of [[1, 0xff], [2, 0xffff], [4, 0xffffffff]] as const) {
    const slot = writer.reserve(width);
    writer.patch(slot, fits);
    assertThrows(() => writer.patch(slot, fits + 1), WireError, "does not fit");
    assertThrows(() => writer.patch(slot, -1), WireError, "does not fit");
    assertThrows(() => writer.patch(slot, 0.5), WireError, "does not fit");
  }
  const slot = writer.reserve(8);
  writer.patch(slot, 2 ** 40);
  assertEquals(new Reader(writer.bytes().subarray(slot.position)).u64("Field"), 2n ** 40n);
});

Deno.test("the bytes of a writer are a view until the next write", () => {
  const writer = new Writer(16);
  writer.u8(1);
  const before = writer.bytes();
  writer.u8(2);
  const after = writer.bytes();
  assertEquals([before.byteLength, after.byteLength], [1, 2]);
  assert(before.buffer === after.buffer);
});

Deno.test("a reader that copies gives byte strings that outlast their buffer", () => {
  const buffer = Uint8Array.from({ length: 64 }, (_, index) => index);
  const bytes = buffer.subarray(8);
  const reader = new Reader(bytes, { start: 4, end: 40, origin: 4, copies: true });
  const given = [
    reader.bytes(4, "A"),
    reader.bytesAt(8, 2, "B"),
    reader.sub(8, "C").rest(),
    new Reader(bytes, { end: 1000, copies: true }).rest(),
  ];
  buffer.fill(0xa5);
  assertEquals(given.map((part) => [part[0], part.byteLength]), [[12, 4], [20, 2], [16, 8], [
    8,
    56,
  ]]);
  assertEquals(reader.u8("D"), 0xa5);
});
