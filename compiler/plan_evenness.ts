/**
 * Whether operations tell nothing that only their whole tells: then one pass over them less is needed. Clients of whom no
 * answer was captured; whether something happened before the capture, or was broken.
 */
import type { PlanOperation } from "./plan.ts";

/** Learns from operations, in any order. */
export class Evenness {
  readonly #answered = new Set<string>();
  #isUneven = false;

  /** Takes an operation. */
  see(operation: PlanOperation): void {
    const { kind, frames, client } = operation;
    if (frames.response !== undefined) this.#answered.add(client);
    if (kind === "break" || ("implied" in operation && operation.implied === true)) {
      this.#isUneven = true;
    }
  }

  /** An operation of the client was answered after it was taken. */
  answered(client: string): void {
    this.#answered.add(client);
  }

  /** Those of the clients who have no answer; null where operations are implied or were broken, which tell more. */
  unanswered(clients: Iterable<string>): ReadonlySet<string> | null {
    if (this.#isUneven) return null;
    return new Set([...clients].filter((client) => !this.#answered.has(client)));
  }
}
