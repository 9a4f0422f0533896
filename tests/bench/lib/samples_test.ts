import { assertEquals } from "@std/assert";
import { median, ratioOf } from "./samples.ts";

Deno.test("the median is the middle one, whatever the order", () => {
  assertEquals(median([9, 1, 5]), 5);
  assertEquals(median([]), NaN);
});

Deno.test("a ratio is of the medians, its spread of the pairs of rounds", () => {
  assertEquals(ratioOf([10, 20, 60], [10, 40, 20]), { ratio: 1, least: 0.5, most: 3 });
});
