/** Everything that host and worker say to each other. */
import type {
  ActivityRecord,
  BreakRecord,
  CheckRecord,
  IterationRecord,
  LoadRecord,
  OperationRecord,
} from "../measure/mod.ts";
import type {
  Credentials,
  LoadOverrides,
  LoadPart,
  MadeName,
  ParamInfo,
  RowChunk,
  RunOptions,
  Workload,
} from "../script/mod.ts";
import type { ScenarioPlace } from "./errors.ts";

/** One checked file of a scenario, types removed. */
export interface ScenarioFile {
  /** Relative to the scenario's folder, with `/`. */
  readonly path: string;
  readonly code: string;
  /** Specifier -> path of the file that it means. */
  readonly imports: Readonly<Record<string, string>>;
}

/** What a loaded scenario says about itself. */
export interface ScenarioDescription {
  readonly kind: "scenario" | "replay" | "suite";
  readonly name: string;
  readonly params: readonly ParamInfo[];
  readonly clients: readonly string[];
  /** Its `load`, as it stands there; undefined without one. */
  readonly load?: unknown;
  /** Names of the parts of a suite, and their `load`. */
  readonly parts?: readonly { readonly name: string; readonly load?: unknown }[];
  /** Whether it writes a report of its own. */
  readonly summarizes?: boolean;
  /** Its `thresholds`, as they stand there. */
  readonly thresholds?: unknown;
}

/** What a scenario threw, or what was wrong with it. */
export interface ScenarioFailure {
  /**
   * `params`: a value of the command line; `aborted`: the scenario ended the run; `expectation`: an `expect` or unexpected status; `unsupported`: the back end
   * cannot carry an operation out; `provision`: the user has to say how to provision; `refused`: the server did not let
   * provision; `script`: anything else.
   */
  readonly kind:
    | "params"
    | "aborted"
    | "expectation"
    | "no response"
    | "unsupported"
    | "provision"
    | "refused"
    | "script";
  readonly message: string;
  /** Where in the scenario's own files; innermost first. */
  readonly places: readonly ScenarioPlace[];
}

/** Why the target cannot be used. */
export interface PreflightFailure {
  readonly stage: "connect" | "negotiate" | "login" | "share";
  /** Whether the connection broke, rather than the server refusing. */
  readonly lost: boolean;
  /** Whether the run's back end cannot do what the server asks for. */
  readonly unsupported: boolean;
  readonly reason: string;
}

/** Where the worker goes. */
export interface TargetOrder {
  readonly target: { readonly hostname: string; readonly port: number };
  readonly server: string;
  readonly share: string;
  /** Name of the user of the run; empty for anonymous. */
  readonly user: string;
}

/** What the worker runs with. */
export interface RunOrder extends RunOptions, TargetOrder {
  readonly params: Readonly<Record<string, string>>;
  /** A static workload, instead of the loaded scenario. */
  readonly workload: Workload | null;
  /** Whether the host keeps a log of session keys. */
  readonly keylog: boolean;
  /** Whether each operation waits until the host lets it go. */
  readonly stepped?: boolean;
  /** What the command line says about load. */
  readonly load?: LoadOverrides;
  /** Which part of the load is this worker's. */
  readonly part?: LoadPart;
  /** Whether there are other workers to wait for. */
  readonly together?: boolean;
}

/** From the host. */
export type ToWorker =
  | { readonly kind: "load"; readonly files: readonly ScenarioFile[]; readonly entry: string }
  | { readonly kind: "preflight"; readonly order: TargetOrder }
  | { readonly kind: "run"; readonly order: RunOrder }
  | { readonly kind: "stop"; readonly reason: string }
  /** The run is over: the scenario may write a report of its own. */
  | { readonly kind: "summarize"; readonly report: unknown }
  /** The other workers have come as far, and what all of them have made. */
  | { readonly kind: "met"; readonly id: number; readonly made: readonly MadeName[] }
  /** The operation may be sent. */
  | { readonly kind: "go"; readonly id: number }
  | {
    readonly kind: "authenticated";
    readonly id: number;
    readonly step:
      | {
        readonly token: Uint8Array | null;
        readonly done: boolean;
        readonly sessionKey: Uint8Array | null;
      }
      | { readonly error: string };
  }
  | {
    readonly kind: "blob";
    readonly id: number;
    readonly content: Uint8Array | { readonly error: string };
  }
  | {
    readonly kind: "rows";
    readonly id: number;
    readonly content: RowChunk | { readonly error: string };
  };

/** From the worker. The host believes nothing of it but its shape. */
export type ToHost =
  | { readonly kind: "ready" }
  | { readonly kind: "loaded"; readonly description: ScenarioDescription }
  | { readonly kind: "failed"; readonly failure: ScenarioFailure }
  | {
    readonly kind: "records";
    readonly operations: readonly OperationRecord[];
    readonly breaks: readonly BreakRecord[];
    readonly iterations: readonly IterationRecord[];
    readonly checks: readonly CheckRecord[];
    /** Null where there is no load. */
    readonly load: LoadRecord | null;
    /** What goes on at the moment, for each scenario. */
    readonly activities: readonly ActivityRecord[];
    /** Milliseconds of the epoch at which the records' times begin. */
    readonly zero: number;
    /** Requests that had to wait for credits, so far. */
    readonly creditStalls: number;
  }
  | { readonly kind: "log"; readonly message: string }
  | { readonly kind: "note"; readonly message: string }
  /** What must hold in every run does not. */
  | { readonly kind: "violation"; readonly message: string }
  /** What the scenario reports, by file; null when it failed to. */
  | {
    readonly kind: "summarized";
    readonly files: Readonly<Record<string, string>> | null;
    readonly problem: string | null;
  }
  /** It waits for the other workers of the run. */
  | {
    readonly kind: "meet";
    readonly id: number;
    readonly stage: "prepared" | "ended";
    readonly made: readonly MadeName[];
  }
  /** An operation waits to be sent. */
  | { readonly kind: "step"; readonly id: number; readonly operation: string }
  /** A line for Wireshark's list of session keys. */
  | { readonly kind: "keylog"; readonly line: string }
  | {
    readonly kind: "authenticate";
    readonly id: number;
    /** Steps of one exchange have one number. */
    readonly exchange: number;
    readonly credentials: Credentials;
    /** Number of the user under load, from 1; null for the user of the run. */
    readonly user: number | null;
    /** User that the script names; null where it names none. */
    readonly name: string | null;
    readonly token: Uint8Array | null;
  }
  | { readonly kind: "blob"; readonly id: number; readonly path: string }
  | {
    readonly kind: "rows";
    readonly id: number;
    readonly path: string;
    readonly offset: number;
  }
  | { readonly kind: "preflight"; readonly failure: PreflightFailure | null }
  | { readonly kind: "finished"; readonly failure: ScenarioFailure | null };

/** Longest text that the host takes from a worker. */
const MAX_TEXT = 100_000;
/** Longest token of an authentication (MS-SMB2 2.2.5: its length has 16 bits). */
const MAX_TOKEN = 0xffff;
const MAX_LIST = 100_000;
/** Session id, session key, and the keys of both directions, in hexadecimal. */
const KEYLOG_LINE = /^[0-9a-f]{16}(,[0-9a-f]{0,128}){3}$/;

/** Reads a message of a worker: what has another shape is refused, whatever the worker has become. */
export function parseToHost(data: unknown): ToHost | null {
  if (!isRecord(data)) return null;
  switch (data.kind) {
    case "ready":
      return { kind: "ready" };
    case "loaded":
      return isDescription(data.description)
        ? { kind: "loaded", description: data.description }
        : null;
    case "failed":
      return isFailure(data.failure) ? { kind: "failed", failure: data.failure } : null;
    case "records":
      return isList(data.operations, isOperation) && isList(data.breaks, isBreak) &&
          isList(data.iterations, isIteration) && isList(data.checks, isCheck) &&
          isNullable(data.load, isLoad) && isList(data.activities, isActivity) &&
          isNumber(data.zero) && isNumber(data.creditStalls)
        ? {
          kind: "records",
          operations: data.operations,
          breaks: data.breaks,
          iterations: data.iterations,
          checks: data.checks,
          load: data.load,
          activities: data.activities,
          zero: data.zero,
          creditStalls: data.creditStalls,
        }
        : null;
    case "log":
    case "note":
    case "violation":
      return isText(data.message) ? { kind: data.kind, message: data.message } : null;
    case "summarized":
      return isNullable(data.files, isFiles) && isNullable(data.problem, isText)
        ? { kind: "summarized", files: data.files, problem: data.problem }
        : null;
    case "meet":
      return isNumber(data.id) && (data.stage === "prepared" || data.stage === "ended") &&
          isList(data.made, isMadeName)
        ? { kind: "meet", id: data.id, stage: data.stage, made: data.made }
        : null;
    case "step":
      return isNumber(data.id) && isText(data.operation)
        ? { kind: "step", id: data.id, operation: data.operation }
        : null;
    case "keylog":
      return isText(data.line) && KEYLOG_LINE.test(data.line)
        ? { kind: "keylog", line: data.line }
        : null;
    case "authenticate":
      return isNumber(data.id) && isNumber(data.exchange) && isCredentials(data.credentials) &&
          isNullable(data.user, isNumber) && isNullable(data.name, isText) && isToken(data.token)
        ? {
          kind: "authenticate",
          id: data.id,
          exchange: data.exchange,
          credentials: data.credentials,
          user: data.user,
          name: data.name,
          token: data.token,
        }
        : null;
    case "blob":
      return isNumber(data.id) && isText(data.path)
        ? { kind: "blob", id: data.id, path: data.path }
        : null;
    case "rows":
      return isNumber(data.id) && isText(data.path) && isNumber(data.offset)
        ? { kind: "rows", id: data.id, path: data.path, offset: data.offset }
        : null;
    case "preflight":
      return isNullable(data.failure, isPreflightFailure)
        ? { kind: "preflight", failure: data.failure }
        : null;
    case "finished":
      return data.failure === null || isFailure(data.failure)
        ? { kind: "finished", failure: data.failure }
        : null;
    default:
      return null;
  }
}

type Fields = Readonly<Record<string, unknown>>;

function isRecord(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value.length <= MAX_TEXT;
}

function isNumber(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(value);
}

function isOptional<T>(value: unknown, check: (value: unknown) => value is T): boolean {
  return value === undefined || check(value);
}

function isNullable<T>(value: unknown, check: (value: unknown) => value is T): value is T | null {
  return value === null || check(value);
}

function isList<T>(value: unknown, check: (value: unknown) => value is T): value is T[] {
  return Array.isArray(value) && value.length <= MAX_LIST && value.every(check);
}

function isBoolean(value: unknown): value is boolean {
  return typeof value === "boolean";
}

function isToken(value: unknown): value is Uint8Array | null {
  return value === null || (value instanceof Uint8Array && value.length <= MAX_TOKEN);
}

function isCredentials(value: unknown): value is Credentials {
  return value === "run" || value === "anonymous" || value === "guest" || value === "wrong";
}

function isParam(value: unknown): value is ParamInfo {
  return isRecord(value) && isText(value.name) && isText(value.type) && isBoolean(value.required) &&
    isOptional(value.default, isText) && isOptional(value.description, isText);
}

function isDescription(value: unknown): value is ScenarioDescription {
  return isRecord(value) &&
    (value.kind === "scenario" || value.kind === "replay" || value.kind === "suite") &&
    isOptional(value.parts, isParts) && isOptional(value.summarizes, isBoolean) &&
    isText(value.name) && isList(value.params, isParam) && isList(value.clients, isText);
}

/** Files of a report, and characters of all of them. */
const MAX_FILES = 20;
const MAX_REPORT = 50_000_000;

function isFiles(value: unknown): value is Readonly<Record<string, string>> {
  if (!isRecord(value)) return false;
  const entries = Object.entries(value);
  return entries.length <= MAX_FILES && entries.every(([, text]) => typeof text === "string") &&
    entries.reduce((sum, [, text]) => sum + (text as string).length, 0) <= MAX_REPORT;
}

function isParts(value: unknown): value is NonNullable<ScenarioDescription["parts"]> {
  return isList(
    value,
    (part): part is { readonly name: string } => isRecord(part) && isText(part.name),
  );
}

function isPlace(value: unknown): value is ScenarioPlace {
  return isRecord(value) && isText(value.file) && isNullable(value.line, isNumber) &&
    isNullable(value.column, isNumber);
}

function isFailure(value: unknown): value is ScenarioFailure {
  return isRecord(value) &&
    (value.kind === "params" || value.kind === "aborted" || value.kind === "expectation" ||
      value.kind === "no response" ||
      value.kind === "unsupported" || value.kind === "provision" || value.kind === "refused" ||
      value.kind === "script") &&
    isText(value.message) && isList(value.places, isPlace);
}

function isPreflightFailure(value: unknown): value is PreflightFailure {
  return isRecord(value) &&
    (value.stage === "connect" || value.stage === "negotiate" || value.stage === "login" ||
      value.stage === "share") &&
    isBoolean(value.lost) && isBoolean(value.unsupported) && isText(value.reason);
}

/** Most parameters of an operation. */
const MAX_PARAMETERS = 32;

function isParameters(value: unknown): value is NonNullable<OperationRecord["parameters"]> {
  if (!isRecord(value)) return false;
  const entries = Object.entries(value);
  return entries.length <= MAX_PARAMETERS &&
    entries.every(([, one]) => isText(one) || isNumber(one) || isBoolean(one));
}

function isGrant(value: unknown): value is NonNullable<OperationRecord["grant"]> {
  return isRecord(value) && isText(value.expected) && isText(value.actual);
}

function isOperation(value: unknown): value is OperationRecord {
  return isRecord(value) && isNumber(value.id) && isText(value.client) && isText(value.command) &&
    isText(value.path) && isNullable(value.label, isText) && isNullable(value.due, isNumber) &&
    isNullable(value.sentAt, isNumber) && isNullable(value.completedAt, isNumber) &&
    isNullable(value.status, isNumber) && isText(value.expected) && isBoolean(value.matched) &&
    isNumber(value.payload) && isNumber(value.bytesSent) && isNumber(value.bytesReceived) &&
    isOptional(value.tag, isText) && isOptional(value.scenario, isText) &&
    isOptional(value.parameters, isParameters) &&
    isOptional(value.granted, isText) &&
    isOptional(value.skipped, isText) && isOptional(value.error, isText) &&
    isOptional(value.grant, isGrant) && isOptional(value.wrongData, isNumber);
}

function isIteration(value: unknown): value is IterationRecord {
  return isRecord(value) && isOptional(value.scenario, isText) && isText(value.user) &&
    isNumber(value.iteration) &&
    isNullable(value.due, isNumber) && isNumber(value.startedAt) && isNumber(value.endedAt) &&
    isNullable(value.failure, isText);
}

function isCheck(value: unknown): value is CheckRecord {
  return isRecord(value) && isOptional(value.scenario, isText) && isText(value.name) &&
    isNumber(value.passed) && isNumber(value.failed);
}

function isActivity(value: unknown): value is ActivityRecord {
  return isRecord(value) && isOptional(value.scenario, isText) && isNumber(value.users) &&
    isNumber(value.dropped) && isNumber(value.inFlight) && isNumber(value.breaksPending);
}

function isMadeName(value: unknown): value is MadeName {
  return isRecord(value) && isText(value.share) && isText(value.path);
}

function isLoad(value: unknown): value is LoadRecord {
  return isRecord(value) && isNumber(value.users) && isNumber(value.dropped) &&
    isNumber(value.waiting) && isNumber(value.inFlight);
}

function isBreak(value: unknown): value is BreakRecord {
  return isRecord(value) && isOptional(value.scenario, isText) && isText(value.client) &&
    (value.kind === "lease" || value.kind === "oplock") && isText(value.path) &&
    isText(value.from) && isText(value.to) && isBoolean(value.ackRequired) &&
    isNumber(value.receivedAt) && isNullable(value.acknowledgedAt, isNumber) &&
    isNullable(value.ackStatus, isNumber);
}
