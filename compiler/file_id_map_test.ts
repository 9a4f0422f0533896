import { assertEquals } from "@std/assert";
import { FileIdMap } from "./file_id_map.ts";

Deno.test("ids that share a half are different ids", () => {
  const map = new FileIdMap<string>();
  map.set({ persistent: 1n, volatile: 2n }, "a");
  map.set({ persistent: 3n, volatile: 2n }, "b");
  map.set({ persistent: 1n, volatile: 4n }, "c");
  map.set({ persistent: 1n, volatile: 2n }, "d");
  const all = () =>
    [[1n, 2n], [3n, 2n], [1n, 4n], [3n, 4n]].map(([persistent, volatile]) =>
      map.get({ persistent: persistent!, volatile: volatile! })
    );
  assertEquals(all(), ["d", "b", "c", undefined]);
  map.delete({ persistent: 3n, volatile: 2n });
  assertEquals(all(), ["d", undefined, "c", undefined]);
  map.delete({ persistent: 9n, volatile: 2n });
  map.delete({ persistent: 1n, volatile: 2n });
  assertEquals(all(), [undefined, undefined, "c", undefined]);
});

Deno.test("what need not be kept is taken out, wherever it is", () => {
  const map = new FileIdMap<number>();
  for (let id = 0; id < 12; id++) {
    map.set({ persistent: BigInt(id), volatile: BigInt(id % 3) }, id);
  }
  assertEquals(map.size, 12);
  map.keepOnly((value) => value % 2 === 0 && value !== 6);
  assertEquals(map.size, 5);
  const left = Array.from(
    { length: 12 },
    (_, id) => map.get({ persistent: BigInt(id), volatile: BigInt(id % 3) }),
  );
  assertEquals(left.filter((value) => value !== undefined), [0, 2, 4, 8, 10]);
});
