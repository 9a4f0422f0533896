/**
 * Selection: the operations of a plan that a user asks for, by client, user, server, share, path, time, command or
 * frame, and what these need so that they still work (`selection_closure.ts`). Criteria of one kind are alternatives;
 * an operation is asked for when it meets one of each kind that is given.
 */
import type { CaptureNote } from "./capture/mod.ts";
import { type Place, Places } from "./places.ts";
import type { PlanClient, PlanOperation } from "./plan.ts";
import { commandOf } from "./plan_commands.ts";
import { round } from "./capture_clock.ts";
import type { PlanSource } from "./plan_source.ts";
import { Closure } from "./selection_closure.ts";

/** A moment of a capture: seconds from its first message, or a time of day. */
export type Moment = number | Date;

/** What to keep of a capture; a kind that is absent or empty keeps all. */
export interface Criteria {
  /** Address, ClientGuid or name (`smbuser2`) of a client. */
  readonly clients?: readonly string[];
  readonly users?: readonly string[];
  /** Address, with or without port, or the name in `\\server\share`. */
  readonly servers?: readonly string[];
  readonly shares?: readonly string[];
  /** Each says whether it means a path, which is relative to its share. */
  readonly paths?: readonly ((path: string) => boolean)[];
  readonly times?: readonly { readonly from?: Moment; readonly to?: Moment }[];
  /** Names of MS-SMB2, in any case. */
  readonly commands?: readonly string[];
  /** Both ends included. */
  readonly frames?: readonly { readonly first: number; readonly last: number }[];
}

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

/** Selects in two passes: one that learns what is needed, and one that counts and hands on what is kept. */
export function select(plan: PlanSource, criteria: Criteria): Selected {
  const selection = new Selection(criteria, plan);
  for (const operation of plan.operations()) selection.see(operation);
  const leftOut = new Map<string, number>();
  const counts = new Map<string, number>();
  let [asked, needed] = [0, 0];
  for (const { operation, verdict } of selection.judge(plan.operations())) {
    if (verdict === "dropped") {
      const command = commandOf(operation);
      leftOut.set(command, (leftOut.get(command) ?? 0) + 1);
      continue;
    }
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
  readonly #criteria: Matcher;
  readonly #closure = new Closure();
  readonly #places = new Places();
  readonly #seconds: number;
  #first = Infinity;
  #last = 0;

  constructor(criteria: Criteria, plan: Pick<PlanSource, "clients" | "source">) {
    this.#criteria = new Matcher(criteria, plan);
    this.#seconds = plan.source.seconds;
  }

  /** Learns of the next operation. */
  see(operation: PlanOperation): void {
    const place = this.#places.of(operation);
    const selected = this.#criteria.meets(operation, place);
    this.#closure.see(operation, place, selected);
    if (!selected) return;
    this.#first = Math.min(this.#first, operation.at);
    this.#last = Math.max(this.#last, operation.answeredAt ?? operation.at);
  }

  /** Whether each operation is kept, and why; all operations once more, in the same order. */
  *judge(
    operations: Iterable<PlanOperation>,
  ): Generator<{ operation: PlanOperation; verdict: "asked" | "needed" | "dropped" }> {
    this.#closure.finish();
    const places = new Places();
    for (const operation of operations) {
      const asked = this.#criteria.meets(operation, places.of(operation));
      const kept = asked || this.#closure.keeps(operation);
      yield { operation, verdict: asked ? "asked" : kept ? "needed" : "dropped" };
    }
  }

  /** What is kept, without edges: they are drawn anew between what is there. */
  *kept(operations: Iterable<PlanOperation>): Generator<PlanOperation> {
    for (const { operation, verdict } of this.judge(operations)) {
      if (verdict === "dropped") continue;
      const { afterOthers: _others, afterPending: _pending, ...rest } = operation;
      yield {
        ...rest,
        at: this.timeOf(operation.at),
        answeredAt: operation.answeredAt === null ? null : this.timeOf(operation.answeredAt),
        after: [],
      } as PlanOperation;
    }
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

/** Criteria, ready to be met. */
class Matcher {
  readonly #clients: ReadonlySet<string> | null;
  readonly #users: ReadonlySet<string> | null;
  readonly #servers: ReadonlySet<string> | null;
  readonly #shares: ReadonlySet<string> | null;
  readonly #commands: ReadonlySet<string> | null;
  readonly #criteria: Criteria;
  readonly #times: readonly { readonly from: number; readonly to: number }[];

  constructor(criteria: Criteria, plan: Pick<PlanSource, "clients" | "source">) {
    const { clients = [], users, servers, shares, commands, times = [] } = criteria;
    this.#criteria = criteria;
    const named = new Set(clients.map((name) => name.toLowerCase()));
    this.#clients = named.size === 0 ? null : new Set(
      plan.clients.filter(({ id, address, clientGuid }) =>
        [id, address, clientGuid].some((name) => named.has(name?.toLowerCase() ?? ""))
      ).map(({ id }) => id),
    );
    this.#users = folded(users);
    this.#servers = folded(servers);
    this.#shares = folded(shares);
    this.#commands = folded(commands);
    const start = plan.source.start === null ? 0 : Date.parse(plan.source.start) / 1000;
    const seconds = (moment: Moment) =>
      moment instanceof Date ? moment.getTime() / 1000 - start : moment;
    this.#times = times.map(({ from, to }) => ({
      from: from === undefined ? -Infinity : seconds(from),
      to: to === undefined ? Infinity : seconds(to),
    }));
  }

  meets(operation: PlanOperation, place: Place): boolean {
    const { paths = [], frames = [] } = this.#criteria;
    return (this.#clients?.has(operation.client) ?? true) &&
      has(this.#commands, commandOf(operation)) &&
      (frames.length === 0 || frames.some((range) => inFrames(operation, range))) &&
      (this.#times.length === 0 || this.#times.some((range) => inTime(operation, range))) &&
      has(this.#users, place.user) &&
      (has(this.#servers, place.host) || has(this.#servers, place.server) ||
        has(this.#servers, hostOf(place.server))) &&
      has(this.#shares, place.share) &&
      (paths.length === 0 ||
        paths.some((test) =>
          (place.path !== null && test(place.path)) || (place.target !== null && test(place.target))
        ));
  }
}

function folded(names: readonly string[] = []): ReadonlySet<string> | null {
  return names.length === 0 ? null : new Set(names.map((name) => name.toLowerCase()));
}

function has(names: ReadonlySet<string> | null, name: string | null): boolean {
  return names === null || (name !== null && names.has(name.toLowerCase()));
}

function hostOf(server: string | null): string | null {
  return server === null ? null : server.slice(0, server.lastIndexOf(":"));
}

function inFrames(
  { frames }: PlanOperation,
  { first, last }: { readonly first: number; readonly last: number },
): boolean {
  return [frames.first, frames.request, frames.interim, frames.response].some((frame) =>
    frame !== undefined && frame >= first && frame <= last
  );
}

function inTime(
  { at, answeredAt }: PlanOperation,
  { from, to }: { readonly from: number; readonly to: number },
): boolean {
  return (at >= from && at <= to) ||
    (answeredAt !== null && answeredAt >= from && answeredAt <= to);
}
