/** Options of `compile` and `inspect --operations` that select: clients, shares, paths, times. */
import { COMMAND_NAMES, type Criteria, type Moment } from "../../compiler/mod.ts";
import { type Given, nearestName, type Option, UsageError } from "./command.ts";

/** Options that select. */
export const SELECTION_OPTIONS: readonly Option[] = [
  {
    name: "client",
    value: "NAME",
    many: true,
    help: "only this client: address, ClientGuid or name",
  },
  { name: "user", value: "NAME", many: true, help: "only what this captured user did" },
  { name: "server", value: "NAME", many: true, help: "only this server: name or address" },
  { name: "share", value: "NAME", many: true, help: "only this share" },
  {
    name: "path",
    value: "GLOB",
    many: true,
    help: "only these files, and what is below these folders; *, ? and ** are wildcards",
  },
  {
    name: "from",
    value: "TIME",
    many: true,
    help: "only from here on: seconds from the first message, a length such as 5m, or an ISO time",
  },
  { name: "to", value: "TIME", many: true, help: "only up to here" },
  { name: "command", value: "NAME", many: true, help: "only this command, such as READ" },
  { name: "frames", value: "A-B", many: true, help: "only these frames of the capture" },
];

/** Whether any of the options is given. */
export function selects(given: Given): boolean {
  return SELECTION_OPTIONS.some(({ name }) => given.values(name).length > 0);
}

/** What the options select; undefined when none is given. */
export async function readCriteria(given: Given): Promise<Criteria | undefined> {
  if (!selects(given)) return undefined;
  // Loaded where something is selected: nothing else here needs that room.
  const { duration, pathTest } = await import("../script/mod.ts");
  return {
    clients: given.values("client"),
    users: given.values("user"),
    servers: given.values("server"),
    shares: given.values("share"),
    paths: given.values("path").map(pathTest),
    times: windows(given.values("from"), given.values("to"), duration),
    commands: given.values("command").map(commandOf),
    frames: given.values("frames").map(framesOf),
  };
}

function windows(
  from: readonly string[],
  to: readonly string[],
  duration: (text: string) => number,
): NonNullable<Criteria["times"]> {
  const momentOf = (text: string, option: string) =>
    clockTime(text) ?? lengthOf(text, option, duration);
  if (from.length !== to.length && Math.max(from.length, to.length) > 1) {
    throw new UsageError("Cannot select several times: each --from needs its --to");
  }
  const length = Math.max(from.length, to.length);
  return Array.from({ length }, (_, index) => ({
    ...from[index] === undefined ? {} : { from: momentOf(from[index], "from") },
    ...to[index] === undefined ? {} : { to: momentOf(to[index], "to") },
  }));
}

/** Seconds from the first message as a number, or a time of day. */
function clockTime(text: string): Moment | undefined {
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text);
  if (!/^\d{4}-\d\d-\d\dT?/.test(text)) return undefined;
  // Captures tell times in UTC, and so does everything that is written of them.
  const zoned = /[zZ]|[+-]\d\d:?\d\d$/.test(text) ? text : `${text.replace(" ", "T")}Z`;
  const date = new Date(/T/.test(zoned) ? zoned : text);
  return Number.isNaN(date.getTime()) ? undefined : date;
}

function lengthOf(text: string, option: string, duration: (text: string) => number): Moment {
  try {
    return duration(text);
  } catch {
    throw new UsageError(
      `Cannot select with --${option} ${text}: seconds, a length such as 5m, or a time such as 2026-01-31T12:00:00Z is needed`,
    );
  }
}

function commandOf(text: string): string {
  const name = text.toUpperCase().replaceAll("-", "_").replace(/^SMB2_/, "");
  if (COMMAND_NAMES.includes(name)) return name;
  const nearest = nearestName(name, COMMAND_NAMES);
  throw new UsageError(`Cannot select with --command ${text}: there is no such command`, {
    hint: nearest === null ? `there are ${COMMAND_NAMES.join(", ")}` : `did you mean ${nearest}?`,
  });
}

function framesOf(text: string): { readonly first: number; readonly last: number } {
  const match = /^(\d*)(-?)(\d*)$/.exec(text);
  const [, first = "", dash = "", last = ""] = match ?? [];
  if (first === "" && last === "") {
    throw new UsageError(`Cannot select with --frames ${text}: A-B, A-, -B or A is needed`);
  }
  const from = first === "" ? 0 : Number(first);
  const to = dash === "" ? from : last === "" ? Infinity : Number(last);
  if (to < from) {
    throw new UsageError(`Cannot select with --frames ${text}: it ends before it begins`);
  }
  return { first: from, last: to };
}
