/**
 * Rows -> the requests of one client: in recorded order, at recorded times, with the recorded overlap. A row is awaited
 * where the capture had its answer: before the row whose `after` names it, or which works on what it makes. Rows in
 * version 1's own words are awaited one by one.
 */
import { pendingOf, WindowEnd } from "../schedule/mod.ts";
import type { Connection, Data, File, Operation, Session, Tree } from "./api.ts";
import type { ClientState } from "./client_state.ts";
import { connect } from "./connection.ts";
import { loadBlob } from "./row_blobs.ts";
import { isOnTree, type OnTree, type Places, RowCalls } from "./row_calls.ts";
import { RowNames } from "./row_names.ts";
import { performPlain, withoutShare } from "./row_plain.ts";
import { type Progress, progressOf } from "./row_progress.ts";
import type { CapturedOperation, PlainOperation, WorkloadOperation } from "./workload.ts";
import type { Smb2, Smb2Operation } from "./workload_smb2.ts";

/** Gives the rows of a client in order; null at the end. */
export interface RowSource {
  next(): WorkloadOperation | null | Promise<WorkloadOperation | null>;
}

/** How long a break that the capture had is waited for: beyond it the server does not break. */
const BREAK_TIMEOUT = 5;

/** Plays the rows to their end. */
export async function playRows(
  state: ClientState,
  source: RowSource,
  places: Places,
): Promise<void> {
  const player = new RowPlayer(state, source, places);
  try {
    await player.play();
  } finally {
    player.leave();
  }
}

/** Plays the rows of one client. */
class RowPlayer {
  readonly #state: ClientState;
  readonly #source: RowSource;
  readonly #places: Places;
  readonly #names = new RowNames();
  readonly #calls: RowCalls;
  readonly #progress: Progress;
  readonly #own: OwnShare;
  /** Rows that were looked at and not played yet. */
  readonly #ahead: WorkloadOperation[] = [];
  /** Captured operations under way. */
  readonly #underWay = new Map<number, Operation<unknown>>();
  /** Those of them that the capture had no answer to: nobody waits for them. */
  readonly #unanswered = new Set<number>();
  /** Connections that were ended, and that the server is to close. */
  readonly #ends = new Map<number, Promise<void>>();
  /** What an operation threw before anybody waited for it; scenarios only. */
  #failure: Error | null = null;
  /** How many rows went on without an answer that others had in the capture, and the first. */
  #unmet = 0;
  #firstUnmet = "";
  #hasStandIn = false;

  constructor(state: ClientState, source: RowSource, places: Places) {
    this.#state = state;
    this.#source = source;
    this.#places = places;
    this.#calls = new RowCalls(state, this.#names, places);
    this.#own = new OwnShare(state, places);
    this.#progress = progressOf(state.run);
    this.#progress.join(this);
  }

  async play(): Promise<void> {
    for (let row = await this.#next(); row !== null; row = await this.#next()) {
      if (this.#failure !== null) throw this.#failure;
      if (row.smb2 === undefined) await this.#plain(row);
      else await this.#captured(row);
    }
    for (const [id, operation] of [...this.#underWay]) {
      if (!this.#unanswered.has(id)) await operation;
    }
    if (this.#failure !== null) throw this.#failure;
    await this.#own.leave();
    const { run, name } = this.#state;
    if (this.#unmet > 0 && run.stopped === null) {
      run.host.note(
        `client ${name} went on without answers to other clients that the capture had before: ` +
          `${this.#unmet} x, first at ${this.#firstUnmet}`,
      );
    }
  }

  /** The client plays no more rows. */
  leave(): void {
    this.#progress.leave(this);
  }

  /** Whether the operation is sent and not answered. */
  isUnderWay(id: number): boolean {
    return this.#underWay.has(id) || this.#ends.has(id);
  }

  #next(): WorkloadOperation | null | Promise<WorkloadOperation | null> {
    return this.#ahead.shift() ?? this.#source.next();
  }

  async #captured(first: CapturedOperation): Promise<void> {
    const { run } = this.#state;
    const { smb2 } = first;
    const unit = smb2.chain === undefined ? [first] : await this.#unitFrom(first, smb2.chain.id);
    for (const id of smb2.after ?? []) {
      await this.#underWay.get(id);
      if (this.#ends.size > 0) await this.#ends.get(id);
    }
    for (const { smb2 } of unit) await this.#ready(smb2);
    if (this.#failure !== null) throw this.#failure;
    if (smb2.kind === "break") return await this.#broken(first, smb2);
    const blobs: (Data | null)[] = [];
    for (const { blob_path: path } of unit) {
      blobs.push(typeof path === "string" ? await loadBlob(run, path) : null);
    }
    await this.#due(first);
    if (unit.length > 1) return this.#compound(unit, blobs);
    if (smb2.kind === "disconnect") {
      this.#ends.set(
        smb2.id,
        this.#calls.disconnect(smb2).then(() => void this.#ends.delete(smb2.id)),
      );
      return;
    }
    if (smb2.kind === "cancel") this.#underWay.get(smb2.target)?.cancel();
    const operation = this.#calls.single(smb2, blobs[0] ?? null);
    if (operation === null) run.order.end(smb2.id);
    else this.#started(smb2, operation);
    if ("implied" in smb2 && smb2.implied === true) await operation;
  }

  /** A row, and those that were sent in one compound with it. */
  async #unitFrom(first: CapturedOperation, chain: number): Promise<CapturedOperation[]> {
    const unit = [first];
    for (let row = await this.#next(); row !== null; row = await this.#next()) {
      if (row.smb2 === undefined || row.smb2.chain?.id !== chain) {
        this.#ahead.unshift(row);
        break;
      }
      unit.push(row);
    }
    if (unit.every(({ smb2 }) => isOnTree(smb2) && smb2.via === first.smb2.via)) return unit;
    this.#ahead.unshift(...unit.slice(1));
    return [first];
  }

  /** Waits for what the operation works on; the client's own share stands in for what no row made. */
  async #ready(smb2: Smb2Operation): Promise<void> {
    for (const [kind, name] of this.#calls.needs(smb2)) {
      const coming = this.#names[kind].coming(name);
      if (coming !== undefined) await coming;
      else if (kind !== "files" && this.#names[kind].now(name) === undefined) {
        const own = await this.#own.get();
        this.#standsIn(name);
        if (kind === "connections") this.#names[kind].set(name, own.connection);
        else if (kind === "sessions") this.#names[kind].set(name, own.session);
        else this.#names[kind].set(name, own.tree);
      }
    }
  }

  #standsIn(name: string): void {
    if (this.#hasStandIn) return;
    this.#hasStandIn = true;
    const { run, name: client } = this.#state;
    run.host.note(
      `client ${client} works on ${name}, which no row makes: the target's share stands in for it`,
    );
  }

  /** Waits for other clients and for the recorded time, and labels what follows. */
  async #due(row: WorkloadOperation): Promise<void> {
    const { run } = this.#state;
    const pace = this.#state.pace ??= run.pacing.join();
    const seconds = secondsOf(row);
    // What is not sent waits for nobody.
    if (seconds > run.timeline.to) throw new WindowEnd();
    this.#progress.moved(this, seconds);
    const { afterOthers = [], afterPending = [] } = row.smb2 ?? {};
    const keys = [...afterOthers, ...afterPending.map(pendingOf)];
    if (keys.length > 0) {
      pace.wait();
      const wait = this.#progress.wait(this, seconds, keys);
      const unmet = await run.waitFor(keys, wait.hopeless);
      wait.end();
      pace.go();
      if (unmet.length > 0 && this.#unmet++ === 0) this.#firstUnmet = row.op_id;
    }
    const moment = await pace.at(seconds, run.answersOf(keys));
    this.#mark(row, moment === null ? null : moment - run.origin);
  }

  #mark(row: WorkloadOperation, due: number | null): void {
    const { op_id: label, smb2 } = row;
    const at = secondsOf(row);
    const answeredAt = smb2?.answeredAt ?? at;
    this.#state.mark(label, due, { at, took: Math.max(0, answeredAt - at) }, smb2?.id);
  }

  #started({ id, answeredAt }: Smb2Operation, operation: Operation<unknown>): void {
    this.#underWay.set(id, operation);
    if (answeredAt === null) this.#unanswered.add(id);
    const ended = () => {
      if (this.#underWay.get(id) !== operation) return;
      this.#underWay.delete(id);
      this.#unanswered.delete(id);
    };
    operation.then(ended, (error: Error) => {
      this.#failure ??= error;
      ended();
    });
  }

  #compound(unit: readonly CapturedOperation[], blobs: readonly (Data | null)[]): void {
    const members = unit.map(({ smb2 }) => smb2 as OnTree);
    const related = members.slice(1).every(({ chain }) => chain?.related === true);
    const first = members[0] as OnTree;
    const compound = this.#calls.treeOf(first.tree).compound({
      related,
      ...this.#calls.channelOf(first),
    });
    for (const [index, row] of unit.entries()) {
      const member = members[index] as OnTree;
      const isRelated = member.chain?.related === true;
      if (index > 0) this.#mark(row, null);
      const operation = this.#calls.member(member, {
        compound,
        tree: first.tree,
        inherits: isRelated && index > 0 && inheritsFile(member, members[index - 1] as OnTree),
        related: isRelated === (related && index > 0) ? undefined : isRelated,
        blob: blobs[index] ?? null,
      });
      this.#started(member, operation);
    }
    compound.send().catch(() => {});
  }

  /** Waits for the break that the capture had here: what followed may have followed from it. */
  async #broken(row: CapturedOperation, broken: Smb2<"break">): Promise<void> {
    const file = broken.file === null ? undefined : this.#names.files.now(broken.file);
    if (file !== undefined) {
      const options = { label: row.op_id, timeout: BREAK_TIMEOUT };
      await (broken.breakKind === "lease" ? file.leaseBreak(options) : file.oplockBreak(options));
    }
    this.#state.run.order.end(broken.id);
  }

  async #plain(row: PlainOperation): Promise<void> {
    const { run } = this.#state;
    const { tree, files } = await this.#own.get();
    for (const path of [row.blob_path, row.input_blob_path]) {
      if (typeof path === "string") await run.bytes({ path });
    }
    await this.#due(row);
    const shares = [run.options.share, ...Object.keys(run.options.shares)];
    const isShare = (name: string) =>
      shares.some((share) => share.toLowerCase() === name.toLowerCase());
    await performPlain(row, {
      tree,
      files,
      path: (path) => this.#places.path(withoutShare(path, isShare)),
    });
  }
}

/** The target's share, for rows that do not say how they got there: connected when the first of them comes. */
class OwnShare {
  readonly #state: ClientState;
  readonly #places: Places;
  #made: {
    readonly connection: Connection;
    readonly session: Session;
    readonly tree: Tree;
    /** Open files of rows in version 1's words. */
    readonly files: Map<string, File>;
  } | null = null;

  constructor(state: ClientState, places: Places) {
    this.#state = state;
    this.#places = places;
  }

  async get() {
    if (this.#made === null) {
      const connection = await connect(this.#state, {});
      const session = await connection.login();
      const tree = await session.tree(this.#places.share(""));
      this.#made = { connection, session, tree, files: new Map() };
    }
    return this.#made;
  }

  /** Closes what is open, and goes. */
  async leave(): Promise<void> {
    if (this.#made === null) return;
    const { connection, session, tree, files } = this.#made;
    for (const file of files.values()) if (file.isOpen) await file.close();
    await tree.disconnect();
    await session.logoff();
    connection.disconnect();
  }
}

/** The recorded time, in microseconds at most: finer than any timer. */
function secondsOf({ smb2, timestamp_us: timestamp }: WorkloadOperation): number {
  return smb2 === undefined ? timestamp / 1e6 : Math.round(smb2.at * 1e6) / 1e6;
}

/** Whether a related request means the file of the one before; one that names another file sends that one's id. */
function inheritsFile(member: OnTree, before: OnTree): boolean {
  return member.kind === "create" || member.file === null || member.file === before.file;
}
