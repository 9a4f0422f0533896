import { assert, assertEquals } from "@std/assert";
import { PreciseClock } from "./clock.ts";

/** A clock whose timers fire early or late as told, and which counts the turns that it was asked for. */
class FakeParts {
  time = 0;
  turns = 0;
  timers: { at: number; callback: () => void }[] = [];
  readonly error: number;

  constructor(error = 0) {
    this.error = error;
  }

  now(): number {
    return this.time;
  }

  timer(callback: () => void, milliseconds: number): void {
    this.timers.push({ at: this.time + Math.max(milliseconds + this.error, 0.1), callback });
  }

  turn(callback: () => void): void {
    this.turns++;
    this.timers.push({ at: this.time + 0.25, callback });
  }

  /** Fires timers until none is left; promises settle in between. */
  async run(): Promise<void> {
    for (let i = 0; i < 100_000; i++) {
      await Promise.resolve();
      this.timers.sort((a, b) => a.at - b.at);
      const next = this.timers.shift();
      if (next === undefined) return;
      this.time = Math.max(this.time, next.at);
      next.callback();
    }
    throw new Error("Cannot finish: the clock never stops asking");
  }
}

for (const error of [0, -0.95, 0.5, 1.9]) {
  Deno.test(`a wait ends at its moment although timers are off by ${error} ms`, async () => {
    const parts = new FakeParts(error);
    const clock = new PreciseClock(parts);
    const ended: number[] = [];
    const waits = [500, 20, 20, 3.5].map((at) =>
      clock.until(at).then(() => ended.push(clock.now() - at))
    );
    await parts.run();
    await Promise.all(waits);
    assertEquals(ended.length, 4);
    for (const late of ended) assert(late >= 0 && late <= 0.25, `late by ${late}`);
    assert(parts.turns < 60, `${parts.turns} turns`);
  });
}

Deno.test("a moment that has passed needs no timer", async () => {
  const parts = new FakeParts();
  parts.time = 10;
  await new PreciseClock(parts).until(10);
  assertEquals(parts.timers.length, 0);
});

Deno.test("a wait that is set later and due earlier is not held up", async () => {
  const parts = new FakeParts();
  const clock = new PreciseClock(parts);
  const ended: string[] = [];
  const late = clock.until(1000).then(() => ended.push("late"));
  const early = clock.until(10).then(() => ended.push("early"));
  await parts.run();
  await Promise.all([late, early]);
  assertEquals(ended, ["early", "late"]);
});
