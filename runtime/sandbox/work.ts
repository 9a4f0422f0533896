/**
 * What a worker does: evaluates one scenario, runs it, and reports. It opens connections to the target, and has no other
 * permission; the password stays with the host.
 *
 * Everything that it will ever need is imported here or by the worker's own file: nothing can be loaded once it runs.
 */
import "./zod_config.ts";
import * as smbench from "../../mod.ts";
import * as zod from "zod";
import {
  type Authenticator,
  type Backend,
  keylogLine,
  nativeBackend,
  type SessionKeyRecord,
} from "../client/mod.ts";
import type { BreakRecord, IterationRecord, OperationRecord } from "../measure/mod.ts";
import { PreciseClock } from "../schedule/mod.ts";
import {
  type Credentials,
  Definition,
  describeParams,
  execute,
  type LoginUser,
  type MadeName,
  type ParamInfo,
  type RowChunk,
  type RunHandle,
  type RunReport,
  watchBlobs,
  workloadDefinition,
} from "../script/mod.ts";
import { connectTcp } from "../transport/mod.ts";
import { placeText } from "./errors.ts";
import { describeFailure } from "./failure.ts";
import { lockDown } from "./lockdown.ts";
import type { RunOrder, TargetOrder, ToHost, ToWorker } from "./messages.ts";
import { evaluateModules } from "./modules.ts";
import { preflight } from "./preflight.ts";

/** Records go to the host in batches: at most this many, at most this long apart. */
const BATCH = 500;
const BATCH_MS = 200;

/** Frames of a stack trace: enough to reach the scenario's line through the API's own. */
const STACK_FRAMES = 50;

const scope = globalThis as unknown as {
  postMessage(message: ToHost): void;
  addEventListener(type: string, listener: (event: MessageEvent<ToWorker>) => void): void;
};
const send = scope.postMessage.bind(scope);

let backend = nativeBackend;
let definition: Definition | null = null;
let handle: RunHandle | null = null;
let stopReason: string | null = null;
let strayFailure: ReturnType<typeof describeFailure> | null = null;
let finished = false;
const blobs: string[] = [];
let operations: OperationRecord[] = [];
let breaks: BreakRecord[] = [];
let iterations: IterationRecord[] = [];
let toldStalls = 0;
let toldActivity = "[]";
/** By scenario and name. */
const checks = new Map<
  string,
  { readonly scenario?: string; name: string; passed: number; failed: number }
>();

interface Waiter<T> {
  readonly resolve: (value: T) => void;
  readonly reject: (error: Error) => void;
}
type AuthenticationStep = Exclude<
  Extract<ToWorker, { kind: "authenticated" }>["step"],
  { readonly error: string }
>;
const authentications = new Map<number, Waiter<AuthenticationStep>>();
const blobRequests = new Map<number, Waiter<Uint8Array>>();
const rowRequests = new Map<number, Waiter<RowChunk>>();
const meetings = new Map<number, (made: readonly MadeName[]) => void>();
const steps = new Map<number, () => void>();
let nextId = 1;

/** Turns this thread into a worker for good, with a client that carries its operations out. */
export function work(client: Backend): void {
  backend = client;
  scope.addEventListener("message", ({ data }) => receive(data));
  scope.addEventListener("error", (event) => {
    event.preventDefault();
    fail((event as unknown as ErrorEvent).error);
  });
  scope.addEventListener("unhandledrejection", (event) => {
    event.preventDefault();
    fail((event as unknown as PromiseRejectionEvent).reason);
  });
  Error.stackTraceLimit = STACK_FRAMES;
  // What a scenario prints belongs to the run's log, not to the program's output.
  const scenarioConsole = globalThis.console;
  for (const method of ["log", "info", "warn", "error", "debug"] as const) {
    scenarioConsole[method] = (...values: unknown[]) =>
      send({ kind: "log", message: values.map(consoleText).join(" ") });
  }
  lockDown();
  send({ kind: "ready" });
}

function receive(message: ToWorker): void {
  switch (message.kind) {
    case "load":
      void load(message);
      return;
    case "preflight":
      void look(message.order);
      return;
    case "run":
      void run(message.order);
      return;
    case "stop":
      stopReason = message.reason;
      handle?.stop(message.reason);
      return;
    case "summarize":
      void summarize(message.report);
      return;
    case "met":
      meetings.get(message.id)?.(message.made);
      meetings.delete(message.id);
      return;
    case "go":
      steps.get(message.id)?.();
      steps.delete(message.id);
      return;
    case "authenticated": {
      const waiter = authentications.get(message.id);
      authentications.delete(message.id);
      if ("error" in message.step) waiter?.reject(new Error(message.step.error));
      else waiter?.resolve(message.step);
      return;
    }
    case "blob": {
      const waiter = blobRequests.get(message.id);
      blobRequests.delete(message.id);
      if (message.content instanceof Uint8Array) waiter?.resolve(message.content);
      else waiter?.reject(new Error(message.content.error));
      return;
    }
    case "rows": {
      const waiter = rowRequests.get(message.id);
      rowRequests.delete(message.id);
      if ("error" in message.content) waiter?.reject(new Error(message.content.error));
      else waiter?.resolve(message.content);
      return;
    }
  }
}

async function load(message: Extract<ToWorker, { kind: "load" }>): Promise<void> {
  const stopWatching = watchBlobs(({ path }) => blobs.push(path));
  try {
    const { default: exported } = await evaluateModules(message.files, message.entry, {
      smbench: { ...smbench },
      zod: { ...zod },
    });
    if (!(exported instanceof Definition)) {
      throw new Error(
        "Cannot run this file: its default export is made by neither scenario() nor replay()",
      );
    }
    definition = exported;
    send({
      kind: "loaded",
      description: {
        kind: exported.kind,
        name: exported.name,
        params: paramsOf(exported),
        clients: Object.keys(exported.clients),
        ...exported.kind === "suite"
          ? { parts: Object.entries(exported.parts).map(([name, { load }]) => ({ name, load })) }
          : {},
        ...exported.load === undefined ? {} : { load: exported.load },
        ...exported.handleSummary === undefined ? {} : { summarizes: true },
        ...exported.thresholds === undefined ? {} : { thresholds: exported.thresholds },
      },
    });
  } catch (error) {
    send({ kind: "failed", failure: describeFailure(error) });
  } finally {
    stopWatching();
  }
}

/** The scenario's own report. */
async function summarize(report: unknown): Promise<void> {
  try {
    const result = await definition?.handleSummary?.(report as RunReport);
    const files = typeof result === "string" ? { stdout: result } : { ...result };
    send({ kind: "summarized", files, problem: null });
  } catch (error) {
    send({ kind: "summarized", files: null, problem: describeFailure(error).message });
  }
}

async function look(order: TargetOrder): Promise<void> {
  const failure = await preflight({
    server: order.server,
    share: order.share,
    backend,
    connect: (signal) => connectTcp({ ...order.target, signal }),
    authenticator: authenticator("run", order.user),
  });
  send({ kind: "preflight", failure });
}

async function run(order: RunOrder): Promise<void> {
  let result: { failed: boolean; error: unknown };
  const clock = new PreciseClock();
  const flushing = setInterval(flush, BATCH_MS);
  try {
    const subject = order.workload === null ? definition : workloadDefinition(order.workload);
    if (subject === null) throw new Error("Cannot run: nothing is loaded");
    handle = execute(subject, {
      clock,
      backend,
      dial: () => connectTcp({ ...order.target }),
      authenticator: (credentials, who) => authenticator(credentials, order.user, who),
      random: (length) => crypto.getRandomValues(new Uint8Array(length)),
      blob: readBlob,
      rows: readRows,
      record(record) {
        operations.push(record);
        if (operations.length >= BATCH) flush();
      },
      broke: (record) => void breaks.push(record),
      iterated: (record) => void iterations.push(record),
      failureText,
      checked,
      log: (message) => send({ kind: "log", message }),
      note: (message) => send({ kind: "note", message }),
      violated: (message) => send({ kind: "violation", message }),
      ...order.keylog ? { keyed: logKeys } : {},
      ...order.stepped === true ? { step } : {},
      ...order.together === true ? { meet } : {},
    }, { ...order, blobs });
    if (stopReason !== null) handle.stop(stopReason);
    result = await handle.finished;
  } catch (error) {
    result = { failed: true, error };
  }
  clearInterval(flushing);
  finish(result.failed ? describeFailure(result.error) : strayFailure);
}

/** An error that nobody caught: a rejection that nobody awaits, an exception in a timer. It ends the run. */
function fail(error: unknown): void {
  const failure = describeFailure(error);
  if (handle === null) {
    if (finished) return;
    finished = true;
    send({ kind: "failed", failure });
    return;
  }
  strayFailure ??= failure;
  handle.stop("the scenario failed");
}

function finish(failure: ReturnType<typeof describeFailure> | null): void {
  if (finished) return;
  finished = true;
  flush();
  send({ kind: "finished", failure });
}

function flush(): void {
  const load = handle?.load ?? null;
  const activities = handle?.activities ?? [];
  const creditStalls = handle?.creditStalls ?? 0;
  const news = operations.length + breaks.length + iterations.length + checks.size;
  const activity = JSON.stringify(activities);
  const isNew = news > 0 || creditStalls !== toldStalls || activity !== toldActivity;
  if (!isNew && load === null) return;
  toldStalls = creditStalls;
  toldActivity = activity;
  send({
    kind: "records",
    operations,
    breaks,
    iterations,
    checks: [...checks.values()],
    load,
    activities,
    zero: performance.timeOrigin + (handle?.zero ?? 0),
    creditStalls,
  });
  operations = [];
  breaks = [];
  iterations = [];
  checks.clear();
}

/** Message and line of what ended an iteration. */
function failureText(error: unknown): string {
  const { message, places: [place] } = describeFailure(error);
  return place === undefined ? message : `${placeText(place)}: ${message}`;
}

function checked(name: string, held: boolean, scenario?: string): void {
  const key = JSON.stringify([scenario, name]);
  let counts = checks.get(key);
  if (counts === undefined) {
    const part = scenario === undefined ? {} : { scenario };
    checks.set(key, counts = { ...part, name, passed: 0, failed: 0 });
  }
  if (held) counts.passed++;
  else counts.failed++;
}

/** The host logs in; here are only the tokens and, in the end, the session key. */
function authenticator(
  credentials: Credentials,
  user: string,
  { number, name }: LoginUser = {},
): Authenticator {
  return {
    mechanism: "ntlm",
    user: credentials === "anonymous" ? "" : credentials === "guest" ? "guest" : user,
    start() {
      const exchange = nextId++;
      return {
        step(token) {
          const id = nextId++;
          send({
            kind: "authenticate",
            id,
            exchange,
            credentials,
            user: number ?? null,
            name: name ?? null,
            token,
          });
          return new Promise((resolve, reject) => authentications.set(id, { resolve, reject }));
        },
      };
    },
  };
}

function meet(
  stage: "prepared" | "ended",
  made: readonly MadeName[],
): Promise<readonly MadeName[]> {
  const id = nextId++;
  send({ kind: "meet", id, stage, made });
  return new Promise((resolve) => meetings.set(id, resolve));
}

function step(operation: string): Promise<void> {
  const id = nextId++;
  send({ kind: "step", id, operation });
  return new Promise((resolve) => steps.set(id, resolve));
}

function readBlob(path: string): Promise<Uint8Array> {
  const id = nextId++;
  send({ kind: "blob", id, path });
  return new Promise((resolve, reject) => blobRequests.set(id, { resolve, reject }));
}

function readRows(path: string, offset: number): Promise<RowChunk> {
  const id = nextId++;
  send({ kind: "rows", id, path, offset });
  return new Promise((resolve, reject) => rowRequests.set(id, { resolve, reject }));
}

/** Its parameters; those of all parts of a suite, each name once. */
function paramsOf(definition: Definition): ParamInfo[] {
  const parts = Object.values(definition.parts);
  if (parts.length === 0) return describeParams(definition.params);
  const all = parts.flatMap(({ params }) => describeParams(params));
  return [...new Map(all.map((param) => [param.name, param])).values()];
}

function consoleText(value: unknown): string {
  return typeof value === "string" ? value : Deno.inspect(value, { colors: false });
}

function logKeys(keys: SessionKeyRecord): void {
  const line = keylogLine(keys);
  if (line !== null) send({ kind: "keylog", line });
}
