/** Opens of a plan: their names, which one a request works on, and what the server granted to them. */
import {
  type FileId,
  isError,
  RELATED_FILE_ID,
  type RequestBodies,
  sameFileId,
} from "../runtime/wire/mod.ts";
import { answerBody, type Exchange } from "./exchange.ts";
import { FileIdMap } from "./file_id_map.ts";
import type { CreateOperation, ForeignIds } from "./plan.ts";
import type { Clients, ClientState } from "./plan_clients.ts";
import { createContexts, LeaseNames } from "./plan_contexts.ts";
import type { OperationList } from "./plan_list.ts";
import type { Sessions } from "./plan_sessions.ts";

const STATUS_FILE_CLOSED = 0xc0000128;
const FSCTL_SRV_REQUEST_RESUME_KEY = 0x00140078;
const FSCTL_SRV_COPYCHUNK = 0x001440f2;
const FSCTL_SRV_COPYCHUNK_WRITE = 0x001480f2;
const RESUME_KEY_SIZE = 24;

interface OpenState {
  readonly file: string;
  readonly client: ClientState;
  /** Null for an open that the capture never saw. */
  readonly create: CreateOperation | null;
}

/** Names opens and adds the CREATEs. */
export class Files {
  readonly #list: OperationList;
  readonly #clients: Clients;
  readonly #sessions: Sessions;
  /** By server and FileId. */
  readonly #opens = new Map<string, FileIdMap<OpenState>>();
  /** Open that each request of a compound works on. */
  readonly #inChain = new WeakMap<Exchange, string>();
  /** Tree connect that each open was made on, by its name. */
  readonly #trees = new Map<ClientState, Map<string, string>>();
  readonly #leases = new LeaseNames();
  /** Latest open under a lease key, per client. */
  readonly #leaseHolders = new Map<ClientState, Map<string, CreateOperation>>();
  /** Open that a resume key stands for. */
  readonly #resumeKeys = new Map<string, string>();

  constructor(options: { list: OperationList; clients: Clients; sessions: Sessions }) {
    this.#list = options.list;
    this.#sessions = options.sessions;
    this.#clients = options.clients;
  }

  /** A CREATE. */
  create(exchange: Exchange, body: RequestBodies["CREATE"]): void {
    const { name: tree, ids } = this.#sessions.treeOf(exchange);
    const client = this.#clients.of(exchange);
    const file = client.name("f");
    const answer = answerBody(exchange, "CREATE");
    const lease = answer?.contexts.find((context) => context.kind === "RqLs");
    const create = this.#list.add(exchange, client, {
      kind: "create",
      tree,
      ...(ids && { ids }),
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
        fileOf: (id) => this.#ownFile(exchange, client, id),
      }),
      granted: answer === null ? null : {
        oplock: answer.oplockLevel,
        lease: lease?.kind === "RqLs" ? lease.leaseState : null,
        action: answer.createAction,
        size: String(answer.endOfFile),
        attributes: answer.fileAttributes,
        allocation: String(answer.allocationSize),
        modified: String(answer.lastWriteTime),
      },
    });
    if (exchange.chain !== null) this.#inChain.set(exchange, file);
    if (answer === null) return;
    let trees = this.#trees.get(client);
    if (trees === undefined) this.#trees.set(client, trees = new Map());
    trees.set(file, tree);
    this.#opensOf(exchange).set(answer.fileId, { file, client, create });
    if (lease?.kind === "RqLs") this.#holds(client, lease.leaseKey.toHex(), create);
  }

  /** The client's open with that file id; null when it is another client's. */
  #ownFile(exchange: Exchange, client: ClientState, id: FileId): string | null {
    const open = this.#opensOf(exchange).get(id);
    return open?.client === client && open.create !== null ? open.file : null;
  }

  #holds(client: ClientState, leaseKey: string, create: CreateOperation): void {
    let holders = this.#leaseHolders.get(client);
    if (holders === undefined) this.#leaseHolders.set(client, holders = new Map());
    holders.set(leaseKey, create);
  }

  #opensOf(exchange: Exchange): FileIdMap<OpenState> {
    const server = this.#sessions.serverOf(exchange);
    let opens = this.#opens.get(server);
    if (opens === undefined) this.#opens.set(server, opens = new FileIdMap());
    return opens;
  }

  /** The open that a request works on; undefined, and noted, when the capture does not tell. */
  fileOf(exchange: Exchange, fileId: FileId): string | undefined {
    const { chain } = exchange;
    const before = inheritsFile(exchange, fileId) ? this.#inChain.get(chain!.previous!) : undefined;
    const file = before ?? this.#opensOf(exchange).get(fileId)?.file ??
      this.#neverOpened(exchange, fileId);
    if (file !== undefined && chain !== null) this.#inChain.set(exchange, file);
    return file;
  }

  /** Where a request on an open is sent: on the open's own tree connect, unless its header names another. */
  placeOf(exchange: Exchange, file: string | null): { tree: string; ids?: ForeignIds } {
    const { name, ids } = this.#sessions.treeOf(exchange);
    const own = this.#trees.get(this.#clients.of(exchange))?.get(file ?? "");
    if (own === undefined || own === name) return { tree: name, ...(ids && { ids }) };
    return { tree: own, ids: { tree: name, ...ids } };
  }

  #neverOpened(exchange: Exchange, fileId: FileId): string | undefined {
    const status = exchange.response?.header.status ?? 0;
    // A client that was seen from its start and is refused has made the id up.
    const madeUp = isError(status) && this.#sessions.isWhole(exchange.stream);
    if (status !== STATUS_FILE_CLOSED && !madeUp) {
      this.#list.drop(
        exchange,
        `A ${exchange.command} works on a file whose CREATE is not in the capture`,
      );
      return undefined;
    }
    const client = this.#clients.of(exchange);
    const file = client.name("f");
    this.#opensOf(exchange).set(fileId, { file, client, create: null });
    return file;
  }

  /** The CREATE whose oplock a notification breaks. */
  oplockHolder(exchange: Exchange, fileId: FileId): CreateOperation | null {
    const open = this.#opensOf(exchange).get(fileId);
    return open?.client === this.#clients.of(exchange) ? open.create : null;
  }

  /** The client's latest CREATE under a lease key. */
  leaseHolder(exchange: Exchange, leaseKey: string): CreateOperation | null {
    return this.#leaseHolders.get(this.#clients.of(exchange))?.get(leaseKey) ?? null;
  }

  /** An IOCTL. */
  ioctl(exchange: Exchange, body: RequestBodies["IOCTL"]): void {
    const none = sameFileId(body.fileId, RELATED_FILE_ID) && !inheritsFile(exchange, body.fileId);
    const file = none ? null : this.fileOf(exchange, body.fileId);
    if (file === undefined) return;
    const copies = body.ctlCode === FSCTL_SRV_COPYCHUNK ||
      body.ctlCode === FSCTL_SRV_COPYCHUNK_WRITE;
    const resumeKey = copies ? this.#resumeKeys.get(keyText(body.input)) : undefined;
    const answer = answerBody(exchange, "IOCTL");
    if (body.ctlCode === FSCTL_SRV_REQUEST_RESUME_KEY && answer !== null && file !== null) {
      this.#resumeKeys.set(keyText(answer.output), file);
    }
    this.#list.add(exchange, this.#clients.of(exchange), {
      kind: "ioctl",
      ...this.placeOf(exchange, file),
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
}

/** Whether a request works on the file of the one before it (MS-SMB2 3.2.4.1.4). */
function inheritsFile({ chain }: Exchange, fileId: FileId): boolean {
  return chain !== null && chain.related && chain.previous !== null &&
    sameFileId(fileId, RELATED_FILE_ID);
}

function keyText(bytes: Uint8Array): string {
  return bytes.subarray(0, RESUME_KEY_SIZE).toHex();
}
