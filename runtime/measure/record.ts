/** What a run reports about each operation and each break. */

/** One operation of a run: sent, or skipped. Plain data: it crosses from the worker to the host. */
export interface OperationRecord {
  /** Counts the run's operations in the order in which the script made them, from 1. */
  readonly id: number;
  /** The script's name of the client. */
  readonly client: string;
  /** `"CREATE"`, ...; `"BREAK"` for a break that the script waited for. */
  readonly command: string;
  /** Path relative to the share; empty where there is none. */
  readonly path: string;
  /** The capture's frame, or what the script gave in its place. */
  readonly label: string | null;
  /** Milliseconds after the run's origin at which it was due; null when it just followed. */
  readonly due: number | null;
  /** When it was sent; null when it was not. Same clock as `due`. */
  readonly sentAt: number | null;
  /** When its final response came; null when none came. */
  readonly completedAt: number | null;
  /** NTSTATUS of the final response; null when none came. */
  readonly status: number | null;
  /** Names of the statuses that count as right; `"any"` for all. */
  readonly expected: string;
  readonly matched: boolean;
  /** Bytes of file data, written or read. */
  readonly payload: number;
  /** Bytes of the request and of the final response, headers included. */
  readonly bytesSent: number;
  readonly bytesReceived: number;
  /** Part of a suite that it belongs to. */
  readonly scenario?: string;
  /** What the script calls it, for thresholds. */
  readonly tag?: string;
  /** What was asked for, where the run keeps an operation log: offset, length, class ... */
  readonly parameters?: Readonly<Record<string, string | number | boolean>>;
  /** Why it was not sent; with `matched`, nothing is lost by that. */
  readonly skipped?: string;
  /** Why there is no response. */
  readonly error?: string;
  /** Lease or oplock that a CREATE got, where the run keeps an operation log. */
  readonly granted?: string;
  /** Recorded and actual lease or oplock of a CREATE whose grant is compared. */
  readonly grant?: { readonly expected: string; readonly actual: string };
  /** Where the data of a READ is not what was written or provisioned, in bytes from the start of the file. */
  readonly wrongData?: number;
}

/** One iteration of a user under load. */
export interface IterationRecord {
  /** Part of a suite that it belongs to. */
  readonly scenario?: string;
  /** Name of the user. */
  readonly user: string;
  /** Counts the iterations of the user, from 0. */
  readonly iteration: number;
  /** Milliseconds after the beginning at which it was due; null when it just followed. */
  readonly due: number | null;
  readonly startedAt: number;
  readonly endedAt: number;
  /** Why it failed; null when it did not. */
  readonly failure: string | null;
}

/** How often a check held, and how often not, since this was last told. */
export interface CheckRecord {
  /** Part of a suite that it belongs to. */
  readonly scenario?: string;
  readonly name: string;
  readonly passed: number;
  readonly failed: number;
}

/** How many users of a worker are at work, iterations that nobody was free for, and operations that wait for others. */
export interface LoadRecord {
  readonly users: number;
  readonly dropped: number;
  readonly waiting: number;
  /** Operations without an end. */
  readonly inFlight: number;
}

/** What goes on in one scenario of a worker at the moment. */
export interface ActivityRecord {
  /** Part of a suite; absent where the scenario is all of the run. */
  readonly scenario?: string;
  /** Users at work. */
  readonly users: number;
  /** Iterations that nobody was free for, so far. */
  readonly dropped: number;
  /** Operations without an end. */
  readonly inFlight: number;
  /** Breaks that wait for their acknowledgement. */
  readonly breaksPending: number;
}

/** One break that the server sent. */
export interface BreakRecord {
  /** Part of a suite that it belongs to. */
  readonly scenario?: string;
  readonly client: string;
  readonly kind: "lease" | "oplock";
  /** Of the files concerned; the first one's. */
  readonly path: string;
  readonly from: string;
  readonly to: string;
  readonly ackRequired: boolean;
  readonly receivedAt: number;
  /** When the acknowledgement left; null when none was sent. */
  readonly acknowledgedAt: number | null;
  /** NTSTATUS of the answer to the acknowledgement. */
  readonly ackStatus: number | null;
}
