/**
 * Exchanges -> plan: one operation for each request, failed ones included; SESSION_SETUP rounds become one login, a
 * break and its acknowledgement one break. Ids that a server chooses become names.
 */
import {
  type Command,
  type FileId,
  fileIdText,
  HeaderFlags,
  RELATED_FILE_ID,
  type RequestBodies,
  sameFileId,
} from "../runtime/wire/mod.ts";
import { describeToken } from "../runtime/security/mod.ts";
import { type CaptureNote, NoteBook, type Stamp } from "./capture/mod.ts";
import type { CapturedMessage, Exchange } from "./exchanges.ts";
import { addConflicts, answeredBefore } from "./conflicts.ts";
import { Identifiers, Numbered } from "./names.ts";
import type {
  BreakOperation,
  ConnectOperation,
  CreateOperation,
  LoginOperation,
  OperationBase,
  Plan,
  PlanClient,
  PlanOperation,
  TreeOperation,
} from "./plan.ts";
import { createContexts, LeaseNames, negotiateContexts } from "./plan_contexts.ts";
import { inOrder } from "./order.ts";
import type { CaptureConsumer, ConnectionEnd } from "./read_capture.ts";
import type { Facts, ReplayState } from "./replay_state.ts";

const STATUS_MORE_PROCESSING_REQUIRED = 0xc0000016;
const STATUS_FILE_CLOSED = 0xc0000128;
const FSCTL_SRV_REQUEST_RESUME_KEY = 0x00140078;
const FSCTL_SRV_COPYCHUNK = 0x001440f2;
const FSCTL_SRV_COPYCHUNK_WRITE = 0x001480f2;
const RESUME_KEY_SIZE = 24;
const SESSION_FLAG_BINDING = 0x01;

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
type AnyBody = { readonly fileId: FileId };

interface ClientState {
  readonly id: string;
  readonly address: string;
  readonly clientGuid: string | null;
  readonly users: string[];
  operationCount: number;
}

interface ConnectionState {
  readonly name: string;
  /** Address and port of the client. */
  readonly address: string;
  readonly client: ClientState;
  dialect: number | null;
}

interface SessionState {
  readonly operation: Mutable<LoginOperation>;
  readonly name: string;
}

/** Collects the exchanges of a capture; `build()` makes the plan of them. */
export class PlanBuilder implements CaptureConsumer {
  readonly #state: ReplayState;
  readonly #exchanges: Exchange[] = [];
  readonly #ends = new Map<number, End>();

  constructor(state: ReplayState) {
    this.#state = state;
  }

  opened(exchange: Exchange): void {
    this.#exchanges.push(exchange);
  }

  pending(): void {}

  settled(): void {}

  connectionEnded({ connection, event }: ConnectionEnd): void {
    const stream = connection.number;
    if (this.#ends.has(stream)) return;
    const { address, port } = event.direction.source;
    const by = `${address}:${port}`;
    if (event.kind === "reset") this.#ends.set(stream, { stamp: event.reset, by });
    else if (event.reason === "fin") this.#ends.set(stream, { stamp: event.ended, by });
  }

  /** The plan of all exchanges seen, and what of them is not in it. */
  build(source: string): { readonly plan: Plan; readonly notes: readonly CaptureNote[] } {
    const notes = new NoteBook();
    const plan = new Walk(this.#state, { notes, source, ends: this.#ends }).plan(this.#exchanges);
    return { plan, notes: notes.list() };
  }
}

/** The end of a connection, and the address of the side that ended it. */
interface End {
  readonly stamp: Stamp;
  readonly by: string;
}

/** One pass over the exchanges of a capture. */
class Walk {
  readonly #state: ReplayState;
  readonly #notes: NoteBook;
  readonly #source: string;
  readonly #ends: ReadonlyMap<number, End>;
  readonly #operations: Mutable<PlanOperation>[] = [];
  readonly #clients = new Map<string, ClientState>();
  readonly #clientOfStream = new Map<number, string>();
  readonly #identifiers = new Identifiers();
  readonly #connections = new Map<number, ConnectionState>();
  readonly #connectionNames = new Map<string, Numbered<number>>();
  readonly #sessions = new Map<string, SessionState>();
  readonly #sessionNames = new Map<string, number>();
  readonly #logins = new Map<string, Mutable<LoginOperation>>();
  readonly #trees = new Map<string, string>();
  readonly #treeNames = new Map<string, number>();
  readonly #fileNames = new Map<string, number>();
  /** Name of the open that each CREATE made. */
  readonly #fileOfCreate = new Map<Exchange, string>();
  /** Open that each request of a compound works on. */
  readonly #fileInChain = new Map<Exchange, string>();
  readonly #fileOfId = new Map<string, string>();
  readonly #createOfId = new Map<string, Exchange>();
  readonly #resumeKeys = new Map<string, string>();
  readonly #leases = new LeaseNames();
  readonly #grants = new Map<string, CreateOperation>();
  readonly #breaks = new Map<Exchange, Mutable<BreakOperation>>();
  #start: Stamp | null = null;

  constructor(
    state: ReplayState,
    options: { notes: NoteBook; source: string; ends: ReadonlyMap<number, End> },
  ) {
    this.#state = state;
    this.#notes = options.notes;
    this.#source = options.source;
    this.#ends = options.ends;
  }

  plan(exchanges: readonly Exchange[]): Plan {
    const ordered = exchanges.filter((exchange) => exchange.kind !== "encrypted")
      .toSorted((one, other) => one.index - other.index);
    this.#findClients(ordered);
    for (const exchange of ordered) {
      const first = (exchange.request ?? exchange.response)?.first ?? null;
      if (first !== null && (this.#start === null || earlier(first, this.#start))) {
        this.#start = first;
      }
    }
    for (const exchange of ordered) this.#take(exchange);
    this.#addDisconnects();
    const operations = inOrder(this.#operations);
    addAfter(operations);
    addConflicts(operations);
    const last = operations.reduce(
      (time, operation) => Math.max(time, operation.answeredAt ?? operation.at),
      0,
    );
    return {
      version: 1,
      source: {
        name: this.#source,
        start: this.#start === null
          ? null
          : new Date(Number(this.#start.time / 1_000_000n)).toISOString(),
        seconds: last,
      },
      clients: [...this.#clients.values()].filter((client) => client.operationCount > 0)
        .map((client): PlanClient => ({ ...client, users: [...client.users] })),
      operations,
    };
  }

  /** Conversations with equal addresses and ClientGuids are one client; its first user gives it its name. */
  #findClients(exchanges: readonly Exchange[]): void {
    const users = new Map<string, string>();
    const keys = new Map<string, { address: string; clientGuid: string | null }>();
    for (const exchange of exchanges) {
      const address = hostOf(exchange.client);
      const clientGuid = this.#state.clientGuid(exchange.stream);
      const key = clientGuid === null ? `${exchange.stream}` : `${address}|${clientGuid}`;
      this.#clientOfStream.set(exchange.stream, key);
      if (!keys.has(key)) keys.set(key, { address, clientGuid });
      const request = exchange.request?.message;
      if (request?.kind === "request" && request.command === "SESSION_SETUP" && !users.has(key)) {
        const { user } = describeToken(request.body.securityBuffer);
        if (user !== null && user !== "") users.set(key, user);
      }
    }
    for (const [key, client] of keys) {
      const id = this.#identifiers.make(users.get(key) ?? "client", "client");
      this.#clients.set(key, { id, ...client, users: [], operationCount: 0 });
    }
  }

  #take(exchange: Exchange): void {
    if (exchange.kind === "break") return this.#takeBreak(exchange);
    const { request } = exchange;
    if (request === null) return;
    if (exchange.kind === "smb1") {
      this.#takeSmb1(exchange);
      return;
    }
    const { message } = request;
    if (message?.kind !== "request") {
      this.#drop(exchange, `A ${exchange.command} request cannot be read`);
      return;
    }
    switch (message.command) {
      case "NEGOTIATE":
        return this.#takeNegotiate(exchange, message.body);
      case "SESSION_SETUP":
        return this.#takeSessionSetup(exchange, message.body);
      case "LOGOFF":
        this.#add(exchange, { kind: "logoff", session: this.#sessionOf(exchange) });
        return;
      case "TREE_CONNECT":
        return this.#takeTreeConnect(exchange, message.body);
      case "TREE_DISCONNECT":
        this.#add(exchange, { kind: "untree", tree: this.#treeOf(exchange) });
        return;
      case "CREATE":
        return this.#takeCreate(exchange, message.body);
      case "ECHO":
        this.#add(exchange, { kind: "echo", connection: this.#connectionOf(exchange).name });
        return;
      case "CANCEL":
        return this.#takeCancel(exchange);
      case "OPLOCK_BREAK":
        return this.#takeAcknowledgement(exchange, message.body);
      case "IOCTL":
        return this.#takeIoctl(exchange, message.body);
      case "CLOSE":
        return this.#onFile(exchange, message.body, { kind: "close", flags: message.body.flags });
      case "FLUSH":
        return this.#onFile(exchange, message.body, { kind: "flush" });
      case "READ":
        return this.#takeRead(exchange, message.body);
      case "WRITE":
        return this.#onFile(exchange, message.body, {
          kind: "write",
          offset: String(message.body.offset),
          flags: message.body.flags,
          remainingBytes: message.body.remainingBytes,
          channel: message.body.channel,
          data: request.payload ?? { length: 0 },
        });
      case "LOCK":
        return this.#onFile(exchange, message.body, {
          kind: "lock",
          lockSequence: message.body.lockSequence,
          ranges: message.body.locks.map((lock) => ({
            offset: String(lock.offset),
            length: String(lock.length),
            flags: lock.flags,
          })),
        });
      case "QUERY_DIRECTORY":
        return this.#onFile(exchange, message.body, {
          kind: "queryDirectory",
          class: message.body.fileInformationClass,
          flags: message.body.flags,
          index: message.body.fileIndex,
          pattern: message.body.pattern,
          outputLength: message.body.outputBufferLength,
          returnedLength: answerBody(exchange, "QUERY_DIRECTORY")?.output.byteLength ?? null,
        });
      case "CHANGE_NOTIFY":
        return this.#onFile(exchange, message.body, {
          kind: "changeNotify",
          flags: message.body.flags,
          filter: message.body.completionFilter,
          outputLength: message.body.outputBufferLength,
        });
      case "QUERY_INFO":
        return this.#onFile(exchange, message.body, {
          kind: "queryInfo",
          infoType: message.body.infoType,
          class: message.body.fileInfoClass,
          additional: message.body.additionalInformation,
          flags: message.body.flags,
          outputLength: message.body.outputBufferLength,
          input: message.body.input.toHex(),
          returnedLength: answerBody(exchange, "QUERY_INFO")?.output.byteLength ?? null,
        });
      case "SET_INFO":
        return this.#onFile(exchange, message.body, {
          kind: "setInfo",
          infoType: message.body.infoType,
          class: message.body.fileInfoClass,
          additional: message.body.additionalInformation,
          input: message.body.input.toHex(),
        });
    }
  }

  #takeSmb1(exchange: Exchange): void {
    const { response } = exchange;
    if (response === null || response.message === null) return;
    const answer = response.message;
    const known = this.#connections.get(exchange.stream);
    if (known !== undefined || answer.kind !== "response" || answer.command !== "NEGOTIATE") return;
    const connection = this.#newConnection(exchange);
    const final = answer.body.dialectRevision !== 0x02ff;
    this.#add(exchange, {
      kind: "connect",
      connection: connection.name,
      server: exchange.server,
      smb1: true,
      dialects: final ? [answer.body.dialectRevision] : [],
      securityMode: 0,
      capabilities: 0,
      contexts: [],
      dialect: final ? answer.body.dialectRevision : null,
    });
  }

  #takeNegotiate(exchange: Exchange, body: RequestBodies["NEGOTIATE"]): void {
    const answer = answerBody(exchange, "NEGOTIATE");
    const fields = {
      dialects: body.dialects,
      securityMode: body.securityMode,
      capabilities: body.capabilities,
      contexts: negotiateContexts(body.contexts ?? []),
      dialect: answer?.dialectRevision ?? null,
    };
    // The NEGOTIATE that follows an SMB1 start completes the same connect.
    const started = this.#operations.findLast((operation): operation is ConnectOperation =>
      operation.kind === "connect" &&
      operation.connection === this.#connections.get(exchange.stream)?.name
    ) as Mutable<ConnectOperation> | undefined;
    if (started?.smb1 && started.dialect === null) {
      Object.assign(started, fields, {
        answeredAt: exchange.response === null ? null : this.#seconds(exchange.response.completed),
        frames: { ...started.frames, ...responseFrame(exchange) },
        status: exchange.response?.header.status ?? null,
      });
      return;
    }
    const connection = this.#connections.get(exchange.stream) ?? this.#newConnection(exchange);
    connection.dialect = fields.dialect;
    this.#add(exchange, {
      kind: "connect",
      connection: connection.name,
      server: exchange.server,
      ...fields,
    });
  }

  #takeSessionSetup(exchange: Exchange, body: RequestBodies["SESSION_SETUP"]): void {
    const connection = this.#connectionOf(exchange);
    const asked = exchange.request!.header.sessionId;
    const granted = exchange.response?.header.sessionId ?? 0n;
    const status = exchange.response?.header.status ?? null;
    const token = describeToken(body.securityBuffer);
    const clientKey = this.#clientOfStream.get(exchange.stream)!;
    // Where only the client's side was captured, the second round names a session that no response told.
    let login = this.#logins.get(`${exchange.stream}|${asked}`) ??
      this.#logins.get(`${exchange.stream}|unanswered`);
    this.#logins.delete(`${exchange.stream}|unanswered`);
    if (login === undefined) {
      const known = asked === 0n ? undefined : this.#sessions.get(`${clientKey}|${asked}`);
      const binding = (body.flags & SESSION_FLAG_BINDING) !== 0;
      const name = known !== undefined && !binding
        ? known.name
        : next(this.#sessionNames, clientKey, "s");
      const previous = body.previousSessionId === 0n
        ? undefined
        : this.#sessions.get(`${clientKey}|${body.previousSessionId}`);
      login = this.#add(exchange, {
        kind: "login",
        connection: connection.name,
        session: name,
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
      }) as Mutable<LoginOperation>;
    } else {
      login.user = token.user ?? login.user;
      login.domain = token.domain ?? login.domain;
      if (login.mechanism === "unknown" || token.user !== null) {
        login.mechanism = mechanismOf(token);
      }
      login.status = status;
      login.answeredAt = exchange.response === null
        ? null
        : this.#seconds(exchange.response.completed);
      login.frames = { ...login.frames, ...responseFrame(exchange) };
    }
    this.#logins.delete(`${exchange.stream}|${asked}`);
    if (status === STATUS_MORE_PROCESSING_REQUIRED) {
      this.#logins.set(`${exchange.stream}|${granted}`, login);
      return;
    }
    if (status === null && asked === 0n) {
      this.#logins.set(`${exchange.stream}|unanswered`, login);
      return;
    }
    if (status !== 0 && status !== null) return;
    const client = this.#clients.get(clientKey)!;
    if (login.user !== null && login.user !== "" && !client.users.includes(login.user)) {
      client.users.push(login.user);
    }
    this.#sessions.set(this.#sessionKey(exchange, granted), {
      operation: login,
      name: login.session,
    });
  }

  #takeTreeConnect(exchange: Exchange, body: RequestBodies["TREE_CONNECT"]): void {
    const session = this.#sessionOf(exchange);
    const clientKey = this.#clientOfStream.get(exchange.stream)!;
    const tree = next(this.#treeNames, clientKey, "t");
    const { response } = exchange;
    const { sessionId } = this.#state.facts(exchange);
    if (response?.header.status === 0) {
      this.#trees.set(`${clientKey}|${sessionId}|${response.header.treeId}`, tree);
    }
    this.#add(exchange, {
      kind: "tree",
      session,
      tree,
      path: body.path,
      flags: body.flags,
      shareType: answerBody(exchange, "TREE_CONNECT")?.shareType ?? null,
    });
  }

  #takeCreate(exchange: Exchange, body: RequestBodies["CREATE"]): void {
    const tree = this.#treeOf(exchange);
    const clientKey = this.#clientOfStream.get(exchange.stream)!;
    const file = next(this.#fileNames, clientKey, "f");
    const answer = answerBody(exchange, "CREATE");
    const granted = answer?.contexts.find((context) => context.kind === "RqLs");
    const operation = this.#add(exchange, {
      kind: "create",
      tree,
      file,
      path: body.name,
      access: body.desiredAccess,
      share: body.shareAccess,
      disposition: body.createDisposition,
      options: body.createOptions,
      attributes: body.fileAttributes,
      impersonation: body.impersonationLevel,
      securityFlags: body.securityFlags,
      oplock: body.requestedOplockLevel,
      contexts: createContexts(body.contexts, {
        leases: this.#leases,
        fileOf: (id) => this.#ownFile(exchange, id),
      }),
      granted: answer === null ? null : {
        oplock: answer.oplockLevel,
        lease: granted?.kind === "RqLs" ? granted.leaseState : null,
        action: answer.createAction,
        size: String(answer.endOfFile),
      },
    }) as CreateOperation;
    this.#fileOfCreate.set(exchange, file);
    this.#fileInChain.set(exchange, file);
    if (answer === null) return;
    this.#fileOfId.set(`${exchange.server}|${fileIdText(answer.fileId)}`, file);
    this.#createOfId.set(`${exchange.server}|${fileIdText(answer.fileId)}`, exchange);
    this.#grants.set(`${clientKey}|${file}`, operation);
    if (granted?.kind === "RqLs") {
      this.#grants.set(`${clientKey}|lease|${granted.leaseKey.toHex()}`, operation);
    }
  }

  #takeRead(exchange: Exchange, body: RequestBodies["READ"]): void {
    this.#onFile(exchange, body, {
      kind: "read",
      offset: String(body.offset),
      length: body.length,
      minimumCount: body.minimumCount,
      flags: body.flags,
      padding: body.padding,
      remainingBytes: body.remainingBytes,
      channel: body.channel,
      returned: exchange.response?.payload ?? null,
    });
  }

  #takeIoctl(exchange: Exchange, body: RequestBodies["IOCTL"]): void {
    const none = sameFileId(body.fileId, RELATED_FILE_ID) &&
      !(exchange.chain?.related && exchange.chain.previous !== null);
    const file = none ? null : this.#fileOf(exchange, body);
    if (file === undefined) return;
    const copies = body.ctlCode === FSCTL_SRV_COPYCHUNK ||
      body.ctlCode === FSCTL_SRV_COPYCHUNK_WRITE;
    const resumeKey = copies
      ? this.#resumeKeys.get(body.input.subarray(0, RESUME_KEY_SIZE).toHex())
      : undefined;
    const answer = answerBody(exchange, "IOCTL");
    if (body.ctlCode === FSCTL_SRV_REQUEST_RESUME_KEY && answer !== null && file !== null) {
      this.#resumeKeys.set(answer.output.subarray(0, RESUME_KEY_SIZE).toHex(), file);
    }
    this.#add(exchange, {
      kind: "ioctl",
      tree: this.#treeOf(exchange),
      file,
      code: body.ctlCode,
      flags: body.flags,
      input: body.input.toHex(),
      ...(resumeKey === undefined ? {} : { resumeKey }),
      maxInput: body.maxInputResponse,
      maxOutput: body.maxOutputResponse,
      returnedLength: answer?.output.byteLength ?? null,
    });
  }

  #takeCancel(exchange: Exchange): void {
    const target = this.#state.facts(exchange).cancels;
    if (target === null || !this.#operations.some(({ id }) => id === target.index)) {
      return this.#drop(exchange, "A CANCEL names a request that is not in the capture");
    }
    this.#add(exchange, { kind: "cancel", target: target.index });
  }

  #takeBreak(exchange: Exchange): void {
    const message = exchange.response?.message;
    if (message?.kind !== "response" || message.command !== "OPLOCK_BREAK") {
      return this.#drop(exchange, "A break notification cannot be read");
    }
    const { body } = message;
    const clientKey = this.#clientOfStream.get(exchange.stream)!;
    this.#connectionOf(exchange);
    const grant = body.kind === "oplock"
      ? this.#grants.get(
        `${clientKey}|${this.#fileOfId.get(`${exchange.server}|${fileIdText(body.fileId)}`)}`,
      )
      : this.#grants.get(`${clientKey}|lease|${body.leaseKey.toHex()}`);
    const operation = this.#add(exchange, {
      kind: "break",
      breakKind: body.kind === "oplock" ? "oplock" : "lease",
      file: grant?.file ?? null,
      from: body.kind === "leaseNotification"
        ? body.currentLeaseState
        : grant?.granted?.oplock ?? null,
      to: body.kind === "leaseNotification"
        ? body.newLeaseState
        : body.kind === "oplock"
        ? body.oplockLevel
        : body.leaseState,
      // A break to level II or none of an exclusive or batch oplock wants an answer (MS-SMB2 3.2.5.19.1).
      ackRequired: body.kind === "leaseNotification"
        ? (body.flags & 1) !== 0
        : (grant?.granted?.oplock ?? 0) > 1,
      acknowledgedAfter: null,
      acknowledgedTo: null,
      acknowledgeStatus: null,
    }) as Mutable<BreakOperation>;
    this.#breaks.set(exchange, operation);
  }

  #takeAcknowledgement(exchange: Exchange, body: RequestBodies["OPLOCK_BREAK"]): void {
    const broken = this.#state.facts(exchange).acknowledges;
    const operation = broken === null ? undefined : this.#breaks.get(broken);
    if (operation === undefined) {
      return this.#drop(exchange, "An acknowledgement answers a break that is not in the capture");
    }
    operation.acknowledgedAfter = round(
      this.#seconds(exchange.request!.first) - operation.at,
    );
    operation.acknowledgedTo = body.kind === "oplock" ? body.oplockLevel : body.leaseState;
    operation.acknowledgeStatus = exchange.response?.header.status ?? null;
  }

  #onFile(
    exchange: Exchange,
    body: AnyBody,
    fields: { readonly kind: PlanOperation["kind"] } & Record<string, unknown>,
  ): void {
    const file = this.#fileOf(exchange, body);
    if (file !== undefined) {
      this.#add(exchange, { ...fields, tree: this.#treeOf(exchange), file });
    }
  }

  /** The open that a request works on; undefined, and noted, when the capture does not tell. */
  #fileOf(exchange: Exchange, body: AnyBody): string | undefined {
    const { chain } = exchange;
    if (chain?.related && chain.previous !== null && sameFileId(body.fileId, RELATED_FILE_ID)) {
      const file = this.#fileInChain.get(chain.previous);
      if (file !== undefined) {
        this.#fileInChain.set(exchange, file);
        return file;
      }
    }
    const file = this.#fileOfId.get(`${exchange.server}|${fileIdText(body.fileId)}`);
    if (file !== undefined) {
      this.#fileInChain.set(exchange, file);
      return file;
    }
    if (exchange.response?.header.status === STATUS_FILE_CLOSED) {
      const unopened = next(this.#fileNames, this.#clientOfStream.get(exchange.stream)!, "f");
      this.#fileOfId.set(`${exchange.server}|${fileIdText(body.fileId)}`, unopened);
      return unopened;
    }
    this.#drop(
      exchange,
      `A ${exchange.command} works on a file whose CREATE is not in the capture`,
    );
    return undefined;
  }

  /** The client's open with that file id; null when it is another client's. */
  #ownFile(exchange: Exchange, id: FileId): string | null {
    const owner = this.#createOfId.get(`${exchange.server}|${fileIdText(id)}`);
    if (owner === undefined) return null;
    const [one, other] = [owner.stream, exchange.stream].map((stream) =>
      this.#clientOfStream.get(stream)
    );
    return one === other ? this.#fileOfCreate.get(owner) ?? null : null;
  }

  #connectionOf(exchange: Exchange): ConnectionState {
    const known = this.#connections.get(exchange.stream);
    if (known !== undefined) return known;
    const connection = this.#newConnection(exchange);
    this.#imply(exchange, {
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
    const clientKey = this.#clientOfStream.get(exchange.stream)!;
    let names = this.#connectionNames.get(clientKey);
    if (names === undefined) this.#connectionNames.set(clientKey, names = new Numbered("n"));
    const client = this.#clients.get(clientKey)!;
    const name = names.of(exchange.stream);
    const connection = { name, address: exchange.client, client, dialect: null };
    this.#connections.set(exchange.stream, connection);
    return connection;
  }

  #sessionKey(exchange: Exchange, sessionId: bigint): string {
    return `${this.#clientOfStream.get(exchange.stream)}|${sessionId}`;
  }

  #sessionOf(exchange: Exchange): string {
    const connection = this.#connectionOf(exchange);
    const { sessionId } = this.#state.facts(exchange);
    const key = this.#sessionKey(exchange, sessionId ?? 0n);
    let session = this.#sessions.get(key);
    if (session === undefined) {
      const name = next(this.#sessionNames, this.#clientOfStream.get(exchange.stream)!, "s");
      const operation = this.#imply(exchange, {
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
      }) as Mutable<LoginOperation>;
      session = { operation, name };
      this.#sessions.set(key, session);
    }
    const { request } = exchange;
    if (request?.encrypted) session.operation.encryption = true;
    if (request !== null && (request.header.flags & HeaderFlags.SIGNED) !== 0) {
      session.operation.signing = true;
    }
    return session.name;
  }

  #treeOf(exchange: Exchange): string {
    const session = this.#sessionOf(exchange);
    const facts = this.#state.facts(exchange);
    const clientKey = this.#clientOfStream.get(exchange.stream)!;
    const key = `${clientKey}|${facts.sessionId}|${this.#treeIdOf(facts)}`;
    const known = this.#trees.get(key);
    if (known !== undefined) return known;
    const tree = next(this.#treeNames, clientKey, "t");
    this.#trees.set(key, tree);
    this.#imply(
      exchange,
      {
        kind: "tree",
        session,
        tree,
        implied: true,
        path: facts.tree ?? `\\\\${hostOf(exchange.server)}\\unknown`,
        flags: 0,
        shareType: null,
      } satisfies Omit<TreeOperation, keyof OperationBase>,
    );
    return tree;
  }

  /** An asynchronous request has no TreeId of its own (MS-SMB2 2.2.1.1): that of its open counts. */
  #treeIdOf(facts: Facts): number {
    if (facts.treeId !== null) return facts.treeId;
    return facts.create === null ? 0 : this.#state.facts(facts.create).treeId ?? 0;
  }

  /** An operation that the capture does not have, but that must have happened before it began. */
  #imply(
    exchange: Exchange,
    fields: { readonly kind: PlanOperation["kind"] } & Record<string, unknown>,
  ): Mutable<PlanOperation> {
    const captured = (exchange.request ?? exchange.response)!;
    const client = this.#clients.get(this.#clientOfStream.get(exchange.stream)!)!;
    const at = this.#seconds(captured.first);
    client.operationCount++;
    const operation = {
      // Behind every real id, in order of appearance.
      id: IMPLIED_IDS + this.#operations.length,
      client: client.id,
      at,
      answeredAt: at,
      frames: { request: captured.completed.frame },
      status: 0,
      after: [],
      ...fields,
    } as unknown as Mutable<PlanOperation>;
    this.#operations.push(operation);
    return operation;
  }

  #add(
    exchange: Exchange,
    fields: { readonly kind: PlanOperation["kind"] } & Record<string, unknown>,
  ): Mutable<PlanOperation> {
    const captured = (exchange.request ?? exchange.response)!;
    const client = this.#clients.get(this.#clientOfStream.get(exchange.stream)!)!;
    client.operationCount++;
    if (fields.kind !== "connect" && fields.kind !== "login" && exchange.kind !== "break") {
      this.#sessionOfIfAny(exchange);
    }
    const { response, interim, chain } = exchange;
    const frames = {
      request: captured.completed.frame,
      ...(captured.first.frame === captured.completed.frame ? {} : { first: captured.first.frame }),
      ...(interim === null ? {} : { interim: interim.completed.frame }),
      ...responseFrame(exchange),
    };
    const operation = {
      id: exchange.index,
      client: client.id,
      at: this.#seconds(captured.first),
      answeredAt: response === null ? null : this.#seconds(response.completed),
      frames,
      status: response?.header.status ?? null,
      after: [],
      ...(chain === null
        ? {}
        : { chain: { id: chain.id, index: chain.index, related: chain.related } }),
      ...(exchange.request === null ? {} : headerFields(exchange.request)),
      ...(captured.known < captured.length
        ? { incomplete: "part of the request is not in the capture" }
        : {}),
      ...fields,
    } as unknown as Mutable<PlanOperation>;
    this.#operations.push(operation);
    return operation;
  }

  /** Notes signing and encryption of the session that a request belongs to. */
  #sessionOfIfAny(exchange: Exchange): void {
    const { sessionId } = this.#state.facts(exchange);
    if (sessionId !== null && this.#sessions.has(this.#sessionKey(exchange, sessionId))) {
      this.#sessionOf(exchange);
    }
  }

  #addDisconnects(): void {
    for (const [stream, end] of this.#ends) {
      const connection = this.#connections.get(stream);
      // A server that ends a connection does so again when the script runs.
      if (connection === undefined || end.by !== connection.address) continue;
      connection.client.operationCount++;
      const at = this.#seconds(end.stamp);
      this.#operations.push({
        id: IMPLIED_IDS + this.#operations.length,
        client: connection.client.id,
        kind: "disconnect",
        connection: connection.name,
        at,
        answeredAt: at,
        frames: { request: end.stamp.frame },
        status: 0,
        after: [],
      });
    }
  }

  #drop(exchange: Exchange, reason: string): void {
    const captured = (exchange.request ?? exchange.response)!;
    this.#notes.add(reason, { frame: captured.completed.frame, loss: true });
  }

  #seconds(stamp: Stamp): number {
    const start = this.#start ?? stamp;
    return round(stamp.seconds - start.seconds + (stamp.nanoseconds - start.nanoseconds) / 1e9);
  }
}

/** Ids of operations that are not exchanges start here: no capture has as many exchanges. */
const IMPLIED_IDS = 2 ** 40;

/** Nanoseconds are as fine as captures go; sums of doubles are finer. */
function round(seconds: number): number {
  return Math.round(seconds * 1e9) / 1e9;
}

function earlier(one: Stamp, other: Stamp): boolean {
  return one.seconds < other.seconds ||
    (one.seconds === other.seconds && one.nanoseconds < other.nanoseconds);
}

/** For each operation, what its client had got an answer to since the operation before. */
function addAfter(operations: readonly Mutable<PlanOperation>[]): void {
  for (const own of Map.groupBy(operations, (operation) => operation.client).values()) {
    const answered = own.filter(({ answeredAt }) => answeredAt !== null).toSorted(byAnswer);
    let told = 0;
    for (const operation of own) {
      const after: number[] = [];
      for (let next = answered[told]; next !== undefined; next = answered[++told]) {
        if (!answeredBefore(next, operation)) break;
        after.push(next.id);
      }
      operation.after = after;
    }
  }
}

function byAnswer(one: PlanOperation, other: PlanOperation): number {
  return (one.answeredAt ?? 0) - (other.answeredAt ?? 0) ||
    (one.frames.response ?? 0) - (other.frames.response ?? 0);
}

function responseFrame(exchange: Exchange): { response?: number } {
  return exchange.response === null ? {} : { response: exchange.response.completed.frame };
}

function headerFields(request: CapturedMessage): { header?: PlanOperation["header"] } {
  const { header } = request;
  const channelSequence = header.status & 0xffff;
  return {
    header: {
      creditCharge: header.creditCharge,
      credits: header.credits,
      ...(channelSequence === 0 ? {} : { channelSequence }),
      ...((header.flags & HeaderFlags.REPLAY_OPERATION) === 0 ? {} : { replay: true }),
      ...((header.flags & HeaderFlags.DFS_OPERATIONS) === 0 ? {} : { dfs: true }),
    },
  };
}

function mechanismOf(token: ReturnType<typeof describeToken>): LoginOperation["mechanism"] {
  if (token.kerberos) return "kerberos";
  if (token.ntlmType === null) return "unknown";
  return token.ntlmType === 3 && (token.user ?? "") === "" ? "anonymous" : "ntlm";
}

type ResponseBodyOf<C> = C extends keyof typeof Command ? Extract<
    NonNullable<CapturedMessage["message"]>,
    { readonly kind: "response"; readonly command: C }
  >["body"]
  : never;

/** The body of the final response, when it is a success body of that command. */
function answerBody<C extends keyof typeof Command>(
  exchange: Exchange,
  command: C,
): ResponseBodyOf<C> | null {
  const message = exchange.response?.message;
  if (message?.kind !== "response" || message.command !== command) return null;
  return message.body as ResponseBodyOf<C>;
}

function next(counters: Map<string, number>, key: string, prefix: string): string {
  const number = (counters.get(key) ?? 0) + 1;
  counters.set(key, number);
  return `${prefix}${number}`;
}

/** The address without its port. */
function hostOf(endpoint: string): string {
  return endpoint.slice(0, endpoint.lastIndexOf(":"));
}
