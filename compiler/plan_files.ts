/** Opens of a plan: their names, which one a request works on, and what the server granted to them. */
import {
  type FileId,
  fileIdText,
  isError,
  RELATED_FILE_ID,
  type RequestBodies,
  sameFileId,
} from "../runtime/wire/mod.ts";
import { LACKS_FILE_ID, LACKS_NAME } from "./cut_message.ts";
import { CutNames } from "./cut_names.ts";
import { answerBody, type Exchange } from "./exchange.ts";
import { FileIdMap } from "./file_id_map.ts";
import { LeaseNames } from "./names.ts";
import type { Entry } from "./operation_store.ts";
import { type CreateOperation, type ForeignIds, OF_OTHERS, type PlanBreak } from "./plan.ts";
import type { Clients, ClientState } from "./plan_clients.ts";
import { createContexts } from "./plan_contexts.ts";
import type { OperationList, OwnFields } from "./plan_list.ts";
import type { Sessions } from "./plan_sessions.ts";
import { RecentMap } from "./recent_map.ts";
import type { SessionState } from "./session_table.ts";

const STATUS_FILE_CLOSED = 0xc0000128;
const FSCTL_SRV_REQUEST_RESUME_KEY = 0x00140078;
const FSCTL_SRV_COPYCHUNK = 0x001440f2;
const FSCTL_SRV_COPYCHUNK_WRITE = 0x001480f2;
const RESUME_KEY_SIZE = 24;
const ALL_ONES = 0xffffffffffffffffn;

/** Opens remembered after their CLOSE, so that use after close still has a name. */
const CLOSED_KEPT = 4096;

/** Opens of one server: more are never closed, and the oldest are forgotten. */
const OPENS_KEPT = 131_072;

/** Opens of one server before it is looked which can be forgotten. */
const FEW_OPENS = 8192;

/** Resume keys that are remembered. */
const RESUME_KEYS_KEPT = 4096;

/** File ids that mean something to one client alone, and that are remembered. */
const OF_ONE_CLIENT_KEPT = 4096;

/** Opens without a file id that are remembered. */
const NAMELESS_KEPT = 256;

/** Lease keys of one client whose holder is remembered. */
const LEASES_KEPT = 16_384;

/** An open, or a file id that the client made up. */
export interface OpenState {
  readonly file: string;
  readonly client: ClientState;
  /** Id of its CREATE; -1 where there is none. */
  readonly id: number;
  /** Null for an open that the capture never saw. */
  readonly create: Entry | null;
  /** Tree connect that it was made on; null where it was not made. */
  tree: string | null;
  /** Session in which it was made. */
  readonly session: SessionState | undefined;
  /** Granted oplock level; null when it was not granted. */
  oplock: number | null;
  /** What its CREATE tells of breaks. */
  breaks: readonly PlanBreak[];
  /** Whether an operation named it. */
  used: boolean;
  /** Place among all that were closed; null while it is open. */
  closed: number | null;
}

interface ServerOpens {
  readonly ids: FileIdMap<OpenState>;
  /** Opens that make it worth looking which can be forgotten. */
  many: number;
}

/** Names opens and adds the CREATEs. */
export class Files {
  readonly #list: OperationList;
  readonly #clients: Clients;
  readonly #sessions: Sessions;
  /** By server and FileId. */
  readonly #opens = new Map<string, ServerOpens>();
  /** File ids that mean something to one client alone: those that it made up, and those that another one was given, too. */
  readonly #ofOneClient = new WeakMap<ClientState, FileIdMap<OpenState>>();
  /** Open that each request of a compound works on. */
  readonly #inChain = new WeakMap<Exchange, OpenState>();
  readonly #leases = new LeaseNames();
  /** Latest open under a lease key, per client. */
  readonly #leaseHolders = new Map<ClientState, RecentMap<string, OpenState>>();
  /** Open that a resume key stands for. */
  readonly #resumeKeys = new RecentMap<string, OpenState>(RESUME_KEYS_KEPT);
  /** Opens of CREATEs that were taken before they were answered. */
  readonly #underWay = new WeakMap<Exchange, { open: OpenState; tree: string }>();
  /** Opens whose file id is not known, with their tree connects; the latest last. */
  readonly #nameless = new Map<OpenState, string>();
  /** Made for the first CREATE that is cut within its name. */
  #cutNames: CutNames | null = null;
  #closed = 0;

  constructor(options: { list: OperationList; clients: Clients; sessions: Sessions }) {
    this.#list = options.list;
    this.#sessions = options.sessions;
    this.#clients = options.clients;
  }

  /** A CREATE. */
  create(exchange: Exchange, body: RequestBodies["CREATE"]): Entry {
    const { name: tree, ...place } = this.#sessions.treeOf(exchange);
    const client = this.#clients.of(exchange);
    const file = client.name("f");
    const contexts = createContexts(body.contexts, {
      leases: this.#leases,
      fileOf: (id) => this.#ownFile(exchange, client, id),
    });
    const create = this.#list.add(exchange, client, {
      kind: "create",
      tree,
      ...place,
      file,
      path: isNameCut(exchange) ? CutNames.placeholder(exchange, body.name) : body.name,
      access: body.desiredAccess,
      share: body.shareAccess,
      disposition: body.createDisposition,
      options: body.createOptions,
      attributes: body.fileAttributes,
      impersonation: body.impersonationLevel,
      securityFlags: body.securityFlags,
      oplock: body.requestedOplockLevel,
      contexts,
      granted: grantedBy(exchange),
    });
    const session = this.#sessions.filesOf(exchange);
    const open = newOpen({ file, client, create, session, id: exchange.index });
    if (exchange.chain !== null) this.#inChain.set(exchange, open);
    if (exchange.settled) this.#opened(exchange, open, tree);
    else this.#underWay.set(exchange, { open, tree });
    if (exchange.response === null) this.#awaitsId(open, tree);
    return create;
  }

  /** A CREATE was answered after it was taken. */
  created(entry: Entry, exchange: Exchange): void {
    const made = this.#underWay.get(exchange);
    if (made !== undefined) {
      this.#nameless.delete(made.open);
      this.#opened(exchange, made.open, made.tree);
    }
    this.#list.answered(entry, exchange, { granted: grantedBy(exchange) });
  }

  #opened(exchange: Exchange, open: OpenState, tree: string): void {
    const answer = answerBody(exchange, "CREATE");
    if (open.create !== null && isNameCut(exchange)) {
      this.#cutNames ??= new CutNames(this.#list);
      this.#cutNames.answered(exchange, open.create, tree);
    }
    const { response } = exchange;
    if (response !== null && response.known < response.length) {
      const hasId = answer !== null && response.lacks !== LACKS_FILE_ID;
      if (!hasId && response.header.status === 0) this.#awaitsId(open, tree);
      if (!hasId) return;
    }
    if (answer === null) return;
    open.tree = tree;
    open.oplock = answer.oplockLevel;
    this.#keep(exchange, answer.fileId, open);
    const lease = answer.contexts.find((context) => context.kind === "RqLs");
    if (lease?.kind === "RqLs") this.#holds(open, lease.leaseKey.toHex());
  }

  /** The capture does not have the file id that the CREATE returned, if it did: who uses an unknown one may mean it. */
  #awaitsId(open: OpenState, tree: string): void {
    this.#nameless.set(open, tree);
    if (this.#nameless.size > NAMELESS_KEPT) {
      this.#nameless.delete(this.#nameless.keys().next().value!);
    }
  }

  /** The latest open without a file id that a request with an unknown one can mean. */
  #withoutId(exchange: Exchange, fileId: FileId): OpenState | null {
    if (this.#nameless.size === 0) return null;
    const client = this.#clients.of(exchange);
    const session = this.#sessions.filesOf(exchange);
    let found: OpenState | null = null;
    for (const open of this.#nameless.keys()) {
      if (open.client === client && open.session === session) found = open;
    }
    if (found === null) return null;
    found.tree = this.#nameless.get(found)!;
    this.#nameless.delete(found);
    this.#keep(exchange, fileId, found);
    this.#list.note(
      exchange,
      "A file id is taken to be that of the CREATE before, whose answer the capture does not have",
    );
    return found;
  }

  #keep(exchange: Exchange, id: FileId, open: OpenState): void {
    const opens = this.#opensOf(exchange);
    const before = opens.ids.get(id);
    // Where addresses of several servers were made one, two clients may have been given equal ids.
    // An id that was closed is given anew as a matter of course: that is no reason to remember the open.
    if (before !== undefined && before.client !== open.client && before.closed === null) {
      this.#toOneClient(before.client).set(id, before);
    }
    opens.ids.set(id, open);
    if (opens.ids.size <= opens.many) return;
    const oldest = this.#closed - CLOSED_KEPT;
    opens.ids.keepOnly(({ closed, session }) =>
      (closed === null || closed > oldest) && session?.forgotten !== true
    );
    let tooMany = opens.ids.size - OPENS_KEPT / 2;
    if (opens.ids.size > OPENS_KEPT) opens.ids.keepOnly(() => tooMany-- <= 0);
    opens.many = Math.max(FEW_OPENS, Math.min(2 * opens.ids.size, OPENS_KEPT));
  }

  /** The name of the open with that file id; null when the capture does not have it. */
  #ownFile(exchange: Exchange, client: ClientState, id: FileId): string | null {
    const open = this.#opensOf(exchange).ids.get(id);
    if (open !== undefined && open.create !== null && open.client !== client) {
      this.#list.change(open.create, { shared: true });
      return `${OF_OTHERS}${open.id}`;
    }
    if (open?.client !== client || open.create === null) {
      this.#list.note(
        exchange,
        "A durable open that this client did not make in the capture is reclaimed: its id goes out as captured, and no server knows it",
      );
      return null;
    }
    this.#uses(open);
    return open.file;
  }

  #holds(open: OpenState, leaseKey: string): void {
    let holders = this.#leaseHolders.get(open.client);
    if (holders === undefined) {
      this.#leaseHolders.set(open.client, holders = new RecentMap(LEASES_KEPT));
    }
    holders.set(leaseKey, open);
  }

  #opensOf(exchange: Exchange): ServerOpens {
    const server = this.#sessions.serverOf(exchange);
    let opens = this.#opens.get(server);
    if (opens === undefined) {
      this.#opens.set(server, opens = { ids: new FileIdMap(), many: FEW_OPENS });
    }
    return opens;
  }

  /** The open that a request works on; null, and noted, when the capture does not tell. */
  fileOf(exchange: Exchange, fileId: FileId): OpenState | null {
    const { chain } = exchange;
    const before = inheritsFile(exchange, fileId) ? this.#inChain.get(chain!.previous!) : undefined;
    const open = before ?? this.#openOf(exchange, fileId) ?? this.#neverOpened(exchange, fileId);
    if (open === null) return null;
    if (before === undefined) this.#uses(open);
    if (chain !== null) this.#inChain.set(exchange, open);
    return open;
  }

  /** The open with that file id; one of another client is none of this one's, and has a name there. */
  #openOf(exchange: Exchange, fileId: FileId): OpenState | undefined {
    const client = this.#clients.of(exchange);
    const open = this.#opensOf(exchange).ids.get(fileId);
    return open?.client === client ? open : this.#ofOneClient.get(client)?.get(fileId);
  }

  /** An operation names the open: the script needs a variable for it. */
  #uses(open: OpenState): void {
    if (open.used) return;
    open.used = true;
    if (open.create !== null) this.#list.change(open.create, { used: true });
  }

  /** The operation where it is sent: on the open's own tree connect, unless its header names another. */
  placed<F extends object>(
    exchange: Exchange,
    open: OpenState | null,
    fields: F,
  ): F & { tree: string; ids?: ForeignIds; via?: string; file: string | null } {
    const { name, ...place } = this.#sessions.treeOf(exchange);
    const own = open?.client === this.#clients.of(exchange) ? open.tree : null;
    const file = open?.file ?? null;
    if (own === null || own === name) return { ...fields, tree: name, file, ...place };
    const opened = open?.session?.stream ?? exchange.stream;
    if (opened !== exchange.stream && place.via === undefined) {
      return { ...fields, tree: name, file, ...place, ids: { ...place.ids, file: true } };
    }
    return { ...fields, tree: own, file, ...place, ids: { tree: name, ...place.ids } };
  }

  /** An answer about the open may tell what its CREATE lacks. */
  answered(exchange: Exchange, open: OpenState): void {
    if (this.#cutNames !== null && open.create !== null) this.#cutNames.told(exchange, open.create);
  }

  /** A CLOSE of the open was taken. */
  closed(exchange: Exchange, open: OpenState): void {
    if (exchange.response?.header.status === 0) open.closed ??= ++this.#closed;
  }

  #neverOpened(exchange: Exchange, fileId: FileId): OpenState | null {
    const status = exchange.response?.header.status ?? 0;
    const nameless = status === STATUS_FILE_CLOSED ? null : this.#withoutId(exchange, fileId);
    if (nameless !== null) return nameless;
    // A client that was seen from its start and is refused has made the id up.
    const madeUp = isError(status) && this.#sessions.isWhole(exchange.stream);
    if (status !== STATUS_FILE_CLOSED && !madeUp) {
      return this.#list.drop(
        exchange,
        `A ${exchange.command} works on a file whose CREATE is not in the capture`,
      );
    }
    const client = this.#clients.of(exchange);
    const session = this.#sessions.filesOf(exchange);
    // Ids that mean something as they are go out so.
    const file = isPlain(fileId) ? fileIdText(fileId) : client.name("f");
    const open = newOpen({ file, client, create: null, session, id: -1 });
    this.#toOneClient(client).set(fileId, open);
    return open;
  }

  #toOneClient(client: ClientState): FileIdMap<OpenState> {
    let own = this.#ofOneClient.get(client);
    if (own === undefined || own.size >= OF_ONE_CLIENT_KEPT) {
      this.#ofOneClient.set(client, own = new FileIdMap());
    }
    return own;
  }

  /** The open whose oplock a notification breaks. */
  oplockHolder(exchange: Exchange, fileId: FileId): OpenState | null {
    const open = this.#opensOf(exchange).ids.get(fileId);
    if (open?.client !== this.#clients.of(exchange) || open.create === null) return null;
    this.#uses(open);
    return open;
  }

  /** The client's latest open under a lease key. */
  leaseHolder(exchange: Exchange, leaseKey: string): OpenState | null {
    const open = this.#leaseHolders.get(this.#clients.of(exchange))?.get(leaseKey) ?? null;
    if (open !== null) this.#uses(open);
    return open;
  }

  /** An IOCTL. */
  ioctl(exchange: Exchange, body: RequestBodies["IOCTL"]): Entry | null {
    const none = sameFileId(body.fileId, RELATED_FILE_ID) && !inheritsFile(exchange, body.fileId);
    const open = none ? null : this.fileOf(exchange, body.fileId);
    if (open === null && !none) return null;
    const copies = body.ctlCode === FSCTL_SRV_COPYCHUNK ||
      body.ctlCode === FSCTL_SRV_COPYCHUNK_WRITE;
    const resumeKey = copies ? this.#resumeKeys.get(keyText(body.input)) : undefined;
    if (resumeKey !== undefined) this.#uses(resumeKey);
    if (open !== null) this.#noteResumeKey(exchange, open);
    const fields = this.placed(exchange, open, {
      kind: "ioctl" as const,
      code: body.ctlCode,
      flags: body.flags,
      input: body.input.toHex(),
      ...(resumeKey === undefined ? {} : { resumeKey: resumeKey.file }),
      maxInput: body.maxInputResponse,
      maxOutput: body.maxOutputResponse,
      returnedLength: answerBody(exchange, "IOCTL")?.output.byteLength ?? null,
    });
    return this.#list.add(exchange, this.#clients.of(exchange), fields as OwnFields);
  }

  /** An IOCTL was answered after it was taken. */
  ioctlAnswered(entry: Entry, exchange: Exchange, { fileId }: RequestBodies["IOCTL"]): void {
    const open = this.#inChain.get(exchange) ?? this.#opensOf(exchange).ids.get(fileId);
    if (open !== undefined) this.#noteResumeKey(exchange, open);
    const returnedLength = answerBody(exchange, "IOCTL")?.output.byteLength ?? null;
    this.#list.answered(entry, exchange, { returnedLength });
  }

  #noteResumeKey(exchange: Exchange, open: OpenState): void {
    const answer = answerBody(exchange, "IOCTL");
    if (answer === null || answer.ctlCode !== FSCTL_SRV_REQUEST_RESUME_KEY) return;
    this.#resumeKeys.set(keyText(answer.output), open);
  }
}

function newOpen(
  of: Pick<OpenState, "file" | "client" | "create" | "session" | "id">,
): OpenState {
  return { ...of, tree: null, oplock: null, breaks: [], used: false, closed: null };
}

function isNameCut({ request }: Exchange): boolean {
  return request?.lacks === LACKS_NAME;
}

/** What the answer of a CREATE granted. */
function grantedBy(exchange: Exchange): CreateOperation["granted"] {
  const answer = answerBody(exchange, "CREATE");
  if (answer === null) return null;
  const lease = answer.contexts.find((context) => context.kind === "RqLs");
  return {
    oplock: answer.oplockLevel,
    lease: lease?.kind === "RqLs" ? lease.leaseState : null,
    action: answer.createAction,
    size: String(answer.endOfFile),
    attributes: answer.fileAttributes,
    allocation: String(answer.allocationSize),
    modified: String(answer.lastWriteTime),
  };
}

/** Whether a request works on the file of the one before it (MS-SMB2 3.2.4.1.4). */
function inheritsFile({ chain }: Exchange, fileId: FileId): boolean {
  return chain !== null && chain.related && chain.previous !== null &&
    sameFileId(fileId, RELATED_FILE_ID);
}

/** Whether an id is made of zeros and ones alone, as what no server hands out is. */
function isPlain({ persistent, volatile }: FileId): boolean {
  return [persistent, volatile].every((half) => half === 0n || half === ALL_ONES);
}

function keyText(bytes: Uint8Array): string {
  return bytes.subarray(0, RESUME_KEY_SIZE).toHex();
}
