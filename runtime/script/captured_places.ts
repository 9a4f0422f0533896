/** Where a run has what a capture had: shares and paths of the target. */
import type { CapturedPlaces } from "./api.ts";
import { NameMap, NO_NAMES } from "./name_map.ts";
import { sharePath } from "./names.ts";
import type { Run } from "./run.ts";

/** The mapping that the run's options ask for. In a scenario paths are the script's own. */
export function capturedPlaces(run: Run): CapturedPlaces {
  const names = new NameMap({ ...NO_NAMES, paths: run.options.paths ?? [] });
  return {
    share: (captured) => mappedShare(run, captured),
    path: (captured) => {
      if (run.strict) return run.ownPath(sharePath(captured));
      const [start, end] = outerSeparators(captured);
      const path = start === "" && end === ""
        ? captured
        : captured.slice(start.length, captured.length - end.length);
      return start + run.ownPath(names.path(path)) + end;
    },
  };
}

/** Separators before and behind a path: such names are sent by few, and refused by most. */
function outerSeparators(path: string): readonly [string, string] {
  const start = /^[\\/]+/.exec(path)?.[0] ?? "";
  return [start, /[\\/]+$/.exec(path.slice(start.length))?.[0] ?? ""];
}

/** Disk shares become the target's share; pipes have one name everywhere. */
function mappedShare(run: Run, captured: string): string {
  const name = captured.split("\\").findLast((part) => part !== "") ?? captured;
  for (const [from, to] of Object.entries(run.options.shares)) {
    if (from.toLowerCase() === name.toLowerCase()) return to;
  }
  return name.toUpperCase() === "IPC$" ? "IPC$" : run.options.share;
}
