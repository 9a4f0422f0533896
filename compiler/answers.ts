/** Operations that are under way, and when their answers came. */
import type { PlanOperation } from "./plan.ts";

/** Whether the capture has the answer of `one` before the request of `other`; equal times are told by their frames. */
export function answeredBefore(one: PlanOperation, other: PlanOperation): boolean {
  if (one.answeredAt === null) return false;
  if (one.answeredAt !== other.at) return one.answeredAt < other.at;
  return (one.frames.response ?? 0) < (other.frames.first ?? other.frames.request);
}

/** Whether the capture has the response that says that `one` is pending before the request of `other`. */
export function pendingBefore({ pendingAt, frames }: PlanOperation, other: PlanOperation): boolean {
  if (pendingAt === undefined) return false;
  if (pendingAt !== other.at) return pendingAt < other.at;
  return (frames.interim ?? 0) < (other.frames.first ?? other.frames.request);
}

/** Answered operations, taken out in the order of their answers. */
export class ByAnswer {
  /** The first answer last. */
  readonly #waiting: PlanOperation[] = [];

  /** Takes an operation that is answered at some time. */
  add(operation: PlanOperation): void {
    const waiting = this.#waiting;
    let [from, to] = [0, waiting.length];
    while (from < to) {
      const middle = (from + to) >>> 1;
      if (compareAnswers(waiting[middle]!, operation) > 0) from = middle + 1;
      else to = middle;
    }
    if (from === waiting.length) waiting.push(operation);
    else waiting.splice(from, 0, operation);
  }

  /** The next one that was answered before `operation` was sent; null when there is none. */
  next(operation: PlanOperation): PlanOperation | null {
    const first = this.#waiting.at(-1);
    if (first === undefined || !answeredBefore(first, operation)) return null;
    return this.#waiting.pop()!;
  }
}

function compareAnswers(one: PlanOperation, other: PlanOperation): number {
  return (one.answeredAt ?? 0) - (other.answeredAt ?? 0) ||
    (one.frames.response ?? 0) - (other.frames.response ?? 0);
}
