import { assert, assertEquals } from "@std/assert";
import { filetimeText, filetimeToMs, msToFiletime, textToFiletime } from "./time.ts";

Deno.test("1970 and 1601 stand where MS-DTYP puts them", () => {
  assertEquals(filetimeToMs(116_444_736_000_000_000n), 0);
  assertEquals(filetimeToMs(0n), Date.UTC(1601, 0, 1));
  assertEquals(msToFiletime(Date.UTC(1601, 0, 1)), 0n);
});

Deno.test("milliseconds survive the way through FILETIME, before 1970 as well", () => {
  for (const ms of [0, 1, -1, 1_700_000_000_123, -10_000_000_000, Date.UTC(2100, 1, 1)]) {
    assertEquals(filetimeToMs(msToFiletime(ms)), ms);
  }
});

Deno.test("the fraction of a millisecond is kept to a microsecond", () => {
  const time = 133_000_000_000_001_235n;
  const difference = msToFiletime(filetimeToMs(time)) - time;
  assert(difference >= -10n && difference <= 10n, `${difference}`);
});

Deno.test("text has seven digits of a second, and numbers that are no date stay numbers", () => {
  assertEquals(
    filetimeText(msToFiletime(Date.UTC(2020, 11, 3)) + 7n),
    "2020-12-03T00:00:00.0000007Z",
  );
  assertEquals(filetimeText(1n), "1601-01-01T00:00:00.0000001Z");
  assertEquals(filetimeText(116_444_735_999_999_999n), "1969-12-31T23:59:59.9999999Z");
  assertEquals([0n, -1n, -2n, 0x7fffffffffffffffn].map(filetimeText), [
    "0",
    "-1",
    "-2",
    "+030828-09-14T02:48:05.4775807Z",
  ]);
});

Deno.test("text and FILETIME are one another's inverse, to 100 ns", () => {
  for (const time of [1n, 116_444_736_000_000_000n, 134_080_512_123_456_789n]) {
    assertEquals(textToFiletime(filetimeText(time)), time);
  }
  assertEquals(textToFiletime("1970-01-01T00:00:00Z"), 116_444_736_000_000_000n);
  assertEquals(textToFiletime("1970-01-01T00:00:00.5Z"), 116_444_736_005_000_000n);
  for (const text of ["", "today", "1970-13-01T00:00:00Z", "1970-01-01T00:00:00"]) {
    assertEquals(textToFiletime(text), null, text);
  }
});
