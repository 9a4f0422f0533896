/** Expected statuses. */
import { statusCode, statusName } from "../wire/mod.ts";
import type { ExpectedStatus } from "./api.ts";

/** Which statuses count as right. */
export interface Expected {
  /** For reports: names, or `any`. */
  readonly text: string;
  matches(status: number): boolean;
}

const SUCCESS: Expected = { text: "SUCCESS", matches: (status) => status === 0 };
const ANY: Expected = { text: "any", matches: () => true };

/**
 * Reads what `expect` says.
 *
 * @throws {RangeError} When a name is unknown.
 */
export function expectedStatus(expected: ExpectedStatus | undefined): Expected {
  if (expected === undefined || expected === "SUCCESS" || expected === 0) return SUCCESS;
  if (expected === "any") return ANY;
  const list = typeof expected === "object" ? expected : [expected];
  if (list.includes("any")) return ANY;
  const codes = new Set(list.map(statusNumber));
  return {
    text: [...codes].map(statusName).join(" or "),
    matches: (status) => codes.has(status),
  };
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
