/**
 * What `inspect` learns of a capture's operations, in the order of sending: who did what where, how much of it at once,
 * what was asked for and granted, which breaks came and how they were answered, which files are hot, how data was read.
 */
import { ByAnswer } from "./answers.ts";
import { Heaviest, type Spread, SpreadCounter, Tally } from "./inspect_tables.ts";
import { round } from "./capture_clock.ts";
import { fileNodeOf, LIVE_KEPT, type Place, Places, Recent } from "./places.ts";
import { commandOf } from "./plan_commands.ts";
import type {
  BreakOperation,
  CreateOperation,
  LoginOperation,
  PlanOperation,
  ReadOperation,
  WriteOperation,
} from "./plan.ts";

/** What one client did. */
export interface ClientCount {
  readonly connections: number;
  /** Most requests that were under way at once, without those that the server kept pending. */
  readonly inFlight: number;
  /** Seconds from an answer to the next request, where nothing else was under way. */
  readonly thinkTime: Spread | null;
  readonly read: number;
  readonly written: number;
}

/** One user. */
export interface UserCount {
  readonly name: string;
  readonly logins: number;
  readonly failed: number;
  readonly mechanisms: readonly string[];
}

/** One share. */
export interface ShareCount {
  readonly path: string;
  readonly connects: number;
  /** `disk`, `pipe` or `print`; null where no answer tells. */
  readonly type: string | null;
  readonly operations: number;
  readonly read: number;
  readonly written: number;
}

/** One file or directory. */
export interface FileCount {
  readonly share: string | null;
  readonly path: string;
  readonly operations: number;
  readonly opens: number;
  readonly failed: number;
  readonly read: number;
  readonly written: number;
  /** Clients that worked on it, the first 16. */
  readonly clients: readonly string[];
}

/** Reads or writes. */
export interface AccessCount {
  readonly count: number;
  readonly bytes: number;
  /** Those that began where the one before on the open ended; the first one at offset 0. */
  readonly sequential: number;
  /** Requests by size: up to that many bytes. */
  readonly sizes: Readonly<Record<string, number>>;
}

/** Breaks, and how they were answered. */
export interface BreakCount {
  readonly received: number;
  readonly acknowledged: number;
  /** By closing the open. */
  readonly closed: number;
  /** An answer was asked for, and none is in the capture. */
  readonly unanswered: number;
  /** Acknowledgements that the server refused. */
  readonly refused: number;
  /** Seconds to the acknowledgement or closing. */
  readonly delay: Spread | null;
  /** Such as `lease RWH to RH`. */
  readonly kinds: Readonly<Record<string, number>>;
  /** The one whose answer took longest. */
  readonly slowest: { readonly client: string; readonly frame: number } | null;
}

/** An operation that took long. */
export interface SlowOperation {
  readonly command: string;
  readonly client: string;
  readonly share: string | null;
  readonly path: string | null;
  /** Of the request. */
  readonly frame: number;
  readonly seconds: number;
  /** Whether the server said in between that it is pending. */
  readonly pending: boolean;
}

/** All of it. */
export interface PlanCounts {
  readonly clients: ReadonlyMap<string, ClientCount>;
  readonly servers: ReadonlyMap<
    string,
    { readonly dialects: readonly number[]; readonly connections: number }
  >;
  readonly users: readonly UserCount[];
  readonly shares: readonly ShareCount[];
  readonly sessions: {
    readonly logins: number;
    readonly failed: number;
    /** Sessions whose requests were signed, and encrypted. */
    readonly signing: number;
    readonly encryption: number;
    readonly reauthentications: number;
    /** Channels that joined a session. */
    readonly channels: number;
    /** By mechanism. */
    readonly mechanisms: Readonly<Record<string, number>>;
  };
  readonly contexts: Readonly<Record<string, number>>;
  readonly oplocks: Granted;
  readonly leases: Granted;
  readonly breaks: BreakCount;
  readonly overlap: {
    /** Most requests under way at once, of all clients, and when, in seconds. */
    readonly max: number;
    readonly at: number | null;
  };
  readonly cancelled: number;
  readonly reconnects: number;
  readonly reads: AccessCount;
  readonly writes: AccessCount;
  /** Operations on data, on names and attributes, and on sessions. */
  readonly mix: { readonly data: number; readonly metadata: number; readonly session: number };
  readonly files: {
    readonly count: number;
    /** False where files that did little were forgotten. */
    readonly exact: boolean;
    readonly byOperations: readonly FileCount[];
    readonly byBytes: readonly FileCount[];
  };
  readonly thinkTime: Spread | null;
  /** The slowest operations, without CHANGE_NOTIFY: that waits for others. */
  readonly slowest: readonly SlowOperation[];
}

/** What CREATEs asked for, and what they were granted. */
export interface Granted {
  readonly asked: Readonly<Record<string, number>>;
  readonly granted: Readonly<Record<string, number>>;
}

/** Files that are remembered, and those that are told. */
const FILES_KEPT = 10_000;
const FILES_TOLD = 10;
const ROWS_KEPT = 1000;
const ROWS_TOLD = 200;
const CLIENTS_OF_FILE = 16;
const SLOW_TOLD = 5;

/** Upper ends of the size classes. */
const SIZES = [512, 4096, 16_384, 65_536, 262_144, 1_048_576] as const;

const OPLOCKS = new Map([[0, "none"], [1, "II"], [8, "exclusive"], [9, "batch"], [255, "lease"]]);
const SHARE_TYPES = new Map([[1, "disk"], [2, "pipe"], [3, "print"]]);

const SESSION_KINDS: ReadonlySet<PlanOperation["kind"]> = new Set<PlanOperation["kind"]>([
  "connect",
  "login",
  "logoff",
  "tree",
  "untree",
  "echo",
]);

/** What is no request of its own. */
const NO_REQUESTS: ReadonlySet<PlanOperation["kind"]> = new Set<PlanOperation["kind"]>([
  "break",
  "cancel",
  "disconnect",
]);

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** Goes through the operations of a plan. */
export class PlanCounter {
  readonly #places = new Places();
  readonly #clients = new Map<string, ClientState>();
  readonly #all = new InFlight();
  readonly #servers = new Map<string, { readonly dialects: Set<number>; connections: number }>();
  readonly #users = new Heaviest<UserState>(ROWS_KEPT, ({ logins }) => logins);
  readonly #shares = new Heaviest<Mutable<ShareCount>>(
    ROWS_KEPT,
    ({ connects, operations }) => connects + operations,
  );
  readonly #files = new Heaviest<FileState>(FILES_KEPT, ({ operations }) => operations);
  readonly #sessions = { logins: 0, failed: 0, signing: 0, encryption: 0, again: 0, channels: 0 };
  readonly #mechanisms = new Tally();
  readonly #contexts = new Tally();
  readonly #oplocks = { asked: new Tally(), granted: new Tally() };
  readonly #leases = { asked: new Tally(), granted: new Tally() };
  readonly #breaks = new BreakCounter();
  readonly #reads = new AccessCounter();
  readonly #writes = new AccessCounter();
  readonly #mix = { data: 0, metadata: 0, session: 0 };
  readonly #thinkTime = new SpreadCounter();
  #slowest: SlowOperation[] = [];
  #cancelled = 0;
  #reconnects = 0;

  /** Takes the next operation. */
  take(operation: PlanOperation): void {
    const place = this.#places.of(operation);
    this.#flow(operation);
    this.#slow(operation, place);
    this.#where(operation, place);
    switch (operation.kind) {
      case "connect": {
        let server = this.#servers.get(operation.server);
        if (server === undefined) {
          this.#servers.set(operation.server, server = { dialects: new Set(), connections: 0 });
        }
        server.connections++;
        if (operation.dialect !== null) server.dialects.add(operation.dialect);
        this.#client(operation).connections++;
        break;
      }
      case "login":
        this.#login(operation);
        break;
      case "create":
        this.#create(operation);
        break;
      case "break":
        this.#breaks.received(operation);
        break;
      case "close":
        this.#breaks.closed(operation);
        this.#reads.closed(operation);
        this.#writes.closed(operation);
        break;
      case "cancel":
        this.#cancelled++;
        break;
      case "read":
        this.#reads.take(operation, operation.length, operation.returned?.length ?? 0);
        break;
      case "write":
        this.#writes.take(operation, operation.data.length, writtenBy(operation));
        break;
    }
  }

  /** All that was learned. */
  get counts(): PlanCounts {
    const { logins, failed, signing, encryption, again, channels } = this.#sessions;
    return {
      clients: new Map([...this.#clients].map(([id, state]) => [id, state.count])),
      servers: new Map(
        [...this.#servers].map(([address, { dialects, connections }]) => [address, {
          dialects: [...dialects].toSorted((one, other) => one - other),
          connections,
        }]),
      ),
      users: this.#users.top(ROWS_TOLD).map(({ mechanisms, ...user }) => ({
        ...user,
        mechanisms: [...mechanisms],
      })),
      shares: this.#shares.top(ROWS_TOLD),
      sessions: {
        logins,
        failed,
        signing,
        encryption,
        reauthentications: again,
        channels,
        mechanisms: this.#mechanisms.counts,
      },
      contexts: this.#contexts.counts,
      oplocks: granted(this.#oplocks),
      leases: granted(this.#leases),
      breaks: this.#breaks.count,
      overlap: { max: this.#all.max, at: this.#all.maxAt },
      cancelled: this.#cancelled,
      reconnects: this.#reconnects,
      reads: this.#reads.count,
      writes: this.#writes.count,
      mix: this.#mix,
      files: {
        count: this.#files.count,
        exact: this.#files.isWhole,
        byOperations: this.#files.top(FILES_TOLD).map(fileCount),
        byBytes: this.#files.top(FILES_TOLD, ({ read, written }) => read + written).map(fileCount),
      },
      thinkTime: this.#thinkTime.spread,
      slowest: this.#slowest,
    };
  }

  #slow(operation: PlanOperation, { share, path }: Place): void {
    const { kind, at, answeredAt, client, frames } = operation;
    if (answeredAt === null || kind === "changeNotify" || NO_REQUESTS.has(kind)) return;
    const seconds = round(answeredAt - at);
    const last = this.#slowest.at(-1);
    if (this.#slowest.length === SLOW_TOLD && seconds <= (last?.seconds ?? 0)) return;
    this.#slowest.push({
      command: commandOf(operation),
      client,
      share,
      path,
      frame: frames.request,
      seconds,
      pending: frames.interim !== undefined,
    });
    this.#slowest.sort((one, other) => other.seconds - one.seconds);
    this.#slowest.length = Math.min(this.#slowest.length, SLOW_TOLD);
  }

  #client({ client }: PlanOperation): ClientState {
    let state = this.#clients.get(client);
    if (state === undefined) this.#clients.set(client, state = new ClientState());
    return state;
  }

  /** How much is under way, and how long a client thought. */
  #flow(operation: PlanOperation): void {
    if (NO_REQUESTS.has(operation.kind) || isImplied(operation)) return;
    const { kind } = operation;
    if (kind === "read" || kind === "write") this.#mix.data++;
    else if (SESSION_KINDS.has(kind)) this.#mix.session++;
    else this.#mix.metadata++;
    const client = this.#client(operation);
    const thought = client.flight.take(operation);
    this.#all.take(operation);
    if (thought === null) return;
    client.thinkTime.add(thought);
    this.#thinkTime.add(thought);
  }

  #where(operation: PlanOperation, place: Place): void {
    const read = operation.kind === "read" ? operation.returned?.length ?? 0 : 0;
    const written = operation.kind === "write" ? writtenBy(operation) : 0;
    const client = this.#client(operation);
    client.read += read;
    client.written += written;
    if (place.share !== null && place.host !== null && !NO_REQUESTS.has(operation.kind)) {
      const path = `\\\\${place.host}\\${place.share}`;
      const share = this.#shares.of(path.toLowerCase(), () => ({
        path,
        connects: 0,
        type: null,
        operations: 0,
        read: 0,
        written: 0,
      }));
      if (operation.kind === "tree") {
        share.connects++;
        share.type ??= SHARE_TYPES.get(operation.shareType ?? 0) ?? null;
      } else share.operations++;
      share.read += read;
      share.written += written;
    }
    if (place.key === null || place.path === null || NO_REQUESTS.has(operation.kind)) return;
    const { share, path } = place;
    const file = this.#files.of(place.key, () => ({
      share,
      path,
      operations: 0,
      opens: 0,
      failed: 0,
      read: 0,
      written: 0,
      clients: new Set<string>(),
    }));
    file.operations++;
    if (operation.kind === "create") file.opens++;
    if ((operation.status ?? 0) >>> 30 === 3) file.failed++;
    file.read += read;
    file.written += written;
    if (file.clients.size < CLIENTS_OF_FILE) file.clients.add(operation.client);
  }

  #login(operation: LoginOperation): void {
    const failed = operation.status !== null && operation.status !== 0;
    if (!operation.implied) {
      this.#mechanisms.add(operation.mechanism);
      this.#sessions.logins++;
      if (failed) this.#sessions.failed++;
    }
    if (operation.again) this.#sessions.again++;
    if (operation.bind !== undefined) this.#sessions.channels++;
    if (operation.signing) this.#sessions.signing++;
    if (operation.encryption) this.#sessions.encryption++;
    const { user, domain, mechanism } = operation;
    if (user === null || user === "") return;
    const name = domain === null || domain === "" ? user : `${domain}\\${user}`;
    const row = this.#users.of(name.toLowerCase(), () => ({
      name,
      logins: 0,
      failed: 0,
      mechanisms: new Set<string>(),
    }));
    row.logins++;
    row.mechanisms.add(mechanism);
    if (failed) row.failed++;
  }

  #create({ contexts, oplock, granted }: CreateOperation): void {
    for (const context of contexts) {
      this.#contexts.add(context.kind === "raw" ? rawName(context.name) : context.kind);
      if (context.kind === "DHnC" || context.kind === "DH2C") this.#reconnects++;
    }
    const lease = contexts.find((context) => context.kind === "RqLs");
    if (lease !== undefined) {
      this.#leases.asked.add(leaseText(lease.state));
      if (granted !== null) {
        this.#leases.granted.add(granted.lease === null ? "no lease" : leaseText(granted.lease));
      }
    } else if (oplock !== 0) {
      this.#oplocks.asked.add(oplockText(oplock));
      if (granted !== null) this.#oplocks.granted.add(oplockText(granted.oplock));
    }
  }
}

class ClientState {
  connections = 0;
  read = 0;
  written = 0;
  readonly flight = new InFlight();
  readonly thinkTime = new SpreadCounter();

  get count(): ClientCount {
    const { connections, read, written } = this;
    return {
      connections,
      inFlight: this.flight.max,
      thinkTime: this.thinkTime.spread,
      read,
      written,
    };
  }
}

interface UserState extends Mutable<Omit<UserCount, "mechanisms">> {
  readonly mechanisms: Set<string>;
}

interface FileState extends Mutable<Omit<FileCount, "clients">> {
  readonly clients: Set<string>;
}

function fileCount({ clients, ...file }: FileState): FileCount {
  return { ...file, clients: [...clients] };
}

/** Requests under way. Those that the server kept pending wait for others, and do not count. */
class InFlight {
  readonly #waiting = new ByAnswer();
  #count = 0;
  #answeredAt: number | null = null;
  max = 0;
  maxAt: number | null = null;

  /** Takes the next operation; gives the seconds since the answer before, where nothing was under way. */
  take(operation: PlanOperation): number | null {
    for (
      let answered = this.#waiting.next(operation);
      answered !== null;
      answered = this.#waiting.next(operation)
    ) {
      this.#count--;
      this.#answeredAt = answered.answeredAt;
    }
    const thought = this.#count === 0 && this.#answeredAt !== null
      ? operation.at - this.#answeredAt
      : null;
    if (operation.answeredAt !== null && operation.frames.interim === undefined) {
      this.#waiting.add(operation);
      this.#count++;
      if (this.#count > this.max) {
        this.max = this.#count;
        this.maxAt = operation.at;
      }
    }
    return thought;
  }
}

/** Counts breaks and their answers. */
class BreakCounter {
  readonly #delay = new SpreadCounter();
  readonly #kinds = new Tally();
  /** Breaks that want an answer, by their opens. */
  readonly #waiting = new Recent<string, BreakOperation[]>(LIVE_KEPT);
  #slowest: { readonly client: string; readonly frame: number; readonly delay: number } | null =
    null;
  #received = 0;
  #acknowledged = 0;
  #closed = 0;
  #wanted = 0;
  #refused = 0;

  received(operation: BreakOperation): void {
    const { breakKind, from, to, acknowledgedAfter, ackRequired, acknowledgeStatus } = operation;
    const text = breakKind === "lease" ? leaseText : oplockText;
    this.#received++;
    this.#kinds.add(`${breakKind} ${from === null ? "unknown" : text(from)} to ${text(to)}`);
    if (acknowledgedAfter !== null) {
      this.#acknowledged++;
      this.#answered(operation, acknowledgedAfter);
      if (acknowledgeStatus !== null && acknowledgeStatus !== 0) this.#refused++;
      return;
    }
    if (!ackRequired) return;
    this.#wanted++;
    const file = fileNodeOf(operation);
    if (file === null) return;
    this.#waiting.set(file, [...this.#waiting.get(file) ?? [], operation]);
  }

  #answered({ client, frames }: BreakOperation, delay: number): void {
    this.#delay.add(delay);
    if (this.#slowest !== null && this.#slowest.delay >= delay) return;
    this.#slowest = { client, frame: frames.request, delay };
  }

  closed(operation: PlanOperation): void {
    const file = fileNodeOf(operation)!;
    const waiting = this.#waiting.get(file);
    if (waiting === undefined) return;
    this.#waiting.delete(file);
    for (const broken of waiting) {
      this.#closed++;
      this.#answered(broken, operation.at - broken.at);
    }
  }

  get count(): BreakCount {
    return {
      received: this.#received,
      acknowledged: this.#acknowledged,
      closed: this.#closed,
      unanswered: this.#wanted - this.#closed,
      refused: this.#refused,
      delay: this.#delay.spread,
      kinds: this.#kinds.counts,
      slowest: this.#slowest === null
        ? null
        : { client: this.#slowest.client, frame: this.#slowest.frame },
    };
  }
}

/** Counts reads or writes. */
class AccessCounter {
  readonly #next = new Recent<string, number>(LIVE_KEPT);
  readonly #sizes = SIZES.map(() => 0);
  #larger = 0;
  #count = 0;
  #bytes = 0;
  #sequential = 0;

  take(operation: ReadOperation | WriteOperation, asked: number, done: number): void {
    const file = fileNodeOf(operation)!;
    const offset = Number(operation.offset);
    this.#count++;
    this.#bytes += done;
    if (offset === (this.#next.get(file) ?? 0)) this.#sequential++;
    this.#next.set(file, offset + asked);
    const size = SIZES.findIndex((end) => asked <= end);
    if (size < 0) this.#larger++;
    else this.#sizes[size]!++;
  }

  closed(operation: PlanOperation): void {
    this.#next.delete(fileNodeOf(operation)!);
  }

  get count(): AccessCount {
    const sizes = SIZES.map((end, index) => [String(end), this.#sizes[index]!] as const);
    return {
      count: this.#count,
      bytes: this.#bytes,
      sequential: this.#sequential,
      sizes: Object.fromEntries(
        [...sizes, ["larger", this.#larger] as const].filter(([, count]) => count > 0),
      ),
    };
  }
}

function granted({ asked, granted }: { asked: Tally; granted: Tally }): Granted {
  return { asked: asked.counts, granted: granted.counts };
}

function writtenBy(operation: WriteOperation): number {
  return operation.status === 0 ? operation.data.length : 0;
}

function isImplied(operation: PlanOperation): boolean {
  return "implied" in operation && operation.implied === true;
}

function leaseText(state: number): string {
  const letters = ((state & 1) === 0 ? "" : "R") + ((state & 4) === 0 ? "" : "W") +
    ((state & 2) === 0 ? "" : "H");
  return letters === "" ? "none" : letters;
}

function oplockText(level: number): string {
  return OPLOCKS.get(level) ?? `0x${level.toString(16)}`;
}

/** A context's name, where it is four printable characters. */
function rawName(digits: string): string {
  const name = String.fromCharCode(...Uint8Array.fromHex(digits.slice(0, 64)));
  return /^[\x20-\x7e]{1,8}$/.test(name) ? name : digits;
}
