/** `smbench run`: a scenario or workload against a target. */
import { type Authenticator, ntlmAuthenticator } from "../client/mod.ts";
import { type LoadRecord, Measurement, type Summary } from "../measure/mod.ts";
import {
  durationText,
  jsonText,
  plural,
  printable,
  type ReportHead,
  summaryText,
} from "../report/mod.ts";
import {
  placeText,
  type Records,
  type Sandbox,
  type SandboxOptions,
  type ScenarioFailure,
  type TargetOrder,
} from "../sandbox/mod.ts";
import { type Credentials, duration, type ProvisionOptions } from "../script/mod.ts";
import { statusName } from "../wire/mod.ts";
import { type Account, type Accounts, accountsOf, readAccounts } from "./accounts.ts";
import { type Command, CommandError, type Given, UsageError } from "./command.ts";
import { type EmbeddedTarget, startEmbedded } from "./embedded.ts";
import { ExitCode } from "./exit_codes.ts";
import { LOAD_OPTIONS, loadOf, type LoadSettings, readLoadSettings } from "./load.ts";
import { paramsHelp, readSubject, type Subject } from "./subject.ts";
import { readPassword } from "./password.ts";
import { KeyLog } from "./keylog.ts";
import { PROVISION_OPTIONS, provisionOf } from "./provision_options.ts";
import { ProgressLine } from "./progress.ts";
import { parseTarget, parseUser, type Target, targetText } from "./target.ts";
import type { Terminal } from "./terminal.ts";
import { VERSION } from "./version.ts";

/** How long an interrupted run may take to log off and to remove what it made before it is ended, in milliseconds. */
const GRACE_MS = 15_000;

/** Lines of the scenario's log that the JSON report keeps. */
const MAX_LOG = 10_000;

/** Failed iterations that are shown. */
const MAX_FAILURES = 5;

/** Refused operations that are listed. */
const MAX_REFUSED = 20;

/** What carries the operations out. */
const BACKENDS = ["native", "marsaud"] as const;

/** `smbench run`. */
export const runCommand: Command = {
  name: "run",
  operands: [{ name: "scenario.ts|workload.json" }],
  details: [
    "Runs a scenario in a sandbox that reaches the target and nothing else, and says what came of it. Without --target it runs against a server in memory.",
    "With --backend marsaud the npm package @marsaud/smb2 carries the operations out: plain files over 2.0.2 and 2.1, without signing, leases, locks, FSCTLs and compounds. A workload with anything else is refused before the run; a scenario is stopped at the first operation that is, with exit code 2.",
    "The password comes from SMBENCH_PASSWORD, from --password-file, or from a prompt; never from the command line. With a scenario, --help lists its parameters too.",
  ],
  options: [
    { name: "target", short: "t", value: "URL", help: "smb://host[:port]/share[/directory]" },
    { name: "user", short: "U", value: "NAME", help: "user, or DOMAIN\\user" },
    { name: "domain", value: "NAME", help: "domain of the user" },
    { name: "password-file", value: "FILE", help: "file whose first line is the password" },
    { name: "anonymous", help: "log in without user and password" },
    {
      name: "set",
      short: "s",
      value: "NAME=VALUE",
      many: true,
      help: "value of a parameter of the scenario",
    },
    { name: "speed", value: "N", help: "play recorded times N times as fast; 1 unless given" },
    { name: "asap", help: "keep the order of operations, not their times" },
    {
      name: "causal",
      help: "keep think times after the answers before: a faster server shortens the run",
    },
    {
      name: "max-idle",
      value: "TIME",
      help: "longest time without any operation; what follows keeps its distances",
    },
    {
      name: "from",
      value: "TIME",
      help: "recorded second from which on times are kept; what is before just comes first",
    },
    { name: "to", value: "TIME", help: "recorded second after which nothing is sent" },
    ...LOAD_OPTIONS,
    { name: "timeout", value: "TIME", help: "longest wait for a response; 60s unless given" },
    { name: "root", value: "DIR", help: "directory of the share under which a replay's paths lie" },
    {
      name: "map-share",
      value: "OLD=NEW",
      many: true,
      help: "share of the target that stands for a captured one",
    },
    ...PROVISION_OPTIONS,
    { name: "backend", value: "NAME", help: `what carries operations out: ${BACKENDS.join(", ")}` },
    {
      name: "no-preflight",
      help: "do not log in once before the run to see whether the target is there",
    },
    {
      name: "keylog",
      value: "FILE",
      help:
        "append the session keys, as Wireshark's smb2_seskey_list has them: whoever has the file can read the run's encrypted traffic",
    },
    { name: "json", help: "write the report as JSON" },
    { name: "quiet", short: "q", help: "no log, no progress" },
  ],
  examples: [
    "smbench run lease_break.ts",
    "smbench run customer.ts --target smb://lab/share -U LAB\\\\alice --speed 2",
    "smbench run office_mix.ts --set users=20 --json > result.json",
  ],
  help,
  run,
};

async function help(given: Given): Promise<string> {
  const [path] = given.operands;
  return path === undefined ? "" : await paramsHelp(await readSubject(path), path);
}

async function run(given: Given, terminal: Terminal): Promise<ExitCode> {
  const [path = ""] = given.operands;
  const settings = readSettings(given);
  const subject = await readSubject(path);
  if (settings.backend === "marsaud") await refuseWorkload(subject, path);
  for (const warning of subject.warnings) terminal.err(`warning: ${printable(warning)}\n`);
  const named = given.value("target");
  if (named === undefined) {
    await using embedded: EmbeddedTarget = startEmbedded();
    const { target, account } = embedded;
    return await new ScenarioRun({
      given,
      terminal,
      subject,
      path,
      settings,
      target,
      accounts: accountsOf(account),
      embedded: true,
    }).run();
  }
  const target = parseTarget(named);
  const accounts = await readAllAccounts(given, { terminal, target });
  return await new ScenarioRun({
    given,
    terminal,
    subject,
    path,
    settings,
    target,
    accounts,
    embedded: false,
  }).run();
}

/** @throws {UsageError} When the package cannot carry out all of a workload. A scenario's operations are not known yet. */
async function refuseWorkload(subject: Subject, path: string): Promise<void> {
  if (subject.workload === null) return;
  const { unsupportedWorkload } = await import("../client/marsaud/mod.ts");
  const refused = unsupportedWorkload(
    subject.workload.operations.map((operation) =>
      operation.smb2 === undefined
        ? operation
        : { op_id: operation.op_id, kind: `captured ${operation.smb2.kind}` }
    ),
  );
  if (refused.length === 0) return;
  const shown = refused.slice(0, MAX_REFUSED).map(({ op_id: id, kind, reason }) =>
    `  ${printable(id)} ${kind}: ${printable(reason)}`
  );
  const more = refused.length - shown.length;
  throw new UsageError(
    [
      `Cannot run ${path} with --backend marsaud: it cannot carry out`,
      ...shown,
      ...more > 0 ? [`  and ${more} more`] : [],
    ].join("\n"),
    { hint: "run it with the native back end" },
  );
}

interface Settings {
  readonly backend: (typeof BACKENDS)[number];
  readonly speed: number;
  readonly asap: boolean;
  readonly causal: boolean;
  /** Seconds; absent where not given. */
  readonly maxIdle?: number;
  readonly from?: number;
  readonly to?: number;
  readonly timeout: number;
  readonly params: Readonly<Record<string, string>>;
  readonly shares: Readonly<Record<string, string>>;
  readonly provision: ProvisionOptions;
}

function readSettings(given: Given): Settings {
  const speedText = given.value("speed");
  const asap = given.has("asap");
  if (asap && speedText !== undefined) {
    throw new UsageError("Cannot run with --speed and --asap: --asap keeps no times");
  }
  const speed = speedText === undefined ? 1 : Number(speedText);
  if (!Number.isFinite(speed) || speed <= 0) {
    throw new UsageError(`Cannot run with --speed ${speedText}: a positive number is needed`);
  }
  const causal = given.has("causal");
  const maxIdle = secondsOf(given, "max-idle");
  const from = secondsOf(given, "from");
  const to = secondsOf(given, "to");
  for (const [name, used] of [["causal", causal], ["max-idle", maxIdle !== undefined]] as const) {
    if (asap && used) {
      throw new UsageError(`Cannot run with --${name} and --asap: --asap keeps no times`);
    }
  }
  if (to !== undefined && to <= (from ?? 0)) {
    throw new UsageError(`Cannot run from ${from ?? 0} s to ${to} s: the window is empty`);
  }
  return {
    backend: backendOf(given.value("backend")),
    speed,
    asap,
    causal,
    ...maxIdle === undefined ? {} : { maxIdle },
    ...from === undefined ? {} : { from },
    ...to === undefined ? {} : { to },
    timeout: timeoutOf(given.value("timeout")),
    params: pairs(given.values("set"), "set"),
    shares: pairs(given.values("map-share"), "map-share"),
    provision: provisionOf(given),
  };
}

/** @throws {UsageError} When the option's value is no time. */
function secondsOf(given: Given, name: string): number | undefined {
  const text = given.value(name);
  if (text === undefined) return undefined;
  try {
    return duration(text);
  } catch {
    throw new UsageError(`Cannot run with --${name} ${text}: a time such as 1.5s is needed`);
  }
}

function backendOf(name: string = BACKENDS[0]): Settings["backend"] {
  const backend = BACKENDS.find((one) => one === name);
  if (backend === undefined) {
    throw new UsageError(`Cannot run with --backend ${name}: known are ${BACKENDS.join(", ")}`);
  }
  return backend;
}

function timeoutOf(text: string | undefined): number {
  if (text === undefined) return 60;
  const seconds = (() => {
    try {
      return duration(text);
    } catch {
      return 0;
    }
  })();
  if (seconds <= 0) {
    throw new UsageError(`Cannot run with --timeout ${text}: a time such as 30s is needed`);
  }
  return seconds;
}

function pairs(texts: readonly string[], option: string): Record<string, string> {
  return Object.fromEntries(texts.map((text) => {
    const at = text.indexOf("=");
    if (at <= 0) {
      throw new UsageError(`Cannot use --${option} ${JSON.stringify(text)}: NAME=VALUE is needed`);
    }
    return [text.slice(0, at), text.slice(at + 1)];
  }));
}

async function readAllAccounts(
  given: Given,
  about: { readonly terminal: Terminal; readonly target: Target },
): Promise<Accounts> {
  const file = given.value("users-csv");
  if (file === undefined) return accountsOf(await readAccount(given, about));
  for (const other of ["user", "password-file"]) {
    if (given.value(other) !== undefined) {
      throw new UsageError(`Cannot run with --users-csv and --${other}: the file has the accounts`);
    }
  }
  return await readAccounts(file, given.value("domain") ?? "");
}

async function readAccount(
  given: Given,
  about: { readonly terminal: Terminal; readonly target: Target },
): Promise<Account> {
  const named = given.value("user") ?? about.target.user ?? undefined;
  if (given.has("anonymous")) {
    if (named !== undefined) {
      throw new UsageError("Cannot log in as a user and anonymously at once");
    }
    return { user: "", domain: "", password: "" };
  }
  if (named === undefined) {
    throw new UsageError(`Cannot log in to ${targetText(about.target)}: no user is named`, {
      hint: "name one with -U, or log in with --anonymous",
    });
  }
  const { user, domain } = parseUser(named, given.value("domain"));
  const password = await readPassword(about.terminal, { file: given.value("password-file"), user });
  return { user, domain, password };
}

/** One run, from the worker's start to the report. */
class ScenarioRun {
  readonly #given: Given;
  readonly #terminal: Terminal;
  readonly #subject: Subject;
  readonly #path: string;
  readonly #settings: Settings;
  readonly #target: Target;
  readonly #accounts: Accounts;
  readonly #embedded: boolean;
  readonly #measurement = new Measurement({ statusName });
  readonly #notes: string[] = [];
  readonly #log: string[] = [];
  readonly #startedAt = new Date();
  readonly #keylog: KeyLog | null;
  readonly #loadSettings: LoadSettings;
  /** Failed iterations that are shown. */
  readonly #failures: string[] = [];
  /** Users at work, and what waits, by worker. */
  readonly #loads = new Map<number, LoadRecord>();
  #progress: ProgressLine | null = null;
  #interrupted = false;

  constructor(fields: {
    given: Given;
    terminal: Terminal;
    subject: Subject;
    path: string;
    settings: Settings;
    target: Target;
    accounts: Accounts;
    embedded: boolean;
  }) {
    this.#given = fields.given;
    this.#terminal = fields.terminal;
    this.#subject = fields.subject;
    this.#path = fields.path;
    this.#settings = fields.settings;
    this.#target = fields.target;
    this.#accounts = fields.accounts;
    this.#loadSettings = readLoadSettings(fields.given);
    this.#embedded = fields.embedded;
    const keylog = fields.given.value("keylog");
    this.#keylog = keylog === undefined ? null : new KeyLog(keylog);
  }

  async run(): Promise<ExitCode> {
    let pool: Sandbox[] = [];
    const stop = () => pool.forEach((sandbox) => sandbox.stop("the run was interrupted"));
    const terminate = () => pool.forEach((sandbox) => sandbox.terminate());
    let grace: ReturnType<typeof setTimeout> | undefined;
    const stopListening = this.#terminal.onInterrupt(() => {
      if (this.#interrupted) {
        terminate();
        return;
      }
      this.#interrupted = true;
      stop();
      grace = setTimeout(terminate, GRACE_MS);
    });
    try {
      const first = await this.#subject.load(this.#sandboxOptions(0));
      pool = [first];
      const load = loadOf(this.#subject.shape, this.#loadSettings);
      if (!this.#given.has("no-preflight") && !this.#interrupted) await this.#preflight(first);
      const workers = load === null ? 1 : Math.min(this.#loadSettings.workers, load.users);
      for (let index = 1; index < workers; index++) {
        pool.push(await this.#subject.load(this.#sandboxOptions(index)));
      }
      const failure = this.#interrupted ? null : await this.#execute(pool, load);
      return this.#report(failure);
    } finally {
      stopListening();
      clearTimeout(grace);
      terminate();
      this.#keylog?.close();
    }
  }

  #sandboxOptions(index: number): SandboxOptions {
    return {
      backend: this.#settings.backend,
      target: this.#target,
      authenticator: (credentials, user) => this.#authenticator(credentials, user),
      records: (records) => this.#record(records, index),
      log: (message) => this.#logged(message),
      note: (message) => this.#noted(message),
      keylog: (line) => {
        const problem = this.#keylog?.write(line) ?? null;
        if (problem !== null) this.#noted(problem);
      },
    };
  }

  #record(records: Records, index: number): void {
    for (const record of records.operations) this.#measurement.add(record);
    for (const record of records.breaks) this.#measurement.addBreak(record);
    for (const record of records.checks) this.#measurement.addCheck(record);
    for (const record of records.iterations) {
      this.#measurement.addIteration(record);
      const { failure } = record;
      if (failure !== null && this.#failures.length < MAX_FAILURES) {
        this.#failures.push(failure);
        this.#write(
          `${printable(record.user)}, iteration ${record.iteration}: ${printable(failure)}\n`,
        );
      }
    }
    if (records.load !== null) this.#loads.set(index, records.load);
  }

  async #preflight(sandbox: Sandbox): Promise<void> {
    const failure = await sandbox.preflight(this.#where());
    if (failure === null) return;
    const where = targetText(this.#target);
    const name = this.#accounts.of(null).user;
    const user = name === "" ? "anonymously" : `as ${name}`;
    const what = {
      connect: `Cannot reach ${where}`,
      negotiate: `Cannot speak SMB with ${where}`,
      login: `Cannot log in to ${where} ${user}`,
      share: `Cannot connect to share ${JSON.stringify(this.#target.share)} of ${where}`,
    }[failure.stage];
    const refused = !failure.lost && (failure.stage === "login" || failure.stage === "share");
    const code = failure.unsupported
      ? ExitCode.USAGE
      : refused
      ? ExitCode.REFUSED
      : ExitCode.UNREACHABLE;
    throw new CommandError(code, `${what}: ${printable(failure.reason)}`);
  }

  #where(): TargetOrder {
    const { hostname, port, share } = this.#target;
    return {
      target: { hostname, port },
      server: hostname,
      share,
      user: this.#accounts.of(null).user,
    };
  }

  /** Runs in all workers at once. @returns What failed first, if anything did. */
  async #execute(
    pool: readonly Sandbox[],
    load: ReturnType<typeof loadOf>,
  ): Promise<ScenarioFailure | null> {
    const { backend: _, ...settings } = this.#settings;
    using progress = new ProgressLine(
      this.#given.has("quiet") ? { ...this.#terminal, interactive: false } : this.#terminal,
      () => this.#progressText(),
    );
    this.#progress = progress;
    const names = load === null ? [] : this.#accounts.names(load.users);
    const { overrides, isolate, sharedRatio, maxConcurrent } = this.#loadSettings;
    try {
      const failures = await Promise.all(pool.map((sandbox, index) =>
        sandbox.run({
          ...this.#where(),
          root: this.#given.value("root") ?? this.#target.root,
          ...settings,
          workload: this.#subject.workload,
          keylog: this.#keylog !== null,
          ...load === null ? {} : {
            load: overrides,
            part: { segment: { index, of: pool.length }, names, isolate },
            sharedRatio,
          },
          ...maxConcurrent === undefined
            ? {}
            : { maxConcurrent: Math.max(1, Math.floor(maxConcurrent / pool.length)) },
        })
      ));
      return failures.find((failure) => failure !== null) ?? null;
    } catch (error) {
      if (this.#interrupted) return null;
      throw error;
    } finally {
      this.#progress = null;
    }
  }

  #progressText(): string {
    const { operations, divergences } = this.#measurement.progress;
    const elapsed = durationText(Date.now() - this.#startedAt.getTime());
    const users = [...this.#loads.values()].reduce((sum, load) => sum + load.users, 0);
    const load = this.#loads.size === 0 ? "" : `${plural(users, "user")}, `;
    return `${elapsed}  ${load}${plural(operations, "operation")}, ${divergences} different`;
  }

  /** The password goes no further than here. */
  #authenticator(credentials: Credentials, number: number | null): Authenticator {
    const { user, domain, password } = this.#accounts.of(number);
    switch (credentials) {
      case "run":
        return ntlmAuthenticator({ user, domain, password });
      case "anonymous":
        return ntlmAuthenticator({ user: "", domain: "", password: "" });
      case "guest":
        return ntlmAuthenticator({ user: "guest", domain: "", password: "" });
      case "wrong":
        return ntlmAuthenticator({ user, domain, password: crypto.randomUUID() });
    }
  }

  #logged(message: string): void {
    if (this.#log.length < MAX_LOG) this.#log.push(message);
    if (!this.#given.has("quiet")) {
      this.#write(message.split("\n").map((line) => `${printable(line)}\n`).join(""));
    }
  }

  #noted(message: string): void {
    this.#notes.push(message);
    this.#write(`note: ${printable(message)}\n`);
  }

  #write(text: string): void {
    if (this.#progress === null) this.#terminal.err(text);
    else this.#progress.above(text);
  }

  #report(failure: ScenarioFailure | null): ExitCode {
    for (const { dropped } of this.#loads.values()) this.#measurement.addDropped(dropped);
    const summary = this.#measurement.summary();
    const { code, verdict } = this.#verdict(failure, summary);
    const place = failure?.places[0] ?? null;
    const scenario = {
      file: this.#path,
      name: this.#subject.name,
      kind: this.#subject.kind,
    };
    const target = this.#embedded ? "server in memory" : targetText(this.#target);
    if (this.#given.has("json")) {
      this.#terminal.out(jsonText({
        smbench: VERSION,
        scenario,
        target,
        startedAt: this.#startedAt.toISOString(),
        outcome: verdict,
        exitCode: code,
        failure: failure === null ? null : { message: failure.message, place },
        notes: this.#notes,
        log: this.#log,
        summary,
      }));
    } else {
      const head: ReportHead = {
        scenario: scenario.name,
        kind: scenario.kind,
        target,
        verdict,
        ok: code === ExitCode.OK,
      };
      this.#terminal.out(
        summaryText(summary, head, { color: this.#terminal.colors, width: this.#terminal.columns }),
      );
    }
    return code;
  }

  #verdict(
    failure: ScenarioFailure | null,
    summary: Summary,
  ): { code: ExitCode; verdict: string } {
    if (failure !== null) {
      const place = failure.places[0];
      // The message of an expectation has the two values below each other.
      const message = failure.message.split("\n").map(printable).join("\n");
      const where = place === undefined
        ? this.#path
        : placeText({ ...place, file: this.#subject.shownPath(place.file) });
      if (failure.kind === "params") throw new UsageError(message);
      if (failure.kind === "provision") return { code: ExitCode.USAGE, verdict: message };
      if (failure.kind === "refused") return { code: ExitCode.REFUSED, verdict: message };
      if (failure.kind === "unsupported") {
        return { code: ExitCode.USAGE, verdict: `${printable(where)}: ${message}` };
      }
      return { code: ExitCode.SCENARIO_FAILED, verdict: `${printable(where)}: ${message}` };
    }
    if (this.#interrupted) return { code: ExitCode.INTERRUPTED, verdict: "Interrupted" };
    const { divergenceCount: divergences, iterations } = summary;
    if (iterations !== null && iterations.failed > 0) {
      return {
        code: ExitCode.SCENARIO_FAILED,
        verdict: `${iterations.failed} of ${plural(iterations.count, "iteration")} failed`,
      };
    }
    if (divergences > 0) {
      return {
        code: ExitCode.DIVERGED,
        verdict: `Finished with ${plural(divergences, "difference")} from what was recorded`,
      };
    }
    const failed = summary.checks.reduce((sum, check) => sum + check.failed, 0);
    if (failed > 0) {
      return { code: ExitCode.OK, verdict: `Finished; ${plural(failed, "check")} did not hold` };
    }
    return { code: ExitCode.OK, verdict: "Passed" };
  }
}
