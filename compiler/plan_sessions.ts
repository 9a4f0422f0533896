/**
 * Connections, sessions and tree connects of a plan: which one an exchange belongs to, and its name. Those that began
 * before the capture are implied.
 */
import { Command, HeaderFlags, type RequestBodies } from "../runtime/wire/mod.ts";
import { describeToken } from "../runtime/security/mod.ts";
import { answerBody, type Exchange, type Facts } from "./exchange.ts";
import type { Entry } from "./operation_store.ts";
import { type ForeignIds, type LoginOperation, OF_OTHERS } from "./plan.ts";
import { type Clients, type ClientState, hostOf } from "./plan_clients.ts";
import { negotiateContexts } from "./plan_contexts.ts";
import type { OperationList } from "./plan_list.ts";
import type { ReplayState } from "./replay_state.ts";
import {
  type LoginState,
  type SessionState,
  SessionTable,
  type TreeState,
} from "./session_table.ts";

const STATUS_MORE_PROCESSING_REQUIRED = 0xc0000016;
const SESSION_FLAG_BINDING = 0x01;
const SHARE_TYPE_PIPE = 2;
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
  connect: Entry | null;
  /** It started with SMB1, and the NEGOTIATE that tells its dialect is still to come. */
  started: boolean;
  /** SESSION_SETUPs under way, by SessionId. */
  readonly logins: Map<bigint, LoginState>;
  /** The SESSION_SETUP that got no answer in the capture. */
  unanswered: LoginState | null;
  /** Sessions of other connections that were bound to this one, by SessionId. */
  readonly channels: Map<bigint, SessionState>;
}

/** Where a request is sent: its session or tree connect, and what its header says besides. */
export interface Place {
  readonly name: string;
  readonly ids?: ForeignIds;
  readonly via?: string;
}

/** Names connections, sessions and tree connects, and adds their operations. */
export class Sessions {
  readonly #list: OperationList;
  readonly #clients: Clients;
  readonly #state: ReplayState;
  readonly #connections = new Map<number, ConnectionState>();
  readonly #sessions = new SessionTable();
  /** Logins of SESSION_SETUPs that were taken before they were answered. */
  readonly #underWay = new WeakMap<Exchange, LoginState>();
  /** The latest tree connect of a session whose id is not known. */
  readonly #nameless = new WeakMap<SessionState, TreeState>();
  /** Tree connects whose answer is still to come. */
  readonly #connecting = new WeakMap<Exchange, TreeState>();

  constructor(options: { list: OperationList; clients: Clients; state: ReplayState }) {
    this.#list = options.list;
    this.#clients = options.clients;
    this.#state = options.state;
  }

  /** The connection of a conversation, if anything of it is in the plan. */
  peekConnection(stream: number): ConnectionState | undefined {
    return this.#connections.get(stream);
  }

  /** Nothing more comes of a conversation. */
  ended(stream: number): void {
    this.#connections.delete(stream);
    this.#sessions.ended(stream);
  }

  /** The session in whose files a request works, if it is known. */
  filesOf(exchange: Exchange): SessionState | undefined {
    return this.#find(exchange, this.#state.facts(exchange).sessionId ?? 0n);
  }

  /** The server whose file ids a request names: of several addresses, the one where its session logged in. */
  serverOf(exchange: Exchange): string {
    return this.filesOf(exchange)?.server ?? exchange.server;
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
      started: false,
      logins: new Map(),
      unanswered: null,
      channels: new Map(),
    };
    this.#connections.set(exchange.stream, connection);
    return connection;
  }

  /** An SMB1 NEGOTIATE that SMB2 answered. */
  startWithSmb1(exchange: Exchange): Entry | null {
    const answer = answerBody(exchange, "NEGOTIATE");
    if (answer === null || this.#connections.has(exchange.stream)) return null;
    const connection = this.#newConnection(exchange);
    const final = answer.dialectRevision !== WILDCARD_DIALECT;
    connection.started = !final;
    return connection.connect = this.#list.add(exchange, connection.client, {
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
  negotiate(exchange: Exchange, body: RequestBodies["NEGOTIATE"]): Entry {
    const fields = {
      dialects: withChosen(body.dialects, exchange),
      securityMode: body.securityMode,
      capabilities: body.capabilities,
      contexts: negotiateContexts(body.contexts ?? []),
      dialect: answerBody(exchange, "NEGOTIATE")?.dialectRevision ?? null,
    };
    const known = this.#connections.get(exchange.stream);
    // The NEGOTIATE that follows an SMB1 start completes the same connect.
    if (known?.started && known.connect !== null) {
      known.started = fields.dialect === null;
      this.#list.answeredAgain(known.connect, exchange, fields);
      return known.connect;
    }
    const connection = known ?? this.#newConnection(exchange);
    return connection.connect = this.#list.add(exchange, connection.client, {
      kind: "connect",
      connection: connection.name,
      server: exchange.server,
      ...fields,
    });
  }

  /** A NEGOTIATE was answered after it was taken. */
  negotiated(entry: Entry, exchange: Exchange): void {
    const dialect = answerBody(exchange, "NEGOTIATE")?.dialectRevision ?? null;
    const connection = this.#connections.get(exchange.stream);
    if (connection?.connect === entry) connection.started = false;
    this.#list.answered(entry, exchange, { dialect });
  }

  /** A round of SESSION_SETUP. */
  sessionSetup(exchange: Exchange, body: RequestBodies["SESSION_SETUP"]): Entry {
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
      const { user, domain, mechanism } = login;
      this.#list.answeredAgain(login.entry, exchange, { user, domain, mechanism });
    }
    if (exchange.settled) this.#setUp(exchange, connection, login);
    else this.#underWay.set(exchange, login);
    return login.entry;
  }

  /** A SESSION_SETUP was answered after it was taken. */
  sessionSetUp(exchange: Exchange): void {
    const connection = this.#connections.get(exchange.stream);
    const login = this.#underWay.get(exchange);
    if (connection === undefined || login === undefined) return;
    this.#list.answeredAgain(login.entry, exchange, {});
    this.#setUp(exchange, connection, login);
  }

  #setUp(exchange: Exchange, connection: ConnectionState, login: LoginState): void {
    const asked = exchange.request!.header.sessionId;
    // Without an answer the second round alone tells the id.
    const granted = exchange.response?.header.sessionId ?? asked;
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
  ): LoginState {
    const { client } = connection;
    const token = describeToken(body.securityBuffer);
    const asked = exchange.request!.header.sessionId;
    const known = asked === 0n ? undefined : this.#find(exchange, asked);
    const binding = (body.flags & SESSION_FLAG_BINDING) !== 0;
    const previous = body.previousSessionId === 0n
      ? undefined
      : this.#find(exchange, body.previousSessionId);
    const ofAnyone = body.previousSessionId === 0n || previous !== undefined
      ? undefined
      : this.#sessions.findAny(body.previousSessionId, exchange.server);
    const others = ofAnyone !== undefined && ofAnyone.login.id >= 0 ? ofAnyone : undefined;
    if (others !== undefined) this.#list.change(others.login.entry, { shared: true });
    if (body.previousSessionId !== 0n && previous === undefined && others === undefined) {
      this.#list.note(
        exchange,
        "A PreviousSessionId names a session that is not this client's in the capture: it is left out",
      );
    }
    const again = known !== undefined && !binding;
    const session = again ? known.name : client.name("s");
    const bind = known !== undefined && binding ? known.name : null;
    const { user, domain } = token;
    const mechanism = mechanismOf(token);
    const entry = this.#list.add(exchange, client, {
      kind: "login",
      connection: connection.name,
      session,
      user,
      domain,
      mechanism,
      securityMode: body.securityMode,
      capabilities: body.capabilities,
      signing: false,
      encryption: false,
      ...(again ? { again } : {}),
      ...(bind === null ? {} : { bind }),
      ...(previous === undefined ? {} : { previous: previous.name }),
      ...(others === undefined ? {} : { previous: `${OF_OTHERS}${others.login.id}` }),
    });
    return {
      id: exchange.index,
      entry,
      session,
      user,
      domain,
      mechanism,
      again,
      bind,
      signing: false,
      encryption: false,
    };
  }

  #established(
    connection: ConnectionState,
    server: string,
    { id, login }: { id: bigint; login: LoginState },
  ): void {
    const { client, stream } = connection;
    const hidden = login.user === null ? this.#state.userOf(stream, id) : null;
    if (hidden !== null) {
      Object.assign(login, hidden);
      this.#list.change(login.entry, hidden);
    }
    client.loggedIn(login.user);
    const known = this.#sessions.find(client, id, server);
    const name = login.session;
    if (login.again && known !== undefined) {
      known.login = login;
    } else if (login.bind !== null && known !== undefined) {
      const { trees } = known;
      connection.channels.set(id, { name, server, stream, login, trees, forgotten: false });
    } else {
      const session = { name, server, stream, login, trees: new Map(), forgotten: false };
      this.#sessions.set(client, id, session);
    }
  }

  /** The session with that id of the client of an exchange. */
  #find(exchange: Exchange, id: bigint): SessionState | undefined {
    return this.#sessions.find(this.#clients.of(exchange), id, exchange.server);
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
    const connection = this.#connections.get(exchange.stream);
    if (connection === undefined || connection.connect === null) return null;
    const id = this.#state.facts(exchange).sessionId ?? 0n;
    if (connection.channels.has(id) || this.#find(exchange, id) !== undefined) return null;
    const sessions = this.#sessions.of(connection.client);
    return sessions.findLast(({ stream }) => stream === exchange.stream) ?? sessions.at(-1) ?? null;
  }

  /** Notes signing and encryption of the session that a request belongs to, if it is known. */
  mark(exchange: Exchange): void {
    const { sessionId } = this.#state.facts(exchange);
    if (sessionId === null) return;
    if (this.#find(exchange, sessionId) !== undefined) this.#sessionOf(exchange);
  }

  #sessionOf(exchange: Exchange): SessionState {
    const connection = this.connectionOf(exchange);
    const { sessionId, treeId } = this.#state.facts(exchange);
    const id = sessionId ?? 0n;
    const session = connection.channels.get(id) ?? this.#find(exchange, id) ??
      this.#implied(exchange, connection, id);
    const { request } = exchange;
    if (request === null) return session;
    const { login } = session;
    if (request.encrypted && !login.encryption) {
      const shareEncrypts = treeId !== null && session.trees.get(treeId)?.encrypts === true;
      if (!shareEncrypts) {
        login.encryption = true;
        this.#list.change(login.entry, { encryption: true });
      }
    }
    if (!login.signing && (request.header.flags & HeaderFlags.SIGNED) !== 0) {
      // Dialect 3.1.1 signs a TREE_CONNECT and 3.0 FSCTL_VALIDATE_NEGOTIATE_INFO whatever the session does.
      if (!ALWAYS_SIGNED.has(request.header.command)) {
        login.signing = true;
        this.#list.change(login.entry, { signing: true });
      }
    }
    return session;
  }

  /** A session that began before the capture. */
  #implied(exchange: Exchange, connection: ConnectionState, id: bigint): SessionState {
    const { client } = connection;
    const name = client.name("s");
    const fields = { user: null, domain: null, mechanism: "unknown" as const };
    const entry = this.#list.imply(exchange, client, {
      kind: "login",
      connection: connection.name,
      session: name,
      implied: true,
      ...fields,
      securityMode: 0,
      capabilities: 0,
      signing: false,
      encryption: false,
    });
    const login: LoginState = {
      id: -1,
      entry,
      session: name,
      ...fields,
      again: false,
      bind: null,
      signing: false,
      encryption: false,
    };
    const { server, stream } = exchange;
    const session = { name, server, stream, login, trees: new Map(), forgotten: false };
    this.#sessions.set(client, id, session);
    return session;
  }

  /** A TREE_CONNECT. */
  treeConnect(exchange: Exchange, body: RequestBodies["TREE_CONNECT"]): Entry {
    const stranger = this.#strangerFor(exchange);
    const session = stranger ?? this.#sessionOf(exchange);
    const client = this.#clients.of(exchange);
    const { stream } = exchange;
    const tree: TreeState = { name: client.name("t"), stream, session, encrypts: false };
    const place = this.#placed(exchange, session, stranger === null ? {} : { session: null });
    const entry = this.#list.add(exchange, client, {
      kind: "tree",
      session: session.name,
      tree: tree.name,
      path: pathOf(exchange, body.path),
      flags: body.flags,
      shareType: answerBody(exchange, "TREE_CONNECT")?.shareType ?? null,
      ...place,
    });
    if (exchange.settled) connected(exchange, tree);
    else this.#connecting.set(exchange, tree);
    if (exchange.response === null) this.#nameless.set(session, tree);
    return entry;
  }

  /** A TREE_CONNECT was answered after it was taken. */
  treeConnected(entry: Entry, exchange: Exchange): void {
    const tree = this.#connecting.get(exchange);
    if (tree !== undefined) {
      connected(exchange, tree);
      if (this.#nameless.get(tree.session) === tree) this.#nameless.delete(tree.session);
    }
    const shareType = answerBody(exchange, "TREE_CONNECT")?.shareType ?? null;
    this.#list.answered(entry, exchange, { shareType });
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
      return { name: known.name, ...this.#placed(exchange, known, ids) };
    }
    const nameless = this.#nameless.get(session);
    if (nameless !== undefined) {
      this.#nameless.delete(session);
      session.trees.set(id, nameless);
      this.#list.note(
        exchange,
        "A tree id is taken to be that of the TREE_CONNECT before, whose answer the capture does not have",
      );
      return { name: nameless.name, ...this.#placed(exchange, nameless, ids) };
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
    const tree: TreeState = { name: client.name("t"), stream, session, encrypts: false };
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
    const trees = this.#sessions.of(client).flatMap((session) =>
      id === undefined ? [...session.trees.values()] : [session.trees.get(id) ?? []].flat()
    );
    return trees.at(-1);
  }

  /** An asynchronous request has no TreeId of its own (MS-SMB2 2.2.1.1): that of its open counts. */
  #treeIdOf(facts: Facts): number {
    if (facts.treeId !== null) return facts.treeId;
    return facts.create?.treeId ?? 0;
  }

  /** What the header names besides, and the channel of the session that the request took. */
  #placed(
    exchange: Exchange,
    on: { readonly stream: number },
    ids: ForeignIds,
  ): { ids?: ForeignIds; via?: string } {
    const named = Object.keys(ids).length === 0 ? {} : { ids };
    if (on.stream === exchange.stream) return named;
    const { channels } = this.connectionOf(exchange);
    const channel = channels.get(this.#state.facts(exchange).sessionId ?? 0n);
    if (channel !== undefined) return { ...named, via: channel.name };
    this.#list.note(
      exchange,
      "A request of a session came on another connection: it is replayed on the session's own",
    );
    return named;
  }
}

/** The path of a TREE_CONNECT; of one that is cut what is known of it, and that of every server's pipes. */
function pathOf(exchange: Exchange, path: string): string {
  if (exchange.request?.lacks === undefined) return path;
  const [, , host = "", share = ""] = path.split("\\");
  const isPipe = answerBody(exchange, "TREE_CONNECT")?.shareType === SHARE_TYPE_PIPE;
  return `\\\\${host === "" ? hostOf(exchange.server) : host}\\${
    isPipe ? "IPC$" : share === "" ? "unknown" : share
  }`;
}

/** Of a list that is cut: with the dialect that the server chose from it. */
function withChosen(dialects: readonly number[], exchange: Exchange): readonly number[] {
  if (exchange.request?.lacks === undefined) return dialects;
  const chosen = answerBody(exchange, "NEGOTIATE")?.dialectRevision;
  return chosen === undefined || dialects.includes(chosen) ? dialects : [...dialects, chosen];
}

function connected({ response }: Exchange, tree: TreeState): void {
  if (response?.header.status !== 0) return;
  const message = response.message;
  if (message?.kind === "response" && message.command === "TREE_CONNECT") {
    tree.encrypts = (message.body.shareFlags & SHAREFLAG_ENCRYPT_DATA) !== 0;
  }
  tree.session.trees.set(response.header.treeId, tree);
}

function placed({ name }: TreeState, ids: ForeignIds): Place {
  return Object.keys(ids).length === 0 ? { name } : { name, ids };
}

function mechanismOf(token: ReturnType<typeof describeToken>): LoginOperation["mechanism"] {
  if (token.kerberos) return "kerberos";
  if (token.ntlmType === null) return "unknown";
  return token.ntlmType === 3 && (token.user ?? "") === "" ? "anonymous" : "ntlm";
}
