import { assertEquals, assertThrows } from "@std/assert";
import { LoadError, parseLoad } from "./load_options.ts";

Deno.test("without a word about load there is none", () => {
  assertEquals(parseLoad(undefined), null);
  assertEquals(parseLoad(undefined, {}), null);
});

Deno.test("the command line alone says what kind of load it means", () => {
  const executors = [
    [{ users: 5 }, "per-user-iterations"],
    [{ users: 5, iterations: 20 }, "shared-iterations"],
    [{ users: 5, duration: "1m" }, "constant-users"],
    [{ stages: "10s:5,1m:5,5s:0" }, "ramping-users"],
    [{ rate: 50, duration: "10s", maxUsers: 100 }, "constant-arrival-rate"],
  ] as const;
  for (const [overrides, executor] of executors) {
    assertEquals(parseLoad(undefined, overrides)?.shape.executor, executor);
  }
});

Deno.test("the command line replaces members of what the scenario says", () => {
  const own = { executor: "ramping-users", startUsers: 3, stages: [{ duration: "1m", target: 9 }] };
  assertEquals(parseLoad(own, { stages: "2s:4" })?.shape, {
    executor: "ramping-users",
    startUsers: 3,
    stages: [{ seconds: 2, target: 4 }],
  });
  assertEquals(parseLoad(own, { stagger: "3s" })?.stagger, 3);
});

Deno.test("what the scenario's executor has no word for chooses another one", () => {
  const own = { executor: "constant-users", users: 10, duration: "1m" };
  assertEquals(parseLoad(own, { users: 2, iterations: 8 })?.shape, {
    executor: "shared-iterations",
    users: 2,
    iterations: 8,
    maxSeconds: 600,
  });
});

Deno.test("rates are per second, whatever their unit", () => {
  const own = {
    executor: "constant-arrival-rate",
    rate: 120,
    timeUnit: "1m",
    duration: "30s",
    maxUsers: 5,
  };
  assertEquals(parseLoad(own)?.shape, {
    executor: "constant-arrival-rate",
    rate: 2,
    seconds: 30,
    maxUsers: 5,
  });
});

Deno.test("a think time is a length, or two between which it varies", () => {
  assertEquals(parseLoad(undefined, { users: 1, think: "2s" })?.think, { min: 2, max: 2 });
  assertEquals(parseLoad(undefined, { users: 1, think: "500ms..2s" })?.think, { min: 0.5, max: 2 });
});

Deno.test("what is no load is refused with the member that is wrong", () => {
  const wrong: readonly (readonly [unknown, Parameters<typeof parseLoad>[1], string])[] = [
    [{ executor: "constant-vus", users: 5, duration: "1s" }, {}, "executor"],
    [{ executor: "constant-users", users: 0, duration: "1s" }, {}, "users"],
    [{ executor: "constant-users", users: 5, duration: "soon" }, {}, "duration"],
    [{ executor: "constant-users", users: 5, duration: "1s", vus: 3 }, {}, "vus"],
    [{ executor: "ramping-users", stages: [] }, {}, "stages"],
    [undefined, { stages: "10s" }, "10s"],
    [undefined, { rate: 5, duration: "1s" }, "maxUsers"],
    [undefined, { users: 1, think: "2s..1s" }, "think time"],
  ];
  for (const [own, overrides, said] of wrong) {
    assertThrows(() => parseLoad(own, overrides), LoadError, said);
  }
});
