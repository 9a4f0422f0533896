import { assertEquals } from "@std/assert";
import { RecentMap } from "./recent_map.ts";

Deno.test("a recent map keeps the entries that were set last", () => {
  const map = new RecentMap<string, number>(2);
  map.set("a", 1).set("b", 2).set("a", 3).set("c", 4);
  assertEquals([...map], [["a", 3], ["c", 4]]);
});

Deno.test("of what it lets go it counts what would still have been needed", () => {
  const map = new RecentMap<string, number>(1, (value) => value > 1);
  map.set("a", 1).set("b", 2).set("b", 3).set("c", 4);
  assertEquals(map.lost, 1);
});
