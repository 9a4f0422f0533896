import { assert, assertEquals, assertFalse } from "@std/assert";
import { MAX_CREDITS, MAX_WINDOW } from "./limits.ts";
import { SequenceWindow } from "./sequence_window.ts";

Deno.test("a window starts with message 0 and gives it out once", () => {
  const window = new SequenceWindow();
  assertFalse(window.take(1n, 1));
  assert(window.take(0n, 1));
  assertFalse(window.take(0n, 1));
  assertEquals(window.available, 0);
});

Deno.test("a client that would have none left gets one even if it asks for none", () => {
  const window = new SequenceWindow();
  window.take(0n, 1);
  assertEquals(window.grant(0), 1);
  assertEquals(window.grant(0), 0);
});

Deno.test("a charge of several takes all its ids or none", () => {
  const window = new SequenceWindow();
  window.grant(9);
  assert(window.take(3n, 2));
  assertFalse(window.take(2n, 2));
  assert(window.take(2n, 1));
  assertFalse(window.take(8n, 3));
  assertEquals(window.available, 7);
});

Deno.test("credits and the window's width are bounded, whatever is asked for", () => {
  const window = new SequenceWindow();
  assertEquals(window.grant(65_535), MAX_CREDITS - 1);
  assertEquals(window.grant(65_535), 0);
  // Message 0 is never used: the window cannot move on past its width.
  let next = 1n;
  while (window.take(next, 1)) {
    next++;
    window.grant(1);
  }
  assertEquals(next, BigInt(MAX_WINDOW));
});

Deno.test("a random run never accepts an id twice and never holds more than was granted", () => {
  let state = 42;
  const random = (below: number) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state % below;
  };
  const window = new SequenceWindow();
  const used = new Set<bigint>();
  let granted = 1;
  for (let step = 0; step < 5000; step++) {
    const id = BigInt(random(granted + 3));
    const count = 1 + random(3);
    const ids = Array.from({ length: count }, (_, i) => id + BigInt(i));
    const expected = ids.every((it) => it < BigInt(granted) && !used.has(it));
    assertEquals(window.take(id, count), expected);
    if (expected) { for (const it of ids) used.add(it); }
    if (random(3) === 0) granted += window.grant(random(5));
    assertEquals(window.available, granted - used.size);
  }
});
