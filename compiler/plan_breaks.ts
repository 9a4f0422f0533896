/** Lease and oplock breaks of a plan: a notification and its acknowledgement are one operation. */
import type { RequestBodies, ResponseBodies } from "../runtime/wire/mod.ts";
import { round } from "./capture_clock.ts";
import type { Exchange } from "./exchange.ts";
import type { Entry } from "./operation_store.ts";
import type { BreakOperation, PlanBreak } from "./plan.ts";
import type { Clients } from "./plan_clients.ts";
import type { Files, OpenState } from "./plan_files.ts";
import type { OperationList } from "./plan_list.ts";
import type { ReplayState } from "./replay_state.ts";

const ACK_REQUIRED = 0x01;
const OPLOCK_LEVEL_II = 0x01;

/** Breaks of one open that its CREATE tells. */
const TOLD = 16;

/** A break until it is acknowledged. */
interface BreakState {
  readonly entry: Entry;
  readonly at: number;
  readonly holder: OpenState | null;
  /** Its place among the breaks that the holder's CREATE tells; -1 where it has none. */
  readonly place: number;
}

/** Adds breaks and completes them with their acknowledgements. */
export class Breaks {
  readonly #list: OperationList;
  readonly #clients: Clients;
  readonly #files: Files;
  readonly #state: ReplayState;
  readonly #breaks = new WeakMap<Exchange, BreakState>();

  constructor(
    options: { list: OperationList; clients: Clients; files: Files; state: ReplayState },
  ) {
    this.#list = options.list;
    this.#clients = options.clients;
    this.#files = options.files;
    this.#state = options.state;
  }

  /** A notification. */
  notified(exchange: Exchange): Entry | null {
    const message = exchange.response?.message;
    if (message?.kind !== "response" || message.command !== "OPLOCK_BREAK") {
      return this.#list.drop(exchange, "A break notification cannot be read");
    }
    const { body } = message;
    const holder = body.kind === "oplock"
      ? this.#files.oplockHolder(exchange, body.fileId)
      : this.#files.leaseHolder(exchange, body.leaseKey.toHex());
    const told: PlanBreak = {
      ...toldBy(body, holder),
      acknowledgedAfter: null,
      acknowledgedTo: null,
      acknowledgeStatus: null,
    };
    const entry = this.#list.add(exchange, this.#clients.of(exchange), {
      kind: "break",
      breakKind: body.kind === "oplock" ? "oplock" : "lease",
      file: holder?.file ?? null,
      ...told,
    });
    const place = holder === null || holder.breaks.length >= TOLD ? -1 : holder.breaks.length;
    const at = this.#list.clock.seconds(exchange.response!.first);
    this.#breaks.set(exchange, { entry, at, holder, place });
    if (holder !== null && place !== -1) this.#tell(holder, [...holder.breaks, told]);
    return entry;
  }

  #tell(holder: OpenState, breaks: readonly PlanBreak[]): void {
    holder.breaks = breaks;
    if (holder.create !== null) this.#list.change(holder.create, { breaks });
  }

  /** An acknowledgement. */
  acknowledged(exchange: Exchange, body: RequestBodies["OPLOCK_BREAK"]): Entry | null {
    const broken = this.#state.facts(exchange).acknowledges;
    const state = broken === null ? undefined : this.#breaks.get(broken);
    if (state === undefined) {
      return this.#list.drop(
        exchange,
        "An acknowledgement answers a break that is not in the capture",
      );
    }
    const fields = {
      acknowledgedAfter: round(this.#list.clock.seconds(exchange.request!.first) - state.at),
      acknowledgedTo: body.kind === "oplock" ? body.oplockLevel : body.leaseState,
      acknowledgeStatus: exchange.response?.header.status ?? null,
    };
    this.#complete(state, fields);
    return state.entry;
  }

  /** An acknowledgement was answered after it was taken. */
  acknowledgementAnswered(exchange: Exchange): void {
    const broken = this.#state.facts(exchange).acknowledges;
    const state = broken === null ? undefined : this.#breaks.get(broken);
    if (state === undefined) return;
    this.#complete(state, { acknowledgeStatus: exchange.response?.header.status ?? null });
  }

  #complete({ entry, holder, place }: BreakState, fields: Partial<PlanBreak>): void {
    this.#list.change(entry, fields);
    const told = holder?.breaks[place];
    if (holder === null || told === undefined) return;
    this.#tell(holder, holder.breaks.with(place, { ...told, ...fields }));
  }
}

function toldBy(
  body: ResponseBodies["OPLOCK_BREAK"],
  holder: OpenState | null,
): Pick<BreakOperation, "from" | "to" | "ackRequired"> {
  if (body.kind === "leaseNotification") {
    return {
      from: body.currentLeaseState,
      to: body.newLeaseState,
      ackRequired: (body.flags & ACK_REQUIRED) !== 0,
    };
  }
  const from = holder?.oplock ?? null;
  return {
    from,
    to: body.kind === "oplock" ? body.oplockLevel : body.leaseState,
    // A break to level II or none of an exclusive or batch oplock wants an answer (MS-SMB2 3.2.5.19.1).
    ackRequired: from !== null && from > OPLOCK_LEVEL_II,
  };
}
