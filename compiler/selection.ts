/**
 * Selection: the operations of a plan that a user asks for, by client, user, server, share, path, time, command or
 * frame, and what these need so that they still work (`selection_closure.ts`).
 */
import type { CaptureNote } from "./capture/mod.ts";
import { type Criteria, Matcher, startOf } from "./criteria.ts";
import { type Place, Places } from "./places.ts";
import type { PlanClient, PlanOperation } from "./plan.ts";
import { commandOf } from "./plan_commands.ts";
import { round } from "./capture_clock.ts";
import type { PlanSource } from "./plan_source.ts";
import { Evenness } from "./plan_evenness.ts";
import { Closure } from "./selection_closure.ts";
import { Turns } from "./turns.ts";

/** What was selected. */
export interface Selected {
  readonly source: PlanSource;
  /** Operations that were asked for, and those that they need. */
  readonly asked: number;
  readonly needed: number;
  /** What was left out, by command; never a loss. */
  readonly notes: readonly CaptureNote[];
}

/** Seconds that what lies before, or behind, all that was asked for may take at most: login, closing. */
const MARGIN = 1;

/** Seconds that a name which is needed may take of that. */
const MARGIN_OF_NAME = 0.005;

/** Passes over all operations before any is handed on. */
const PASSES = 2;

/** Selects in two passes: one that learns what is needed, and one that counts and hands on what is kept. */
export async function select(
  plan: PlanSource,
  criteria: Criteria,
  turns: Turns = new Turns(plan.count, {}),
): Promise<Selected> {
  const selection = new Selection(criteria, plan);
  for (const operation of plan.operations()) {
    selection.see(operation);
    if (turns.isNext("selecting", 1 / PASSES)) await turns.take();
  }
  const leftOut = new Map<string, number>();
  const counts = new Map<string, number>();
  const evenness = new Evenness();
  let [asked, needed] = [0, 0];
  for (const { operation, verdict } of selection.judge(plan.operations())) {
    if (turns.isNext("selecting", 1 / PASSES)) await turns.take();
    if (verdict === "dropped") {
      const command = commandOf(operation);
      leftOut.set(command, (leftOut.get(command) ?? 0) + 1);
      continue;
    }
    evenness.see(operation);
    counts.set(operation.client, (counts.get(operation.client) ?? 0) + 1);
    if (verdict === "asked") asked++;
    else needed++;
  }
  return {
    source: {
      count: asked + needed,
      clients: plan.clients.flatMap((client): PlanClient[] => {
        const operationCount = counts.get(client.id) ?? 0;
        return operationCount === 0 ? [] : [{ ...client, operationCount }];
      }),
      source: {
        ...plan.source,
        seconds: selection.timeOf(plan.source.seconds),
        remarks: [
          ...plan.source.remarks ?? [],
          `Selected: ${asked} of ${plan.count} operations, and ${needed} that they need.`,
          ...selection.remarks,
        ],
      },
      unanswered: evenness.unanswered(counts.keys()),
      operations: () => selection.kept(plan.operations()),
    },
    asked,
    needed,
    notes: [...leftOut].sort(([one], [other]) => one < other ? -1 : 1).map(([command, count]) => ({
      reason: `Not selected: ${command}`,
      loss: false,
      count,
      frames: [],
    })),
  };
}

/** First `see`s all operations of a plan, then tells which are kept. */
export class Selection {
  readonly #matcher: Matcher;
  readonly #clients: ReadonlyMap<string, readonly (string | null)[]>;
  readonly #closure = new Closure();
  readonly #places = new Places();
  readonly #seconds: number;
  /** By place in the order: what was asked for, and what is kept once all were judged. */
  readonly #asked = new Bits();
  #kept: Bits | null = null;
  #first = Infinity;
  #last = 0;

  constructor(criteria: Criteria, plan: Pick<PlanSource, "clients" | "source">) {
    this.#matcher = new Matcher(criteria, startOf(plan));
    this.#clients = new Map(
      plan.clients.map(({ id, address, clientGuid }) => [id, [id, address, clientGuid]]),
    );
    this.#seconds = plan.source.seconds;
  }

  /** Learns of the next operation. */
  see(operation: PlanOperation): void {
    const place = this.#places.of(operation);
    const selected = this.#meets(operation, place);
    this.#closure.see(operation, place, selected);
    this.#asked.add(selected);
    if (!selected) return;
    this.#first = Math.min(this.#first, operation.at);
    this.#last = Math.max(this.#last, operation.answeredAt ?? operation.at);
  }

  /** Whether each operation is kept, and why; all operations once more, in the same order. */
  *judge(
    operations: Iterable<PlanOperation>,
  ): Generator<{ operation: PlanOperation; verdict: "asked" | "needed" | "dropped" }> {
    this.#closure.finish();
    const kept = new Bits();
    for (const operation of operations) {
      const asked = this.#asked.has(kept.count);
      const isKept = asked || this.#closure.keeps(operation);
      kept.add(isKept);
      yield { operation, verdict: asked ? "asked" : isKept ? "needed" : "dropped" };
    }
    this.#kept = kept;
  }

  /** What is kept, without edges: they are drawn anew between what is there. */
  *kept(operations: Iterable<PlanOperation>): Generator<PlanOperation> {
    if (this.#kept === null) {
      for (const { operation, verdict } of this.judge(operations)) {
        if (verdict !== "dropped") yield this.#moved(operation);
      }
      return;
    }
    let index = 0;
    for (const operation of operations) {
      if (this.#kept.has(index++)) yield this.#moved(operation);
    }
  }

  /** The operation at its time in the scenario. */
  #moved(operation: PlanOperation): PlanOperation {
    const { afterOthers: _others, afterPending: _pending, ...rest } = operation;
    return {
      ...rest,
      at: this.timeOf(operation.at),
      answeredAt: operation.answeredAt === null ? null : this.timeOf(operation.answeredAt),
      ...operation.pendingAt === undefined ? {} : { pendingAt: this.timeOf(operation.pendingAt) },
      after: [],
    } as PlanOperation;
  }

  /** The time of the scenario at which what was recorded at `seconds` happens: nobody waits an hour for a login. */
  timeOf(seconds: number): number {
    const { lead, tail } = this.#margins;
    const first = Math.min(this.#first, this.#seconds);
    if (seconds <= first) return first === 0 ? seconds : round(seconds * (lead / first));
    const start = seconds - first + lead;
    if (seconds <= this.#last) return round(start);
    const rest = this.#seconds - this.#last;
    return round(this.#last - first + lead + (seconds - this.#last) * (tail / rest));
  }

  #meets(operation: PlanOperation, place: Place): boolean {
    const { frames, at, answeredAt } = operation;
    const { user, server, host, share, path, target } = place;
    return this.#matcher.meets({
      clients: this.#clients.get(operation.client) ?? [],
      user,
      server,
      host,
      share,
      paths: [path, target],
      command: commandOf(operation),
      frames: [frames.first, frames.request, frames.interim, frames.response],
      at,
      answeredAt,
    });
  }

  /** What is to be said of times. */
  get remarks(): readonly string[] {
    const first = Math.min(this.#first, this.#seconds);
    const { lead, tail } = this.#margins;
    if (lead === first && tail === this.#seconds - this.#last) return [];
    return [
      `Recorded times from ${first.toFixed(3)} s to ${this.#last.toFixed(3)} s are kept, as ${
        lead.toFixed(3)
      } s and on; what lies before and behind is shortened.`,
    ];
  }

  get #margins(): { readonly lead: number; readonly tail: number } {
    const margin = Math.max(MARGIN, this.#closure.size * MARGIN_OF_NAME);
    return {
      lead: Math.min(this.#first, this.#seconds, margin),
      tail: Math.min(Math.max(this.#seconds - this.#last, 0), margin),
    };
  }
}

/** A bit for each operation. */
class Bits {
  #bytes = new Uint8Array(1024);
  count = 0;

  add(bit: boolean): void {
    const at = this.count++;
    if (at >> 3 >= this.#bytes.length) {
      const larger = new Uint8Array(2 * this.#bytes.length);
      larger.set(this.#bytes);
      this.#bytes = larger;
    }
    if (bit) this.#bytes[at >> 3]! |= 1 << (at & 7);
  }

  has(at: number): boolean {
    return (this.#bytes[at >> 3]! & 1 << (at & 7)) !== 0;
  }
}
