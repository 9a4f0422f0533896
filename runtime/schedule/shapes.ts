/**
 * Load shapes: how many users run when, or when iterations begin. The names are k6's executors, with `users` for its VUs.
 * Everything here is a function of the shape: several workers, each with every n-th user or arrival, need not talk.
 */

/** One stretch of a ramp: the value goes from where it is to `target` in `seconds`, in a straight line. */
export interface Stage {
  readonly seconds: number;
  readonly target: number;
}

/** A fixed number of iterations; `users` of them at a time. */
export interface SharedIterations {
  readonly executor: "shared-iterations";
  readonly users: number;
  /** Of all users together. */
  readonly iterations: number;
  readonly maxSeconds: number;
}

/** Each user does the same number of iterations. */
export interface PerUserIterations {
  readonly executor: "per-user-iterations";
  readonly users: number;
  /** Of each user. */
  readonly iterations: number;
  readonly maxSeconds: number;
}

/** A fixed number of users, who iterate as long as the time lasts. */
export interface ConstantUsers {
  readonly executor: "constant-users";
  readonly users: number;
  readonly seconds: number;
}

/** A number of users that changes. */
export interface RampingUsers {
  readonly executor: "ramping-users";
  readonly startUsers: number;
  readonly stages: readonly Stage[];
}

/** Iterations that begin at a fixed rate, whether or not earlier ones have ended. */
export interface ConstantArrivalRate {
  readonly executor: "constant-arrival-rate";
  /** Iterations per second. */
  readonly rate: number;
  readonly seconds: number;
  /** Users that carry them out; where all are busy, the iteration is dropped and counted. */
  readonly maxUsers: number;
}

/** Iterations that begin at a rate that changes. */
export interface RampingArrivalRate {
  readonly executor: "ramping-arrival-rate";
  /** Iterations per second at the beginning; a stage's target is such a rate, too. */
  readonly startRate: number;
  readonly stages: readonly Stage[];
  readonly maxUsers: number;
}

/** A shape of load. */
export type Shape =
  | SharedIterations
  | PerUserIterations
  | ConstantUsers
  | RampingUsers
  | ConstantArrivalRate
  | RampingArrivalRate;

/** Which users and arrivals one of several workers has: those whose number leaves `index` when divided by `of`. */
export interface Segment {
  readonly index: number;
  readonly of: number;
}

/** The one who has everything. */
export const WHOLE: Segment = { index: 0, of: 1 };

/** A user begins or ends at a time. */
export interface UserChange {
  /** Seconds from the shape's start. */
  readonly at: number;
  /** Number of the user, from 0. */
  readonly user: number;
  readonly kind: "start" | "stop";
}

/** Most users that a shape ever has. */
export function mostUsers(shape: Shape): number {
  switch (shape.executor) {
    case "ramping-users":
      return Math.ceil(
        shape.stages.reduce((most, { target }) => Math.max(most, target), shape.startUsers),
      );
    case "constant-arrival-rate":
    case "ramping-arrival-rate":
      return shape.maxUsers;
    case "shared-iterations":
      return Math.min(shape.users, shape.iterations);
    default:
      return shape.users;
  }
}

/** Seconds that a shape lasts; for counted iterations the most that they may take. */
export function lengthOf(shape: Shape): number {
  switch (shape.executor) {
    case "shared-iterations":
    case "per-user-iterations":
      return shape.maxSeconds;
    case "constant-users":
    case "constant-arrival-rate":
      return shape.seconds;
    default:
      return shape.stages.reduce((sum, { seconds }) => sum + seconds, 0);
  }
}

/** Iterations that the segment has of a fixed number; null where the time ends them. */
export function quota(shape: Shape, segment: Segment = WHOLE): number | null {
  if (shape.executor === "shared-iterations") return shareOf(shape.iterations, segment);
  if (shape.executor === "per-user-iterations") {
    return shape.iterations * shareOf(shape.users, segment);
  }
  return null;
}

/** How many of the numbers from 0 to `count` - 1 the segment has. */
export function shareOf(count: number, { index, of }: Segment): number {
  return Math.max(0, Math.ceil((count - index) / of));
}

/**
 * When which users of the segment start and stop, in the order of time. Shapes of arrivals have all their users from the
 * beginning: these wait for work.
 *
 * @example
 * ```ts
 * const ramp = { executor: "ramping-users", startUsers: 0, stages: [{ seconds: 10, target: 2 }] } as const;
 * const starts = userChanges(ramp).filter(({ kind }) => kind === "start").map(({ at }) => at);
 * if (starts.join() !== "0,5") throw new Error(starts.join());
 * ```
 */
export function userChanges(shape: Shape, segment: Segment = WHOLE): UserChange[] {
  const end = lengthOf(shape);
  if (shape.executor !== "ramping-users") {
    const numbers = numbersOf(mostUsers(shape), segment);
    return [
      ...numbers.map((user) => ({ at: 0, user, kind: "start" as const })),
      ...numbers.map((user) => ({ at: end, user, kind: "stop" as const })),
    ];
  }
  const changes: UserChange[] = [];
  for (const user of numbersOf(mostUsers(shape), segment)) {
    let running = shape.startUsers > user;
    if (running) changes.push({ at: 0, user, kind: "start" });
    let begin = 0;
    let from = shape.startUsers;
    for (const { seconds, target } of shape.stages) {
      // A user runs while the line is above its number.
      const at = target === from ? begin : begin + seconds * ((user - from) / (target - from));
      if (!running && target > user) {
        changes.push({ at: Math.max(begin, at), user, kind: "start" });
        running = true;
      } else if (running && target <= user) {
        changes.push({ at: Math.min(Math.max(begin, at), begin + seconds), user, kind: "stop" });
        running = false;
      }
      begin += seconds;
      from = target;
    }
    if (running) changes.push({ at: end, user, kind: "stop" });
  }
  return changes.sort((one, other) => one.at - other.at || one.user - other.user);
}

/**
 * When iterations of the segment begin, in seconds from the shape's start: the moments at which the integral of the rate
 * passes whole numbers. Empty for shapes without a rate.
 *
 * @example
 * ```ts
 * const shape = { executor: "constant-arrival-rate", rate: 4, seconds: 1, maxUsers: 9 } as const;
 * const times = [...arrivals(shape)].map(({ at }) => at);
 * if (times.join() !== "0,0.25,0.5,0.75") throw new Error(times.join());
 * ```
 */
export function* arrivals(
  shape: Shape,
  segment: Segment = WHOLE,
): Generator<{ readonly at: number; readonly number: number }> {
  if (shape.executor === "constant-arrival-rate") {
    const count = Math.ceil(shape.rate * shape.seconds - 1e-9);
    for (let number = segment.index; number < count; number += segment.of) {
      yield { at: number / shape.rate, number };
    }
    return;
  }
  if (shape.executor !== "ramping-arrival-rate") return;
  let begin = 0;
  let from = shape.startRate;
  /** Arrivals before the stage. */
  let passed = 0;
  let number = segment.index;
  for (const { seconds, target } of shape.stages) {
    const total = passed + seconds * (from + target) / 2;
    for (; number < total - 1e-9; number += segment.of) {
      yield { at: begin + timeToArrive(number - passed, { from, target, seconds }), number };
    }
    begin += seconds;
    passed = total;
    from = target;
  }
}

/** Seconds until the integral of a line from `from` to `target` is `count`. */
function timeToArrive(
  count: number,
  line: { readonly from: number; readonly target: number; readonly seconds: number },
): number {
  const slope = (line.target - line.from) / line.seconds;
  if (slope === 0) return count / line.from;
  // count = from t + slope t^2 / 2, in the form that does not cancel.
  const root = Math.sqrt(Math.max(0, line.from ** 2 + 2 * slope * count));
  return 2 * count / (line.from + root) || 0;
}

function numbersOf(count: number, segment: Segment): number[] {
  const numbers: number[] = [];
  for (let number = segment.index; number < count; number += segment.of) numbers.push(number);
  return numbers;
}
