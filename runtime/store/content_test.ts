import { assert, assertEquals, assertThrows } from "@std/assert";
import { PagedContent, SpaceBudget } from "./content.ts";
import { StoreError } from "./errors.ts";
import { MAX_FILE_SIZE } from "./limits.ts";

/** xorshift32: the same numbers on every machine. */
function randomNumbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

Deno.test("content behaves like one array of bytes under random operations", () => {
  const space = 400_000;
  for (let seed = 1; seed <= 12; seed++) {
    const random = randomNumbers(seed * 7919);
    const budget = new SpaceBudget(64 * 2 ** 20);
    const content = new PagedContent(budget);
    const model = new Uint8Array(space);
    let size = 0;
    for (let step = 0; step < 300; step++) {
      const offset = random(space / 2);
      const length = random(random(4) === 0 ? space / 2 : 2000);
      switch (random(5)) {
        case 0:
        case 1: {
          const data = new Uint8Array(length).fill(1 + random(255));
          content.write(offset, data);
          model.set(data, offset);
          if (length > 0) size = Math.max(size, offset + length);
          break;
        }
        case 2:
          content.truncate(offset);
          if (offset < size) model.fill(0, offset, size);
          size = offset;
          break;
        case 3:
          content.zero(offset, length);
          model.fill(0, offset, Math.min(offset + length, Math.max(size, offset)));
          break;
        default:
          assertEquals(
            content.read(offset, length),
            model.slice(offset, Math.max(offset, Math.min(offset + length, size))),
          );
      }
      assertEquals(content.size, size);
      assertEquals(budget.used, content.stored);
    }
    assertEquals(content.read(0, space), model.slice(0, size));
    content.clear();
    assertEquals(budget.used, 0);
  }
});

Deno.test("a write far behind the end leaves a hole that costs nothing", () => {
  const budget = new SpaceBudget(2 ** 20);
  const content = new PagedContent(budget);
  content.write(2 ** 40, new Uint8Array([7]));
  assertEquals(content.size, 2 ** 40 + 1);
  assert(budget.used <= 65_536);
  assertEquals(content.read(2 ** 40 - 1, 9), new Uint8Array([0, 7]));
  assertEquals(content.allocatedRanges(0, 2 ** 41), [{ offset: 2 ** 40, length: 1 }]);
  content.zero(0, 2 ** 41);
  assertEquals(content.size, 2 ** 40 + 1);
  assertEquals(budget.used, 0);
});

Deno.test("many small files take little more room than their bytes", () => {
  const budget = new SpaceBudget(2 ** 20);
  const content = new PagedContent(budget);
  content.write(0, new Uint8Array(100));
  assertEquals(budget.used, 512);
  content.write(100, new Uint8Array(1000));
  assertEquals(budget.used, 2048);
});

Deno.test("a write beyond the budget changes nothing and says so", () => {
  const budget = new SpaceBudget(100_000);
  const content = new PagedContent(budget);
  content.write(0, new Uint8Array(1000).fill(1));
  const error = assertThrows(() => content.write(500, new Uint8Array(150_000)), StoreError);
  assertEquals(error.code, "noSpace");
  assertEquals(content.size, 1000);
  assertEquals(content.read(0, 2000), new Uint8Array(1000).fill(1));
  const large = assertThrows(() => content.write(MAX_FILE_SIZE, new Uint8Array(1)), StoreError);
  assertEquals(large.code, "fileTooLarge");
});

Deno.test("allocated ranges join neighbours and are cut to what was asked for", () => {
  const content = new PagedContent(new SpaceBudget(2 ** 20));
  content.write(0, new Uint8Array(131_072));
  content.truncate(327_680);
  content.write(262_144, new Uint8Array(10));
  assertEquals(content.allocatedRanges(1000, 300_000), [
    { offset: 1000, length: 130_072 },
    { offset: 262_144, length: 38_856 },
  ]);
});
