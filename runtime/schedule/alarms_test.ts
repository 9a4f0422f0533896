import { assertEquals } from "@std/assert";
import { Alarms } from "./alarms.ts";

Deno.test("alarms ring in order of time, and of setting when the times are equal", () => {
  const alarms = new Alarms();
  const rung: string[] = [];
  let state = 12345;
  const expected: { at: number; name: string; index: number }[] = [];
  for (let index = 0; index < 500; index++) {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    const at = state % 50;
    expected.push({ at, name: `${at}/${index}`, index });
    alarms.set(at, () => rung.push(`${at}/${index}`));
  }
  expected.sort((a, b) => a.at - b.at || a.index - b.index);
  assertEquals(alarms.advance(49), { kind: "idle" });
  assertEquals(rung, expected.map((alarm) => alarm.name));
});

Deno.test("nothing rings before its moment, and the last 2 ms are spun", () => {
  const alarms = new Alarms();
  let rung = 0;
  alarms.set(100, () => rung++);
  assertEquals(alarms.advance(0), { kind: "sleep", milliseconds: 98 });
  assertEquals(alarms.advance(97.5), { kind: "sleep", milliseconds: 0.5 });
  assertEquals(alarms.advance(98), { kind: "spin" });
  assertEquals(alarms.advance(99.999), { kind: "spin" });
  assertEquals(rung, 0);
  assertEquals(alarms.advance(100), { kind: "idle" });
  assertEquals(rung, 1);
});

Deno.test("a very far moment is slept in parts", () => {
  const alarms = new Alarms();
  alarms.set(1e12, () => {});
  assertEquals(alarms.advance(0), { kind: "sleep", milliseconds: 60_000 });
});

Deno.test("an alarm may set another one while it rings", () => {
  const alarms = new Alarms();
  const rung: number[] = [];
  alarms.set(1, () => {
    rung.push(1);
    alarms.set(2, () => rung.push(2));
    alarms.set(9, () => rung.push(9));
  });
  assertEquals(alarms.advance(3), { kind: "sleep", milliseconds: 4 });
  assertEquals(rung, [1, 2]);
  assertEquals(alarms.size, 1);
});
