import { assertEquals, assertThrows } from "@std/assert";
import { Timeline } from "./timeline.ts";

Deno.test("speed divides recorded times and pauses", () => {
  const timeline = new Timeline({ speed: 4 });
  assertEquals([timeline.due(2), timeline.pause(2)], [500, 500]);
  assertEquals(new Timeline().due(2), 2000);
});

Deno.test("as soon as possible nothing is due and nothing pauses", () => {
  const timeline = new Timeline({ asap: true, speed: 0.5 });
  assertEquals([timeline.due(2), timeline.pause(2)], [null, 0]);
});

Deno.test("scaling keeps the order of recorded times", () => {
  const timeline = new Timeline({ speed: 3.7 });
  const recorded = [0, 1e-9, 0.25, 0.2500001, 17, 86400];
  const due = recorded.map((seconds) => timeline.due(seconds) as number);
  assertEquals(due, [...due].sort((a, b) => a - b));
});

Deno.test("a speed that is not positive is refused", () => {
  for (const speed of [0, -1, NaN, Infinity]) {
    assertThrows(() => new Timeline({ speed }), RangeError, "a positive number is needed");
  }
});
