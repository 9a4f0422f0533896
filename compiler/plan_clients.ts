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
  readonly id: string;
  readonly address: string;
  readonly clientGuid: string | null;
  readonly users: string[] = [];
  operationCount = 0;
  readonly #named: Record<NameKind, number> = { n: 0, s: 0, t: 0, f: 0 };

  constructor(id: string, address: string, clientGuid: string | null) {
    this.id = id;
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
  readonly #ofStream = new Map<number, ClientState>();
  readonly #all: ClientState[] = [];

  /** Finds them; a client's first user gives it its name. */
  constructor(exchanges: readonly Exchange[], state: ReplayState) {
    const found = new Map<string, Found>();
    const foundOfStream = new Map<number, Found>();
    for (const exchange of exchanges) {
      let client = foundOfStream.get(exchange.stream);
      if (client === undefined) {
        const address = hostOf(exchange.client);
        const clientGuid = state.clientGuid(exchange.stream);
        const key = clientGuid === null ? `${exchange.stream}` : `${address}|${clientGuid}`;
        client = found.get(key) ?? { address, clientGuid, user: null };
        found.set(key, client);
        foundOfStream.set(exchange.stream, client);
      }
      client.user ??= userOf(exchange);
    }
    const identifiers = new Identifiers();
    const states = new Map<Found, ClientState>();
    for (const client of found.values()) {
      const id = identifiers.make(client.user ?? "client", "client");
      const state = new ClientState(id, client.address, client.clientGuid);
      states.set(client, state);
      this.#all.push(state);
    }
    for (const [stream, client] of foundOfStream) this.#ofStream.set(stream, states.get(client)!);
  }

  /** The client whose conversation an exchange belongs to. */
  of({ stream, index }: Exchange): ClientState {
    const client = this.#ofStream.get(stream);
    if (client === undefined) {
      throw new Error(`Cannot tell the client of exchange ${index}: it was not among those found`);
    }
    return client;
  }

  /** Plan form of those that did something. */
  toPlan(): PlanClient[] {
    return this.#all.filter(({ operationCount }) => operationCount > 0)
      .map((client) => client.toPlan());
  }
}

interface Found {
  readonly address: string;
  readonly clientGuid: string | null;
  user: string | null;
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
