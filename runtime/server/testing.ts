/** Clients for the engine's tests: requests in, decoded answers out, on a clock that the test moves. Tests only. */
import {
  createInitiator,
  createSigner,
  deriveSessionKeys,
  PreauthHash,
  type Signer,
  signingAlgorithmOf,
} from "../security/mod.ts";
import {
  chainBytes,
  Command,
  type CommandName,
  type CreateRequest,
  decodeMessage,
  encodeChain,
  type ErrorMessage,
  type FileId,
  FrameDecoder,
  type Header,
  HeaderFlags,
  makeHeader,
  type Message,
  type NegotiateContext,
  type Request,
  type RequestBodies,
  type Response,
  type ResponseBodies,
  splitChain,
  Status,
} from "../wire/mod.ts";
import type { ServerOptions } from "./options.ts";
import { type Effect, Server } from "./server.ts";

/** A fixed date in milliseconds, so that times in answers are always the same. */
const START = Date.UTC(2024, 0, 1);

/** A server, its clients and their clock. */
export class Lab {
  readonly server: Server;
  now = START;
  readonly #peers = new Map<number, Peer>();
  #seed = 1;

  constructor(options: Partial<ServerOptions> = {}) {
    this.server = new Server({
      shares: [{ name: "data" }, { name: "ro", readOnly: true }],
      users: [{ name: "alice", password: "secret" }, { name: "bob", password: "secret" }],
      ...options,
    }, { random: this.random, now: this.now });
  }

  /** Bytes that look random and never change between runs. */
  readonly random = (length: number): Uint8Array => {
    const bytes = new Uint8Array(length);
    for (let i = 0; i < length; i++) {
      this.#seed = (Math.imul(this.#seed, 1_103_515_245) + 12_345) >>> 0;
      bytes[i] = this.#seed >>> 16;
    }
    return bytes;
  };

  /** A connection; nothing was said on it yet. */
  accept(): Peer {
    const peer = new Peer(this, this.server.accept(this.now));
    this.#peers.set(peer.id, peer);
    return peer;
  }

  /** A connection with session and tree. */
  connect(
    options: { user?: string; dialect?: number; share?: string; guid?: string; sign?: boolean } =
      {},
  ): Peer {
    const peer = this.accept();
    peer.negotiate([options.dialect ?? 0x0311], options.guid);
    peer.login({ user: options.user ?? "alice", required: options.sign ?? false });
    peer.treeConnect(options.share ?? "data");
    return peer;
  }

  /** Lets time pass. */
  advance(milliseconds: number): void {
    this.now += milliseconds;
    this.perform(this.server.tick(this.now));
  }

  /** Hands effects to the peers. */
  perform(effects: readonly Effect[]): void {
    for (const effect of effects) {
      const peer = this.#peers.get(effect.connection);
      if (effect.kind === "close") peer?.dropped(effect.reason);
      else peer?.take(effect.chunks);
    }
  }
}

/** One client connection. */
export class Peer {
  readonly id: number;
  /** Messages that no call has claimed: notifications, late answers. */
  readonly inbox: Message[] = [];
  /** Why the server closed the connection. */
  closed: string | undefined;
  sessionId = 0n;
  treeId = 0;
  dialect = 0;
  signer: Signer | undefined;
  /** Sign requests even where nothing demands it. */
  signs = false;
  messageId = 0n;
  preauthHash = PreauthHash.initial();
  readonly #lab: Lab;
  readonly #frames = new FrameDecoder();
  /** Bytes of the last answers, for hashes and signatures. */
  readonly rawAnswers: Uint8Array[] = [];

  constructor(lab: Lab, id: number) {
    this.#lab = lab;
    this.id = id;
  }

  /** Sends bytes as they are. */
  sendRaw(bytes: Uint8Array): void {
    this.#lab.perform(this.#lab.server.receive(this.id, bytes, this.#lab.now));
  }

  /** The client goes away. */
  hangUp(): void {
    this.#lab.perform(this.#lab.server.close(this.id, this.#lab.now));
  }

  take(chunks: readonly Uint8Array[]): void {
    for (const chunk of chunks) {
      for (const { payload } of this.#frames.push(chunk.slice())) {
        for (const { bytes } of splitChain(payload)) {
          this.rawAnswers.push(bytes);
          this.inbox.push(decodeMessage(bytes));
        }
      }
    }
  }

  dropped(reason: string): void {
    this.closed = reason;
  }

  /** Makes a request with the ids of this peer. */
  make<C extends CommandName>(
    command: C,
    body: RequestBodies[C],
    header: Partial<Header> = {},
  ): Request<C> {
    const messageId = header.messageId ?? this.messageId++;
    return {
      kind: "request",
      command,
      header: makeHeader({
        creditCharge: this.dialect >= 0x0210 ? 1 : 0,
        credits: 64,
        sessionId: this.sessionId,
        treeId: this.treeId,
        ...header,
        messageId,
        command: Command[command],
      }),
      body,
    } as unknown as Request<C>;
  }

  /** Sends a chain; returns the bytes of each message. */
  send(requests: readonly Request[], options: { sign?: boolean } = {}): Uint8Array {
    const chain = encodeChain(requests);
    if (options.sign ?? this.signs) {
      for (const { head, tail } of chain.parts) this.signer?.sign(head, tail);
    }
    const bytes = chainBytes(chain);
    for (const piece of chain.frame) this.sendRaw(piece);
    return bytes;
  }

  /** Takes the answer to a message out of the inbox: the last one, or undefined while there is none. */
  answer(messageId: bigint, status?: number): Message | undefined {
    const index = this.inbox.findIndex((message) =>
      message.header.messageId === messageId &&
      (status === undefined || message.header.status === status)
    );
    return index < 0 ? undefined : this.inbox.splice(index, 1)[0];
  }

  /** Sends one request and takes its first answer. */
  exchange<C extends CommandName>(
    command: C,
    body: RequestBodies[C],
    header: Partial<Header> = {},
  ): Message | undefined {
    const request = this.make(command, body, header) as Request;
    this.send([request]);
    return this.answer(request.header.messageId);
  }

  /** The same, where success is expected. */
  call<C extends Exclude<CommandName, "CANCEL">>(
    command: C,
    body: RequestBodies[C],
    header: Partial<Header> = {},
  ): ResponseBodies[C] {
    return successOf(command, this.exchange(command, body, header));
  }

  /** The status of the answer to one request. */
  status<C extends CommandName>(
    command: C,
    body: RequestBodies[C],
    header: Partial<Header> = {},
  ): number | undefined {
    return this.exchange(command, body, header)?.header.status;
  }

  negotiate(
    dialects: readonly number[],
    clientGuid = `00000000-0000-0000-0000-${String(this.id).padStart(12, "0")}`,
    contexts: readonly NegotiateContext[] = DEFAULT_CONTEXTS,
  ): ResponseBodies["NEGOTIATE"] {
    const with311 = dialects.includes(0x0311) ? { contexts } : {};
    const request = this.make("NEGOTIATE", {
      securityMode: 1,
      capabilities: 0x7f,
      clientGuid,
      dialects,
      clientStartTime: 0n,
      ...with311,
    });
    const sent = this.send([request]);
    const body = successOf("NEGOTIATE", this.answer(request.header.messageId));
    this.dialect = body.dialectRevision;
    const received = this.rawAnswers.at(-1) ?? new Uint8Array();
    this.preauthHash = this.preauthHash.extend(sent).extend(received);
    return body;
  }

  /** Logs in; returns the status of the last answer. */
  login(
    options: { user: string; password?: string; required?: boolean; previous?: bigint },
  ): number {
    const context = createInitiator({
      user: options.user,
      password: options.password ?? "secret",
      random: this.#lab.random,
      now: () => this.#lab.server.fileTime(this.#lab.now),
    });
    let hash = this.preauthHash;
    let token: Uint8Array | null = null;
    let sessionId = 0n;
    for (;;) {
      const step = context.step(token);
      if (step.done) break;
      const request = this.make("SESSION_SETUP", {
        flags: 0,
        securityMode: options.required === true ? 2 : 1,
        capabilities: 0,
        channel: 0,
        previousSessionId: options.previous ?? 0n,
        securityBuffer: step.token ?? new Uint8Array(),
      }, { sessionId, treeId: 0 });
      hash = hash.extend(this.send([request], { sign: false }));
      const answer = this.answer(request.header.messageId);
      const status = answer?.header.status ?? Status.UNSUCCESSFUL;
      if (answer?.kind !== "response" || answer.command !== "SESSION_SETUP") return status;
      sessionId = answer.header.sessionId;
      token = answer.body.securityBuffer;
      if (status === Status.MORE_PROCESSING_REQUIRED) {
        hash = hash.extend(this.rawAnswers.at(-1) ?? new Uint8Array());
      } else if (step.sessionKey !== null) {
        const { dialect } = this;
        const keys = deriveSessionKeys({ dialect, sessionKey: step.sessionKey, preauthHash: hash });
        const algorithm = signingAlgorithmOf(dialect, dialect === 0x0311 ? 2 : undefined);
        this.signer = createSigner(algorithm, keys.signingKey);
        this.signs = dialect === 0x0311 || options.required === true;
      }
    }
    this.sessionId = sessionId;
    return Status.SUCCESS;
  }

  /** Connects a tree; returns the status. */
  treeConnect(share: string): number {
    const answer = this.exchange("TREE_CONNECT", { flags: 0, path: `\\\\server\\${share}` });
    if (answer?.header.status === Status.SUCCESS) this.treeId = answer.header.treeId;
    return answer?.header.status ?? Status.UNSUCCESSFUL;
  }

  /** The body of a CREATE. */
  createBody(name: string, how: Partial<CreateRequest> = {}): CreateRequest {
    return {
      securityFlags: 0,
      requestedOplockLevel: 0,
      impersonationLevel: 2,
      smbCreateFlags: 0n,
      reserved: 0n,
      desiredAccess: 0x001f01ff,
      fileAttributes: 0,
      shareAccess: 7,
      createDisposition: 3,
      createOptions: 0,
      name,
      contexts: [],
      ...how,
    };
  }

  create(name: string, how: Partial<CreateRequest> = {}): ResponseBodies["CREATE"] {
    return this.call("CREATE", this.createBody(name, how));
  }

  createStatus(name: string, how: Partial<CreateRequest> = {}): number | undefined {
    return this.status("CREATE", this.createBody(name, how));
  }

  write(fileId: FileId, offset: bigint, data: Uint8Array): number | undefined {
    return this.status("WRITE", {
      offset,
      fileId,
      channel: 0,
      remainingBytes: 0,
      channelInfo: new Uint8Array(),
      flags: 0,
      data,
    });
  }

  readBody(fileId: FileId, offset: bigint, length: number): RequestBodies["READ"] {
    return {
      padding: 0x50,
      flags: 0,
      length,
      offset,
      fileId,
      minimumCount: 0,
      channel: 0,
      remainingBytes: 0,
      channelInfo: new Uint8Array(),
    };
  }

  close(fileId: FileId): ResponseBodies["CLOSE"] {
    return this.call("CLOSE", { flags: 1, reserved: 0, fileId });
  }

  /** Takes the next break notification out of the inbox. */
  nextBreak(): Response<"OPLOCK_BREAK">["body"] | undefined {
    const index = this.inbox.findIndex((message) =>
      message.header.messageId === 0xffff_ffff_ffff_ffffn
    );
    const message = index < 0 ? undefined : this.inbox.splice(index, 1)[0];
    return message?.kind === "response" && message.command === "OPLOCK_BREAK"
      ? message.body
      : undefined;
  }
}

/** What a client of 3.1.1 offers unless a test says otherwise. */
export const DEFAULT_CONTEXTS: readonly NegotiateContext[] = [
  { kind: "preauthIntegrity", hashAlgorithms: [1], salt: new Uint8Array(32) },
  { kind: "signing", algorithms: [2, 1, 0] },
];

/** The body of a successful answer. */
export function successOf<C extends Exclude<CommandName, "CANCEL">>(
  command: C,
  message: Message | undefined,
): ResponseBodies[C] {
  if (message?.kind !== "response" || message.command !== command) {
    const status = (message as ErrorMessage | undefined)?.header.status ?? -1;
    throw new Error(`Cannot use the answer to ${command}: status 0x${status.toString(16)}`);
  }
  return message.body as ResponseBodies[C];
}

/** The header bit of related messages. */
export const RELATED = HeaderFlags.RELATED_OPERATIONS;
