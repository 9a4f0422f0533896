/** A connected share, and compounds on it. */
import {
  type Answer,
  type BackendTree as ClientTree,
  type Chain,
  FileRequests,
  type RequestOptions,
  type Tree as NativeTree,
  UnsupportedError,
} from "../client/mod.ts";
import type { CommandName, FileId, RequestBodies } from "../wire/mod.ts";
import type {
  Compound,
  CompoundFile,
  CompoundTree,
  File,
  IoctlOptions,
  OpenOptions,
  Operation,
  OperationOptions,
  Outcome,
  Session,
  Tree,
} from "./api.ts";
import type { ClientState, ConnectionLink } from "./client_state.ts";
import { openFile, ScriptFile } from "./file.ts";
import { ScriptError } from "./errors.ts";
import { ControlledTree } from "./fsctl.ts";
import { makeOperation } from "./operation.ts";
import { ctlCodeNumber, ioctlFields, ioctlInput, type Place } from "./requests.ts";
import { channelObstacle, channelOf, type Origin } from "./run.ts";
import { SettableFile } from "./settable.ts";

/** A tree of a run: connected, or not. */
export class ScriptTree extends ControlledTree implements Tree {
  readonly #state: ClientState;
  readonly #tree: ClientTree | null;
  readonly #refusal: string;
  readonly #link: ConnectionLink;

  /** @param parts Without a tree, `refusal` says why there is none. */
  constructor(
    state: ClientState,
    parts: { readonly link: ConnectionLink; readonly tree: ClientTree } | {
      readonly link: ConnectionLink;
      readonly refusal: string;
    },
  ) {
    super();
    this.#state = state;
    this.#link = parts.link;
    this.#tree = "tree" in parts ? parts.tree : null;
    this.#refusal = "refusal" in parts ? parts.refusal : "";
  }

  get id(): number {
    return this.#tree?.id ?? 0;
  }

  /** Why requests cannot be sent. A share that is disconnected takes them: the server says what it thinks. */
  get #obstacle(): string | null {
    return this.#tree === null ? this.#refusal : this.#link.lost;
  }

  protected override get strict(): boolean {
    return this.#state.run.strict;
  }

  /** The tree below, or why there is none. */
  get inner(): ClientTree | string {
    return this.#obstacle ?? this.#tree ?? "the share is not connected";
  }

  /** The connections that its requests may take. */
  get link(): ConnectionLink {
    return this.#link;
  }

  open(path: string, options: OpenOptions = {}): Operation<File> {
    return openFile(this.#state, {
      path,
      options,
      obstacle: this.#obstacle,
      link: this.#link,
      share: this.#tree?.path ?? "",
      origin: this.#state.origin(),
      create: (name, create) => this.#connected().create(name, create),
    }).operation;
  }

  override ioctl(code: number | string, options: IoctlOptions = {}): Operation<Uint8Array> {
    const ctlCode = ctlCodeNumber(code);
    const input = ioctlInput(this.#state.run, options);
    const validates = ctlCode === VALIDATE_NEGOTIATE_INFO && input === undefined;
    const isRefused = validates && this.#tree?.mayValidateNegotiate === false;
    return this.#state.run.perform({
      origin: this.#state.origin(),
      command: "IOCTL",
      path: "",
      options,
      obstacle: this.#obstacle,
      leftOut: isRefused && !this.#state.run.strict ? NOTHING_TO_VALIDATE : null,
      send: (sending) =>
        validates
          ? this.#connected().validateNegotiate(sending)
          : this.#connected().ioctl(ioctlFields(ctlCode, input, options), sending),
      value: (reply) => reply.body?.output ?? new Uint8Array(0),
      empty: () => new Uint8Array(0),
    });
  }

  compound(options: { readonly related?: boolean; readonly via?: Session } = {}): Compound {
    return new ScriptCompound(this.#state, {
      tree: this.#tree,
      obstacle: this.#obstacle ?? channelObstacle(options.via),
      link: this.#link,
      related: options.related ?? true,
      via: options.via,
    });
  }

  disconnect(options: OperationOptions = {}): Operation<void> {
    return this.#state.run.perform({
      origin: this.#state.origin(),
      command: "TREE_DISCONNECT",
      path: "",
      options,
      obstacle: this.#obstacle,
      leftOut: this.#state.run.host.backend.leftOut("TREE_DISCONNECT"),
      send: (sending) => this.#connected().disconnect(sending),
      value: () => {},
      empty: () => {},
    });
  }

  unopened(handle: string | File): File {
    const path = typeof handle === "string" ? handle : handle.path;
    const file = new ScriptFile(this.#state, { path, obstacle: this.#obstacle });
    file.over(this.#link);
    if (this.#tree !== null && this.#obstacle === null) {
      const id = typeof handle === "string"
        ? literalFileId(handle)
        : (handle as ScriptFile).identity?.fileId;
      file.borrowed(new LooseRequests(this.#tree, id ?? this.#unusedId(path)));
    }
    return file;
  }

  /** An id that no open has. */
  #unusedId(name: string): FileId {
    const bytes = this.#state.run.named("unopened", `${this.#state.name} ${name}`);
    const [persistent, volatile] = new BigUint64Array(bytes.slice().buffer);
    return { persistent: persistent ?? 0n, volatile: volatile ?? 0n };
  }

  #connected(): ClientTree {
    if (this.#tree === null) throw new Error("Cannot send: the share is not connected");
    return this.#tree;
  }
}

/** The id that a name says in hexadecimal: `persistent:volatile`. */
function literalFileId(name: string): FileId | null {
  const [, persistent, volatile] = /^([0-9a-f]{16}):([0-9a-f]{16})$/.exec(name) ?? [];
  if (persistent === undefined || volatile === undefined) return null;
  return { persistent: BigInt(`0x${persistent}`), volatile: BigInt(`0x${volatile}`) };
}

/** Requests under a file id that no open gave. */
class LooseRequests extends FileRequests {
  readonly fileId: FileId;
  readonly #tree: ClientTree;

  constructor(tree: ClientTree, fileId: FileId) {
    super();
    this.#tree = tree;
    this.fileId = fileId;
  }

  // Chains, which ask for it, are the native client's.
  override get ownTree(): NativeTree {
    return this.#tree as NativeTree;
  }

  protected override submit<C extends CommandName, O extends RequestOptions>(
    command: C,
    body: RequestBodies[C],
    options: O | undefined,
  ): Promise<Answer<C, O>> {
    return this.#tree.request(command, body, options);
  }
}

/** @throws {UnsupportedError} When the back end has no compounds: the run ends. */
function newChain(
  { run }: ClientState,
  tree: ClientTree,
  how: { readonly related: boolean; readonly via: Session | undefined },
): Chain {
  const channel = how.via === undefined ? null : channelOf(how.via);
  try {
    return tree.compound({ related: how.related, ...channel === null ? {} : { via: channel } });
  } catch (error) {
    if (error instanceof UnsupportedError) run.refuse(error);
    throw error;
  }
}

/** FSCTL_VALIDATE_NEGOTIATE_INFO (MS-SMB2 2.2.31). */
const VALIDATE_NEGOTIATE_INFO = 0x00140204;
const NOTHING_TO_VALIDATE =
  "VALIDATE_NEGOTIATE_INFO is left out, as the server chose dialect 3.1.1 and would hang up on it";

/** The label of a compound's request, `place` behind the first one: `"214.2"` behind `"214"`. */
function memberLabel(label: string, place: number): string {
  const [, first = label, number = "1"] = /^(.*)\.(\d+)$/.exec(label) ?? [];
  return `${first}.${Number(number) + place}`;
}

/** Requests of a compound on one file. */
class ChainRequests extends SettableFile implements CompoundFile {
  readonly path: string;
  readonly #compound: ScriptCompound;
  readonly #state: ClientState;
  readonly #requests: FileRequests | string;
  readonly #file: ScriptFile | null;

  constructor(compound: ScriptCompound, state: ClientState, fields: {
    requests: FileRequests | string;
    file: ScriptFile | null;
  }) {
    super(state.run);
    this.#compound = compound;
    this.#state = state;
    this.path = fields.file?.path ?? "";
    this.#requests = fields.requests;
    this.#file = fields.file;
  }

  protected override get place(): Place | null {
    return this.#file?.place ?? null;
  }

  protected override pathOf(path: string): string {
    return this.#state.path(path);
  }

  protected override target(): FileRequests | string {
    if (typeof this.#requests !== "string") this.#compound.added();
    return this.#requests;
  }

  protected override origin(): Origin {
    return this.#compound.origin();
  }

  protected override closing(): void {
    this.#file?.closedByChain();
  }

  protected override gotResumeKey(key: Uint8Array): void {
    if (this.#file !== null) this.#file.resumeKey = key;
  }

  protected override keep<T>(operation: Operation<T>): Operation<T> {
    return this.#compound.keep(operation);
  }

  protected override keepMapped<T>(operation: Operation<T>): Operation<T> {
    // The compound reports the failure.
    operation.catch(() => {});
    return operation;
  }
}

/** A compound of a run: its requests collect in the client's chain until `send`. */
export class ScriptCompound implements Compound {
  readonly #state: ClientState;
  readonly #chain: Chain | null;
  readonly #obstacle: string | null;
  readonly #link: ConnectionLink;
  readonly #share: string;
  #origin: Origin | null = null;
  #labelled = 0;
  readonly #operations: Operation<unknown>[] = [];
  /** The file of the request before. */
  #last: ScriptFile | null = null;
  #added = 0;
  #sent = false;

  constructor(state: ClientState, fields: {
    tree: ClientTree | null;
    obstacle: string | null;
    link: ConnectionLink;
    related: boolean;
    via: Session | undefined;
  }) {
    this.#link = fields.link;
    this.#share = fields.tree?.path ?? "";
    this.#state = state;
    this.#obstacle = fields.obstacle;
    this.#chain = fields.tree === null || fields.obstacle !== null
      ? null
      : newChain(this.#state, fields.tree, fields);
  }

  /** Client, label and due time: those after the first one are labelled behind it. A row brings its own key. */
  origin(): Origin {
    if (this.#sent) throw new ScriptError("Cannot add to a compound: it is sent");
    if (this.#origin === null || this.#state.isKeyed) {
      const origin = { ...this.#state.origin(), apart: true };
      this.#origin ??= origin;
      return origin;
    }
    const { label } = this.#origin;
    const place = ++this.#labelled;
    return { ...this.#origin, label: label === null ? null : memberLabel(label, place), due: null };
  }

  /** A request goes into the chain. */
  added(): void {
    this.#added++;
  }

  /** `send()` reports what went wrong in any of them. */
  keep<T>(operation: Operation<T>): Operation<T> {
    operation.catch(() => {});
    this.#operations.push(operation);
    return operation;
  }

  open(path: string, options: OpenOptions = {}): Operation<File> {
    return this.#open(path, options, {
      obstacle: this.#obstacle,
      share: this.#share,
      create: (name, create) => this.#required().create(name, create),
    });
  }

  #open(path: string, options: OpenOptions, where: {
    readonly obstacle: string | null;
    readonly share: string;
    readonly create: Chain["create"];
  }): Operation<File> {
    const { file, operation } = openFile(this.#state, {
      path,
      options,
      obstacle: where.obstacle,
      link: this.#link,
      share: where.share,
      origin: this.origin(),
      create: (name, create) => {
        this.added();
        return where.create(name, create);
      },
    });
    this.#last = file;
    return this.keep(operation);
  }

  on(file: File): ChainRequests;
  on(tree: Tree): CompoundTree;
  on(target: File | Tree): ChainRequests | CompoundTree {
    return target instanceof ScriptTree ? this.#onTree(target) : this.#onFile(target as File);
  }

  #onTree({ inner }: ScriptTree): CompoundTree {
    const tree = typeof inner === "string" ? null : inner as NativeTree;
    const over = tree === null ? null : this.#chain?.over(tree) ?? null;
    const obstacle = this.#obstacle ??
      (typeof inner === "string"
        ? inner
        : "its share is on another connection than the compound's");
    return {
      open: (path, options = {}) =>
        this.#open(path, options, {
          obstacle: over === null ? obstacle : null,
          share: tree?.path ?? "",
          create: (name, create) => {
            if (over === null) throw new Error(obstacle);
            return over.create(name, create);
          },
        }),
      ioctl: (code, options) => this.#collecting(over?.file ?? obstacle, null).ioctl(code, options),
    };
  }

  #onFile(file: File): ChainRequests {
    const script = file as ScriptFile;
    const open = script.inner;
    this.#last = script;
    if (this.#chain === null) return this.#collecting(this.#obstacle ?? "", script);
    return this.#collecting(typeof open === "string" ? open : this.#chain.on(open), script);
  }

  read(...args: Parameters<CompoundFile["read"]>) {
    return this.#previous.read(...args);
  }

  write(...args: Parameters<CompoundFile["write"]>) {
    return this.#previous.write(...args);
  }

  flush(...args: Parameters<CompoundFile["flush"]>) {
    return this.#previous.flush(...args);
  }

  close(...args: Parameters<CompoundFile["close"]>) {
    return this.#previous.close(...args);
  }

  queryInfo(...args: Parameters<CompoundFile["queryInfo"]>) {
    return this.#previous.queryInfo(...args);
  }

  setInfo(...args: Parameters<CompoundFile["setInfo"]>) {
    return this.#previous.setInfo(...args);
  }

  rename(...args: Parameters<CompoundFile["rename"]>) {
    return this.#previous.rename(...args);
  }

  link(...args: Parameters<CompoundFile["link"]>) {
    return this.#previous.link(...args);
  }

  setBasic(...args: Parameters<CompoundFile["setBasic"]>) {
    return this.#previous.setBasic(...args);
  }

  truncate(...args: Parameters<CompoundFile["truncate"]>) {
    return this.#previous.truncate(...args);
  }

  delete(...args: Parameters<CompoundFile["delete"]>) {
    return this.#previous.delete(...args);
  }

  queryDirectory(...args: Parameters<CompoundFile["queryDirectory"]>) {
    return this.#previous.queryDirectory(...args);
  }

  ioctl(...args: Parameters<CompoundFile["ioctl"]>) {
    return this.#previous.ioctl(...args);
  }

  lock(...args: Parameters<CompoundFile["lock"]>) {
    return this.#previous.lock(...args);
  }

  changes(...args: Parameters<CompoundFile["changes"]>) {
    return this.#previous.changes(...args);
  }

  get file(): ChainRequests {
    return this.#previous;
  }

  send(): Operation<void> {
    if (this.#sent) throw new ScriptError("Cannot send a compound: it is sent already");
    this.#sent = true;
    if (this.#added > 0 && this.#state.run.stopped === null) {
      const chain = this.#required();
      // What none of them could be sent for is told by each.
      if (chain.length > 0) chain.send();
    }
    const operations = this.#operations;
    const outcome = async (): Promise<Outcome> => {
      const outcomes = await Promise.all(operations.map((operation) => operation.outcome));
      const last = outcomes.at(-1) ??
        { status: "", code: null, duration: 0, skipped: "the compound is empty" };
      return { ...last, matched: outcomes.every((one) => one.matched) };
    };
    return makeOperation<void>({
      settled: outcome().then(async (outcome) => {
        const results = await Promise.allSettled(operations);
        const failed = results.find((result) => result.status === "rejected");
        return failed === undefined
          ? { outcome, value: undefined }
          : { outcome, error: failed.reason as Error };
      }),
      pending: Promise.all(operations.map((operation) => operation.pending)).then((interims) =>
        interims.includes(true)
      ),
      cancel: () => {
        for (const operation of operations) operation.cancel();
      },
    });
  }

  /** The file of the request before. Where there is none its id goes out all the same: the server says what it thinks. */
  get #previous(): ChainRequests {
    return this.#collecting(this.#chain?.file ?? this.#obstacle ?? "", this.#last);
  }

  #collecting(requests: FileRequests | string, file: ScriptFile | null): ChainRequests {
    return new ChainRequests(this, this.#state, { requests, file });
  }

  #required(): Chain {
    if (this.#chain === null) throw new Error(this.#obstacle ?? "the share is not connected");
    return this.#chain;
  }
}
