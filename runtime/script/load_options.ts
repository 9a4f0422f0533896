/** How load is asked for: by the scenario's `load`, by the command line, or by both; checked, in seconds. */
import { z } from "zod";
import type { Shape } from "../schedule/mod.ts";
import { duration } from "./units.ts";

/** What the command line says about load; it replaces what the scenario says. */
export interface LoadOverrides {
  readonly executor?: string;
  readonly users?: number;
  readonly iterations?: number;
  readonly duration?: number | string;
  /** Iterations per second. */
  readonly rate?: number;
  /** `"30s:100,1m:100"`: durations and targets. */
  readonly stages?: string;
  readonly maxUsers?: number;
  readonly stagger?: number | string;
  /** `"1s"` or `"500ms..2s"`. */
  readonly think?: string;
  readonly gracefulStop?: number | string;
}

/** A checked order for load; times are in seconds. */
export interface LoadPlan {
  readonly shape: Shape;
  /** When the shape begins, after the run's beginning. */
  readonly startTime: number;
  /** Time over which the beginning of the users is spread. */
  readonly stagger: number;
  /** How long iterations may go on when the shape has ended. */
  readonly gracefulStop: number;
  /** Waits between two iterations of a user, chosen at random between the two. */
  readonly think: { readonly min: number; readonly max: number };
}

/** The order for load is not one. */
export class LoadError extends Error {
  override readonly name = "LoadError";
}

const DEFAULT_MAX_DURATION = 600;
const DEFAULT_GRACEFUL_STOP = 30;

/** More users are a mistake of somebody's: ports of one address end before. */
const MAX_USERS = 100_000;

const time = z.union([z.number(), z.string()]).transform((value, context) => {
  try {
    return duration(value);
  } catch {
    context.addIssue({ code: "custom", message: `${JSON.stringify(value)} is no length of time` });
    return z.NEVER;
  }
});
const count = z.number().int().min(1);
const users = count.max(MAX_USERS);
const rate = z.number().positive().max(1e6);
const think = z.union([
  time.transform((value) => ({ min: value, max: value })),
  z.strictObject({ min: time, max: time }),
]);

const common = {
  startTime: time.default(0),
  stagger: time.default(0),
  gracefulStop: time.default(DEFAULT_GRACEFUL_STOP),
  thinkTime: think.default({ min: 0, max: 0 }),
};
const timeUnit = time.default(1);

const schema = z.discriminatedUnion("executor", [
  z.strictObject({
    executor: z.literal("shared-iterations"),
    users: users.default(1),
    iterations: count.default(1),
    maxDuration: time.default(DEFAULT_MAX_DURATION),
    ...common,
  }),
  z.strictObject({
    executor: z.literal("per-user-iterations"),
    users: users.default(1),
    iterations: count.default(1),
    maxDuration: time.default(DEFAULT_MAX_DURATION),
    ...common,
  }),
  z.strictObject({
    executor: z.literal("replay"),
    users: users.default(1),
    maxDuration: time.default(Infinity),
    ...common,
  }),
  z.strictObject({
    executor: z.literal("constant-users"),
    users: users.default(1),
    duration: time,
    ...common,
  }),
  z.strictObject({
    executor: z.literal("ramping-users"),
    startUsers: z.number().int().min(0).max(MAX_USERS).default(1),
    stages: z.array(
      z.strictObject({ duration: time, target: z.number().int().min(0).max(MAX_USERS) }),
    ).min(1),
    ...common,
  }),
  z.strictObject({
    executor: z.literal("constant-arrival-rate"),
    rate,
    timeUnit,
    duration: time,
    maxUsers: users,
    ...common,
  }),
  z.strictObject({
    executor: z.literal("ramping-arrival-rate"),
    startRate: z.number().min(0).max(1e6).default(0),
    timeUnit,
    stages: z.array(z.strictObject({ duration: time, target: z.number().min(0).max(1e6) })).min(1),
    maxUsers: users,
    ...common,
  }),
]);

type Checked = z.infer<typeof schema>;

/** Names of the executors. */
export const EXECUTORS: readonly string[] = schema.options.map((option) =>
  option.shape.executor.value
);

/**
 * Unites what the scenario and the command line say.
 *
 * @returns Null when neither asks for load.
 * @throws {LoadError} When what they say is not an order for load.
 *
 * @example
 * ```ts
 * import { parseLoad } from "./load_options.ts";
 *
 * const plan = parseLoad({ executor: "constant-users", users: 10, duration: "1m" }, { users: 25 });
 * if (plan?.shape.executor !== "constant-users" || plan.shape.users !== 25) throw new Error();
 * ```
 */
export function parseLoad(own: unknown, overrides: LoadOverrides = {}): LoadPlan | null {
  const given = overridden(overrides);
  if (own === undefined && Object.keys(given).length === 0) return null;
  const executor = given.executor ?? executorOf(given, own);
  const kept = typeof own === "object" && own !== null && "executor" in own &&
      own.executor === executor
    ? own
    : {};
  const parsed = schema.safeParse({ ...kept, ...given, executor });
  if (!parsed.success) throw new LoadError(`Cannot put load on: ${problemText(parsed.error)}`);
  const { data } = parsed;
  const { thinkTime } = data;
  if (thinkTime.max < thinkTime.min) {
    throw new LoadError("Cannot put load on: the longest think time is below the shortest");
  }
  return {
    shape: shapeOf(data),
    startTime: data.startTime,
    stagger: data.stagger,
    gracefulStop: data.gracefulStop,
    think: thinkTime,
  };
}

/** The overrides as members of the scenario's form. */
function overridden(overrides: LoadOverrides): Record<string, unknown> {
  const { stages, think: pause, ...rest } = overrides;
  const given: Record<string, unknown> = Object.fromEntries(
    Object.entries(rest).filter(([, value]) => value !== undefined),
  );
  if (stages !== undefined) given.stages = stages.split(",").map(stageOf);
  if (pause !== undefined) {
    const [min = "", max = min] = pause.split("..");
    given.thinkTime = { min, max };
  }
  return given;
}

function stageOf(text: string): { duration: string; target: number } {
  const [length = "", target = ""] = text.trim().split(":");
  if (target.trim() === "" || Number.isNaN(Number(target))) {
    throw new LoadError(
      `Cannot read stage ${
        JSON.stringify(text)
      }: a duration and a target such as 30s:100 are needed`,
    );
  }
  return { duration: length, target: Number(target) };
}

/** What the given members speak of: the names are k6's, and so is this choice. */
function executorOf(given: Record<string, unknown>, own: unknown): string {
  const named = typeof own === "object" && own !== null && "executor" in own
    ? String(own.executor)
    : null;
  const fits = (executor: string) => {
    const option = schema.options.find(({ shape }) => shape.executor.value === executor);
    return option !== undefined && Object.keys(given).every((name) => name in option.shape);
  };
  if ("iterations" in given) return "shared-iterations";
  if (named !== null && (fits(named) || Object.keys(given).length === 0)) return named;
  if ("stages" in given) return "rate" in given ? "ramping-arrival-rate" : "ramping-users";
  if ("rate" in given) return "constant-arrival-rate";
  if ("duration" in given) return "constant-users";
  return "per-user-iterations";
}

function shapeOf(data: Checked): Shape {
  switch (data.executor) {
    case "shared-iterations":
    case "per-user-iterations":
      return {
        executor: data.executor,
        users: data.users,
        iterations: data.iterations,
        maxSeconds: data.maxDuration,
      };
    case "replay":
      return {
        executor: "per-user-iterations",
        users: data.users,
        iterations: 1,
        maxSeconds: data.maxDuration,
      };
    case "constant-users":
      return { executor: data.executor, users: data.users, seconds: data.duration };
    case "ramping-users":
      return {
        executor: data.executor,
        startUsers: data.startUsers,
        stages: data.stages.map((stage) => ({ seconds: stage.duration, target: stage.target })),
      };
    case "constant-arrival-rate":
      return {
        executor: data.executor,
        rate: data.rate / data.timeUnit,
        seconds: data.duration,
        maxUsers: data.maxUsers,
      };
    case "ramping-arrival-rate":
      return {
        executor: data.executor,
        startRate: data.startRate / data.timeUnit,
        stages: data.stages.map((stage) => ({
          seconds: stage.duration,
          target: stage.target / data.timeUnit,
        })),
        maxUsers: data.maxUsers,
      };
  }
}

function problemText(error: z.ZodError): string {
  return error.issues.map(({ path, message }) =>
    path.length === 0 ? message : `${path.join(".")}: ${message}`
  ).join("; ");
}
