/** Values of single fields -> code: statuses, numbers, classes, lock ranges. */
import { ctlCodeName, informationClassName, statusName } from "../../runtime/wire/mod.ts";
import type {
  LockOperation,
  PlanOperation,
  QueryInfoOperation,
  SetInfoOperation,
} from "../plan.ts";
import { type Code, hexNumber, list, object, quoted, slot } from "./code.ts";
import { securityCode } from "./options.ts";

/** The recorded status, where it is not success; what was not answered may end in any way. */
export function expectedStatus({ status }: PlanOperation): Code | undefined {
  if (status === null) return list([quoted("any"), quoted("none")]);
  return status === 0 ? undefined : quoted(statusName(status));
}

/** Offsets beyond what a number holds exactly are bigint. */
export function integer(text: string): string {
  return Number.isSafeInteger(Number(text)) ? text : `${text}n`;
}

/** The value, where it is not the usual one. */
export function optional(value: number, usual: number): string | undefined {
  return value === usual ? undefined : String(value);
}

const LOCK_KINDS = new Map([[0x01, "shared"], [0x02, "exclusive"], [0x04, "unlock"]]);
const FAIL_IMMEDIATELY = 0x10;

/** The ranges of a LOCK. */
export function lockRanges(operation: LockOperation): Code {
  return list(operation.ranges.map((range) => {
    const kind = LOCK_KINDS.get(range.flags & ~FAIL_IMMEDIATELY);
    return object({
      offset: slot("number", "offset", integer(range.offset)),
      length: slot("number", "length", integer(range.length)),
      kind: kind === undefined ? hexNumber(range.flags) : quoted(kind),
      failImmediately: kind !== undefined && (range.flags & FAIL_IMMEDIATELY) !== 0
        ? "true"
        : undefined,
    })!;
  }));
}

const INFO_TYPES = new Map([[2, "fileSystem"], [3, "security"], [4, "quota"]]);

/** Type and class of a QUERY_INFO or SET_INFO. */
export function selector(
  operation: QueryInfoOperation | SetInfoOperation,
): Record<string, Code | undefined> {
  const { infoType } = operation;
  const type = INFO_TYPES.get(infoType);
  const classless = infoType === 3 || infoType === 4;
  return {
    type: infoType === 1 ? undefined : type === undefined ? String(infoType) : quoted(type),
    class: classless && operation.class === 0 ? undefined : classCode(infoType, operation.class),
    additional: operation.additional === 0
      ? undefined
      : infoType === 3
      ? securityCode(operation.additional)
      : hexNumber(operation.additional),
  };
}

/** Name of an information class, quoted; the number of an unknown one. */
export function classCode(infoType: number, number: number): string {
  const name = informationClassName(infoType, number);
  return /^[A-Za-z]+$/.test(name) ? quoted(name) : String(number);
}

/** Name of a control code, quoted and without its prefix; the number of an unknown one. */
export function ctlCode(code: number): string {
  const name = ctlCodeName(code).replace(/^FSCTL_/, "");
  return /^[A-Z][A-Z0-9_]+$/.test(name) ? quoted(name) : hexNumber(code);
}
