/** The state of a run under way, in one line. */
import type { LoadRecord, Progress } from "../measure/mod.ts";
import { durationText, plural } from "../report/mod.ts";

/**
 * Users, operations and their rate, what went wrong, what is under way, and how late it is.
 *
 * @example
 * ```ts
 * const text = liveText({
 *   milliseconds: 2000,
 *   progress: { operations: 100, errors: 1, divergences: 0, duration: 2000, recent: 55, lag: 0.2, breaks: 0 },
 *   loads: [{ users: 3, dropped: 0, waiting: 0, inFlight: 2 }],
 * });
 * if (text !== "2.00s  3 users, 100 operations (55/s), 1 error, 2 in flight, lag 200us") throw new Error(text);
 * ```
 */
export function liveText(state: {
  readonly milliseconds: number;
  readonly progress: Progress;
  readonly loads: readonly LoadRecord[];
}): string {
  const { progress, loads } = state;
  const total = (pick: (load: LoadRecord) => number) =>
    loads.reduce((sum, load) => sum + pick(load), 0);
  const parts = [
    ...loads.length === 0 ? [] : [plural(total(({ users }) => users), "user")],
    `${plural(progress.operations, "operation")} (${Math.round(progress.recent)}/s)`,
    plural(progress.errors, "error"),
    ...progress.divergences === 0 ? [] : [`${progress.divergences} different`],
    ...loads.length === 0 ? [] : [`${total(({ inFlight }) => inFlight)} in flight`],
    ...total(({ waiting }) => waiting) === 0 ? [] : [`${total(({ waiting }) => waiting)} waiting`],
    ...progress.breaks === 0 ? [] : [plural(progress.breaks, "break")],
    ...progress.lag === null ? [] : [`lag ${durationText(progress.lag)}`],
    ...total(({ dropped }) => dropped) === 0 ? [] : [`${total(({ dropped }) => dropped)} dropped`],
  ];
  return `${durationText(state.milliseconds)}  ${parts.join(", ")}`;
}
