/** An open file, directory or pipe. */
import type {
  BackendOpen,
  CreateOptions,
  FileRequests,
  Tree as NativeTree,
} from "../client/mod.ts";
import { CreateAction, FileAttribute, type FileId, fileIdText } from "../wire/mod.ts";
import type {
  Break,
  BreakPolicy,
  Duration,
  File,
  FileStat,
  GrantedLease,
  Label,
  OpenOptions,
  Operation,
  OperationOptions,
  Tree,
} from "./api.ts";
import { BreakQueue, type BreakSubject } from "./breaks.ts";
import type { ClientState, ConnectionLink } from "./client_state.ts";
import { fileStat, fileStatOf, InfoClass } from "./info.ts";
import { leaseStateBits, leaseStateText, oplockLevel, oplockText, sharePath } from "./names.ts";
import { mapOperation } from "./operation.ts";
import { NothingToReconnect, type OpenRequest, openRequest } from "./open_options.ts";
import type { Place } from "./requests.ts";
import type { Answered, Origin } from "./run.ts";
import { SettableFile } from "./settable.ts";
import type { ScriptTree } from "./tree.ts";
import { duration } from "./units.ts";

/** What the other back end says of opens that outlive their connection. */
const NOT_KEPT = "Cannot send: this client keeps no open beyond its connection";

/** RequestedOplockLevel of a lease (MS-SMB2 2.2.13). */
const OPLOCK_LEASE = 0xff;

/** A file of a run: before, while and after it is open. */
export class ScriptFile extends SettableFile implements File, BreakSubject {
  readonly path: string;
  readonly queue = new BreakQueue();
  readonly place: Place | null;
  readonly #state: ClientState;
  readonly #policy: BreakPolicy | null;
  readonly #leaseKey: Uint8Array | null;
  readonly #createGuid: string | null;
  #requests: FileRequests | null = null;
  #open: BackendOpen | null = null;
  /** What breaks find it by. */
  #id: string | null = null;
  /** Why requests cannot be sent; null while they can. A closed file takes them: the server says what it thinks. */
  #obstacle: string | null;
  #closed = false;
  #link: ConnectionLink | null = null;
  resumeKey: Uint8Array | null = null;

  constructor(state: ClientState, fields: {
    path: string;
    policy?: BreakPolicy | undefined;
    leaseKey?: Uint8Array | null;
    createGuid?: string | null;
    /** `\\server\share`. */
    share?: string;
    obstacle: string | null;
  }) {
    super(state.run);
    this.#state = state;
    this.path = fields.path;
    this.place = fields.share === undefined
      ? null
      : { share: fields.share, path: fields.path, content: null };
    this.#policy = fields.policy ?? null;
    this.#leaseKey = fields.leaseKey ?? null;
    this.#createGuid = fields.createGuid ?? null;
    this.#obstacle = fields.obstacle;
    if (this.#leaseKey !== null) state.breaks.addLease(this.#leaseKey, this);
  }

  /** The connection that requests go over. */
  over(link: ConnectionLink): void {
    this.#link = link;
  }

  /** The open succeeded. */
  opened(open: BackendOpen): void {
    this.#open = open;
    this.#requests = open;
    this.#obstacle = null;
    this.#id = fileIdText(open.fileId);
    this.#state.breaks.addFile(this.#id, this);
    this.#state.files.add(this);
  }

  /** Requests go out under a file id that no open gave. */
  borrowed(requests: FileRequests): void {
    this.#requests = requests;
    this.#obstacle = null;
  }

  /** The open did not succeed. */
  notOpened(reason: string): void {
    this.#obstacle = reason;
    this.#state.breaks.remove(this, null, this.#leaseKey);
  }

  get isOpen(): boolean {
    return this.#open !== null && this.#obstacle === null && !this.#closed &&
      (this.#link?.lost ?? null) === null;
  }

  get granted(): string {
    const open = this.#open;
    if (open === null) return "none";
    return open.oplockLevel === OPLOCK_LEASE
      ? leaseStateText(open.leaseState)
      : oplockText(open.oplockLevel);
  }

  get mayBreak(): boolean {
    return !this.isOpen || (this.granted !== "" && this.granted !== "none");
  }

  get lease(): GrantedLease | null {
    const granted = this.#open?.response.contexts.find((context) => context.kind === "RqLs");
    if (granted === undefined) return null;
    const common = {
      version: granted.version,
      state: leaseStateText(granted.leaseState),
      key: granted.leaseKey.slice(),
      flags: granted.leaseFlags,
    };
    return granted.version === 1
      ? common
      : { ...common, epoch: granted.epoch, parent: granted.parentLeaseKey.slice() };
  }

  get breaks(): readonly Break[] {
    return this.queue.all;
  }

  get action(): number {
    return this.#open?.response.createAction ?? -1;
  }

  get size(): number {
    return Number(this.#open?.response.endOfFile ?? 0n);
  }

  /** What a reconnect names; null when it was never open. */
  get identity(): { readonly fileId: FileId; readonly createGuid: string | null } | null {
    return this.#open === null ? null : { fileId: this.#open.fileId, createGuid: this.#createGuid };
  }

  get policy(): BreakPolicy {
    return this.#policy ?? this.#state.breaks.policy;
  }

  /** What the answer to its CREATE said. */
  get statWhenOpened(): FileStat {
    return fileStatOf(this.#open?.response ?? {});
  }

  /** For a compound: what requests name, or why there is nothing. */
  get inner(): FileRequests | string {
    return this.#obstacle ?? this.#requests ?? "the file is not open";
  }

  protected override pathOf(path: string): string {
    return this.#state.path(path);
  }

  stat(options: OperationOptions = {}): Operation<FileStat> {
    const answer = this.queryInfo({ ...options, class: InfoClass.networkOpen, outputLength: 56 });
    return mapOperation(answer, (info) => fileStat(info.bytes));
  }

  leaseBreak(
    options: { readonly timeout?: Duration; readonly label?: Label } = {},
  ): Promise<Break> {
    return this.#break("lease", options);
  }

  oplockBreak(
    options: { readonly timeout?: Duration; readonly label?: Label } = {},
  ): Promise<Break> {
    return this.#break("oplock", options);
  }

  get durability(): File["durability"] {
    return this.#open?.durability ?? "none";
  }

  get file(): File {
    return this;
  }

  flushOnBreak(): Promise<unknown> {
    return this.isOpen ? this.flush({ expect: "any" }) : Promise.resolve();
  }

  resilient(time: Duration, options: OperationOptions = {}): Operation<void> {
    const milliseconds = duration(time);
    return this.run.perform<void, Answered>({
      origin: this.origin(),
      command: "IOCTL",
      path: this.path,
      options,
      obstacle: typeof this.target() === "string" ? this.target() as string : null,
      send: (sending) => {
        if (this.#open?.resilient === undefined) throw new Error(NOT_KEPT);
        return this.#open.resilient(milliseconds, sending);
      },
      value: () => {},
      empty: () => {},
    });
  }

  reconnect(tree: Tree, options: OperationOptions = {}): Operation<void> {
    const { inner, link } = tree as ScriptTree;
    const open = this.#open;
    return this.run.perform<void, Answered>({
      origin: this.origin(),
      command: "CREATE",
      path: this.path,
      options,
      obstacle: open === null
        ? "the file was never open"
        : typeof inner === "string"
        ? inner
        : null,
      send: async ({ accept: _, ...sending }) => {
        if (open?.reconnect === undefined) throw new Error(NOT_KEPT);
        const reply = await open.reconnect(inner as NativeTree, sending);
        this.over(link);
        this.#id = fileIdText(open.fileId);
        this.#state.breaks.addFile(this.#id, this);
        return reply;
      },
      value: () => {},
      empty: () => {},
    });
  }

  closeOnBreak(): void {
    if (this.isOpen) void this.close({ expect: "any" });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.isOpen) await this.close();
  }

  #break(kind: Break["kind"], options: { readonly timeout?: Duration; readonly label?: Label }) {
    const origin = { client: this.#state.name, label: null, due: null };
    const promise = this.#state.breaks.wait(this, kind, { ...options, origin });
    // Waiting is often begun long before it is awaited; a failure is reported where it is awaited, and recorded anyway.
    promise.catch(() => {});
    return promise;
  }

  protected override target(): FileRequests | string {
    const obstacle = this.#obstacle ?? this.#link?.lost ?? null;
    if (obstacle !== null) return obstacle;
    return this.#requests ?? "the file is not open";
  }

  protected override origin(): Origin {
    return this.#state.origin();
  }

  /** A CLOSE within a compound. */
  closedByChain(): void {
    this.closing();
  }

  protected override closing(): void {
    this.#closed = true;
    this.#state.files.delete(this);
    this.#state.breaks.remove(this, this.#id, this.#leaseKey);
  }

  protected override gotResumeKey(key: Uint8Array): void {
    this.resumeKey = key;
  }
}

/** Opens a file through `create`, which a tree or a compound gives. */
export function openFile(state: ClientState, how: {
  readonly path: string;
  readonly options: OpenOptions;
  readonly obstacle: string | null;
  readonly link: ConnectionLink;
  /** `\\server\share`. */
  readonly share: string;
  readonly origin: Origin;
  readonly create: (name: string, options: CreateOptions) => Promise<BackendOpen>;
}): { readonly file: ScriptFile; readonly operation: Operation<File> } {
  const { options } = how;
  const own = state.path(how.path);
  const path = options.separators === "kept" ? own : sharePath(own);
  const asked = requestOrObstacle(state, how);
  const { request } = asked;
  const obstacle = asked.obstacle ?? state.run.outside(how.share, sharePath(path));
  const file = new ScriptFile(state, {
    path,
    policy: options.onBreak,
    leaseKey: request.leaseKey,
    createGuid: request.createGuid,
    share: how.share,
    obstacle: obstacle ?? "its open is not answered yet",
  });
  file.over(how.link);
  if (options.shared === true) state.run.share(how.origin, file);
  let open: BackendOpen | null = null;
  const operation = state.run.perform<File, BackendOpen["reply"]>({
    origin: how.origin,
    command: "CREATE",
    path,
    options,
    obstacle,
    parameters: {
      access: request.create.desiredAccess ?? 0,
      share: request.create.shareAccess ?? 0,
      disposition: request.create.createDisposition ?? 0,
      options: request.create.createOptions ?? 0,
      oplock: request.create.requestedOplockLevel ?? 0,
    },
    send: (sending) =>
      how.create(path, { ...sending, ...request.create }).then((made) => {
        open = made;
        file.opened(made);
        if (!isOfSnapshot(path, options)) keepTrack(state, file, made);
        for (const difference of made.differences ?? []) state.run.differs(difference);
        return made.reply;
      }),
    value: () => file,
    empty: () => file,
    failed: (reason) => file.notOpened(`its open did not succeed (${reason})`),
    granted: () => open === null ? "" : file.granted,
    grant: () => {
      if (options.expectGrant === undefined || open === null) return undefined;
      return { expected: grantText(options.expectGrant), actual: file.granted };
    },
  });
  return { file, operation };
}

/** Whether an open asks for what was at another time. */
function isOfSnapshot(path: string, { contexts = [] }: OpenOptions): boolean {
  return path.includes("@GMT-") ||
    contexts.some((context) => typeof context === "object" && context.kind === "TWrp");
}

/** Keeps the name of a file that the run made, and what the file holds. */
function keepTrack({ run: { commons } }: ClientState, file: ScriptFile, open: BackendOpen): void {
  const { place } = file;
  if (place === null) return;
  const { createAction: action, fileAttributes } = open.response;
  const { share, path } = place;
  if (action === CreateAction.CREATED && !path.includes(":")) commons.footprints?.made(share, path);
  if (commons.contents === null || (fileAttributes & FileAttribute.DIRECTORY) !== 0) return;
  place.content = commons.contents.opened(
    share,
    path,
    action === CreateAction.CREATED || action === CreateAction.SUPERSEDED
      ? "made"
      : action === CreateAction.OVERWRITTEN
      ? "emptied"
      : "opened",
  );
}

/** What to send; or why there is nothing, in place of an exception that would end a replay. */
function requestOrObstacle(
  state: ClientState,
  how: { readonly options: OpenOptions; readonly obstacle: string | null },
): { readonly request: OpenRequest; readonly obstacle: string | null } {
  try {
    return { request: openRequest(state.run, state.name, how.options), obstacle: how.obstacle };
  } catch (error) {
    if (!(error instanceof NothingToReconnect)) throw error;
    const request = { create: {}, leaseKey: null, createGuid: null };
    return { request, obstacle: how.obstacle ?? "the file to reconnect to was never open" };
  }
}

/** A recorded grant in the words of `granted`. */
function grantText(grant: NonNullable<OpenOptions["expectGrant"]>): string {
  if (typeof grant === "number") return leaseStateText(grant);
  if (/^[RWH]*$/.test(grant)) return leaseStateText(leaseStateBits(grant));
  return oplockText(oplockLevel(grant as "batch"));
}
