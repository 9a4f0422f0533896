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
    path: (captured) =>
      run.strict ? run.ownPath(sharePath(captured)) : run.ownPath(names.path(sharePath(captured))),
  };
}

/** Disk shares become the target's share; pipes have one name everywhere. */
function mappedShare(run: Run, captured: string): string {
  const name = captured.split("\\").findLast((part) => part !== "") ?? captured;
  for (const [from, to] of Object.entries(run.options.shares)) {
    if (from.toLowerCase() === name.toLowerCase()) return to;
  }
  return name.toUpperCase() === "IPC$" ? "IPC$" : run.options.share;
}
