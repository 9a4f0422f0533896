import { assertEquals } from "@std/assert";
import { Reader } from "../runtime/wire/mod.ts";
import { seeded } from "./capture/_build.ts";
import { LineBytes, piece } from "./line_bytes.ts";

function written(write: (line: LineBytes) => void): string {
  const line = new LineBytes();
  line.put(piece("{"));
  write(line);
  line.put(piece("}"));
  return new TextDecoder().decode(line.view()).slice(1, -1);
}

Deno.test("texts are quoted as JSON has them", () => {
  const random = seeded(7);
  const units = [...'ab\\"/\n\u0000\u001f\u007f\u0080\u00e9\u2028\ud83d\ude00\ud800\udfff\ufeff'];
  for (let run = 0; run < 500; run++) {
    const text = Array.from({ length: random(12) }, () => units[random(units.length)]).join("");
    assertEquals(written((line) => line.quoted(text)), JSON.stringify(text).toWellFormed());
  }
});

Deno.test("numbers are those of JSON", () => {
  const numbers = [0, 9, 10, 99, 100, 999_999_999, 1_000_000_000, 2 ** 31 - 1, 2 ** 31, 2 ** 53];
  for (const number of [...numbers, 2 ** 64, 2 ** 70, -1, 0.5]) {
    assertEquals(written((line) => line.number(number)), JSON.stringify(number));
  }
  assertEquals(written((line) => line.fraction(5)), '000000005"');
  assertEquals(written((line) => line.fraction(999_999_999)), '999999999"');
});

Deno.test("hexadecimal numbers, file ids and GUIDs have all their digits", () => {
  assertEquals(written((line) => line.hex(0x9f, 2)), '"0x9f"');
  assertEquals(written((line) => line.hex(0xffffffff, 8)), '"0xffffffff"');
  assertEquals(written((line) => line.hex64(0xfedcba9876543210n)), '"0xfedcba9876543210"');
  assertEquals(
    written((line) => line.fileId({ persistent: 1n, volatile: 0x8000000000000000n })),
    '"0000000000000001:8000000000000000"',
  );
  const bytes = Uint8Array.from({ length: 16 }, (_, index) => 0xf0 + index);
  assertEquals(written((line) => line.guid(bytes)), `"${new Reader(bytes).guid("GUID")}"`);
});

Deno.test("a line may be of any length, and what is cut off is gone", () => {
  const line = new LineBytes();
  const long = "x".repeat(300_000);
  line.text("a").text(long).quoted(long).put(piece(long));
  assertEquals(line.length, 900_003);
  line.cut(3);
  assertEquals(new TextDecoder().decode(line.view()), "axx");
  line.quoted(long.repeat(8));
  line.cut(0);
  assertEquals(new TextDecoder().decode(line.text("é").view()), "é");
});
