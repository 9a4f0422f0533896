import { assertEquals } from "@std/assert";
import { SparseMap } from "./sparse_map.ts";

Deno.test("a sparse map does what a map does, in the same order", () => {
  const sparse = new SparseMap<number, string>();
  const map = new Map<number, string>();
  const steps: [number, string | null][] = [
    [1, "a"],
    [1, "b"],
    [2, "c"],
    [3, null],
    [1, null],
    [2, "d"],
    [2, null],
    [4, "e"],
    [5, "f"],
    [4, "g"],
    [5, null],
    [4, null],
  ];
  for (const [key, value] of steps) {
    if (value === null) {
      assertEquals(sparse.take(key), map.get(key));
      map.delete(key);
    } else {
      sparse.set(key, value);
      map.set(key, value);
    }
    assertEquals([...sparse], [...map]);
    assertEquals([...sparse.values()], [...map.values()]);
    assertEquals([sparse.size, sparse.has(key), sparse.get(key)], [
      map.size,
      map.has(key),
      map.get(key),
    ]);
  }
});
