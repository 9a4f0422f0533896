/** Lease and oplock breaks of a plan: a notification and its acknowledgement are one operation. */
import type { RequestBodies, ResponseBodies } from "../runtime/wire/mod.ts";
import type { Exchange } from "./exchange.ts";
import type { BreakOperation } from "./plan.ts";
import type { Clients } from "./plan_clients.ts";
import type { Files } from "./plan_files.ts";
import { type Mutable, type OperationList, round } from "./plan_list.ts";
import type { ReplayState } from "./replay_state.ts";

const ACK_REQUIRED = 0x01;
const OPLOCK_LEVEL_II = 0x01;

/** Adds breaks and completes them with their acknowledgements. */
export class Breaks {
  readonly #list: OperationList;
  readonly #clients: Clients;
  readonly #files: Files;
  readonly #state: ReplayState;
  readonly #operations = new Map<Exchange, Mutable<BreakOperation>>();

  constructor(
    options: { list: OperationList; clients: Clients; files: Files; state: ReplayState },
  ) {
    this.#list = options.list;
    this.#clients = options.clients;
    this.#files = options.files;
    this.#state = options.state;
  }

  /** A notification. */
  notified(exchange: Exchange): void {
    const message = exchange.response?.message;
    if (message?.kind !== "response" || message.command !== "OPLOCK_BREAK") {
      return this.#list.drop(exchange, "A break notification cannot be read");
    }
    const operation = this.#list.add(exchange, this.#clients.of(exchange), {
      kind: "break",
      ...this.#told(exchange, message.body),
      acknowledgedAfter: null,
      acknowledgedTo: null,
      acknowledgeStatus: null,
    });
    this.#operations.set(exchange, operation);
  }

  #told(
    exchange: Exchange,
    body: ResponseBodies["OPLOCK_BREAK"],
  ): Pick<BreakOperation, "breakKind" | "file" | "from" | "to" | "ackRequired"> {
    if (body.kind === "leaseNotification") {
      const holder = this.#files.leaseHolder(exchange, body.leaseKey.toHex());
      return {
        breakKind: "lease",
        file: holder?.file ?? null,
        from: body.currentLeaseState,
        to: body.newLeaseState,
        ackRequired: (body.flags & ACK_REQUIRED) !== 0,
      };
    }
    const holder = body.kind === "oplock"
      ? this.#files.oplockHolder(exchange, body.fileId)
      : this.#files.leaseHolder(exchange, body.leaseKey.toHex());
    const from = holder?.granted?.oplock ?? null;
    return {
      breakKind: body.kind,
      file: holder?.file ?? null,
      from,
      to: body.kind === "oplock" ? body.oplockLevel : body.leaseState,
      // A break to level II or none of an exclusive or batch oplock wants an answer (MS-SMB2 3.2.5.19.1).
      ackRequired: from !== null && from > OPLOCK_LEVEL_II,
    };
  }

  /** An acknowledgement. */
  acknowledged(exchange: Exchange, body: RequestBodies["OPLOCK_BREAK"]): void {
    const broken = this.#state.facts(exchange).acknowledges;
    const operation = broken === null ? undefined : this.#operations.get(broken);
    if (operation === undefined) {
      return this.#list.drop(
        exchange,
        "An acknowledgement answers a break that is not in the capture",
      );
    }
    operation.acknowledgedAfter = round(
      this.#list.seconds(exchange.request!.first) - operation.at,
    );
    operation.acknowledgedTo = body.kind === "oplock" ? body.oplockLevel : body.leaseState;
    operation.acknowledgeStatus = exchange.response?.header.status ?? null;
  }
}
