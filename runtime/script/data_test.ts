import { assertEquals, assertThrows } from "@std/assert";
import { data } from "./data.ts";

Deno.test("data has zeros where it is told to, and is the same elsewhere", () => {
  const [plain, holed] = [data(10_000, 1), data(10_000, 1, [[4096, "1k"], [9000, 5000]])];
  const expected = plain.slice().fill(0, 4096, 5120).fill(0, 9000);
  assertEquals(holed, expected);
  assertEquals(data(5, 1, [[0, 5]]), new Uint8Array(5));
  assertThrows(() => data(5, 1, [[-1, 5]]), RangeError);
});

Deno.test("longer data of a seed begins with the shorter", () => {
  assertEquals(data(1000, "a").subarray(0, 333), data(333, "a"));
});
