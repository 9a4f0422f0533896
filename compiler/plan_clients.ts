/** Who the clients of a capture are: conversations with equal addresses and ClientGuids are one. */
import { describeToken } from "../runtime/security/mod.ts";
import type { Exchange } from "./exchange.ts";
import { Identifiers } from "./names.ts";
import type { PlanClient } from "./plan.ts";
import type { ReplayState } from "./replay_state.ts";

/** Letters that names begin with: connections, sessions, trees, files. */
export type NameKind = "n" | "s" | "t" | "f";

/** One client while the plan is made. */
export class ClientState {
  /** Its first user gives it its name, so that the name is known once the plan is whole. */
  id = "";
  readonly address: string;
  readonly clientGuid: string | null;
  readonly users: string[] = [];
  /** First user that tried to log in. */
  firstUser: string | null = null;
  operationCount = 0;
  readonly #named: Record<NameKind, number> = { n: 0, s: 0, t: 0, f: 0 };

  constructor(address: string, clientGuid: string | null) {
    this.address = address;
    this.clientGuid = clientGuid;
  }

  /** The next name of its kind: `f1`, `f2`. */
  name(kind: NameKind): string {
    return `${kind}${++this.#named[kind]}`;
  }

  /** A user logged in. */
  loggedIn(user: string | null): void {
    if (user !== null && user !== "" && !this.users.includes(user)) this.users.push(user);
  }

  /** Plan form. */
  toPlan(): PlanClient {
    const { id, address, clientGuid, users, operationCount } = this;
    return { id, address, clientGuid, users: [...users], operationCount };
  }
}

/** The clients of a capture. */
export class Clients {
  readonly #state: ReplayState;
  readonly #ofStream = new Map<number, ClientState>();
  readonly #all = new Map<string, ClientState>();

  constructor(state: ReplayState) {
    this.#state = state;
  }

  /** The client whose conversation an exchange belongs to. */
  of(exchange: Exchange): ClientState {
    const { stream } = exchange;
    let client = this.#ofStream.get(stream);
    if (client === undefined) this.#ofStream.set(stream, client = this.#find(exchange));
    return client;
  }

  #find({ stream, client: endpoint }: Exchange): ClientState {
    const address = hostOf(endpoint);
    const clientGuid = this.#state.clientGuid(stream);
    const key = clientGuid === null ? `${stream}` : `${address}|${clientGuid}`;
    let client = this.#all.get(key);
    if (client === undefined) this.#all.set(key, client = new ClientState(address, clientGuid));
    return client;
  }

  /** Learns from an exchange who its client is. */
  saw(exchange: Exchange): void {
    const client = this.of(exchange);
    client.firstUser ??= userOf(exchange);
  }

  /** Gives all clients their names. */
  name(): void {
    const identifiers = new Identifiers();
    for (const client of this.#all.values()) {
      client.id = identifiers.make(client.firstUser ?? "client", "client");
    }
  }

  /** Plan form of those that did something. */
  toPlan(): PlanClient[] {
    return [...this.#all.values()].filter(({ operationCount }) => operationCount > 0)
      .map((client) => client.toPlan());
  }
}

function userOf(exchange: Exchange): string | null {
  const request = exchange.request?.message;
  if (request?.kind !== "request" || request.command !== "SESSION_SETUP") return null;
  const { user } = describeToken(request.body.securityBuffer);
  return user === "" ? null : user;
}

/** The address without its port. */
export function hostOf(endpoint: string): string {
  return endpoint.slice(0, endpoint.lastIndexOf(":"));
}
