/** One run, from the workers' start to the report. */
import { type Authenticator, type Backend, ntlmAuthenticator } from "../client/mod.ts";
import {
  type ActivityRecord,
  type LoadRecord,
  Measurement,
  type OperationRecord,
  type Summary,
  type Thresholds,
} from "../measure/mod.ts";
import {
  type JsonReport,
  jsonText,
  plural,
  printable,
  type ReportHead,
  summaryText,
} from "../report/mod.ts";
import {
  type Records,
  type Sandbox,
  type SandboxOptions,
  ScenarioError,
  type ScenarioFailure,
  type TargetOrder,
} from "../sandbox/mod.ts";
import type { Credentials, LoginUser, NameMapping, ProvisionOptions } from "../script/mod.ts";
import { statusName } from "../wire/mod.ts";
import type { Accounts } from "./accounts.ts";
import { Barrier } from "./barrier.ts";
import { CommandError, type Given, UsageError } from "./command.ts";
import { ExitCode } from "./exit_codes.ts";
import { makeFolder, writeWhole } from "./files.ts";
import { Generator } from "./generator.ts";
import { KeyLog } from "./keylog.ts";
import { liveBlock, liveLines, type LiveState } from "./live.ts";
import { loadOf, type LoadSettings, readLoadSettings } from "./load.ts";
import { Outputs, type Standing } from "./outputs.ts";
import { ProgressLine } from "./progress.ts";
import { Silence } from "./silence.ts";
import type { Subject } from "./subject.ts";
import { type Target, targetText } from "./target.ts";
import type { Terminal } from "./terminal.ts";
import { failureVerdict, verdictOf } from "./verdict.ts";
import { takeBatch, thresholdsOf } from "./thresholds.ts";
import { VERSION } from "./version.ts";

/** How long an interrupted run may take to log off and to remove what it made before it is ended, in milliseconds. */
const GRACE_MS = 15_000;

/** Lines of the scenario's log that the JSON report keeps. */
const MAX_LOG = 10_000;

/** Failed iterations that are shown. */
const MAX_FAILURES = 5;

/** How often outputs and thresholds are looked after, in milliseconds. */
const TICK_MS = 1000;

/** How often the state of a load is told where there is no terminal, in milliseconds. */
const TOLD_MS = 10_000;

/** Failures in one worker that end the run of all. */
const ENDING: ReadonlySet<ScenarioFailure["kind"]> = new Set(["aborted", "provision", "refused"]);

/** How to run, from the command line. */
export interface Settings {
  readonly backend: Backend["name"];
  readonly speed: number;
  readonly asap: boolean;
  readonly causal: boolean;
  /** Seconds; absent where not given. */
  readonly maxIdle?: number;
  readonly from?: number;
  readonly to?: number;
  readonly loop?: number;
  readonly dryRun?: boolean;
  readonly outsideRoot?: boolean;
  readonly timeout: number;
  readonly params: Readonly<Record<string, string>>;
  readonly shares: Readonly<Record<string, string>>;
  readonly paths: NameMapping["paths"];
  readonly provision: ProvisionOptions;
  readonly verify: boolean;
}

/** Names of files that a scenario may write: none leads out of its folder, or means a device. */
const FILE_NAME = /^(?!(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$))[a-z0-9_][\w.-]{0,100}$/i;

/** A scenario's text, without what a terminal would obey. */
function shown(text: string): string {
  return text.split("\n").map(printable).join("\n");
}

/** What a run is made of. */
export interface RunParts {
  readonly given: Given;
  readonly terminal: Terminal;
  readonly subject: Subject;
  readonly path: string;
  readonly settings: Settings;
  readonly target: Target;
  readonly accounts: Accounts;
  /** Whether the target is the server in memory. */
  readonly embedded: boolean;
}

/** One run. */
export class ScenarioRun {
  readonly #parts: RunParts;
  readonly #measurement = new Measurement({ statusName });
  readonly #notes: string[] = [];
  readonly #log: string[] = [];
  readonly #startedAt = new Date();
  readonly #keylog: KeyLog | null;
  readonly #loadSettings: LoadSettings;
  readonly #outputs: Outputs;
  readonly #generator = new Generator();
  #thresholds: Thresholds | null = null;
  /** Failed iterations that are shown. */
  readonly #failures: string[] = [];
  /** Users at work, and what waits, by worker. */
  readonly #loads = new Map<number, LoadRecord>();
  /** What goes on in each scenario, by worker. */
  readonly #activities = new Map<number, readonly ActivityRecord[]>();
  /** Requests that waited for credits, by worker. */
  readonly #stalls = new Map<number, number>();
  /** What did not hold that must hold in every run. */
  readonly #violations: string[] = [];
  /** Why workers ended that should not have, by number. */
  readonly #deaths = new Map<number, string>();
  /** Operations of a dry run. */
  readonly #listed: OperationRecord[] = [];
  readonly #silence = new Silence();
  #pool: Sandbox[] = [];
  #barrier = new Barrier([]);
  /** The question before: one at a time. */
  #asking: Promise<void> = Promise.resolve();
  #stepping = true;
  #progress: ProgressLine | null = null;
  #interrupted = false;
  /** The threshold that ended the run. */
  #abortion: string | null = null;

  constructor(parts: RunParts) {
    this.#parts = parts;
    const { given } = parts;
    this.#loadSettings = readLoadSettings(given);
    const reaction = given.value("on-invariant") ?? "log";
    if (reaction !== "log" && reaction !== "fail") {
      throw new UsageError(`Cannot run with --on-invariant ${reaction}: known are log and fail`);
    }
    this.#outputs = new Outputs(given);
    const keylog = given.value("keylog");
    this.#keylog = keylog === undefined ? null : new KeyLog(keylog);
  }

  async run(): Promise<ExitCode> {
    const { given, subject, terminal } = this.#parts;
    const stop = (reason: string) => this.#pool.forEach((sandbox) => sandbox.stop(reason));
    const terminate = () => this.#pool.forEach((sandbox) => sandbox.terminate());
    let grace: ReturnType<typeof setTimeout> | undefined;
    let ticking: ReturnType<typeof setInterval> | undefined;
    const stopListening = terminal.onInterrupt(() => {
      if (this.#interrupted) {
        terminate();
        return;
      }
      this.#interrupted = true;
      this.#write("interrupted: users log off; once more ends the run at once\n");
      stop("the run was interrupted");
      grace = setTimeout(terminate, GRACE_MS);
    });
    try {
      const first = await subject.load(this.#sandboxOptions(0));
      this.#pool = [first];
      const load = loadOf(subject, this.#loadSettings);
      if (load !== null && this.#parts.settings.loop !== undefined) {
        throw new UsageError("Cannot run with --loop under load", {
          hint: "say how often with --iterations",
        });
      }
      const thresholds = thresholdsOf(subject.thresholds, given);
      this.#thresholds = thresholds;
      if (given.has("dry-run")) return await this.#dryRun(first, load);
      if (!given.has("no-preflight") && !this.#interrupted) await this.#preflight(first);
      const workers = load === null ? 1 : this.#workers(load.users);
      for (let index = 1; index < workers; index++) {
        this.#pool.push(await subject.load(this.#sandboxOptions(index)));
      }
      let told = Date.now();
      ticking = setInterval(() => {
        this.#outputs.tick(() => this.#standing());
        const broken = thresholds.abortion(this.#measurement.progress.duration / 1000);
        if (broken !== null && this.#abortion === null) {
          this.#abortion = `${broken.metric} ${broken.expression}`;
          stop(`threshold ${this.#abortion} does not hold`);
          grace = setTimeout(terminate, GRACE_MS);
        }
        if (load !== null) this.#endSilent();
        if (load === null || terminal.interactive || given.has("quiet")) return;
        if (Date.now() - told < TOLD_MS) return;
        told = Date.now();
        terminal.err(liveLines(this.#live()).map((line) => `${line}\n`).join(""));
      }, TICK_MS);
      const failure = this.#interrupted ? null : await this.#execute(this.#pool, load);
      return await this.#report(failure);
    } finally {
      stopListening();
      clearInterval(ticking);
      clearTimeout(grace);
      terminate();
      this.#keylog?.close();
    }
  }

  /** How many threads the users are spread over. */
  #workers(users: number): number {
    const { workers } = this.#loadSettings;
    if (!this.#parts.settings.verify) return Math.min(workers, users);
    if (workers > 1 && users > 1) {
      this.#noted(
        "with --verify all users are in one thread: each read is compared with all writes",
      );
    }
    return 1;
  }

  #sandboxOptions(index: number): SandboxOptions {
    const { settings, target } = this.#parts;
    return {
      backend: settings.backend,
      target,
      authenticator: (credentials, who) => this.#authenticator(credentials, who),
      records: (records) => this.#record(records, index),
      log: (message) => this.#logged(message),
      note: (message) => this.#noted(message),
      violated: (message) => this.#violated(message),
      meet: (stage, made) => this.#barrier.meet(index, stage, made),
      step: (operation) => this.#step(operation),
      keylog: (line) => {
        const problem = this.#keylog?.write(line) ?? null;
        if (problem !== null) this.#noted(problem);
      },
    };
  }

  #record(records: Records, index: number): void {
    if (this.#parts.settings.dryRun === true) {
      for (const record of records.operations) this.#listed.push(record);
      return;
    }
    this.#silence.heard(index);
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
    if (records.load !== null) {
      const before = this.#loads.get(index)?.dropped ?? 0;
      const dropped = records.load.dropped - before;
      this.#measurement.addDropped(dropped);
      this.#loads.set(index, records.load);
    }
    this.#takeDropped(this.#activities.get(index) ?? [], records.activities);
    this.#activities.set(index, records.activities);
    this.#measurement.addCreditStalls(records.creditStalls - (this.#stalls.get(index) ?? 0));
    this.#stalls.set(index, records.creditStalls);
    this.#outputs.records(records);
    if (this.#thresholds !== null) takeBatch(this.#thresholds, records);
  }

  #takeDropped(before: readonly ActivityRecord[], now: readonly ActivityRecord[]): void {
    for (const { scenario, dropped } of now) {
      const known = before.find((one) => one.scenario === scenario)?.dropped ?? 0;
      const tags = scenario === undefined ? {} : { scenario };
      for (let i = known; i < dropped; i++) {
        this.#thresholds?.take("dropped_iterations", 1, tags);
      }
    }
  }

  async #preflight(sandbox: Sandbox): Promise<void> {
    const failure = await sandbox.preflight(this.#where());
    if (failure === null) return;
    const { accounts, target } = this.#parts;
    const where = targetText(target);
    const name = accounts.of(null).user;
    const user = name === "" ? "anonymously" : `as ${name}`;
    const what = {
      connect: `Cannot reach ${where}`,
      negotiate: `Cannot speak SMB with ${where}`,
      login: `Cannot log in to ${where} ${user}`,
      share: `Cannot connect to share ${JSON.stringify(target.share)} of ${where}`,
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
    const { accounts, target: { hostname, port, share } } = this.#parts;
    return { target: { hostname, port }, server: hostname, share, user: accounts.of(null).user };
  }

  /** Runs in all workers at once. @returns What failed first, if anything did. */
  async #execute(
    pool: readonly Sandbox[],
    load: ReturnType<typeof loadOf>,
  ): Promise<ScenarioFailure | null> {
    const { given, terminal, settings: { backend: _, ...settings }, target, accounts, subject } =
      this.#parts;
    using progress = new ProgressLine(
      given.has("quiet") ? { ...terminal, interactive: false } : terminal,
      () => liveBlock(this.#live(), terminal).join("\n"),
    );
    this.#progress = progress;
    this.#barrier = new Barrier(pool.keys());
    const names = load === null ? [] : accounts.names(load.users);
    const { overrides, isolate, sharedRatio, maxConcurrent } = this.#loadSettings;
    const runs = await Promise.all(pool.map((sandbox, index) =>
      sandbox.run({
        ...this.#where(),
        root: given.value("root") ?? target.root,
        ...settings,
        workload: subject.workload,
        keylog: this.#keylog !== null,
        stepped: given.has("step"),
        together: pool.length > 1,
        ...given.value("oplog") === undefined ? {} : { parameters: true },
        ...load === null ? {} : {
          load: overrides,
          part: { segment: { index, of: pool.length }, names, isolate },
          sharedRatio,
        },
        ...maxConcurrent === undefined
          ? {}
          : { maxConcurrent: Math.max(1, Math.floor(maxConcurrent / pool.length)) },
      }).then((failure) => {
        if (failure !== null && ENDING.has(failure.kind)) {
          for (const other of pool) if (other !== sandbox) other.stop("the run has ended");
        }
        return failure;
      }).finally(() => {
        this.#silence.ended(index);
        this.#barrier.leave(index);
      }).catch((error: unknown) => {
        // The others go on: what they find is worth having.
        if (!(error instanceof ScenarioError)) throw error;
        if (this.#interrupted) return null;
        this.#deaths.set(index, error.message);
        if (pool.length > 1) {
          this.#noted(`worker ${index + 1} of ${pool.length}: ${error.message}`);
        }
        return null;
      })
    ));
    this.#progress = null;
    return runs.find((failure) => failure !== null && ENDING.has(failure.kind)) ??
      runs.find((failure) => failure !== null) ?? null;
  }

  /** A worker that is held up holds up the run: what it would still find is not to be had. */
  #endSilent(): void {
    for (const index of this.#silence.look()) {
      this.#noted(
        `worker ${
          index + 1
        } of ${this.#pool.length} does not answer: its script does not let go of the processor`,
      );
      this.#pool[index]?.terminate();
    }
  }

  #live(): LiveState {
    return {
      milliseconds: Date.now() - this.#startedAt.getTime(),
      progress: this.#measurement.progress,
      loads: [...this.#loads.values()],
      activities: [...this.#activities.values()].flat(),
    };
  }

  /** The password goes no further than here. */
  #authenticator(credentials: Credentials, { number, name }: LoginUser): Authenticator {
    const { user, domain, password } = this.#parts.accounts.of(number ?? null, name);
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

  /** Asks before each operation: Enter sends it, `c` this one and all others, `q` ends the run. */
  async #step(operation: string): Promise<void> {
    const before = this.#asking;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#asking = promise;
    await before;
    if (!this.#stepping) {
      resolve();
      return;
    }
    const answer = await this.#parts.terminal.ask(`${printable(operation)}  [Enter, c, q] `);
    if (answer === null || answer.trim() === "c") this.#stepping = false;
    if (answer?.trim() === "q") {
      this.#stepping = false;
      this.#interrupted = true;
      this.#pool.forEach((sandbox) => sandbox.stop("the run was ended"));
    }
    resolve();
  }

  /** Lists what would be sent. */
  async #dryRun(sandbox: Sandbox, load: ReturnType<typeof loadOf>): Promise<ExitCode> {
    const { terminal, subject, settings: { backend: _, ...settings }, target, given } = this.#parts;
    if (load !== null) {
      const length = load.seconds === Infinity ? "once each" : `for at most ${load.seconds} s`;
      terminal.out(`${printable(subject.name)}: ${plural(load.users, "user")}, ${length}\n`);
    }
    if (subject.kind === "scenario" || subject.kind === "suite") {
      terminal.out(
        `${printable(subject.name)} passes its checks; what it sends depends on the answers\n`,
      );
      return ExitCode.OK;
    }
    const failure = await sandbox.run({
      ...this.#where(),
      root: given.value("root") ?? target.root,
      ...settings,
      provision: { ...settings.provision, mode: "off" },
      workload: subject.workload,
      keylog: false,
    });
    const records = this.#listed.sort((one, other) =>
      (one.due ?? 0) - (other.due ?? 0) || one.id - other.id
    );
    for (const { due, client, label, command, path } of records) {
      const time = due === null ? "-" : (due / 1000).toFixed(6);
      const line = [
        time.padStart(14),
        printable(client),
        label === null ? "" : `#${label}`,
        command,
      ]
        .filter((part) => part !== "").join("  ");
      terminal.out(`${line}${path === "" ? "" : `  ${printable(path)}`}\n`);
    }
    return failure === null ? ExitCode.OK : failureVerdict(failure, this.#parts).code;
  }

  #logged(message: string): void {
    if (this.#log.length < MAX_LOG) this.#log.push(message);
    if (!this.#parts.given.has("quiet")) {
      this.#write(message.split("\n").map((line) => `${printable(line)}\n`).join(""));
    }
  }

  #violated(message: string): void {
    this.#violations.push(message);
    // Files left open are told at the end; what is stuck is of use now.
    if (!message.includes("\n")) return;
    this.#write(`${message.split("\n").map(printable).join("\n")}\n`);
  }

  #noted(message: string): void {
    this.#notes.push(message);
    this.#write(`note: ${printable(message)}\n`);
  }

  #write(text: string): void {
    if (this.#progress === null) this.#parts.terminal.err(text);
    else this.#progress.above(text);
  }

  #standing(summary: Summary = this.#measurement.summary()): Standing {
    const { subject, embedded, target } = this.#parts;
    const loads = [...this.#loads.values()];
    return {
      summary,
      users: loads.length === 0 ? null : loads.reduce((sum, { users }) => sum + users, 0),
      thresholds: this.#thresholds?.results(summary.duration / 1000) ?? [],
      startedAt: this.#startedAt,
      scenario: subject.name,
      target: embedded ? "server in memory" : targetText(target),
    };
  }

  async #report(failure: ScenarioFailure | null): Promise<ExitCode> {
    const { given, terminal, subject, path } = this.#parts;
    const summary = this.#measurement.summary();
    const standing = this.#standing(summary);
    const bottleneck = standing.users === null ? null : this.#generator.bottleneck(summary);
    if (bottleneck !== null) this.#noted(bottleneck);
    let { code, verdict } = verdictOf({
      failure,
      interrupted: this.#interrupted,
      abortion: this.#abortion,
      deaths: [...this.#deaths.values()],
      workers: this.#pool.length,
      violations: given.value("on-invariant") === "fail" ? this.#violations : [],
      thresholds: standing.thresholds,
      summary,
    }, this.#parts);
    const place = failure?.places[0] ?? null;
    const scenario = { file: path, name: subject.name, kind: subject.kind };
    const report = (): Omit<JsonReport, "version"> => ({
      smbench: VERSION,
      scenario,
      target: standing.target,
      startedAt: this.#startedAt.toISOString(),
      outcome: verdict,
      exitCode: code,
      failure: failure === null ? null : { message: failure.message, place },
      notes: this.#notes,
      log: this.#log,
      thresholds: standing.thresholds,
      violations: this.#violations,
      summary,
    });
    for (const problem of await this.#outputs.finish(standing, report())) {
      this.#noted(problem);
      if (code !== ExitCode.OK) continue;
      code = ExitCode.OUTPUT_FAILED;
      verdict = `${verdict}, but ${problem}`;
    }
    if (given.has("json")) {
      terminal.out(jsonText(report()));
      return code;
    }
    if (await this.#ownReport(report())) return code;
    const head: ReportHead = {
      scenario: scenario.name,
      kind: scenario.kind,
      target: standing.target,
      verdict,
      ok: code === ExitCode.OK,
      thresholds: standing.thresholds,
      violations: this.#violations,
    };
    terminal.out(
      summaryText(summary, head, { color: terminal.colors, width: terminal.columns }),
    );
    return code;
  }

  /** Has the scenario report. @returns Whether it did, in place of the usual report. */
  async #ownReport(report: Omit<JsonReport, "version">): Promise<boolean> {
    const { subject, given, terminal } = this.#parts;
    const first = this.#pool.find((_, index) => !this.#deaths.has(index));
    if (!subject.summarizes || first === undefined) return false;
    let files: Readonly<Record<string, string>>;
    try {
      files = await first.summarize({ version: 1, ...report });
    } catch (error) {
      if (!(error instanceof ScenarioError)) throw error;
      this.#noted(error.message);
      return false;
    }
    const folder = given.value("summary-dir");
    for (const [name, text] of Object.entries(files)) {
      if (name === "stdout" || name === "stderr") continue;
      if (folder === undefined) {
        this.#noted(
          `handleSummary's file ${
            JSON.stringify(name)
          } was not written: say where with --summary-dir`,
        );
      } else if (!FILE_NAME.test(name)) {
        this.#noted(
          `handleSummary's file ${JSON.stringify(name)} was not written: that is no file name`,
        );
      } else {
        await makeFolder(folder);
        await writeWhole(`${folder}/${name}`, text);
      }
    }
    if (files.stderr !== undefined) terminal.err(shown(files.stderr));
    if (files.stdout === undefined) return false;
    terminal.out(shown(files.stdout));
    return true;
  }
}
