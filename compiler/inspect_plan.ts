/**
 * What `inspect` learns of a capture's operations, in the order of sending: who did what where, how much of it at once,
 * what was asked for and granted, which breaks came and how they were answered, which files are hot, how data was read.
 */
import {
  AccessCounter,
  BreakCounter,
  InFlight,
  leaseText,
  oplockText,
} from "./inspect_counters.ts";
import type {
  ClientCount,
  FileCount,
  Granted,
  PlanCounts,
  ShareCount,
  SlowOperation,
  UserCount,
} from "./inspect_counts.ts";
import { Heaviest, SpreadCounter, Tally } from "./inspect_tables.ts";
import { round } from "./capture_clock.ts";
import { type Place, Places } from "./places.ts";
import { commandOf } from "./plan_commands.ts";
import type { CreateOperation, LoginOperation, PlanOperation, WriteOperation } from "./plan.ts";

/** Files that are remembered, and those that are told. */
const FILES_KEPT = 10_000;
const FILES_TOLD = 10;
const ROWS_KEPT = 1000;
const ROWS_TOLD = 200;
const CLIENTS_OF_FILE = 16;
const SLOW_TOLD = 5;

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

function granted({ asked, granted }: { asked: Tally; granted: Tally }): Granted {
  return { asked: asked.counts, granted: granted.counts };
}

function writtenBy(operation: WriteOperation): number {
  return operation.status === 0 ? operation.data.length : 0;
}

function isImplied(operation: PlanOperation): boolean {
  return "implied" in operation && operation.implied === true;
}

/** A context's name, where it is four printable characters. */
function rawName(digits: string): string {
  const name = String.fromCharCode(...Uint8Array.fromHex(digits.slice(0, 64)));
  return /^[\x20-\x7e]{1,8}$/.test(name) ? name : digits;
}
