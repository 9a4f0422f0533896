import { assert, assertEquals } from "@std/assert";
import { Heaviest, OTHERS, SpreadCounter, Tally } from "./inspect_tables.ts";

Deno.test("a spread of few values is exact, of many within its step", () => {
  const few = new SpreadCounter();
  assertEquals(few.spread, null);
  for (const value of [0.003, 0.001, 0.002]) few.add(value);
  assertEquals(few.spread, { count: 3, min: 0.001, median: 0.002, p95: 0.003, max: 0.003 });
  const many = new SpreadCounter();
  for (let value = 1; value <= 10_000; value++) many.add(value / 1000);
  const { count, min, median, p95, max } = many.spread!;
  assertEquals([count, min, max], [10_000, 0.001, 10]);
  assert(Math.abs(median - 5) < 0.06 && Math.abs(p95 - 9.5) < 0.1, `${median} ${p95}`);
});

Deno.test("a tally counts what is beyond its limit together", () => {
  const tally = new Tally(2);
  for (const name of ["a", "b", "c", "d", "b"]) tally.add(name);
  assertEquals(tally.counts, { b: 2, [OTHERS]: 2, a: 1 });
});

Deno.test("of too many rows the heaviest stay", () => {
  const rows = new Heaviest<{ name: string; weight: number }>(10, ({ weight }) => weight);
  for (let round = 0; round < 3; round++) {
    for (let index = 0; index < 100; index++) {
      const name = `row ${index}`;
      rows.of(name, () => ({ name, weight: 0 })).weight += index < 5 ? 100 : 1;
    }
  }
  assertEquals(rows.isWhole, false);
  assertEquals(rows.top(5).map(({ name }) => name).sort(), [0, 1, 2, 3, 4].map((i) => `row ${i}`));
  assertEquals(rows.top(5).map(({ weight }) => weight), [300, 300, 300, 300, 300]);
});
