/** `expect`: @std/expect under the types of this API. */
import { expect as stdExpect } from "@std/expect";
import type { Expect } from "./api.ts";

/**
 * Checks a value; a check that does not hold ends the run, and the report names its line.
 *
 * @example
 * ```ts
 * import { expect } from "smbench";
 *
 * expect({ from: "RWH", to: "RH", epoch: 2 }).toMatchObject({ from: "RWH", to: "RH" });
 * ```
 */
export const expect: Expect = stdExpect as Expect;
