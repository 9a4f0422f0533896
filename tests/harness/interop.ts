/**
 * Tests that need a program or data from outside the project.
 *
 * Where something is missing the test is skipped and its name says why, so that a skip is seen. In `.ci/run`, which sets
 * `SMBENCH_REQUIRE_INTEROP=1` after it has installed the programs, a missing program is a failure instead.
 *
 * @module
 */

import { missingTools, type Tool } from "./tools.ts";

/** What an interop test needs, and Deno's own settings for a test. */
export interface InteropOptions {
  readonly needs: readonly Tool[];
  /** Files or folders of `../shared` that the test reads; it is skipped where they are absent, also in `.ci/run`. */
  readonly shared?: readonly string[];
  readonly ignore?: boolean;
}

/**
 * Registers a test that needs programs.
 *
 * @example
 * ```ts ignore
 * interopTest("smbclient lists the share", { needs: ["smbd", "smbclient"] }, async () => {
 *   await using smbd = await startSmbd();
 * });
 * ```
 */
export function interopTest(
  name: string,
  options: InteropOptions,
  body: (t: Deno.TestContext) => void | Promise<void>,
): void {
  const plan = planInterop({
    name,
    missingTools: missingTools(options.needs),
    missingShared: missingShared(options.shared ?? []),
    required: Deno.env.get("SMBENCH_REQUIRE_INTEROP") === "1",
  });
  Deno.test({
    name: plan.name,
    ignore: plan.outcome === "skip" || options.ignore === true,
    fn: plan.outcome === "fail" ? () => Promise.reject(new Error(plan.reason)) : body,
  });
}

/** Registers a test that reads files of `../shared`, skipped where they are absent. */
export function sharedTest(
  name: string,
  shared: readonly string[],
  body: (t: Deno.TestContext) => void | Promise<void>,
): void {
  interopTest(name, { needs: [], shared }, body);
}

/** What becomes of an interop test on this machine. */
export type InteropPlan =
  | { readonly outcome: "run"; readonly name: string }
  | { readonly outcome: "skip"; readonly name: string }
  | { readonly outcome: "fail"; readonly name: string; readonly reason: string };

/** Decides from what is missing; apart from `interopTest` so that it can be tested. */
export function planInterop(facts: {
  readonly name: string;
  readonly missingTools: string | undefined;
  readonly missingShared: string | undefined;
  readonly required: boolean;
}): InteropPlan {
  const { name } = facts;
  if (facts.missingTools !== undefined && facts.required) {
    return { outcome: "fail", name, reason: `Cannot run this test: ${facts.missingTools}` };
  }
  const reasons = [facts.missingTools, facts.missingShared].filter((it) => it !== undefined);
  if (reasons.length === 0) return { outcome: "run", name };
  return { outcome: "skip", name: `${name} (skipped: ${reasons.join("; ")})` };
}

/**
 * The folder beside the checkout that holds captures and documents shared between developers, or undefined where it is
 * absent. `SMBENCH_SHARED` names another place.
 */
export function sharedDirectory(): string | undefined {
  const path = Deno.env.get("SMBENCH_SHARED") ??
    decodeURIComponent(new URL("../../../shared", import.meta.url).pathname);
  return exists(path) ? path : undefined;
}

/** The absolute path of something in `../shared`, or undefined where it is absent. */
export function sharedPath(path: string): string | undefined {
  const directory = sharedDirectory();
  if (directory === undefined) return undefined;
  const full = `${directory}/${path}`;
  return exists(full) ? full : undefined;
}

function missingShared(paths: readonly string[]): string | undefined {
  const missing = paths.filter((path) => sharedPath(path) === undefined);
  if (missing.length === 0) return undefined;
  return `no ${missing.map((path) => `../shared/${path}`).join(", ")}`;
}

function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
}
