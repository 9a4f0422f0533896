/** The outcome of a run, as plain data: what reports print and `--json` writes. */
import type { Distribution } from "./latency.ts";
import type { CheckRecord } from "./record.ts";

/** Totals of one command. */
export interface CommandSummary {
  readonly command: string;
  /** Operations that were sent. */
  readonly count: number;
  /** Of them: with an NTSTATUS of error severity, expected or not, or without a response. */
  readonly errors: number;
  readonly matched: number;
  readonly mismatched: number;
  readonly skipped: number;
  /** Bytes of file data. */
  readonly payload: number;
  /** Milliseconds from sending to the final response. */
  readonly latency: Distribution;
}

/** Operations that ended with one status. */
export interface StatusCount {
  /** NTSTATUS. */
  readonly status: number;
  readonly name: string;
  readonly count: number;
  /** How many of them were expected. */
  readonly expected: number;
}

/** How one operation differs from what was recorded or expected. */
export interface Divergence {
  readonly kind: "status" | "grant" | "data" | "skipped" | "no response" | "no break";
  readonly id: number;
  readonly client: string;
  readonly label: string | null;
  readonly command: string;
  readonly path: string;
  readonly expected: string;
  readonly actual: string;
  /** Milliseconds after the origin. */
  readonly at: number | null;
}

/** Divergences that are alike: same kind, command, expected and actual. */
export interface DivergenceGroup {
  readonly first: Divergence;
  readonly count: number;
  /** The first ones, `first` included, in the order of the script. */
  readonly examples: readonly Divergence[];
}

/** Everything that was counted. */
export interface Summary {
  readonly operations: number;
  readonly sent: number;
  readonly matched: number;
  readonly mismatched: number;
  readonly skipped: number;
  /** Sent, and no response came. */
  readonly unanswered: number;
  /** Milliseconds from the origin to the last event. */
  readonly duration: number;
  readonly payloadRead: number;
  readonly payloadWritten: number;
  readonly bytesSent: number;
  readonly bytesReceived: number;
  readonly commands: readonly CommandSummary[];
  readonly statuses: readonly StatusCount[];
  readonly breaks: {
    readonly received: number;
    readonly ackRequired: number;
    readonly acknowledged: number;
    /** Acknowledged, and the server refused it. */
    readonly refused: number;
    /** Milliseconds from the break to its acknowledgement. */
    readonly latency: Distribution;
  };
  /** Milliseconds by which operations were sent later than due. */
  readonly lag: Distribution;
  /**
   * Milliseconds from the moment at which an operation was due to its response: what waited behind a slow one counts
   * with its wait.
   */
  readonly latencyFromDue: Distribution;
  /** Requests that had to wait for credits (MS-SMB2 3.2.4.1.2). */
  readonly creditStalls: number;
  /** Earliest first. */
  readonly divergences: readonly DivergenceGroup[];
  /** All divergences, those beyond the groups' examples included. */
  readonly divergenceCount: number;
  /** Iterations of users under load; null without load. */
  readonly iterations: {
    readonly count: number;
    readonly failed: number;
    /** Iterations of a rate that nobody was free for. */
    readonly dropped: number;
    /** Milliseconds. */
    readonly duration: Distribution;
    /** Milliseconds by which iterations of a rate began later than due. */
    readonly lag: Distribution;
  } | null;
  /** The scenarios of a suite; none otherwise. */
  readonly scenarios: readonly {
    readonly name: string;
    readonly operations: number;
    readonly errors: number;
    readonly iterations: number;
    readonly failed: number;
    readonly latency: Distribution;
  }[];
  /** How often the script's checks held, in the order of their first use. */
  readonly checks: readonly CheckRecord[];
}
