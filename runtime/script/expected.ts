/** Expected statuses. */
import { statusCode, statusName } from "../wire/mod.ts";
import type { ExpectedStatus } from "./api.ts";

/** Which statuses count as right. */
export interface Expected {
  /** For reports: names, or `any`. */
  readonly text: string;
  /** Null where no response came. */
  matches(status: number | null): boolean;
}

const SUCCESS: Expected = { text: "SUCCESS", matches: (status) => status === 0 };
const ANY: Expected = { text: "any", matches: (status) => status !== null };
/** No response shall come. */
const NONE = "none";
const WHATEVER: Expected = { text: "any or no response", matches: () => true };

/** What names and numbers mean: scripts expect the same ones again and again. */
const KNOWN = new Map<string | number, Expected>();
/** Beyond that nothing is kept. */
const MAX_KNOWN = 1000;

/**
 * Reads what `expect` says.
 *
 * @throws {RangeError} When a name is unknown.
 */
export function expectedStatus(expected: ExpectedStatus | undefined): Expected {
  if (expected === undefined || expected === "SUCCESS" || expected === 0) return SUCCESS;
  if (expected === "any") return ANY;
  if (typeof expected === "object") return anyOf(expected);
  const known = KNOWN.get(expected) ?? anyOf([expected]);
  if (KNOWN.size < MAX_KNOWN) KNOWN.set(expected, known);
  return known;
}

function anyOf(list: readonly (string | number)[]): Expected {
  if (list.includes("any")) return list.includes(NONE) ? WHATEVER : ANY;
  const codes = new Set(list.map((status) => status === NONE ? null : statusNumber(status)));
  const names = [...codes].map((code) => code === null ? "no response" : statusName(code));
  return { text: names.join(" or "), matches: (status) => codes.has(status) };
}

function statusNumber(status: string | number): number {
  if (typeof status === "number") return status >>> 0;
  const code = statusCode(status);
  if (code === null) {
    throw new RangeError(
      `Cannot expect status ${JSON.stringify(status)}: no NTSTATUS has that name`,
    );
  }
  return code;
}
