/** Sessions by client and SessionId: those of open connections, and a number of those whose connection has ended. */
import type { Entry } from "./operation_store.ts";
import type { LoginOperation } from "./plan.ts";
import type { ClientState } from "./plan_clients.ts";

/** Sessions that are remembered after their connection ended: clients come back to them, and files stay open. */
const ENDED_KEPT = 4096;

/** A login while it is made, and while its session lives. */
export interface LoginState {
  /** Id of the operation. */
  readonly id: number;
  readonly entry: Entry;
  /** Name of the session. */
  readonly session: string;
  user: string | null;
  domain: string | null;
  mechanism: LoginOperation["mechanism"];
  readonly again: boolean;
  /** Session of another connection that it joins. */
  readonly bind: string | null;
  signing: boolean;
  encryption: boolean;
}

/** A tree connect. */
export interface TreeState {
  readonly name: string;
  readonly session: SessionState;
  /** Connection on which it was connected. */
  readonly stream: number;
  /** The share asks for encryption (SMB2_SHAREFLAG_ENCRYPT_DATA): its requests say nothing of the session. */
  encrypts: boolean;
}

/** A session, or its channel on another connection. */
export interface SessionState {
  readonly name: string;
  readonly server: string;
  /** Connection on which it logged in. */
  readonly stream: number;
  /** Its latest login. */
  login: LoginState;
  readonly trees: Map<number, TreeState>;
  /** Nobody can come back to it any more: what was opened in it is forgotten, too. */
  forgotten: boolean;
}

/** The sessions of a capture. */
export class SessionTable {
  /** Windows servers give equal ids, so that one client may have several sessions under one. */
  readonly #clients = new Map<ClientState, Map<bigint, SessionState[]>>();
  #ended: { readonly client: ClientState; readonly id: bigint; readonly session: SessionState }[] =
    [];
  readonly #ofStream = new Map<number, { client: ClientState; id: bigint }[]>();
  #found: {
    readonly client: ClientState;
    readonly id: bigint;
    readonly server: string;
    readonly session: SessionState | undefined;
  } | null = null;

  /** The client's session with that id: on the same server, else on any. */
  find(client: ClientState, id: bigint, server: string): SessionState | undefined {
    const found = this.#found;
    if (
      found !== null && found.client === client && found.id === id && found.server === server
    ) {
      return found.session;
    }
    const sessions = this.#clients.get(client)?.get(id);
    const session = sessions?.findLast((session) => session.server === server) ??
      sessions?.at(-1);
    this.#found = { client, id, server, session };
    return session;
  }

  /** The latest session of any client with that id on the server. */
  findAny(id: bigint, server: string): SessionState | undefined {
    let found: SessionState | undefined;
    for (const sessions of this.#clients.values()) {
      found = sessions.get(id)?.findLast((session) => session.server === server) ?? found;
    }
    return found;
  }

  /** All sessions of a client, by id in order of their first appearance. */
  of(client: ClientState): SessionState[] {
    return [...(this.#clients.get(client)?.values() ?? [])].flat();
  }

  /** Takes a session in place of an earlier one of the same server. */
  set(client: ClientState, id: bigint, session: SessionState): void {
    this.#found = null;
    let ofClient = this.#clients.get(client);
    if (ofClient === undefined) this.#clients.set(client, ofClient = new Map());
    const others = (ofClient.get(id) ?? []).filter(({ server }) => server !== session.server);
    ofClient.set(id, [...others, session]);
    let ofStream = this.#ofStream.get(session.stream);
    if (ofStream === undefined) this.#ofStream.set(session.stream, ofStream = []);
    ofStream.push({ client, id });
  }

  /** The connection on which sessions logged in has ended. */
  ended(stream: number): void {
    for (const { client, id } of this.#ofStream.get(stream) ?? []) {
      for (const session of this.#clients.get(client)?.get(id) ?? []) {
        if (session.stream === stream) this.#ended.push({ client, id, session });
      }
    }
    this.#ofStream.delete(stream);
    if (this.#ended.length < 2 * ENDED_KEPT) return;
    for (const oldest of this.#ended.slice(0, ENDED_KEPT)) this.#forget(oldest);
    this.#ended = this.#ended.slice(ENDED_KEPT);
  }

  #forget(
    { client, id, session }: { client: ClientState; id: bigint; session: SessionState },
  ): void {
    this.#found = null;
    session.forgotten = true;
    const ofClient = this.#clients.get(client);
    const left = ofClient?.get(id)?.filter((other) => other !== session) ?? [];
    if (left.length > 0) ofClient?.set(id, left);
    else ofClient?.delete(id);
    if (ofClient?.size === 0) this.#clients.delete(client);
  }
}
