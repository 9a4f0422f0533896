import { assertEquals } from "@std/assert";
import { line, lines, table } from "./layout.ts";

Deno.test("a long text goes on below its beginning", () => {
  assertEquals(line("data", "1 B"), "  data .......: 1 B");
  assertEquals(lines("data", "one two three four", 26), [
    "  data .......: one two",
    "                three four",
  ]);
  assertEquals(lines("data", "one two 64 KiB", 26), [
    "  data .......: one two",
    "                64 KiB",
  ]);
  assertEquals(lines("data", "x".repeat(40), 26).length, 2);
});

Deno.test("a table has its first column to the left", () => {
  assertEquals(table(["a", "count"], [["long name", "1"], ["b", "22"]]), [
    "  a          count",
    "  long name      1",
    "  b             22",
  ]);
});
