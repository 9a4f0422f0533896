/**
 * V8's flags of the task `smbench`, which are those of the executable, too. Beside the lock on code from text:
 *
 * - `max-semi-space-size`: idle users made the young generation large, and it never became small again.
 * - `no-allocation-site-pretenuring`: requests of many users live just long enough for V8 to take them for lasting ones.
 *   Made in the old generation from the beginning, nearly all of them stayed until the whole heap was collected.
 * - `heap-growing-percent`: the old generation grows by this much before it is collected again, in place of doubling;
 *   below `initial-old-space-size` (MiB) it is left alone, so that small runs pay nothing for that.
 *
 * @module
 */
import { runFlags } from "../../tools/compile.ts";

const CONFIGURATION = new URL("../../../deno.json", import.meta.url);

/** All flags of `deno run` in the task, with the configuration. */
export function taskFlags(): string[] {
  const config = decodeURIComponent(CONFIGURATION.pathname);
  return [...runFlags(Deno.readTextFileSync(CONFIGURATION)), "--config", config];
}

/** `--v8-flags=...` as the task has it, and more. */
export function v8Flags(...more: readonly string[]): string {
  const flag = taskFlags().find((one) => one.startsWith("--v8-flags="));
  return [flag ?? "--v8-flags=", ...more].join(",");
}
