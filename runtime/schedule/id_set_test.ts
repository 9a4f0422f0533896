import { assertEquals } from "@std/assert";
import { IdSet } from "./id_set.ts";

Deno.test("a set of numbers has what was added and nothing beside it", () => {
  const ids = new IdSet();
  const added = [0, 31, 32, 2047, 2048, 1_000_000, 2 ** 40 + 5, 2 ** 53 - 1];
  for (const id of added) ids.add(id);
  const asked = added.flatMap((id) => [id - 1, id, id + 1]).filter((id) => id >= 0);
  assertEquals(asked.filter((id) => ids.has(id)), asked.filter((id) => added.includes(id)));
});
