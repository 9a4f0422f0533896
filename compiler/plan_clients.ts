/** Who the clients of a capture are: conversations with equal addresses and ClientGuids are one. */
import { describeToken } from "../runtime/security/mod.ts";
import type { Exchange } from "./exchange.ts";
import { Identifiers } from "./names.ts";
import type { PlanClient } from "./plan.ts";

/** Letters that names begin with: connections, sessions, trees, files. */
export type NameKind = "n" | "s" | "t" | "f";

/** One client while the plan is made. */
export class ClientState {
  /** Stands for its id: its first user gives it that, so that it is known once the plan is whole. */
  readonly number: string;
  readonly address: string;
  readonly clientGuid: string | null;
  readonly users: string[] = [];
  /** First user that tried to log in. */
  firstUser: string | null = null;
  operationCount = 0;
  readonly #named: Record<NameKind, number> = { n: 0, s: 0, t: 0, f: 0 };

  constructor(number: number, address: string, clientGuid: string | null) {
    this.number = String(number);
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
  toPlan(id: string): PlanClient {
    const { address, clientGuid, users, operationCount } = this;
    return { id, address, clientGuid, users: [...users], operationCount };
  }
}

/** The clients of a capture. */
export class Clients {
  readonly #ofStream = new Map<number, ClientState>();
  /** ClientGuids that conversations named. */
  readonly #guids = new Map<number, string>();
  readonly #all = new Map<string, ClientState>();

  /** A NEGOTIATE was seen, maybe long before it is taken. */
  negotiates({ stream, request }: Exchange): void {
    const message = request?.message;
    if (message?.kind !== "request" || message.command !== "NEGOTIATE") return;
    this.#guids.set(stream, message.body.clientGuid);
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
    const clientGuid = this.#guids.get(stream) ?? null;
    const key = clientGuid === null ? `${stream}` : `${address}|${clientGuid}`;
    let client = this.#all.get(key);
    if (client === undefined) this.#all.set(key, client = this.#new(address, clientGuid));
    return client;
  }

  #new(address: string, clientGuid: string | null): ClientState {
    return new ClientState(this.#all.size, address, clientGuid);
  }

  /** Nothing more comes of a conversation. */
  ended(stream: number): void {
    this.#ofStream.delete(stream);
    this.#guids.delete(stream);
  }

  /** Learns from an exchange who its client is. */
  saw(exchange: Exchange): void {
    const client = this.of(exchange);
    if (client.firstUser === null) client.firstUser = userOf(exchange);
  }

  /** Plan form of all, by number: each is named after its first user. */
  toPlan(): PlanClient[] {
    const identifiers = new Identifiers();
    return [...this.#all.values()].map((client) =>
      client.toPlan(identifiers.make(client.firstUser ?? "client", "client"))
    );
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
