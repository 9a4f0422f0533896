/** Connection, session, tree and open over the package: the native client's surface, as far as the package goes. */
import { Buffer } from "node:buffer";
import {
  type CommandName,
  type CreateRequest,
  type CreateResponse,
  Dialect,
  type FileId,
  HeaderFlags,
  isSuccess,
  QueryDirectoryFlag,
  type RequestBodies,
  SecurityMode,
  SessionFlag,
  Status,
} from "../../wire/mod.ts";
import {
  type NegotiateOptions,
  ProtocolError,
  type Reply,
  StatusError,
  type SuccessReply,
} from "../../protocol/mod.ts";
import type { Transport } from "../../transport/mod.ts";
import type { Authenticator } from "../authenticator.ts";
import type { NegotiateResult, SessionSetupOptions } from "../connection.ts";
import { createBody, type CreateOptions, requestTuning } from "../create.ts";
import { FileRequests } from "../file_requests.ts";
import type { ConnectionOptions } from "../link.ts";
import type { Answer, RequestOptions } from "../options.ts";
import type { TreeOptions } from "../session.ts";
import type {
  Backend,
  BackendConnection,
  BackendOpen,
  BackendSession,
  BackendTree,
} from "./backend.ts";
import { MarsaudLink, type PackageRequest } from "./link.ts";
import { MAX_MESSAGE, MAX_READ, MAX_WRITE } from "./package.ts";
import {
  chooseCreate,
  leftOutByMarsaud,
  type OperationDescription,
  setInfoClassName,
  unsupportedByMarsaud,
  UnsupportedError,
} from "./unsupported.ts";

/** SESSION_SETUP requests of one login: NTLM takes two, another mechanism a few more. */
const MAX_LOGIN_STEPS = 8;
/** Header and fixed part of SESSION_SETUP. */
const SESSION_SETUP_FIXED = 88;

/** Options of requests; scripts ask to hear of interim responses. */
interface Tuning extends RequestOptions {
  readonly onInterim?: () => void;
}

/** The back end `--backend marsaud`. */
export const marsaudBackend: Backend = {
  name: "marsaud",
  connect: (transport, options) => MarsaudConnection.connect(transport, options),
  unsupported: unsupportedByMarsaud,
  leftOut: leftOutByMarsaud,
};

/**
 * One connection of the package. Its ClientGuid is all zeros, and its dialects are 2.0.2 and 2.1, whatever is asked.
 *
 * @example
 * ```ts
 * import { assertEquals, assertRejects } from "@std/assert";
 * import { transportPair } from "../../transport/mod.ts";
 * import { MarsaudConnection, UnsupportedError } from "./mod.ts";
 *
 * const [here] = transportPair();
 * const connection = MarsaudConnection.connect(here);
 * const error = await assertRejects(
 *   () => connection.negotiate({ dialects: [0x0311] }),
 *   UnsupportedError,
 * );
 * assertEquals(error.reason, "it offers the dialects 2.0.2 and 2.1, and not 3.1.1");
 * connection.close();
 * ```
 */
export class MarsaudConnection implements BackendConnection {
  /** Never called: the package asks for neither oplocks nor leases. */
  onBreak: BackendConnection["onBreak"] = null;
  readonly #link: MarsaudLink;
  #negotiated: NegotiateResult | null = null;

  private constructor(link: MarsaudLink) {
    this.#link = link;
  }

  /** Takes over an open transport and reads from it from now on. */
  static connect(transport: Transport, options: ConnectionOptions = {}): MarsaudConnection {
    return new MarsaudConnection(new MarsaudLink(transport, options));
  }

  get remote(): string {
    return this.#link.transport.remote;
  }

  get disconnected(): Promise<Error | null> {
    return this.#link.disconnected;
  }

  /**
   * Agrees on 2.0.2 or 2.1.
   *
   * @throws {UnsupportedError} When something else is asked for.
   * @throws {ProtocolError} (remote) When the server chooses what was not offered; (local) on a second call.
   * @throws {StatusError} When the server refuses.
   */
  async negotiate(options: NegotiateOptions = {}): Promise<NegotiateResult> {
    if (this.#negotiated !== null) {
      throw new ProtocolError("Cannot negotiate: the dialect is settled", { side: "local" });
    }
    const { dialects, securityMode, capabilities, contexts } = options;
    refuseUnsupported({
      command: "NEGOTIATE",
      smb1: options.smb1 === true,
      body: {
        ...dialects === undefined ? {} : { dialects },
        ...securityMode === undefined ? {} : { securityMode },
        ...capabilities === undefined ? {} : { capabilities },
        ...contexts === undefined ? {} : { contexts },
      },
    });
    const reply = succeeded(
      await this.#link.request({
        message: "negotiate",
        command: "NEGOTIATE",
        parameters: {},
        ...NOWHERE,
      }),
      {},
      "",
    );
    const dialect = reply.body.dialectRevision;
    if (dialect !== Dialect.SMB_2_0_2 && dialect !== Dialect.SMB_2_1) {
      throw new ProtocolError(
        `Cannot negotiate: the server chose 0x${dialect.toString(16)}, which was not offered`,
        { side: "remote" },
      );
    }
    this.#negotiated = { dialect, response: reply.body, reply };
    return this.#negotiated;
  }

  /**
   * Logs in with the tokens of the authenticator, wherever it makes them.
   *
   * @throws {UnsupportedError} When the server or the caller requires signing.
   * @throws {StatusError} When the server refuses the user.
   */
  async session(
    authenticator: Authenticator,
    options: SessionSetupOptions = {},
  ): Promise<MarsaudSession> {
    const negotiated = this.#negotiated;
    if (negotiated === null) {
      throw new ProtocolError("Cannot log in: negotiate first", { side: "local" });
    }
    const { securityMode = 0, previousSessionId = 0n } = options;
    const signing = options.signing === "required" ? SecurityMode.SIGNING_REQUIRED : 0;
    refuseUnsupported({
      command: "SESSION_SETUP",
      body: { securityMode: securityMode | signing, previousSessionId },
    });
    if ((negotiated.response.securityMode & SecurityMode.SIGNING_REQUIRED) !== 0) {
      throw new UnsupportedError({
        command: "SESSION_SETUP",
        reason: "the server requires signing, and it does not sign",
      });
    }
    const replies = await this.#login(authenticator, negotiated.response.securityBuffer);
    return new MarsaudSession(this.#link, replies);
  }

  async #login(
    authenticator: Authenticator,
    hint: Uint8Array,
  ): Promise<Reply<"SESSION_SETUP">[]> {
    const exchange = authenticator.start();
    const replies: Reply<"SESSION_SETUP">[] = [];
    let received: Uint8Array | null = hint;
    let sessionId = 0n;
    for (let step = 0; step < MAX_LOGIN_STEPS; step++) {
      const { token } = await exchange.step(received);
      if (token === null || token.byteLength > MAX_MESSAGE - SESSION_SETUP_FIXED) {
        throw new ProtocolError(
          `Cannot log in: ${authenticator.mechanism} has no token that can be sent`,
          { side: "local" },
        );
      }
      const reply = await this.#link.request({
        message: step === 0 ? "session_setup_step1" : "session_setup_step2",
        command: "SESSION_SETUP",
        parameters: { Token: Buffer.from(token) },
        sessionId,
        treeId: 0,
      });
      replies.push(reply);
      if (reply.body === null) throw new StatusError(reply, authenticator.user);
      sessionId = reply.header.sessionId;
      received = reply.body.securityBuffer;
      if (reply.status === Status.SUCCESS) {
        const { done } = await exchange.step(received);
        if (done) return replies;
        throw new ProtocolError("Cannot log in: the server ended the authentication too early", {
          side: "remote",
        });
      }
      if (reply.status !== Status.MORE_PROCESSING_REQUIRED) {
        throw new StatusError(reply, authenticator.user);
      }
    }
    throw new ProtocolError("Cannot log in: the server never has enough", { side: "remote" });
  }

  /** @throws {UnsupportedError} The package has no ECHO. */
  echo<O extends RequestOptions = RequestOptions>(_options?: O): Promise<Answer<"ECHO", O>> {
    return unsupported({ command: "ECHO" });
  }

  /** Ends the connection at once: whatever is outstanding rejects. Idempotent. */
  close(): void {
    this.#link.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

/** A user who is logged in. Made by {@linkcode MarsaudConnection.session}. */
export class MarsaudSession implements BackendSession {
  /** Every SESSION_SETUP response, in order. */
  readonly replies: readonly Reply<"SESSION_SETUP">[];
  readonly #link: MarsaudLink;

  constructor(link: MarsaudLink, replies: readonly Reply<"SESSION_SETUP">[]) {
    this.#link = link;
    this.replies = replies;
  }

  get id(): bigint {
    return this.replies.at(-1)?.header.sessionId ?? 0n;
  }

  get isGuest(): boolean {
    return (this.#flags & SessionFlag.IS_GUEST) !== 0;
  }

  get isAnonymous(): boolean {
    return (this.#flags & SessionFlag.IS_NULL) !== 0;
  }

  get #flags(): number {
    return this.replies.at(-1)?.body?.sessionFlags ?? 0;
  }

  /** Connects to a share, `\\server\share`. */
  async tree(path: string, options: TreeOptions = {}): Promise<MarsaudTree> {
    refuseTuning({ command: "TREE_CONNECT", body: { flags: options.treeFlags ?? 0 } }, options);
    const reply = succeeded(
      await this.#link.request({
        message: "tree_connect",
        command: "TREE_CONNECT",
        parameters: {},
        path,
        sessionId: this.id,
        treeId: 0,
        ...ears(options),
      }),
      {},
      path,
    );
    return new MarsaudTree(this.#link, { path, reply, sessionId: this.id });
  }

  /** @throws {UnsupportedError} The package ends its session with its connection. */
  logoff<O extends RequestOptions = RequestOptions>(_options?: O): Promise<Answer<"LOGOFF", O>> {
    return unsupported({ command: "LOGOFF" });
  }
}

/** A connected share. Made by {@linkcode MarsaudSession.tree}. */
export class MarsaudTree implements BackendTree {
  readonly path: string;
  /** What the TREE_CONNECT brought. */
  readonly reply: SuccessReply<"TREE_CONNECT">;
  readonly #link: MarsaudLink;
  readonly #sessionId: bigint;

  constructor(
    link: MarsaudLink,
    inner: { path: string; reply: SuccessReply<"TREE_CONNECT">; sessionId: bigint },
  ) {
    this.#link = link;
    this.path = inner.path;
    this.reply = inner.reply;
    this.#sessionId = inner.sessionId;
  }

  get id(): number {
    return this.reply.header.treeId;
  }

  /**
   * Opens or creates a file or directory with the package's message that comes closest: see
   * {@linkcode differencesWithMarsaud}.
   *
   * @throws {UnsupportedError} When none of its messages does what is asked.
   * @throws {StatusError} When the server refuses.
   */
  async create(name: string, options: CreateOptions = {}): Promise<MarsaudOpen> {
    const tuning = requestTuning(options);
    const reply = await this.perform("CREATE", createBody(name, options), tuning);
    return new MarsaudOpen(this, name, succeeded(reply, {}, name));
  }

  /** What the package's `stat` knows: the answer to a CREATE, whose open is closed again. */
  async stat(name: string): Promise<CreateResponse> {
    const open = await this.create(name, { desiredAccess: STAT_ACCESS });
    await open.close();
    return open.response;
  }

  /** @throws {UnsupportedError} The package has no compounds. */
  compound(_options?: { related?: boolean }): never {
    throw new UnsupportedError({ command: "a compound", reason: "it has none" });
  }

  /** Any request within this tree that the package has. */
  async request<C extends CommandName, O extends RequestOptions = RequestOptions>(
    command: C,
    body: RequestBodies[C],
    options?: O,
    path = "",
  ): Promise<Answer<C, O>> {
    const reply = await this.perform(command, body, options ?? {});
    return accepted(reply, options ?? {}, path) as Answer<C, O>;
  }

  /** @throws {UnsupportedError} The package has no IOCTL. */
  ioctl<O extends RequestOptions = RequestOptions>(): Promise<Answer<"IOCTL", O>> {
    return unsupported({ command: "IOCTL" });
  }

  /** @throws {UnsupportedError} The package has no IOCTL. */
  validateNegotiate<O extends RequestOptions = RequestOptions>(): Promise<Answer<"IOCTL", O>> {
    return unsupported({ command: "IOCTL" });
  }

  /** @throws {UnsupportedError} The package leaves its tree to the end of the connection. */
  disconnect<O extends RequestOptions = RequestOptions>(): Promise<Answer<"TREE_DISCONNECT", O>> {
    return unsupported({ command: "TREE_DISCONNECT" });
  }

  /** Sends, whatever the status of the answer. @throws {UnsupportedError} When the package cannot. */
  async perform<C extends CommandName>(
    command: C,
    body: RequestBodies[C],
    options: Tuning,
  ): Promise<Reply<C>> {
    const request = { command, body } as OperationDescription;
    refuseTuning(request, options);
    return await this.#perform(request as Sendable, options) as unknown as Reply<C>;
  }

  #perform(request: Sendable, options: Tuning): Promise<Reply> {
    const { command, body } = request;
    switch (command) {
      case "CREATE":
        return this.#create(body, options);
      case "CLOSE":
        return this.#send("close", command, { FileId: fileId(body) }, options);
      case "READ":
        return this.#read(body, options);
      case "WRITE":
        return this.#write(body, options);
      case "SET_INFO":
        return this.#send("set_info", command, {
          FileId: fileId(body),
          FileInfoClass: setInfoClassName(body.fileInfoClass),
          Buffer: Buffer.from(body.input),
        }, options);
      case "QUERY_DIRECTORY":
        return this.#send("query_directory", command, { FileId: fileId(body) }, options);
      default:
        return unsupported(request);
    }
  }

  #create(body: CreateRequest, options: Tuning): Promise<Reply> {
    const chosen = chooseCreate(body);
    if (typeof chosen === "string") {
      return Promise.reject(new UnsupportedError({ command: "CREATE", reason: chosen }));
    }
    return this.#send(chosen.message, "CREATE", chosen.parameters, options);
  }

  /** In pieces of 64 KiB, one after the other, as the package reads: to the first that is short. */
  async #read(body: RequestBodies["READ"], options: Tuning): Promise<Reply> {
    const replies: Reply<"READ">[] = [];
    const pieces: Uint8Array[] = [];
    for (let had = 0;;) {
      const length = Math.min(MAX_READ, body.length - had);
      const reply = await this.#send("read", "READ", {
        FileId: fileId(body),
        Length: length,
        Offset: u64(body.offset + BigInt(had)),
      }, options);
      // The end of the file is no failure of what was read before it.
      if (replies.length > 0 && reply.status === Status.END_OF_FILE) break;
      replies.push(reply);
      if (reply.body === null || reply.body.data.byteLength > length) break;
      pieces.push(reply.body.data);
      had += reply.body.data.byteLength;
      if (had >= body.length || reply.body.data.byteLength < length) break;
    }
    const reply = joined(replies);
    return reply.body === null || replies.length === 1
      ? reply
      : { ...reply, body: { ...reply.body, data: new Uint8Array(Buffer.concat(pieces)) } };
  }

  /** In pieces of 64 KiB less their headers, one after the other, as the package writes. */
  async #write(body: RequestBodies["WRITE"], options: Tuning): Promise<Reply> {
    const replies: Reply<"WRITE">[] = [];
    let had = 0;
    do {
      const piece = body.data.subarray(had, had + MAX_WRITE);
      const reply = await this.#send("write", "WRITE", {
        FileId: fileId(body),
        Offset: u64(body.offset + BigInt(had)),
        Buffer: Buffer.from(piece),
      }, options);
      replies.push(reply);
      if (reply.body === null) break;
      had += reply.body.count;
      if (reply.body.count !== piece.byteLength) break;
    } while (had < body.data.byteLength);
    const reply = joined(replies);
    return reply.body === null ? reply : { ...reply, body: { ...reply.body, count: had } };
  }

  #send<C extends CommandName>(
    message: PackageRequest["message"],
    command: C,
    parameters: PackageRequest["parameters"],
    options: Tuning,
  ): Promise<Reply<C>> {
    return this.#link.request({
      message,
      command,
      parameters,
      sessionId: this.#sessionId,
      treeId: this.id,
      ...ears(options),
    });
  }
}

/** An open file or directory. Made by {@linkcode MarsaudTree.create}. */
export class MarsaudOpen extends FileRequests implements BackendOpen {
  readonly tree: MarsaudTree;
  readonly name: string;
  /** What the CREATE brought. */
  readonly reply: SuccessReply<"CREATE">;
  #listed = false;

  constructor(tree: MarsaudTree, name: string, reply: SuccessReply<"CREATE">) {
    super();
    this.tree = tree;
    this.name = name;
    this.reply = reply;
  }

  get fileId(): FileId {
    return this.response.fileId;
  }

  get response(): CreateResponse {
    return this.reply.body;
  }

  get oplockLevel(): number {
    return this.response.oplockLevel;
  }

  /** Always 0: the package asks for no lease. */
  get leaseState(): number {
    return 0;
  }

  protected override submit<C extends CommandName, O extends RequestOptions>(
    command: C,
    body: RequestBodies[C],
    options: O | undefined,
  ): Promise<Answer<C, O>> {
    if (command === "QUERY_DIRECTORY") {
      const { flags } = body as RequestBodies["QUERY_DIRECTORY"];
      if (this.#listed && (flags & QueryDirectoryFlag.RESTART_SCANS) !== 0) {
        return Promise.reject(
          new UnsupportedError({ command, reason: "it cannot start an enumeration again" }),
        );
      }
      this.#listed = true;
    }
    return this.tree.request(command, body, options, this.name);
  }
}

/** A request whose body is whole. */
type Sendable = {
  [C in CommandName]: { readonly command: C; readonly body: RequestBodies[C] };
}[CommandName];

/** FILE_READ_ATTRIBUTES, SYNCHRONIZE. */
const STAT_ACCESS = 0x00100080;

const NOWHERE = { sessionId: 0n, treeId: 0 } as const;

function ears({ signal, onInterim }: Tuning) {
  return { signal, onInterim };
}

function refuseUnsupported(operation: OperationDescription): void {
  const reason = unsupportedByMarsaud(operation) ?? leftOutByMarsaud(operation.command);
  if (reason !== null) throw new UnsupportedError({ command: operation.command, reason });
}

function refuseTuning(operation: OperationDescription, options: RequestOptions): void {
  const { command } = operation;
  const { override, rawBody, sign, timeout, flags = 0, channelSequence = 0 } = options;
  if (override !== undefined || rawBody !== undefined) {
    throw new UnsupportedError({ command, reason: "its headers and bodies are its own" });
  }
  if (timeout !== undefined) {
    throw new UnsupportedError({ command, reason: "it has no timeouts" });
  }
  refuseUnsupported({
    ...operation,
    channelSequence,
    flags: flags | (sign === true ? HeaderFlags.SIGNED : 0),
  });
}

function unsupported(operation: OperationDescription): Promise<never> {
  const { command } = operation;
  const reason = unsupportedByMarsaud(operation) ?? leftOutByMarsaud(command) ??
    "it has no such request";
  return Promise.reject(new UnsupportedError({ command, reason }));
}

function accepted<C extends CommandName>(
  reply: Reply<C>,
  { accept }: RequestOptions,
  path: string,
): Reply<C> {
  const fine = reply.body !== null &&
    (isSuccess(reply.status) || reply.status === Status.BUFFER_OVERFLOW);
  if (fine || accept === "any" || accept?.includes(reply.status) === true) return reply;
  throw new StatusError(reply as unknown as Reply, path);
}

function succeeded<C extends CommandName>(
  reply: Reply<C>,
  options: RequestOptions,
  path: string,
): SuccessReply<C> {
  return accepted(reply, options, path) as SuccessReply<C>;
}

/** One operation of several requests: sent with the first, answered with the last. */
function joined<C extends CommandName>(replies: readonly Reply<C>[]): Reply<C> {
  const [first, last] = [replies[0], replies.at(-1)];
  if (first === undefined || last === undefined) {
    throw new Error("Cannot join replies: there are none");
  }
  return {
    ...last,
    sentAt: first.sentAt,
    bytesSent: replies.reduce((sum, { bytesSent }) => sum + bytesSent, 0),
    bytesReceived: replies.reduce((sum, { bytesReceived }) => sum + bytesReceived, 0),
  };
}

function fileId({ fileId: { persistent, volatile } }: { readonly fileId: FileId }): Buffer {
  return Buffer.concat([u64(persistent), u64(volatile)]);
}

function u64(value: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt.asUintN(64, value));
  return bytes;
}
