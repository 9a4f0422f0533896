/** Clients: the clock and connections of a replay's client, and the conveniences of a scenario's user. */
import { WindowEnd } from "../schedule/mod.ts";
import type {
  At,
  BreakPolicy,
  CapturedPlaces,
  Client,
  Compound,
  Connection,
  ConnectOptions,
  Data,
  DfsLocation,
  DirectoryEntry,
  Duration,
  File,
  FileStat,
  Label,
  Moments,
  OpenOptions,
  Operation,
  OperationOptions,
  RowsReference,
  Session,
  ShareInfo,
  Tree,
  User,
  UserOptions,
} from "./api.ts";
import { capturedPlaces } from "./captured_places.ts";
import type { ClientState } from "./client_state.ts";
import { connect, type ScriptSession } from "./connection.ts";
import type { ScriptFile } from "./file.ts";
import { playRows, type RowSource } from "./row_player.ts";
import { fileRows } from "./rows.ts";
import { listShares, resolveDfs } from "./shares.ts";
import { duration } from "./units.ts";

/** READs and WRITEs that a whole file is moved in are at most this long: what every server takes. */
const MAX_TRANSFER = 2 ** 20;

/** Restart the enumeration (MS-SMB2 2.2.33). */
const RESTART_SCANS = 0x01;

/** One client of a replay. */
export class ScriptClient implements Client {
  protected readonly state: ClientState;

  constructor(state: ClientState) {
    this.state = state;
  }

  get name(): string {
    return this.state.name;
  }

  get onBreak(): BreakPolicy {
    return this.state.breaks.policy;
  }

  set onBreak(policy: BreakPolicy) {
    this.state.breaks.policy = policy;
  }

  connect(options: ConnectOptions = {}): Operation<Connection> {
    return connect(this.state, options);
  }

  fileOf(label: Label): File | undefined {
    return this.state.run.sharedBy(String(label)) as File | undefined;
  }

  sessionOf(label: Label): Session | undefined {
    return this.state.run.sharedBy(String(label)) as Session | undefined;
  }

  async at(
    seconds: number,
    label?: Label,
    options: { readonly after?: readonly Label[]; readonly took?: number } = {},
  ): Promise<void> {
    const { run } = this.state;
    const pace = this.state.pace ??= run.pacing.join();
    const after = (options.after ?? []).map(String);
    // What is not sent waits for nobody.
    if (seconds > run.timeline.to) throw new WindowEnd();
    await this.#after(after);
    const moment = await pace.at(seconds, run.answersOf(after));
    this.state.mark(
      label === undefined ? null : String(label),
      moment === null ? null : moment - run.origin,
      { at: seconds, took: options.took },
    );
  }

  times(moments: Moments): AsyncIterable<number>;
  times(
    start: number,
    count: number,
    interval: number,
    options?: { readonly label?: number; readonly labelStep?: number },
  ): AsyncIterable<number>;
  async *times(
    first: Moments | number,
    count = 0,
    interval = 0,
    options: { readonly label?: number; readonly labelStep?: number } = {},
  ): AsyncIterable<number> {
    const moments = typeof first === "number"
      ? { ...options, start: first, count, interval }
      : first;
    let i = 0;
    for (const moment of eachMoment(moments)) {
      await this.at(...moment);
      yield i++;
    }
  }

  async overlapped(
    moments: Moments,
    send: (i: number) => PromiseLike<unknown>,
    options: { readonly inFlight?: number } = {},
  ): Promise<void> {
    const { inFlight = Infinity } = options;
    const sent: (PromiseLike<unknown> | undefined)[] = [];
    for (const moment of eachMoment(moments)) {
      const earlier = sent.length - inFlight;
      if (earlier >= 0) {
        await sent[earlier];
        // What it read is no longer held.
        sent[earlier] = undefined;
      }
      await this.at(...moment);
      sent.push(send(sent.length));
    }
    await Promise.all(sent);
  }

  play(rows: RowsReference, places?: CapturedPlaces): Promise<void> {
    return this.playFrom(fileRows(this.state.run.host, rows.path), places);
  }

  /** Plays rows from anywhere. */
  playFrom(
    rows: RowSource,
    places: CapturedPlaces = capturedPlaces(this.state.run),
  ): Promise<void> {
    return playRows(this.state, rows, places);
  }

  async sleep(length: Duration): Promise<void> {
    const { clock } = this.state.run.host;
    await clock.until(clock.now() + this.state.run.timeline.pause(duration(length)));
  }

  /** Waits for operations that were answered before, in the capture. */
  async #after(labels: readonly string[]): Promise<void> {
    if (labels.length === 0) return;
    const { run, pace } = this.state;
    pace?.wait();
    run.commons.watchdog?.waits(this.name, labels);
    const unmet = await run.waitFor(labels);
    run.commons.watchdog?.goesOn(this.name);
    pace?.go();
    if (unmet.length > 0 && run.stopped === null) {
      run.host.note(
        `client ${this.name} went on without ${unmet.join(", ")}: no such operation was answered`,
      );
    }
  }
}

/** The moments of a list, or those that are so far apart. */
function* eachMoment(moments: Moments): Iterable<At> {
  if (!("start" in moments)) {
    yield* moments;
    return;
  }
  const { start, count, interval, label, labelStep = 1, took } = moments;
  for (let i = 0; i < count; i++) {
    const seconds = start + i * interval;
    if (label === undefined) yield [seconds];
    else yield [seconds, label + i * labelStep, took === undefined ? {} : { took }];
  }
}

/** A user of a scenario, logged in. */
export class ScriptUser extends ScriptClient implements User {
  readonly connection: Connection;
  readonly session: Session;
  readonly tree: Tree;

  readonly #share: string;

  constructor(state: ClientState, parts: {
    connection: Connection;
    session: Session;
    tree: Tree;
    share: string;
  }) {
    super(state);
    this.#share = parts.share;
    this.connection = parts.connection;
    this.session = parts.session;
    this.tree = parts.tree;
  }

  get isConnected(): boolean {
    return (this.session as ScriptSession).link.lost === null;
  }

  open(path: string, options: OpenOptions = {}): Operation<File> {
    return this.tree.open(path, options);
  }

  compound(options: { readonly related?: boolean } = {}): Compound {
    return this.tree.compound(options);
  }

  async mkdir(path: string, options: OperationOptions = {}): Promise<void> {
    await using _made = await this.open(path, {
      ...options,
      access: "r",
      disposition: "create",
      options: ["directory"],
    });
  }

  async remove(path: string, options: OperationOptions = {}): Promise<void> {
    await using file = await this.open(path, {
      ...options,
      access: "d",
      options: ["openReparsePoint"],
    });
    if (file.isOpen) await file.delete();
  }

  async rename(
    from: string,
    to: string,
    options: OperationOptions & { readonly replace?: boolean } = {},
  ): Promise<void> {
    await using file = await this.open(from, { access: "d" });
    await file.rename(to, options);
  }

  async list(path = "", options: { readonly pattern?: string } = {}): Promise<DirectoryEntry[]> {
    await using directory = await this.open(path, { access: "r", options: ["directory"] });
    const entries: DirectoryEntry[] = [];
    for (let flags = RESTART_SCANS;; flags = 0) {
      const part = directory.queryDirectory({
        pattern: options.pattern ?? "*",
        flags,
        expect: ["SUCCESS", "NO_MORE_FILES", "NO_SUCH_FILE"],
      });
      entries.push(...await part);
      if ((await part.outcome).status !== "SUCCESS") break;
    }
    return entries.filter(({ name }) => name !== "." && name !== "..");
  }

  async stat(path: string): Promise<FileStat> {
    await using file = await this.open(path, { access: ["FILE_READ_ATTRIBUTES", "SYNCHRONIZE"] });
    const { backend } = this.state.run.host;
    const silent = backend.unsupported({ command: "QUERY_INFO" }) !== null;
    return silent ? (file as ScriptFile).statWhenOpened : await file.stat();
  }

  async exists(path: string): Promise<boolean> {
    await using file = await this.open(path, {
      access: ["FILE_READ_ATTRIBUTES", "SYNCHRONIZE"],
      expect: ["SUCCESS", "OBJECT_NAME_NOT_FOUND", "OBJECT_PATH_NOT_FOUND"],
    });
    return file.isOpen;
  }

  shares(): Promise<ShareInfo[]> {
    return listShares(this.session, this.state.run.options.server);
  }

  resolveDfs(
    path: string,
    options: { readonly map?: Readonly<Record<string, string>> } = {},
  ): Promise<DfsLocation> {
    const { server } = this.state.run.options;
    return resolveDfs(path, {
      tree: this.tree,
      server,
      share: this.#share,
      map: options.map ?? {},
    });
  }

  async readFile(path: string): Promise<Uint8Array> {
    await using file = await this.open(path, { access: "r" });
    const limit = Math.min(MAX_TRANSFER, this.connection.negotiated.maxReadSize);
    const parts: Uint8Array[] = [];
    for (let offset = 0;;) {
      const part = await file.read(offset, limit, { expect: ["SUCCESS", "END_OF_FILE"] });
      if (part.length === 0) break;
      parts.push(part);
      offset += part.length;
      if (offset >= file.size) break;
    }
    return joined(parts);
  }

  async writeFile(path: string, data: Data): Promise<void> {
    const bytes = await this.state.run.bytes(data);
    await using file = await this.open(path, { access: "rw", disposition: "overwriteIf" });
    const limit = Math.min(MAX_TRANSFER, this.connection.negotiated.maxWriteSize);
    for (let offset = 0; offset < bytes.length; offset += limit) {
      await file.write(offset, bytes.subarray(offset, offset + limit));
    }
  }

  async close(): Promise<void> {
    await this.tree.disconnect({ expect: "any" });
    await this.session.logoff({ expect: "any" });
    this.connection.disconnect();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

/** Connects, logs in and connects to the share. */
export async function loginUser(state: ClientState, options: UserOptions): Promise<User> {
  if (options.onBreak !== undefined) state.breaks.policy = options.onBreak;
  const connection = await connect(state, options.connect ?? {});
  const session = await connection.login(options.login ?? {});
  const share = options.share ?? state.run.options.share;
  const tree = await session.tree(share);
  return new ScriptUser(state, { connection, session, tree, share });
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const [only] = parts;
  if (only !== undefined && parts.length === 1) return only;
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}
