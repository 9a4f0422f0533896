import { assertEquals } from "@std/assert";
import { LineBytes } from "./line_bytes.ts";

function textOf(put: (line: LineBytes) => void): string {
  const line = new LineBytes();
  put(line);
  return new TextDecoder().decode(line.view());
}

Deno.test("numbers are those of JSON, whole ones and those with a point", () => {
  const values = [
    0,
    1,
    9,
    10,
    12_345,
    2 ** 31 - 1,
    2 ** 31,
    2 ** 32 - 1,
    999_999_999,
    1e9,
    1e9 + 1,
  ];
  values.push(2 ** 40 + 7, Number.MAX_SAFE_INTEGER, 2 ** 60, 1e18, 3.2e30, -1, -0.25, 0.5, 1e-7);
  values.push(
    0.1,
    0.000001,
    0.0000011,
    1e-6,
    1.5e-7,
    0.123456789,
    12.000000001,
    4.388184,
    86_399.9,
  );
  values.push(0.1 + 0.2, 1 / 3, 999_999.999999999, 1_000_000.5, 1_234_567.123456789, 2e-9);
  for (const value of values) {
    assertEquals(textOf((line) => line.number(value)), JSON.stringify(value));
    assertEquals(textOf((line) => line.decimal(value)), JSON.stringify(value));
  }
});

Deno.test("seconds of a capture are those of JSON, whatever their digits", () => {
  let state = 1;
  const random = () => (state = Math.imul(state, 1664525) + 1013904223 >>> 0) / 2 ** 32;
  for (let count = 0; count < 20_000; count++) {
    const seconds = Math.round(random() * 10 ** Math.floor(random() * 16)) / 1e9;
    assertEquals(textOf((line) => line.decimal(seconds)), JSON.stringify(seconds));
  }
});

Deno.test("texts are those of JSON", () => {
  for (const text of ["", "a\\b", '"', "\u0000\n", "ß", "\ud800", "😀", "x".repeat(300_000)]) {
    assertEquals(textOf((line) => line.quoted(text)), JSON.stringify(text));
  }
});
