/**
 * Subtests of which smbtorture and the scenario say different things, each with the reason.
 *
 * @module
 */

import type { Difference } from "./verdicts.ts";

/** One entry a subtest; the test fails when an entry is missing, superfluous or out of date. */
export const DIFFERENCES: readonly Difference[] = [];
