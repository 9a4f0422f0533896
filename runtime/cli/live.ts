/** The state of a run under way: lines for a log, a table or a line for a terminal. */
import type { ActivityRecord, LoadRecord, Progress, ScenarioProgress } from "../measure/mod.ts";
import { durationText, plural, printable, table } from "../report/mod.ts";

/** What is shown. */
export interface LiveState {
  /** Since the beginning. */
  readonly milliseconds: number;
  readonly progress: Progress;
  /** Of each worker. */
  readonly loads: readonly LoadRecord[];
  /** Of all workers, those of one scenario several times. */
  readonly activities: readonly ActivityRecord[];
}

/** One scenario. */
interface Row extends ScenarioProgress {
  readonly users: number;
  readonly inFlight: number;
  readonly breaksPending: number;
}

/** Longest name in the table: it is to fit into 80 columns. */
const MAX_NAME = 12;

/**
 * A line for each scenario: users, operations and their rate, what went wrong, what is under way, breaks without their
 * acknowledgement, and how late it is.
 *
 * @example
 * ```ts
 * const [text] = liveLines({
 *   milliseconds: 2000,
 *   progress: {
 *     divergences: 0, duration: 2000, scenarios: [{ name: "", operations: 100, errors: 1, recent: 55, lag: 0.2 }],
 *   },
 *   loads: [],
 *   activities: [
 *     { users: 2, dropped: 0, inFlight: 1, breaksPending: 1 },
 *     { users: 1, dropped: 0, inFlight: 1, breaksPending: 0 },
 *   ],
 * });
 * const expected = "2.00s  3 users, 100 operations, 55/s, 1 error, lag 200us, 2 in flight, 1 break pending";
 * if (text !== expected) throw new Error(text);
 * ```
 */
export function liveLines(state: LiveState): string[] {
  const rows = rowsOf(state);
  const others = othersOf(state);
  return rows.map((row, index) => {
    const name = rows.length === 1 ? "" : `${printable(row.name)}: `;
    const parts = [
      plural(row.users, "user"),
      plural(row.operations, "operation"),
      `${Math.round(row.recent)}/s`,
      plural(row.errors, "error"),
      ...row.lag === null ? [] : [`lag ${durationText(row.lag)}`],
      `${row.inFlight} in flight`,
      `${plural(row.breaksPending, "break")} pending`,
      ...index === rows.length - 1 ? others : [],
    ];
    return `${durationText(state.milliseconds)}  ${name}${parts.join(", ")}`;
  });
}

/** The same for a terminal: one scenario as it is, broken where it is too long; several as a table. */
export function liveBlock(
  state: LiveState,
  size: { readonly columns: number; readonly rows: number },
): string[] {
  const rows = rowsOf(state);
  if (rows.length === 1) return wrapped(liveLines(state)[0] ?? "", size.columns);
  const head = [
    durationText(state.milliseconds),
    "users",
    "ops",
    "ops/s",
    "errors",
    "lag",
    "in flight",
    "breaks due",
  ];
  const room = Math.max(1, size.rows - 4);
  const shown = rows.length <= room ? rows : rows.slice(0, room - 1);
  const more = rows.length - shown.length;
  const others = [...more > 0 ? [`and ${plural(more, "more scenario")}`] : [], ...othersOf(state)];
  return [
    ...table(head, shown.map(cellsOf)),
    ...others.length === 0 ? [] : [`  ${others.join(", ")}`],
  ];
}

function cellsOf(row: Row): string[] {
  const name = printable(row.name);
  return [
    name.length <= MAX_NAME ? name : `${name.slice(0, MAX_NAME - 3)}...`,
    String(row.users),
    String(row.operations),
    String(Math.round(row.recent)),
    String(row.errors),
    row.lag === null ? "-" : durationText(row.lag),
    String(row.inFlight),
    String(row.breaksPending),
  ];
}

/** Scenarios that send, or are to: each with the sums of its workers. */
function rowsOf({ progress, activities }: LiveState): Row[] {
  const byName = Map.groupBy(activities, ({ scenario = "" }) => scenario);
  const sent = new Map(progress.scenarios.map((one) => [one.name, one]));
  const names = new Set([...byName.keys(), ...sent.keys()]);
  if (names.size === 0) names.add("");
  return [...names].map((name) => {
    const own = byName.get(name) ?? [];
    const sum = (pick: (activity: ActivityRecord) => number) =>
      own.reduce((total, activity) => total + pick(activity), 0);
    return {
      ...sent.get(name) ?? { name, operations: 0, errors: 0, recent: 0, lag: null },
      users: sum(({ users }) => users),
      inFlight: sum(({ inFlight }) => inFlight),
      breaksPending: sum(({ breaksPending }) => breaksPending),
    };
  });
}

/** What is of all scenarios, and seldom. */
function othersOf({ progress, loads }: LiveState): string[] {
  const total = (pick: (load: LoadRecord) => number) =>
    loads.reduce((sum, load) => sum + pick(load), 0);
  const waiting = total((load) => load.waiting);
  const dropped = total((load) => load.dropped);
  return [
    ...progress.divergences === 0 ? [] : [`${progress.divergences} different`],
    ...waiting === 0 ? [] : [`${waiting} waiting`],
    ...dropped === 0 ? [] : [`${dropped} dropped`],
  ];
}

/** Lines of less than so many columns, broken behind commas; those behind the first are indented. */
function wrapped(text: string, columns: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const part of text.split(/(?<=,) /)) {
    if (line !== "" && line.length + 1 + part.length >= columns) {
      lines.push(line);
      line = `  ${part}`;
    } else {
      line = line === "" ? part : `${line} ${part}`;
    }
  }
  return [...lines, line];
}
