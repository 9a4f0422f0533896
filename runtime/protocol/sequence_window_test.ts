import { assert, assertEquals } from "@std/assert";
import { SequenceWindow } from "./sequence_window.ts";

/** Deterministic numbers, so that a failure can be repeated. */
function generator(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state % below;
  };
}

Deno.test("message ids are never used twice and never beyond what was granted", () => {
  for (let seed = 1; seed <= 20; seed++) {
    const random = generator(seed);
    const window = new SequenceWindow();
    const used = new Set<number>();
    let granted = 1;
    for (let i = 0; i < 2000; i++) {
      if (random(3) === 0) {
        const credits = random(20);
        window.grant(credits);
        granted += credits;
      }
      const charge = random(9);
      const before = window.available;
      const first = window.take(charge);
      const count = Math.max(1, charge);
      assertEquals(first === null, count > before);
      if (first === null) continue;
      for (let id = first; id < first + count; id++) {
        assert(!used.has(id), `message id ${id} was used before`);
        assert(id < granted, `message id ${id} was not granted`);
        used.add(id);
      }
    }
    assertEquals(used.size + window.available, granted);
  }
});

Deno.test("a request without charge takes one id", () => {
  const window = new SequenceWindow();
  assertEquals([window.take(0), window.take(0)], [0, null]);
});
