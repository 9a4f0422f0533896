import { assertAlmostEquals, assertEquals } from "@std/assert";
import {
  arrivals,
  lengthOf,
  mostUsers,
  quota,
  type Shape,
  shareOf,
  userChanges,
} from "./shapes.ts";

const RAMP: Shape = {
  executor: "ramping-users",
  startUsers: 2,
  stages: [{ seconds: 4, target: 6 }, { seconds: 10, target: 6 }, { seconds: 6, target: 0 }],
};

const RATE_RAMP: Shape = {
  executor: "ramping-arrival-rate",
  startRate: 0,
  stages: [{ seconds: 10, target: 20 }, { seconds: 5, target: 20 }, { seconds: 10, target: 0 }],
  maxUsers: 50,
};

const SHAPES: readonly Shape[] = [
  RAMP,
  RATE_RAMP,
  { executor: "shared-iterations", users: 3, iterations: 10, maxSeconds: 60 },
  { executor: "per-user-iterations", users: 7, iterations: 4, maxSeconds: 60 },
  { executor: "constant-users", users: 5, seconds: 9 },
  { executor: "constant-arrival-rate", rate: 3.5, seconds: 4, maxUsers: 8 },
];

/** How many users run just after a moment. */
function running(shape: Shape, at: number): number {
  let count = 0;
  for (const change of userChanges(shape)) {
    if (change.at <= at) count += change.kind === "start" ? 1 : -1;
  }
  return count;
}

Deno.test("a ramp has as many users as its line says, at every moment", () => {
  const line = (t: number) => t <= 4 ? 2 + t : t <= 14 ? 6 : 6 - (t - 14);
  for (let t = 0.01; t < 20; t += 0.37) {
    assertEquals(running(RAMP, t), Math.ceil(line(t) - 1e-9), `at ${t} s`);
  }
  assertEquals(running(RAMP, 20), 0);
});

Deno.test("a ramp may jump, and may go up again", () => {
  const shape: Shape = {
    executor: "ramping-users",
    startUsers: 0,
    stages: [
      { seconds: 0, target: 4 },
      { seconds: 5, target: 4 },
      { seconds: 0, target: 1 },
      { seconds: 5, target: 1 },
      { seconds: 2, target: 3 },
    ],
  };
  assertEquals([running(shape, 0), running(shape, 4.9), running(shape, 5)], [4, 4, 1]);
  assertEquals([running(shape, 10.5), running(shape, 11.5), running(shape, 12)], [2, 3, 0]);
});

Deno.test("every user that starts stops once, after it has started", () => {
  for (const shape of SHAPES) {
    const state = new Map<number, boolean>();
    for (const { user, kind } of userChanges(shape)) {
      assertEquals(state.get(user) ?? false, kind === "stop", `${shape.executor}, user ${user}`);
      state.set(user, kind === "start");
    }
    assertEquals(state.size, mostUsers(shape));
    assertEquals([...state.values()].some((runs) => runs), false);
  }
});

Deno.test("arrivals come when the integral of the rate passes whole numbers", () => {
  const times = [...arrivals(RATE_RAMP)];
  assertEquals(times.length, 300);
  const integral = (t: number) =>
    t <= 10 ? t * t : t <= 15 ? 100 + 20 * (t - 10) : 200 + 20 * (t - 15) - (t - 15) ** 2;
  for (const { at, number } of times) assertAlmostEquals(integral(at), number, 1e-6);
  for (let i = 1; i < times.length; i++) {
    assertEquals(times[i]!.at > times[i - 1]!.at, true);
  }
});

Deno.test("a rate that is no whole number begins as many iterations as fit", () => {
  const shape: Shape = { executor: "constant-arrival-rate", rate: 3.5, seconds: 4, maxUsers: 8 };
  const times = [...arrivals(shape)].map(({ at }) => at);
  assertEquals(times.length, 14);
  assertAlmostEquals(times[13]!, 13 / 3.5, 1e-12);
});

Deno.test("workers together have every user, arrival and iteration once", () => {
  for (const shape of SHAPES) {
    const parts = [0, 1, 2].map((index) => ({ index, of: 3 }));
    const users = parts.flatMap((part) => userChanges(shape, part));
    assertEquals(
      users.map((change) => JSON.stringify(change)).sort(),
      userChanges(shape).map((change) => JSON.stringify(change)).sort(),
    );
    const numbers = parts.flatMap((part) => [...arrivals(shape, part)]);
    assertEquals(
      numbers.sort((one, other) => one.number - other.number),
      [...arrivals(shape)],
    );
    const quotas = parts.map((part) => quota(shape, part));
    const whole = quota(shape);
    assertEquals(
      whole,
      whole === null ? null : quotas.reduce<number>((sum, part) => sum + (part ?? 0), 0),
    );
  }
  assertEquals([shareOf(5, { index: 0, of: 2 }), shareOf(5, { index: 1, of: 2 })], [3, 2]);
  assertEquals(shareOf(1, { index: 2, of: 4 }), 0);
});

Deno.test("a shape of stages lasts as long as its stages", () => {
  assertEquals([lengthOf(RAMP), lengthOf(RATE_RAMP)], [20, 25]);
});
