/** What a run needs from outside: the network, the user's proof, blobs, and ears for what happens. */
import type { Authenticator, Backend, SessionKeyRecord, Transport } from "../client/mod.ts";
import type { BreakRecord, IterationRecord, OperationRecord } from "../measure/mod.ts";
import type { Clock } from "../schedule/mod.ts";
import type { MadeName } from "./group_provision.ts";
import type { PathRule } from "./name_map.ts";
import type { ProvisionOptions } from "./provision_run.ts";
import type { RowChunk } from "./rows.ts";

/** Who logs in. */
export type Credentials = "run" | "anonymous" | "guest" | "wrong";

/** Whose login it is: the run may have accounts for each. */
export interface LoginUser {
  /** Number of a user under load, from 1. */
  readonly number?: number | undefined;
  /** User that the script names. */
  readonly name?: string | undefined;
}

/** The world outside a run. */
export interface RunHost {
  readonly clock: Clock;
  /** The client that the run uses. */
  readonly backend: Backend;
  /** Opens a connection to the target, for the client. */
  dial(): Promise<Transport>;
  /** @param who The user of the run unless given. */
  authenticator(credentials: Credentials, who?: LoginUser): Authenticator;
  /** Random bytes. */
  random(length: number): Uint8Array;
  /** The content of a blob. */
  blob(path: string): Promise<Uint8Array>;
  /** A piece of a file of rows, from that byte on: whole lines, each checked. */
  rows?(path: string, offset: number): Promise<RowChunk>;
  record(record: OperationRecord): void;
  broke(record: BreakRecord): void;
  /** A session got its keys, for a key log; absent where none was asked for. */
  readonly keyed?: (keys: SessionKeyRecord) => void;
  /** An iteration of a user under load has ended. */
  iterated?(record: IterationRecord): void;
  /** What is told of an error that ended an iteration; name and message unless given. */
  failureText?(error: unknown): string;
  /** A check of the script held, or did not; `scenario` is the part of a suite that it belongs to. */
  checked?(name: string, held: boolean, scenario?: string): void;
  /** Something is not as it must be in every run: a file left open, an operation that is stuck. */
  violated?(what: string): void;
  /**
   * Waits for the other workers of the run, and tells the names that all of them have made; absent where there is only
   * one worker.
   */
  meet?(stage: "prepared" | "ended", made: readonly MadeName[]): Promise<readonly MadeName[]>;
  /** Asks whether an operation may be sent; absent where nobody is asked. Resolves when it may. */
  step?(operation: string): Promise<void>;
  /** A line of the script's log. */
  log(message: string): void;
  /** Something that the user should know about the run itself. */
  note(message: string): void;
}

/** How to run. */
export interface RunOptions {
  /** Host name of the target, as it goes into `\\server\share`. */
  readonly server: string;
  /** The target's share. */
  readonly share: string;
  /** Captured share -> share of the target. */
  readonly shares: Readonly<Record<string, string>>;
  /** By captured user, in lower case: who logs in instead. */
  readonly users?: Readonly<Record<string, string>>;
  /** What stands for captured paths, before `root` is set before them; they stay unless given. */
  readonly paths?: readonly PathRule[];
  /** Directory of the target's share under which a replay's paths lie; empty for the root. */
  readonly root: string;
  /** What becomes of a scenario's `provision`; made and removed unless given. */
  readonly provision?: ProvisionOptions;
  /** Whether what reads return is compared with what was written and provisioned; false unless given. */
  readonly verify?: boolean;
  readonly speed: number;
  readonly asap: boolean;
  /** Keep think times after what enabled an operation, instead of moments. */
  readonly causal?: boolean;
  /** Seconds that a time without operations lasts at most. */
  readonly maxIdle?: number;
  /** Recorded seconds: before, operations just follow each other; after `to`, nothing is sent. */
  readonly from?: number;
  readonly to?: number;
  /** Nothing is sent, and nothing waited for: operations are only told. */
  readonly dryRun?: boolean;
  /** How often a run without load plays its scenario; once unless given. */
  readonly loop?: number;
  /** Number of the user under load, from 1. */
  readonly userNumber?: number;
  /** Directory below `root` that is this user's own. */
  readonly own?: string;
  /** Part of the paths, from 0 to 1, that users with an own directory share nevertheless. */
  readonly sharedRatio?: number;
  /** Most operations in flight. */
  readonly maxConcurrent?: number;
  /** Whether paths outside of `root` may be touched. */
  readonly outsideRoot?: boolean;
  /** Whether records tell what operations asked for. */
  readonly parameters?: boolean;
  /** Seconds to wait for a response. */
  readonly timeout: number;
}
