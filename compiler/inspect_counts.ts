/** What `inspect` tells of a capture's operations: plain values. Times are in seconds. */
import type { Spread } from "./inspect_tables.ts";

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
