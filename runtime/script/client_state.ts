/** What the objects of one client share. */
import {
  type BackendConnection,
  type BackendSession,
  LeaseTable,
  SparseMap,
} from "../client/mod.ts";
import { BreakTable } from "./breaks.ts";
import { RawTransport } from "./raw_transport.ts";
import type { Pace } from "../schedule/mod.ts";
import type { Origin, RecordedTime, Run } from "./run.ts";

/** Milliseconds that a server has to close a connection that the client has ended. */
const LEAVING = 1000;

/** How long the server may take to answer a LOGOFF, in milliseconds. */
const LOGOFF_MS = 2000;

/** Whether a connection is still there, for everything that goes over it. */
export interface ConnectionLink {
  /** Why it is not; null while it is. */
  readonly lost: string | null;
}

/** The connections of a session: it is there as long as one of them is. */
export class SessionLink implements ConnectionLink {
  readonly #channels: ConnectionLink[];

  constructor(first: ConnectionLink) {
    this.#channels = [first];
  }

  /** The session has a further channel. */
  add(channel: ConnectionLink): void {
    this.#channels.push(channel);
  }

  get lost(): string | null {
    let reason: string | null = null;
    for (const { lost } of this.#channels) {
      if (lost === null) return null;
      reason ??= lost;
    }
    return reason;
  }
}

/** The client's name, run and breaks, and the label and time that `at()` gave. */
export class ClientState {
  readonly run: Run;
  readonly name: string;
  readonly breaks: BreakTable;
  /** Files that are open. */
  readonly files = new Set<{ readonly path: string; readonly isOpen: boolean }>();
  /** Sessions that are logged in. */
  readonly sessions = new Set<BackendSession>();
  readonly #connections = new Set<BackendConnection>();
  readonly #left = new Set<BackendConnection>();
  /** Leases belong to a ClientGuid (MS-SMB2 3.2.1.6), not to a connection. */
  readonly #leases = new SparseMap<string, LeaseTable>();
  #label: string | null = null;
  #due: number | null = null;
  #recorded: RecordedTime | undefined;
  #key: number | undefined;
  /** Its place in recorded time; absent while nothing of it is recorded. */
  pace: Pace | undefined;
  /** Whether its paths lie in the user's own directory; a replay's own code sees to that itself. */
  ownPaths = false;

  constructor(run: Run, name: string) {
    this.run = run;
    this.name = name;
    this.breaks = new BreakTable(run, name);
  }

  /** Opens a TCP connection to the target. */
  async open(
    clientGuid: string,
  ): Promise<{ readonly connection: BackendConnection; readonly transport: RawTransport }> {
    const { host } = this.run;
    let leases = this.#leases.get(clientGuid);
    if (leases === undefined) {
      leases = new LeaseTable();
      this.#leases.set(clientGuid, leases);
    }
    const transport = new RawTransport(await host.dial());
    const connection = host.backend.connect(transport, {
      now: () => host.clock.now(),
      random: (length) => host.random(length),
      leases,
      ...host.keyed === undefined ? {} : { observer: { keyed: host.keyed } },
    });
    connection.onBreak = (event) => this.breaks.react(event);
    this.#connections.add(connection);
    void connection.disconnected.then(() => {
      this.#connections.delete(connection);
      this.run.commons.creditStalls += connection.creditStalls ?? 0;
    });
    return { connection, transport };
  }

  /** Logs off what is still logged in, and closes every connection. */
  async close(): Promise<void> {
    const sessions = [...this.sessions];
    this.sessions.clear();
    if (sessions.length > 0 && this.run.host.backend.leftOut("LOGOFF") === null) {
      const late = Promise.withResolvers<void>();
      const stopTimer = this.run.deadline(LOGOFF_MS, late.resolve);
      await Promise.race([
        Promise.allSettled(sessions.map((session) => session.logoff({ accept: "any" }))),
        late.promise,
      ]);
      stopTimer();
    }
    for (const connection of this.#connections) connection.close();
    for (const connection of this.#left) connection.close();
  }

  /** Ends a connection; resolves when the server has closed it, too, or does not say so in time. */
  async leave(connection: BackendConnection): Promise<void> {
    if (connection.leave === undefined) return connection.close();
    this.#left.add(connection);
    await connection.leave(LEAVING);
    this.#left.delete(connection);
  }

  /** Where a path of the script is on the share. */
  path(path: string): string {
    return this.ownPaths ? this.run.ownPath(path) : path;
  }

  /** What the next operation is, and when it is due; `key` is what others wait for it by, where that is no label. */
  mark(label: string | null, due: number | null, recorded?: RecordedTime, key?: number): void {
    this.#label = label;
    this.#due = due;
    this.#recorded = recorded;
    this.#key = key;
  }

  /** Whether the next operation has a key of its own. */
  get isKeyed(): boolean {
    return this.#key !== undefined;
  }

  /** Takes label and due time: they belong to one operation (or compound). */
  origin(): Origin {
    const origin: Origin = {
      client: this.name,
      label: this.#label,
      due: this.#due,
      recorded: this.#recorded,
      pace: this.pace,
      key: this.#key,
    };
    this.#label = null;
    this.#due = null;
    this.#recorded = undefined;
    this.#key = undefined;
    return origin;
  }
}
