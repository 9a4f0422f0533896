/** Connections and sessions. */
import type {
  BackendConnection as ClientConnection,
  BackendSession as ClientSession,
  NegotiateResult,
} from "../client/mod.ts";
import type {
  CompressionOffer,
  NegotiateOptions,
  Session as NativeSession,
} from "../client/mod.ts";
import {
  COMMAND_NAMES,
  type CommandName,
  HashAlgorithm,
  type NegotiateContext,
  Status,
} from "../wire/mod.ts";
import type {
  Connection,
  ConnectOptions,
  LoginOptions,
  NegotiateContextOption,
  Negotiated,
  NetworkFaults,
  Operation,
  OperationOptions,
  RawAnswer,
  SendRawOptions,
  Session,
  Tree,
  TreeOptions,
} from "./api.ts";
import {
  cipherName,
  cipherNumber,
  compressionAlgorithmNumber,
  hashAlgorithmNumber,
  signingAlgorithmNumber,
} from "./algorithms.ts";
import { type ClientState, SessionLink } from "./client_state.ts";
import { ScriptError } from "./errors.ts";
import { capabilitiesMask, dialectNumber } from "./names.ts";
import { type RawEnd, sendRaw } from "./raw.ts";
import type { RawTransport } from "./raw_transport.ts";
import { defined, ifGiven } from "./requests.ts";
import { type Answered, answerOf, type Run } from "./run.ts";
import { ScriptTree } from "./tree.ts";
import { duration, size } from "./units.ts";

const NOT_NEGOTIATED: Negotiated = {
  dialect: 0,
  maxTransactSize: 0,
  maxReadSize: 0,
  maxWriteSize: 0,
  capabilities: 0,
  cipher: null,
};

/** SecurityMode: signing required (MS-SMB2 2.2.3). */
const SIGNING_REQUIRED = 0x02;

/** Length of the preauth salt that clients use. */
const SALT_LENGTH = 32;

/** A connection of a run: open, or not. */
export class ScriptConnection implements Connection {
  readonly #state: ClientState;
  #connection: ClientConnection | null = null;
  #raw: RawEnd | null = null;
  #negotiated: NegotiateResult | null = null;
  /** What sessions, shares and files on this connection look at. */
  readonly #link: { lost: string | null } = { lost: "the connection is not made yet" };
  /** Made when it is asked for: most connections have no faults. */
  #net: NetworkFaults | null = null;

  constructor(state: ClientState) {
    this.#state = state;
  }

  get net(): NetworkFaults {
    return this.#net ??= networkFaults(() => this.#connection);
  }

  /** NEGOTIATE succeeded; null where there was none. */
  connected(
    connection: ClientConnection,
    transport: RawTransport,
    negotiated: NegotiateResult | null,
  ): void {
    this.#connection = connection;
    this.#raw = { transport, disconnected: connection.disconnected };
    this.#negotiated = negotiated;
    this.#link.lost = negotiated === null ? "nothing was negotiated" : null;
    void connection.disconnected.then((error) => {
      this.#link.lost ??= error === null
        ? "the connection is closed"
        : `the connection is lost (${error.message})`;
    });
  }

  /** Connecting failed. */
  failed(reason: string): void {
    this.#link.lost = reason;
  }

  get negotiated(): Negotiated {
    const response = this.#negotiated?.response;
    if (response === undefined) return NOT_NEGOTIATED;
    const { maxTransactSize, maxReadSize, maxWriteSize, capabilities } = response;
    return {
      dialect: this.#negotiated?.dialect ?? 0,
      maxTransactSize,
      maxReadSize,
      maxWriteSize,
      capabilities,
      cipher: cipherName(this.#connection?.cipher ?? null),
    };
  }

  login(options: LoginOptions = {}): Operation<Session> {
    const { run } = this.#state;
    const bound = options.bind === undefined ? null : options.bind as ScriptSession;
    const link = bound === null ? new SessionLink(this.#link) : bound.link;
    const session = new ScriptSession(this.#state, link);
    const previous = options.previous === undefined ? null : inner(options.previous);
    let made: ClientSession | null = null;
    const origin = this.#state.origin();
    if (options.shared === true) run.share(origin, session);
    return run.perform<Session, Answered>({
      origin,
      command: "SESSION_SETUP",
      path: "",
      options,
      obstacle: this.#link.lost ?? bound?.refusal ?? null,
      send: async () => {
        const authenticator = run.authenticator(options.credentials ?? "run", options.user);
        const setup = sessionOptions(run, options, previous);
        made = bound === null
          ? await this.#required().session(authenticator, setup)
          : await this.#bind(bound, authenticator, setup);
        return wholeLogin(made.replies);
      },
      value: () => {
        if (made === null) return session;
        if (bound !== null) link.add(this.#link);
        session.loggedIn(made, bound !== null);
        return session;
      },
      empty: () => session,
      failed: (reason) => session.failed(reason),
    });
  }

  echo(options: OperationOptions = {}): Operation<void> {
    return this.#state.run.perform({
      origin: this.#state.origin(),
      command: "ECHO",
      path: "",
      options,
      obstacle: this.#link.lost,
      send: (sending) => this.#required().echo(sending),
      value: () => {},
      empty: () => {},
    });
  }

  sendRaw(bytes: Uint8Array, options: SendRawOptions = {}): Operation<RawAnswer> {
    return sendRaw(this.#state, bytes, {
      options,
      // Without a negotiation bytes are all that it takes.
      obstacle: this.#negotiated === null && this.#raw !== null ? null : this.#link.lost,
      end: () => {
        if (this.#raw === null) throw new Error("Cannot send: the connection is closed");
        return this.#raw;
      },
    });
  }

  async disconnect(): Promise<void> {
    const { run } = this.#state;
    const { key: number, label, pace, recorded } = this.#state.origin();
    const key = number ?? label;
    const now = () => run.host.clock.now();
    this.#link.lost ??= "the connection is closed";
    if (key !== null) run.order.begin(key);
    run.operationBegins();
    pace?.sent(recorded === undefined ? null : { recorded: recorded.at, actual: now() });
    if (this.#connection !== null) await this.#state.leave(this.#connection);
    const answered = recorded === undefined ? null : answerOf(recorded, now());
    pace?.answered(false, answered);
    run.operationEnds({ command: "DISCONNECT", key, isHeld: false, answered });
  }

  async disconnected(): Promise<string> {
    if (this.#connection === null) return this.#link.lost ?? "";
    const error = await this.#connection.disconnected;
    return error === null ? "closed" : error.message;
  }

  #bind(
    bound: ScriptSession,
    authenticator: Parameters<ClientConnection["session"]>[0],
    setup: ReturnType<typeof sessionOptions>,
  ): Promise<ClientSession> {
    const connection = this.#required();
    if (connection.bind === undefined || bound.inner === null) {
      throw new Error("Cannot send: this client gives a session one connection");
    }
    const { failover: _, renewal: __, previousSessionId: ___, ...options } = setup;
    return connection.bind(bound.inner as NativeSession, authenticator, options);
  }

  #required(): ClientConnection {
    if (this.#connection === null) throw new Error("Cannot send: the connection is closed");
    return this.#connection;
  }
}

/** A session of a run: logged in, or not. */
export class ScriptSession implements Session {
  readonly #state: ClientState;
  /** The connections of its channels. */
  readonly link: SessionLink;
  #session: ClientSession | null = null;
  #refusal: string | null = "nobody is logged in";

  constructor(state: ClientState, link: SessionLink) {
    this.#state = state;
    this.link = link;
  }

  get id(): bigint {
    return this.#session?.id ?? 0n;
  }

  get channelSequence(): number {
    return this.#session?.channelSequence ?? 0;
  }

  /** Why nobody is logged in; null where somebody is. */
  get refusal(): string | null {
    return this.#refusal;
  }

  /** Why requests cannot be sent. A session that is logged off takes them: the server says what it thinks. */
  get #obstacle(): string | null {
    return this.#refusal ?? this.link.lost;
  }

  /** SESSION_SETUP succeeded; a session that joined another one ends with that one. */
  loggedIn(session: ClientSession, isBinding: boolean): void {
    this.#session = session;
    this.#refusal = null;
    if (!isBinding) this.#state.sessions.add(session);
  }

  /** SESSION_SETUP failed. */
  failed(reason: string): void {
    this.#refusal = `the login did not succeed (${reason})`;
  }

  /** The session below; null when nobody is logged in. */
  get inner(): ClientSession | null {
    return this.#session;
  }

  tree(
    share: string = this.#state.run.options.share,
    options: TreeOptions = {},
  ): Operation<Tree> {
    const { run } = this.#state;
    const path = share.startsWith("\\\\") ? share : `\\\\${run.options.server}\\${share}`;
    let tree: ScriptTree | null = null;
    const operation = run.perform<Tree, Answered>({
      origin: this.#state.origin(),
      command: "TREE_CONNECT",
      path,
      options,
      obstacle: this.#obstacle,
      send: async (sending) => {
        const connected = await this.#required().tree(path, {
          ...sending,
          ...defined({ treeFlags: options.flags }),
          // A replay sends what was captured: FSCTL_VALIDATE_NEGOTIATE_INFO is an operation of its own there.
          ...run.strict ? {} : { validateNegotiate: false },
        });
        tree = new ScriptTree(this.#state, { link: this.link, tree: connected });
        return connected.reply;
      },
      value: (reply) =>
        tree ?? new ScriptTree(this.#state, { link: this.link, refusal: refusal(reply) }),
      empty: () =>
        new ScriptTree(this.#state, { link: this.link, refusal: "the share is not connected" }),
    });
    return operation;
  }

  reauthenticate(options: LoginOptions = {}): Operation<void> {
    const { run } = this.#state;
    return run.perform<void, Answered>({
      origin: this.#state.origin(),
      command: "SESSION_SETUP",
      path: "",
      options,
      obstacle: this.#obstacle,
      send: async () => {
        const session = this.#required();
        if (session.reauthenticate === undefined) {
          throw new Error("Cannot send: this client authenticates a session once");
        }
        const before = session.replies.length;
        await session.reauthenticate(run.authenticator(options.credentials ?? "run", options.user));
        return wholeLogin(session.replies.slice(before));
      },
      value: () => {},
      empty: () => {},
    });
  }

  logoff(options: OperationOptions = {}): Operation<void> {
    return this.#state.run.perform({
      origin: this.#state.origin(),
      command: "LOGOFF",
      path: "",
      options,
      obstacle: this.#obstacle,
      leftOut: this.#state.run.host.backend.leftOut("LOGOFF"),
      send: (sending) => {
        const session = this.#required();
        const sent = session.logoff(sending);
        this.#state.sessions.delete(session);
        return sent;
      },
      value: () => {},
      empty: () => {},
    });
  }

  #required(): ClientSession {
    if (this.#session === null) throw new Error("Cannot send: nobody is logged in");
    return this.#session;
  }
}

function refusal(reply: Answered): string {
  return `the share did not connect (0x${reply.status.toString(16).padStart(8, "0")})`;
}

function sessionOptions(run: Run, options: LoginOptions, previous: ClientSession | null) {
  const { securityMode } = options;
  const required = securityMode !== undefined && (securityMode & SIGNING_REQUIRED) !== 0;
  return {
    ...defined({
      securityMode,
      capabilities: ifGiven(options.capabilities, capabilitiesMask),
      encryption: options.encryption,
      failover: options.failover,
      signing: options.signing ?? (required ? "required" as const : undefined),
      previousSessionId: previous?.id,
      renewal: options.renew === true ? run.authenticator("run", options.user) : undefined,
    }),
  };
}

/** SESSION_SETUP takes several requests: together they are one operation. */
function wholeLogin(replies: ClientSession["replies"]): Answered {
  const [first, last] = [replies[0], replies.at(-1)];
  if (first === undefined || last === undefined) {
    throw new Error("Cannot tell how the login went: it has no responses");
  }
  return {
    status: last.status,
    sentAt: first.sentAt,
    receivedAt: last.receivedAt,
    bytesSent: replies.reduce((sum, reply) => sum + reply.bytesSent, 0),
    bytesReceived: replies.reduce((sum, reply) => sum + reply.bytesReceived, 0),
  };
}

/** Faults of the connection that `connection` gives. */
function networkFaults(connection: () => ClientConnection | null): NetworkFaults {
  function net(): NonNullable<ClientConnection["net"]> {
    const found = connection()?.net;
    if (found !== undefined) return found;
    throw new ScriptError(
      connection() === null
        ? "Cannot make a fault: the connection is not made"
        : "Cannot make a fault: this client makes none",
    );
  }
  return {
    stall: (direction) => net().stall(direction),
    delay: (time, direction) => net().delay(duration(time), direction),
    halfOpen: () => net().halfOpen(),
    dropAfter: (bytes, direction) => net().dropAfter(size(bytes), direction),
    dropBefore: (command) => {
      if (command === undefined) return net().dropNext();
      if (!COMMAND_NAMES.includes(command as CommandName)) {
        throw new RangeError(
          `Cannot drop before ${JSON.stringify(command)}: known are ${COMMAND_NAMES.join(", ")}`,
        );
      }
      net().dropBefore(command as CommandName);
    },
    drop: () => net().drop(),
    resume: () => net().resume(),
  };
}

function inner(session: Session): ClientSession {
  const found = (session as ScriptSession).inner;
  if (found === null) {
    throw new ScriptError("Cannot replace a session: nobody was logged in to it");
  }
  return found;
}

/** Connects and negotiates. */
export function connect(state: ClientState, options: ConnectOptions): Operation<Connection> {
  const { run } = state;
  const connection = new ScriptConnection(state);
  const dialects = options.dialects?.map(dialectNumber);
  const capabilities = ifGiven(options.capabilities, capabilitiesMask);
  const contexts = options.contexts?.map((context) => negotiateContext(run, context));
  let made: {
    connection: ClientConnection;
    transport: RawTransport;
    result: NegotiateResult | null;
  } | null = null;
  return run.perform<Connection, Answered>({
    origin: state.origin(),
    command: options.negotiate === false ? "CONNECT" : "NEGOTIATE",
    path: "",
    options,
    obstacle: null,
    send: async (sending) => {
      const guid = run.guid("client guid", options.clientGuid ?? state.name);
      const began = run.host.clock.now();
      const { connection: inner, transport } = await state.open(guid);
      sending.owner.signal.addEventListener("abort", () => inner.close(), { once: true });
      if (options.negotiate === false) {
        made = { connection: inner, transport, result: null };
        return connectedAt(began, run.host.clock.now());
      }
      const result = await inner.negotiate({
        clientGuid: guid,
        ...defined({
          dialects,
          securityMode: options.securityMode,
          capabilities,
          smb1: options.smb1,
          ...offeredAlgorithms(options),
          netName: options.netname === true ? run.options.server : undefined,
          contexts,
        }),
      });
      made = { connection: inner, transport, result };
      return result.reply;
    },
    value: () => {
      if (made !== null) connection.connected(made.connection, made.transport, made.result);
      return connection;
    },
    empty: () => connection,
    failed: (reason) => connection.failed(`it did not connect (${reason})`),
  });
}

/** A TCP connection that was made. */
function connectedAt(sentAt: number, receivedAt: number): Answered {
  return { status: Status.SUCCESS, sentAt, receivedAt, bytesSent: 0, bytesReceived: 0 };
}

/** What 3.1.1 is offered where the contexts are not given one by one. */
function offeredAlgorithms(
  options: ConnectOptions,
): Pick<NegotiateOptions, "ciphers" | "signingAlgorithms" | "compression"> {
  const { compression } = options;
  const offer: CompressionOffer | undefined = compression === undefined ? undefined : {
    algorithms: compression.algorithms.map(compressionAlgorithmNumber),
    chained: compression.chained ?? false,
  };
  return defined({
    ciphers: options.ciphers?.map(cipherNumber),
    signingAlgorithms: options.signingAlgorithms?.map(signingAlgorithmNumber),
    compression: offer,
  });
}

function negotiateContext(run: Run, option: NegotiateContextOption): NegotiateContext {
  switch (option.kind) {
    case "preauthIntegrity":
      return {
        kind: "preauthIntegrity",
        hashAlgorithms: option.hashAlgorithms?.map(hashAlgorithmNumber) ?? [HashAlgorithm.SHA_512],
        salt: run.host.random(option.saltLength ?? SALT_LENGTH),
      };
    case "compression":
      return {
        kind: "compression",
        flags: option.flags ?? 0,
        padding: 0,
        algorithms: option.algorithms.map(compressionAlgorithmNumber),
      };
    case "encryption":
      return { kind: "encryption", ciphers: option.ciphers.map(cipherNumber) };
    case "signing":
      return { kind: "signing", algorithms: option.algorithms.map(signingAlgorithmNumber) };
    case "netname":
      return { kind: "netname", netName: option.netName ?? run.options.server };
    case "rdmaTransform":
      return {
        kind: "rdmaTransform",
        reserved1: 0,
        reserved2: 0,
        transforms: option.transforms,
      };
    default:
      return option;
  }
}
