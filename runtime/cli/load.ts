/** The options of `run` that put load on. */
import { LoadError, type LoadOverrides, parseLoad } from "../script/mod.ts";
import { lengthOf, mostUsers } from "../schedule/mod.ts";
import { CommandError, type Given, type Option, UsageError } from "./command.ts";
import { ExitCode } from "./exit_codes.ts";

/** Options of load. */
export const LOAD_OPTIONS: readonly Option[] = [
  { name: "users", value: "N", help: "users at the same time, each with connections of its own" },
  { name: "duration", value: "TIME", help: "how long users iterate, or iterations arrive" },
  { name: "iterations", value: "N", help: "iterations, shared among the users" },
  { name: "rate", value: "N", help: "iterations per second, whatever the server does" },
  {
    name: "stages",
    value: "LIST",
    help: "ramp, as in 30s:100,5m:100,10s:0: durations and numbers of users (or iterations/s)",
  },
  {
    name: "executor",
    value: "NAME",
    help: "kind of load, where the others do not tell: k6's names, with users for VUs",
  },
  { name: "max-users", value: "N", help: "users that carry out a rate of iterations" },
  { name: "stagger", value: "TIME", help: "time over which the beginning of the users is spread" },
  { name: "think", value: "TIME", help: "wait between iterations, as in 2s or 500ms..2s" },
  {
    name: "graceful-stop",
    value: "TIME",
    help: "how long iterations may go on when the time is over; 30s unless given",
  },
  { name: "max-concurrent", value: "N", help: "most operations in flight, of all users together" },
  {
    name: "isolate",
    value: "WHAT",
    help: "path: each user in a directory of its own, made before the run",
  },
  {
    name: "shared-ratio",
    value: "0..1",
    help: "with --isolate path: part of the paths that all users share nevertheless",
  },
  { name: "workers", value: "N", help: "threads that users are spread over; one per processor" },
  {
    name: "users-csv",
    value: "FILE",
    help:
      "accounts of the users, a line user,password[,domain] each; without load that of the user whom " +
      "a login names, else the first",
  },
];

/** What the command line says about load. */
export interface LoadSettings {
  readonly overrides: LoadOverrides;
  readonly isolate: boolean;
  readonly sharedRatio: number;
  readonly maxConcurrent: number | undefined;
  readonly workers: number;
}

/**
 * Reads the options.
 *
 * @throws {UsageError} When a value is not of its kind.
 */
export function readLoadSettings(given: Given): LoadSettings {
  const isolate = given.value("isolate");
  if (isolate !== undefined && isolate !== "path") {
    throw new UsageError(`Cannot run with --isolate ${isolate}: known is path`);
  }
  const ratio = given.value("shared-ratio");
  const sharedRatio = ratio === undefined ? 0 : Number(ratio);
  if (!(sharedRatio >= 0 && sharedRatio <= 1)) {
    throw new UsageError(`Cannot run with --shared-ratio ${ratio}: a number from 0 to 1 is needed`);
  }
  if (ratio !== undefined && isolate === undefined) {
    throw new UsageError("Cannot run with --shared-ratio alone: it goes with --isolate path");
  }
  const overrides = {
    executor: given.value("executor"),
    users: whole(given, "users"),
    iterations: whole(given, "iterations"),
    duration: given.value("duration"),
    rate: positive(given, "rate"),
    stages: given.value("stages"),
    maxUsers: whole(given, "max-users"),
    stagger: given.value("stagger"),
    think: given.value("think"),
    gracefulStop: given.value("graceful-stop"),
  };
  return {
    overrides: Object.fromEntries(
      Object.entries(overrides).filter(([, value]) => value !== undefined),
    ),
    isolate: isolate === "path",
    sharedRatio,
    maxConcurrent: whole(given, "max-concurrent"),
    workers: whole(given, "workers") ?? navigator.hardwareConcurrency,
  };
}

/**
 * How many users a run has at most, and for how long; null without load.
 *
 * @throws {UsageError} When scenario and command line together say nothing that can be run.
 */
export function loadOf(
  subject: { readonly shape: unknown; readonly shapes: readonly unknown[] | null },
  settings: LoadSettings,
): { readonly users: number; readonly seconds: number } | null {
  if (subject.shapes === null) return loadOfOne(subject.shape, settings);
  if (Object.keys(settings.overrides).length > 0) {
    throw new UsageError("Cannot put load on a suite: its scenarios have their own");
  }
  const loads = subject.shapes.flatMap((own) =>
    own === undefined ? [] : loadOfOne(own, settings) ?? []
  );
  if (loads.length === 0) return null;
  return {
    users: Math.max(...loads.map(({ users }) => users)),
    seconds: Math.max(...loads.map(({ seconds }) => seconds)),
  };
}

function loadOfOne(own: unknown, settings: LoadSettings): ReturnType<typeof loadOf> {
  try {
    const plan = parseLoad(own, settings.overrides);
    if (plan === null) {
      if (settings.isolate) {
        throw new UsageError("Cannot run with --isolate path: one user alone is not isolated", {
          hint: "say how many with --users",
        });
      }
      return null;
    }
    return { users: mostUsers(plan.shape), seconds: plan.startTime + lengthOf(plan.shape) };
  } catch (error) {
    if (!(error instanceof LoadError)) throw error;
    // What the scenario says alone is the scenario's mistake.
    if (Object.keys(settings.overrides).length > 0) throw new UsageError(error.message);
    throw new CommandError(ExitCode.INVALID_CONFIG, error.message);
  }
}

function whole(given: Given, name: string): number | undefined {
  const number = positive(given, name);
  if (number !== undefined && !Number.isInteger(number)) {
    throw new UsageError(`Cannot run with --${name} ${number}: a whole number is needed`);
  }
  return number;
}

function positive(given: Given, name: string): number | undefined {
  const text = given.value(name);
  if (text === undefined) return undefined;
  const number = Number(text);
  if (!Number.isFinite(number) || number <= 0) {
    throw new UsageError(`Cannot run with --${name} ${text}: a positive number is needed`);
  }
  return number;
}
