/**
 * Exchanges -> operations: one for each request, failed ones included; SESSION_SETUP rounds become one login, a break and
 * its acknowledgement one break. Ids that a server chooses become names. What is finished is forgotten: an operation goes
 * to the store as soon as its exchange is settled, and what is learned of it later follows.
 */
import { type CaptureNote, NoteBook, type Stamp } from "./capture/mod.ts";
import type { Moment } from "./capture_clock.ts";
import { Coverage, type CoverageReport } from "./coverage.ts";
import type { CapturedMessage, Exchange } from "./exchange.ts";
import type { Entry, OperationStore } from "./operation_store.ts";
import { Breaks } from "./plan_breaks.ts";
import { Clients } from "./plan_clients.ts";
import { Files } from "./plan_files.ts";
import { OperationList, type OwnFields } from "./plan_list.ts";
import { fileAnswerFields, type FileRequest, fileRequestFields } from "./plan_requests.ts";
import { Sessions } from "./plan_sessions.ts";
import { StoredPlan } from "./plan_source.ts";
import type { CaptureConsumer, ConnectionEnd } from "./read_capture.ts";
import type { ReplayState } from "./replay_state.ts";

/** Settled exchanges that are dropped from the queue at a time. */
const DROPPED_AT_ONCE = 1024;

/** Exchanges that may wait behind one that is not answered: then it is taken as it is, and its answer follows. */
const PATIENCE = 2048;

/** Bytes of messages that may wait so. */
const PATIENCE_BYTES = 16e6;

/** What the queue holds: exchanges in order, and ends of connections behind the last exchange before them. */
type Queued = Exchange | { readonly kind: "ended"; readonly stream: number } | {
  readonly kind: "disconnect";
  readonly stream: number;
  readonly end: End;
};

/** Makes operations of the exchanges of a capture, in order, as they settle; `finish()` makes the plan of them. */
export class PlanBuilder implements CaptureConsumer {
  readonly #notes = new NoteBook();
  readonly #coverage = new Coverage();
  readonly #walk: Walk;
  /** The side that ended a connection first; null once both have. */
  readonly #ended = new Map<number, string | null>();
  /** Exchanges that are not settled, and what is behind them; null where it was taken. */
  #queue: (Queued | null)[] = [];
  #taken = 0;
  #bytes = 0;
  /** Conversations that started with SMB1, and whether something followed. */
  readonly #smb1 = new Map<number, boolean>();

  constructor(state: ReplayState, store: OperationStore) {
    this.#walk = new Walk(state, { notes: this.#notes, coverage: this.#coverage, store });
  }

  opened(exchange: Exchange): void {
    const { kind, stream, request } = exchange;
    this.#queue.push(exchange);
    this.#bytes += heldBytes(request);
    this.#coverage.seen(exchange);
    if (kind === "smb1") this.#smb1.set(stream, false);
    else if (this.#smb1.size > 0 && this.#smb1.has(stream)) this.#smb1.set(stream, true);
    if (exchange.command === "CANCEL") this.#walk.cancelled(exchange);
    else if (exchange.command === "NEGOTIATE") this.#walk.negotiates(exchange);
    this.#take();
  }

  pending(): void {}

  settled(exchange: Exchange): void {
    if (this.#walk.isUnderWay(exchange)) return this.#walk.complete(exchange);
    this.#bytes += heldBytes(exchange.response);
    this.#take();
  }

  connectionEnded({ connection, event }: ConnectionEnd): void {
    const stream = connection.number;
    const { address, port } = event.direction.source;
    const by = `${address}:${port}`;
    const first = this.#ended.get(stream);
    if (first === by || first === null) return;
    if (event.kind === "reset") this.#disconnected(stream, { stamp: event.reset, by });
    else if (event.reason === "fin") this.#disconnected(stream, { stamp: event.ended, by });
  }

  #disconnected(stream: number, end: End): void {
    this.#ended.set(stream, this.#ended.has(stream) ? null : end.by);
    this.#queue.push({ kind: "disconnect", stream, end });
    this.#take();
  }

  ended(stream: number): void {
    this.#queue.push({ kind: "ended", stream });
    this.#take();
  }

  #take(): void {
    const queue = this.#queue;
    for (;;) {
      const next = queue[this.#taken] ?? null;
      if (next === null || !(this.#isReady(next) || this.#isLate)) break;
      // Nothing that was taken is held: what lives shortly costs least.
      queue[this.#taken++] = null;
      this.#takeOne(next);
    }
    if (this.#taken === queue.length) queue.length = 0;
    else if (this.#taken < DROPPED_AT_ONCE) return;
    else this.#queue = queue.slice(this.#taken);
    this.#taken = 0;
  }

  /** Whose an SMB1 start is, only the NEGOTIATE behind it tells. */
  #isReady(next: Queued): boolean {
    if (next.kind === "ended" || next.kind === "disconnect") return true;
    return next.settled && (next.kind !== "smb1" || this.#smb1.get(next.stream) === true);
  }

  /** Whether so much waits behind the first that it is taken as it is. */
  get #isLate(): boolean {
    return this.#queue.length - this.#taken > PATIENCE || this.#bytes > PATIENCE_BYTES;
  }

  #takeOne(next: Queued): void {
    if (next.kind === "ended") {
      this.#ended.delete(next.stream);
      this.#smb1.delete(next.stream);
      this.#walk.ended(next.stream);
    } else if (next.kind === "disconnect") {
      this.#walk.disconnected(next.stream, next.end);
    } else {
      this.#bytes -= heldBytes(next.request);
      if (next.settled) this.#bytes -= heldBytes(next.response);
      this.#walk.take(next);
    }
  }

  /** All operations, and what of the exchanges is not in them. */
  finish(source: string): Built {
    const rest = this.#queue.slice(this.#taken);
    this.#queue = [];
    this.#taken = 0;
    for (const next of rest) if (next !== null) this.#takeOne(next);
    const plan = this.#walk.finish(source);
    return { plan, notes: this.#notes.list(), coverage: this.#coverage.report() };
  }
}

/** What a capture gave. */
export interface Built {
  readonly plan: StoredPlan;
  readonly notes: readonly CaptureNote[];
  readonly coverage: CoverageReport;
}

/** The end of a connection, and the address of the side that ended it. */
interface End {
  readonly stamp: Stamp;
  readonly by: string;
}

/** Bytes that a waiting message holds, roughly: data of READ and WRITE is not among them. */
function heldBytes(message: CapturedMessage | null): number {
  return message === null || message.payload !== null ? 0 : message.known;
}

/** One pass over the exchanges of a capture. */
class Walk {
  readonly #clients: Clients;
  readonly #store: OperationStore;
  readonly #list: OperationList;
  readonly #sessions: Sessions;
  readonly #files: Files;
  readonly #breaks: Breaks;
  readonly #state: ReplayState;
  readonly #coverage: Coverage;
  /** Exchanges that were taken before they were settled, with their operations where they have one. */
  readonly #underWay = new Map<Exchange, Entry | null>();
  /** Ends of connections, by conversation; null where the server ended it. */
  readonly #ends = new Map<number, { readonly entry: Entry; readonly frame: number } | null>();

  constructor(
    state: ReplayState,
    options: { notes: NoteBook; coverage: Coverage; store: OperationStore },
  ) {
    this.#state = state;
    this.#store = options.store;
    this.#coverage = options.coverage;
    this.#clients = new Clients();
    this.#list = new OperationList(options);
    const common = { list: this.#list, clients: this.#clients, state };
    this.#sessions = new Sessions(common);
    this.#files = new Files({ ...common, sessions: this.#sessions });
    this.#breaks = new Breaks({ ...common, files: this.#files });
    options.store.beforeAside = () => this.#judgeTimes();
  }

  /** A CANCEL was seen, maybe long before it is taken. */
  cancelled(exchange: Exchange): void {
    const target = this.#state.facts(exchange).cancels;
    if (target !== null) this.#list.cancelled(target);
  }

  /** A NEGOTIATE was seen, maybe long before it is taken. */
  negotiates(exchange: Exchange): void {
    this.#clients.negotiates(exchange);
  }

  /** Takes the next exchange, as complete as it is. */
  take(exchange: Exchange): void {
    if (exchange.kind === "encrypted") return this.#coverage.dropped(exchange);
    this.#list.clock.saw(exchange);
    this.#clients.saw(exchange);
    const entry = this.#take(exchange);
    if (!exchange.settled) this.#underWay.set(exchange, entry);
  }

  /** Whether an exchange was taken before it was settled. */
  isUnderWay(exchange: Exchange): boolean {
    return this.#underWay.size > 0 && this.#underWay.has(exchange);
  }

  /** It is settled now. */
  complete(exchange: Exchange): void {
    const entry = this.#underWay.get(exchange) ?? null;
    this.#underWay.delete(exchange);
    const { request, response } = exchange;
    if (entry === null || response === null) return;
    if (request !== null) this.#list.clock.answered(request.first, response.completed);
    const message = request?.message;
    if (message?.kind !== "request") return this.#list.answered(entry, exchange);
    switch (message.command) {
      case "NEGOTIATE":
        return this.#sessions.negotiated(entry, exchange);
      case "SESSION_SETUP":
        return this.#sessions.sessionSetUp(exchange);
      case "TREE_CONNECT":
        return this.#sessions.treeConnected(entry, exchange);
      case "CREATE":
        return this.#files.created(entry, exchange);
      case "IOCTL":
        return this.#files.ioctlAnswered(entry, exchange, message.body);
      case "OPLOCK_BREAK":
        return this.#breaks.acknowledgementAnswered(exchange);
      default:
        return this.#list.answered(entry, exchange, fileAnswerFields(message, exchange));
    }
  }

  /** Nothing more comes of a connection. */
  ended(stream: number): void {
    this.#sessions.ended(stream);
    this.#clients.ended(stream);
    this.#ends.delete(stream);
  }

  /** One side ended a connection, or the other one then did, too. */
  disconnected(stream: number, { stamp, by }: End): void {
    const connection = this.#sessions.peekConnection(stream);
    if (connection === undefined) return;
    const begun = this.#ends.get(stream);
    if (begun !== undefined) {
      // The server has closed it as well: that is the answer.
      if (begun === null || stamp.frame < begun.frame) return;
      const frames = { request: begun.frame, response: stamp.frame };
      this.#list.change(begun.entry, { answeredAt: this.#list.clock.reached(stamp), frames });
      return;
    }
    this.#ends.set(stream, null);
    // A server that ends a connection does so again when the script runs.
    if (by !== connection.address) return;
    const entry = this.#list.happened(stamp, connection.client, {
      kind: "disconnect",
      connection: connection.name,
    });
    this.#ends.set(stream, { entry, frame: stamp.frame });
  }

  /** The plan of all that was taken. */
  finish(source: string): StoredPlan {
    this.#judgeTimes();
    // The store outlives all that was needed to read.
    this.#store.beforeAside = () => {};
    const { clock } = this.#list;
    return new StoredPlan(this.#store, {
      name: source,
      start: isoText(clock.start),
      seconds: clock.duration,
      late: clock.late,
      firstFrame: this.#firstFrame,
      fault: this.#fault,
      clients: this.#clients.toPlan(),
    });
  }

  #firstFrame: number | null = null;
  #fault: string | null = null;

  /** Where the times cannot be true, frames tell the order. */
  #judgeTimes(): void {
    const { clock } = this.#list;
    const { fault } = clock;
    if (fault === null || this.#firstFrame !== null || !this.#store.isHeld) return;
    this.#firstFrame = clock.firstFrame;
    this.#fault = fault;
    this.#store.orderByFrame();
  }

  #take(exchange: Exchange): Entry | null {
    if (exchange.kind === "break") {
      this.#sessions.connectionOf(exchange);
      return this.#breaks.notified(exchange);
    }
    const { request } = exchange;
    if (request === null) {
      this.#coverage.dropped(exchange);
      return null;
    }
    if (exchange.kind === "smb1") return this.#sessions.startWithSmb1(exchange);
    const { message } = request;
    if (message?.kind !== "request") {
      return this.#list.drop(exchange, `A ${exchange.command} request cannot be read`);
    }
    switch (message.command) {
      case "NEGOTIATE":
        return this.#sessions.negotiate(exchange, message.body);
      case "SESSION_SETUP":
        return this.#sessions.sessionSetup(exchange, message.body);
      case "LOGOFF": {
        const { name: session, ...place } = this.#sessions.sessionOf(exchange);
        return this.#add(exchange, { kind: "logoff", session, ...place });
      }
      case "TREE_CONNECT":
        return this.#sessions.treeConnect(exchange, message.body);
      case "TREE_DISCONNECT": {
        const { name: tree, ...place } = this.#sessions.treeOf(exchange);
        return this.#add(exchange, { kind: "untree", tree, ...place });
      }
      case "CREATE":
        return this.#files.create(exchange, message.body);
      case "ECHO": {
        const connection = this.#sessions.connectionOf(exchange).name;
        return this.#add(exchange, { kind: "echo", connection });
      }
      case "CANCEL":
        return this.#takeCancel(exchange);
      case "OPLOCK_BREAK":
        return this.#breaks.acknowledged(exchange, message.body);
      case "IOCTL":
        return this.#files.ioctl(exchange, message.body);
      default:
        return this.#onFile(exchange, message);
    }
  }

  #takeCancel(exchange: Exchange): Entry | null {
    const target = this.#state.facts(exchange).cancels;
    if (target === null || !this.#list.has(target)) {
      return this.#list.drop(exchange, "A CANCEL names a request that is not in the capture");
    }
    return this.#add(exchange, { kind: "cancel", target: target.index });
  }

  #onFile(exchange: Exchange, message: FileRequest): Entry | null {
    const open = this.#files.fileOf(exchange, message.body.fileId);
    if (open === null) return null;
    const fields = fileRequestFields(message, exchange) as OwnFields & { tree: string };
    const made = this.#add(exchange, this.#files.placed(exchange, open, fields));
    if (message.command === "CLOSE") this.#files.closed(exchange, open);
    else this.#files.answered(exchange, open);
    return made;
  }

  #add(exchange: Exchange, fields: OwnFields): Entry {
    this.#sessions.mark(exchange);
    return this.#list.add(exchange, this.#clients.of(exchange), fields);
  }
}

function isoText(moment: Moment | null): string | null {
  if (moment === null) return null;
  return new Date(moment.seconds * 1000 + Math.floor(moment.nanoseconds / 1e6)).toISOString();
}
