/** What the capture's clients did when leases and oplocks were broken: comments, and policies where it was not at once. */
import type { BreakOperation, PlanOperation } from "../plan.ts";
import { type Code, object, quoted } from "./code.ts";
import { leaseText, oplockText } from "./options.ts";

/** An acknowledgement within this time (seconds) came at once: a program reacted, nobody waited. */
const AT_ONCE = 0.05;

/** The `onBreak` of each open whose breaks were not simply acknowledged at once. */
export function breakPolicies(operations: readonly PlanOperation[]): ReadonlyMap<string, Code> {
  const policies = new Map<string, Code>();
  for (const operation of operations) {
    if (operation.kind !== "break" || operation.file === null || !operation.ackRequired) continue;
    if (policies.has(operation.file)) continue;
    const policy = policyOf(operation);
    if (policy !== undefined) policies.set(operation.file, policy);
  }
  return policies;
}

function policyOf(broken: BreakOperation): Code | undefined {
  const { acknowledgedAfter, acknowledgedTo, to, breakKind } = broken;
  // Not answered, or answered by a close, which is an operation of its own.
  if (acknowledgedAfter === null) return quoted("withhold");
  const other = acknowledgedTo === null || acknowledgedTo === to
    ? undefined
    : quoted(breakKind === "lease" ? leaseText(acknowledgedTo) : oplockText(acknowledgedTo));
  const delay = acknowledgedAfter < AT_ONCE ? undefined : String(acknowledgedAfter);
  return object({ delay, to: other });
}

/** One line about a break. */
export function breakSummary(broken: BreakOperation): string {
  const text = broken.breakKind === "lease" ? leaseText : oplockText;
  const from = broken.from === null ? "" : `${text(broken.from) || "none"} to `;
  const answer = broken.acknowledgedAfter === null
    ? broken.ackRequired ? "not acknowledged" : "no acknowledgement asked for"
    : `acknowledged after ${(broken.acknowledgedAfter * 1000).toFixed(1)} ms`;
  return `${broken.breakKind} break #${broken.frames.request}, ${from}${
    text(broken.to) || "none"
  }, ${answer}`;
}
