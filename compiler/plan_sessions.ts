/**
 * Connections, sessions and tree connects of a plan: which one an exchange belongs to, and its name. Those that began
 * before the capture are implied.
 */
import { Command, HeaderFlags, type RequestBodies } from "../runtime/wire/mod.ts";
import { describeToken } from "../runtime/security/mod.ts";
import { answerBody, type Exchange, type Facts } from "./exchange.ts";
import type { ConnectOperation, ForeignIds, LoginOperation, OperationBase } from "./plan.ts";
import { type Clients, type ClientState, hostOf } from "./plan_clients.ts";
import { negotiateContexts } from "./plan_contexts.ts";
import { type Mutable, type OperationList, responseFrame } from "./plan_list.ts";
import type { ReplayState } from "./replay_state.ts";

const STATUS_MORE_PROCESSING_REQUIRED = 0xc0000016;
const SESSION_FLAG_BINDING = 0x01;
const WILDCARD_DIALECT = 0x02ff;
const SHAREFLAG_ENCRYPT_DATA = 0x8000;
const ALWAYS_SIGNED: ReadonlySet<number> = new Set([Command.TREE_CONNECT, Command.IOCTL]);

/** A connection of the plan. */
export interface ConnectionState {
  readonly name: string;
  readonly stream: number;
  /** Address and port of the client. */
  readonly address: string;
  readonly client: ClientState;
  /** Its NEGOTIATE; null when implied. */
  connect: Mutable<ConnectOperation> | null;
  /** SESSION_SETUPs under way, by SessionId. */
  readonly logins: Map<bigint, Mutable<LoginOperation>>;
  /** The SESSION_SETUP that got no answer in the capture. */
  unanswered: Mutable<LoginOperation> | null;
  /** Sessions of other connections that were bound to this one, by SessionId. */
  readonly channels: Map<bigint, SessionState>;
}

interface SessionState {
  readonly name: string;
  readonly server: string;
  /** Connection on which it logged in. */
  readonly stream: number;
  /** Its latest login. */
  login: Mutable<LoginOperation>;
  readonly trees: Map<number, TreeState>;
}

/** Where a request is sent: its session or tree connect, and what its header says besides. */
export interface Place {
  readonly name: string;
  readonly ids?: ForeignIds;
}

interface TreeState {
  readonly name: string;
  readonly session: SessionState;
  /** Connection on which it was connected. */
  readonly stream: number;
  /** The share asks for encryption (SMB2_SHAREFLAG_ENCRYPT_DATA): its requests say nothing of the session. */
  readonly encrypts: boolean;
}

/** Names connections, sessions and tree connects, and adds their operations. */
export class Sessions {
  readonly #list: OperationList;
  readonly #clients: Clients;
  readonly #state: ReplayState;
  readonly #connections = new Map<number, ConnectionState>();
  /** By SessionId: Windows servers give equal ids, so that one client may have several. */
  readonly #sessions = new Map<ClientState, Map<bigint, SessionState[]>>();

  constructor(options: { list: OperationList; clients: Clients; state: ReplayState }) {
    this.#list = options.list;
    this.#clients = options.clients;
    this.#state = options.state;
  }

  /** The connection of a conversation, if anything of it is in the plan. */
  peekConnection(stream: number): ConnectionState | undefined {
    return this.#connections.get(stream);
  }

  /** The server whose file ids a request names: of several addresses, the one where its session logged in. */
  serverOf(exchange: Exchange): string {
    const id = this.#state.facts(exchange).sessionId ?? 0n;
    return this.#find(this.#clients.of(exchange), id, exchange.server)?.server ?? exchange.server;
  }

  /** Whether the capture has a conversation from its NEGOTIATE on. */
  isWhole(stream: number): boolean {
    return (this.#connections.get(stream)?.connect ?? null) !== null;
  }

  /** The connection of an exchange; one that began before the capture is implied. */
  connectionOf(exchange: Exchange): ConnectionState {
    const known = this.#connections.get(exchange.stream);
    if (known !== undefined) return known;
    const connection = this.#newConnection(exchange);
    this.#list.imply(exchange, connection.client, {
      kind: "connect",
      connection: connection.name,
      server: exchange.server,
      implied: true,
      dialects: [],
      securityMode: 0,
      capabilities: 0,
      contexts: [],
      dialect: null,
    });
    return connection;
  }

  #newConnection(exchange: Exchange): ConnectionState {
    const client = this.#clients.of(exchange);
    const connection: ConnectionState = {
      name: client.name("n"),
      stream: exchange.stream,
      address: exchange.client,
      client,
      connect: null,
      logins: new Map(),
      unanswered: null,
      channels: new Map(),
    };
    this.#connections.set(exchange.stream, connection);
    return connection;
  }

  /** An SMB1 NEGOTIATE that SMB2 answered. */
  startWithSmb1(exchange: Exchange): void {
    const answer = answerBody(exchange, "NEGOTIATE");
    if (answer === null || this.#connections.has(exchange.stream)) return;
    const connection = this.#newConnection(exchange);
    const final = answer.dialectRevision !== WILDCARD_DIALECT;
    connection.connect = this.#list.add(exchange, connection.client, {
      kind: "connect",
      connection: connection.name,
      server: exchange.server,
      smb1: true,
      dialects: final ? [answer.dialectRevision] : [],
      securityMode: 0,
      capabilities: 0,
      contexts: [],
      dialect: final ? answer.dialectRevision : null,
    });
  }

  /** A NEGOTIATE. */
  negotiate(exchange: Exchange, body: RequestBodies["NEGOTIATE"]): void {
    const fields = {
      dialects: body.dialects,
      securityMode: body.securityMode,
      capabilities: body.capabilities,
      contexts: negotiateContexts(body.contexts ?? []),
      dialect: answerBody(exchange, "NEGOTIATE")?.dialectRevision ?? null,
    };
    const known = this.#connections.get(exchange.stream);
    const started = known?.connect ?? null;
    // The NEGOTIATE that follows an SMB1 start completes the same connect.
    if (started?.smb1 && started.dialect === null) {
      Object.assign(started, fields);
      this.#answered(started, exchange);
      return;
    }
    const connection = known ?? this.#newConnection(exchange);
    connection.connect = this.#list.add(exchange, connection.client, {
      kind: "connect",
      connection: connection.name,
      server: exchange.server,
      ...fields,
    });
  }

  /** A later round answers an operation that an earlier one began. */
  #answered(operation: Mutable<OperationBase>, exchange: Exchange): void {
    const { response } = exchange;
    operation.status = response?.header.status ?? null;
    operation.answeredAt = response === null ? null : this.#list.seconds(response.completed);
    operation.frames = { ...operation.frames, ...responseFrame(exchange) };
  }

  /** A round of SESSION_SETUP. */
  sessionSetup(exchange: Exchange, body: RequestBodies["SESSION_SETUP"]): void {
    const connection = this.connectionOf(exchange);
    const asked = exchange.request!.header.sessionId;
    // Where only the client's side was captured, the second round names a session that no response told.
    let login = connection.logins.get(asked) ?? connection.unanswered ?? undefined;
    connection.unanswered = null;
    connection.logins.delete(asked);
    if (login === undefined) {
      login = this.#newLogin(exchange, connection, body);
    } else {
      const token = describeToken(body.securityBuffer);
      login.user = token.user ?? login.user;
      login.domain = token.domain ?? login.domain;
      if (login.mechanism === "unknown" || token.user !== null) {
        login.mechanism = mechanismOf(token);
      }
      this.#answered(login, exchange);
    }
    const granted = exchange.response?.header.sessionId ?? 0n;
    const status = exchange.response?.header.status ?? null;
    if (status === STATUS_MORE_PROCESSING_REQUIRED) {
      connection.logins.set(granted, login);
    } else if (status === null && asked === 0n) {
      connection.unanswered = login;
    } else if (status === 0 || status === null) {
      this.#established(connection, exchange.server, { id: granted, login });
    }
  }

  #newLogin(
    exchange: Exchange,
    connection: ConnectionState,
    body: RequestBodies["SESSION_SETUP"],
  ): Mutable<LoginOperation> {
    const { client } = connection;
    const token = describeToken(body.securityBuffer);
    const asked = exchange.request!.header.sessionId;
    const known = asked === 0n ? undefined : this.#find(client, asked, exchange.server);
    const binding = (body.flags & SESSION_FLAG_BINDING) !== 0;
    const previous = body.previousSessionId === 0n
      ? undefined
      : this.#find(client, body.previousSessionId, exchange.server);
    return this.#list.add(exchange, client, {
      kind: "login",
      connection: connection.name,
      session: known !== undefined && !binding ? known.name : client.name("s"),
      user: token.user,
      domain: token.domain,
      mechanism: mechanismOf(token),
      securityMode: body.securityMode,
      capabilities: body.capabilities,
      signing: false,
      encryption: false,
      ...(known !== undefined && !binding ? { again: true } : {}),
      ...(known !== undefined && binding ? { bind: known.name } : {}),
      ...(previous === undefined ? {} : { previous: previous.name }),
    });
  }

  #established(
    connection: ConnectionState,
    server: string,
    { id, login }: { id: bigint; login: Mutable<LoginOperation> },
  ): void {
    const { client, stream } = connection;
    client.loggedIn(login.user);
    const known = this.#find(client, id, server);
    if (login.again && known !== undefined) {
      known.login = login;
    } else if (login.bind !== undefined && known !== undefined) {
      const { trees } = known;
      connection.channels.set(id, { name: login.session, server, stream, login, trees });
    } else {
      this.#keep(client, id, {
        name: login.session,
        server,
        stream,
        login,
        trees: new Map(),
      });
    }
  }

  /** The client's session with that id: on the same server, else on any. */
  #find(client: ClientState, id: bigint, server: string): SessionState | undefined {
    const sessions = this.#sessions.get(client)?.get(id);
    return sessions?.findLast((session) => session.server === server) ?? sessions?.at(-1);
  }

  #keep(client: ClientState, id: bigint, session: SessionState): void {
    let ofClient = this.#sessions.get(client);
    if (ofClient === undefined) this.#sessions.set(client, ofClient = new Map());
    const others = (ofClient.get(id) ?? []).filter(({ server }) => server !== session.server);
    ofClient.set(id, [...others, session]);
  }

  /** The session of an exchange; one that began before the capture is implied. */
  sessionOf(exchange: Exchange): Place {
    const stranger = this.#strangerFor(exchange);
    if (stranger !== null) return { name: stranger.name, ids: { session: null } };
    return { name: this.#sessionOf(exchange).name };
  }

  /**
   * A session to send on, when the id in the header is none that the client ever had: a whole conversation shows that
   * the id was made up, or is another client's.
   */
  #strangerFor(exchange: Exchange): SessionState | null {
    const id = this.#state.facts(exchange).sessionId ?? 0n;
    if (!this.isWhole(exchange.stream)) return null;
    const client = this.#clients.of(exchange);
    const connection = this.connectionOf(exchange);
    if (connection.channels.has(id) || this.#find(client, id, exchange.server) !== undefined) {
      return null;
    }
    const sessions = [...(this.#sessions.get(client)?.values() ?? [])].flat();
    return sessions.findLast(({ stream }) => stream === exchange.stream) ?? sessions.at(-1) ?? null;
  }

  /** Notes signing and encryption of the session that a request belongs to, if it is known. */
  mark(exchange: Exchange): void {
    const { sessionId } = this.#state.facts(exchange);
    if (sessionId === null) return;
    if (this.#find(this.#clients.of(exchange), sessionId, exchange.server) !== undefined) {
      this.#sessionOf(exchange);
    }
  }

  #sessionOf(exchange: Exchange): SessionState {
    const connection = this.connectionOf(exchange);
    const { client } = connection;
    const id = this.#state.facts(exchange).sessionId ?? 0n;
    let session = connection.channels.get(id) ?? this.#find(client, id, exchange.server);
    if (session === undefined) {
      const name = client.name("s");
      const login = this.#list.imply(exchange, client, {
        kind: "login",
        connection: connection.name,
        session: name,
        implied: true,
        user: null,
        domain: null,
        mechanism: "unknown",
        securityMode: 0,
        capabilities: 0,
        signing: false,
        encryption: false,
      });
      const { server, stream } = exchange;
      session = { name, server, stream, login, trees: new Map() };
      this.#keep(client, id, session);
    }
    const { request } = exchange;
    const { treeId } = this.#state.facts(exchange);
    const shareEncrypts = treeId !== null && session.trees.get(treeId)?.encrypts === true;
    if (request?.encrypted && !shareEncrypts) session.login.encryption = true;
    if (request !== null && (request.header.flags & HeaderFlags.SIGNED) !== 0) {
      // Dialect 3.1.1 signs a TREE_CONNECT and 3.0 FSCTL_VALIDATE_NEGOTIATE_INFO whatever the session does.
      if (!ALWAYS_SIGNED.has(request.header.command)) session.login.signing = true;
    }
    return session;
  }

  /** A TREE_CONNECT. */
  treeConnect(exchange: Exchange, body: RequestBodies["TREE_CONNECT"]): void {
    const stranger = this.#strangerFor(exchange);
    const session = stranger ?? this.#sessionOf(exchange);
    this.#noteChannel(exchange, session);
    const client = this.#clients.of(exchange);
    const { response, stream } = exchange;
    const answer = answerBody(exchange, "TREE_CONNECT");
    const encrypts = ((answer?.shareFlags ?? 0) & SHAREFLAG_ENCRYPT_DATA) !== 0;
    const tree = { name: client.name("t"), stream, session, encrypts };
    if (response?.header.status === 0) session.trees.set(response.header.treeId, tree);
    this.#list.add(exchange, client, {
      kind: "tree",
      session: session.name,
      tree: tree.name,
      path: body.path,
      flags: body.flags,
      shareType: answer?.shareType ?? null,
      ...(stranger === null ? {} : { ids: { session: null } }),
    });
  }

  /** The tree connect of an exchange; one that began before the capture is implied. */
  treeOf(exchange: Exchange): Place {
    const stranger = this.#strangerFor(exchange);
    const session = stranger ?? this.#sessionOf(exchange);
    const ids = stranger === null ? {} : { session: null };
    const facts = this.#state.facts(exchange);
    const id = this.#treeIdOf(facts);
    const known = session.trees.get(id);
    if (known !== undefined) {
      this.#noteChannel(exchange, known);
      return placed(known, ids);
    }
    const client = this.#clients.of(exchange);
    if (this.isWhole(exchange.stream)) {
      const other = this.#treeOfAnySession(client, id);
      if (other !== undefined) return placed(other, { session: session.name, ...ids });
      const carrier = [...session.trees.values()].at(-1) ?? this.#treeOfAnySession(client);
      if (carrier !== undefined) {
        const foreign = carrier.session === session ? {} : { session: session.name };
        return placed(carrier, { tree: null, ...foreign, ...ids });
      }
    }
    const { stream } = exchange;
    const tree = { name: client.name("t"), stream, session, encrypts: false };
    session.trees.set(id, tree);
    this.#list.imply(exchange, client, {
      kind: "tree",
      session: session.name,
      tree: tree.name,
      implied: true,
      path: facts.tree ?? `\\\\${hostOf(exchange.server)}\\unknown`,
      flags: 0,
      shareType: null,
    });
    return { name: tree.name };
  }

  /** The latest tree connect with that id, or with any, in whatever session of the client. */
  #treeOfAnySession(client: ClientState, id?: number): TreeState | undefined {
    const sessions = [...(this.#sessions.get(client)?.values() ?? [])].flat();
    const trees = sessions.flatMap((session) =>
      id === undefined ? [...session.trees.values()] : [session.trees.get(id) ?? []].flat()
    );
    return trees.at(-1);
  }

  /** An asynchronous request has no TreeId of its own (MS-SMB2 2.2.1.1): that of its open counts. */
  #treeIdOf(facts: Facts): number {
    if (facts.treeId !== null) return facts.treeId;
    return facts.create?.treeId ?? 0;
  }

  /** The scripting API sends on the connection of the session that made a tree connect. */
  #noteChannel(exchange: Exchange, on: { readonly stream: number }): void {
    if (on.stream === exchange.stream) return;
    this.#list.note(
      exchange,
      "A request of a session came on another connection: it is replayed on the session's own",
    );
  }
}

function placed({ name }: TreeState, ids: ForeignIds): Place {
  return Object.keys(ids).length === 0 ? { name } : { name, ids };
}

function mechanismOf(token: ReturnType<typeof describeToken>): LoginOperation["mechanism"] {
  if (token.kerberos) return "kerberos";
  if (token.ntlmType === null) return "unknown";
  return token.ntlmType === 3 && (token.user ?? "") === "" ? "anonymous" : "ntlm";
}
