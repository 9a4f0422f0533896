/** The host's side: starts the worker, answers what it may ask, and ends it. */
import type { AuthenticationExchange, Authenticator, Backend } from "../client/mod.ts";
import type { Credentials, LoginUser, MadeName } from "../script/mod.ts";
import { readBlob } from "./blobs.ts";
import { readRows } from "./rows.ts";
import { ScenarioError } from "./errors.ts";
import {
  parseToHost,
  type PreflightFailure,
  type RunOrder,
  type ScenarioDescription,
  type ScenarioFailure,
  type TargetOrder,
  type ToHost,
  type ToWorker,
} from "./messages.ts";
import type { ScenarioSource } from "./source.ts";

/** What a worker may reach, and who hears from it. */
export interface SandboxOptions {
  /** What carries operations out; `native` unless told. */
  readonly backend?: Backend["name"];
  readonly target: { readonly hostname: string; readonly port: number };
  /** Proves who the user is. Its secrets stay here. */
  authenticator(credentials: Credentials, who: LoginUser): Authenticator;
  records(records: Records): void;
  log(message: string): void;
  note(message: string): void;
  /** What must hold in every run does not: a file left open, an operation that is stuck. */
  violated?(message: string): void;
  /** The worker waits for the others. */
  meet?(stage: "prepared" | "ended", made: readonly MadeName[]): Promise<readonly MadeName[]>;
  /** An operation waits: resolves when it may be sent. Only where the run was ordered to wait. */
  step?(operation: string): Promise<void>;
  /** Lines of a log of session keys, where the run was ordered to give them. */
  keylog?(line: string): void;
}

/** What a worker tells of its operations. */
export type Records = Omit<Extract<ToHost, { kind: "records" }>, "kind">;

/** How long loading may take: the scenario's top level runs in it. */
const LOAD_MS = 60_000;

/** How long a scenario may take for its own report. */
const SUMMARY_MS = 10_000;

/** Exchanges of authentication that a worker may have under way. */
const MAX_EXCHANGES = 10_000;

/** A worker with one scenario in it. End it with `terminate()`, or `using`. */
export class Sandbox implements Disposable {
  readonly #options: SandboxOptions;
  readonly #worker: Worker;
  /** Where blobs lie; null when there are none. */
  readonly #folder: string | null;
  readonly #exchanges = new Map<number, AuthenticationExchange>();
  #expect: ((message: ToHost) => void) | null = null;
  #broken: ((reason: string) => void) | null = null;
  #terminated = false;

  private constructor(options: SandboxOptions, folder: string | null) {
    this.#options = options;
    this.#folder = folder;
    const { hostname, port } = options.target;
    const host = hostname.includes(":") ? `[${hostname}]` : hostname;
    const program = options.backend === "marsaud"
      ? new URL("./marsaud_worker.ts", import.meta.url)
      : new URL("./worker.ts", import.meta.url);
    this.#worker = new Worker(program, {
      type: "module",
      name: "scenario",
      deno: {
        permissions: {
          net: [`${host}:${port}`],
          read: false,
          write: false,
          env: false,
          run: false,
          sys: false,
          ffi: false,
          import: false,
        },
      },
    });
    this.#worker.addEventListener("message", (event) => this.#receive(event.data));
    this.#worker.addEventListener("error", (event) => {
      event.preventDefault();
      this.#broken?.(`the worker ended: ${event.message}`);
    });
    this.#worker.addEventListener("messageerror", () => {
      this.#broken?.("the worker sent what cannot be read");
    });
  }

  /**
   * Starts a worker and loads the scenario in it.
   *
   * @throws {ScenarioError} When the scenario's top level fails, or exports no scenario.
   */
  static async load(
    source: ScenarioSource,
    options: SandboxOptions,
  ): Promise<{ sandbox: Sandbox; description: ScenarioDescription }> {
    const sandbox = new Sandbox(options, source.folder);
    try {
      await sandbox.#next(["ready"]);
      const answer = sandbox.#next(["loaded", "failed"]);
      sandbox.#send({ kind: "load", files: source.files, entry: source.entry });
      const message = await answer;
      if (message.kind === "loaded") return { sandbox, description: message.description };
      if (message.kind !== "failed") throw new ScenarioError("Cannot load: the worker is confused");
      const { failure } = message;
      throw new ScenarioError(failure.message, { place: failure.places[0] ?? null });
    } catch (error) {
      sandbox.terminate();
      throw error;
    }
  }

  /** Starts a worker for a static workload; `folder` is where its blobs lie. */
  static async empty(folder: string | null, options: SandboxOptions): Promise<Sandbox> {
    const sandbox = new Sandbox(options, folder);
    try {
      await sandbox.#next(["ready"]);
      return sandbox;
    } catch (error) {
      sandbox.terminate();
      throw error;
    }
  }

  /** Connects and logs in once, before a run. @returns Why that is not possible; null when it is. */
  async preflight(order: TargetOrder): Promise<PreflightFailure | null> {
    const answer = this.#next(["preflight"]);
    this.#send({ kind: "preflight", order });
    const message = await answer;
    return message.kind === "preflight" ? message.failure : null;
  }

  /** Runs to the end. @returns What went wrong in the scenario; null when nothing did. */
  async run(order: RunOrder): Promise<ScenarioFailure | null> {
    const answer = this.#next(["finished", "failed"], null);
    this.#send({ kind: "run", order });
    const message = await answer;
    return message.kind === "finished" || message.kind === "failed" ? message.failure : null;
  }

  /**
   * Has the scenario write its own report.
   *
   * @throws {ScenarioError} When it fails to, or takes too long.
   */
  async summarize(report: unknown): Promise<Readonly<Record<string, string>>> {
    const answer = this.#next(["summarized"], SUMMARY_MS);
    this.#send({ kind: "summarize", report });
    const message = await answer;
    if (message.kind === "summarized" && message.files !== null) return message.files;
    const problem = message.kind === "summarized" ? message.problem : null;
    throw new ScenarioError(`Cannot use handleSummary: ${problem ?? "it gave nothing"}`);
  }

  /** Asks the run to log off and end; `run` then returns. */
  stop(reason: string): void {
    this.#send({ kind: "stop", reason });
  }

  /** Ends the worker at once. */
  terminate(): void {
    if (this.#terminated) return;
    this.#terminated = true;
    this.#worker.terminate();
    this.#broken?.("the run was ended");
  }

  [Symbol.dispose](): void {
    this.terminate();
  }

  #send(message: ToWorker): void {
    if (!this.#terminated) this.#worker.postMessage(message);
  }

  /** The next message of one of the kinds. */
  #next(kinds: readonly ToHost["kind"][], limit: number | null = LOAD_MS): Promise<ToHost> {
    const { promise, resolve, reject } = Promise.withResolvers<ToHost>();
    const timer = limit === null ? null : setTimeout(() => {
      reject(
        new ScenarioError(
          limit === SUMMARY_MS
            ? `Cannot use handleSummary: it did not end within ${limit / 1000} s`
            : `Cannot load the scenario: its top level did not end within ${limit / 1000} s`,
        ),
      );
    }, limit);
    this.#expect = (message) => {
      if (kinds.includes(message.kind)) resolve(message);
    };
    this.#broken = (reason) => reject(new ScenarioError(`Cannot go on: ${reason}`));
    return promise.finally(() => {
      if (timer !== null) clearTimeout(timer);
      this.#expect = null;
      this.#broken = null;
    });
  }

  #receive(data: unknown): void {
    if (this.#terminated) return;
    const message = parseToHost(data);
    switch (message?.kind) {
      case undefined:
        this.#options.note("the worker sent a message of no known form; it was ignored");
        return;
      case "records":
        this.#options.records(message);
        return;
      case "log":
        this.#options.log(message.message);
        return;
      case "note":
        this.#options.note(message.message);
        return;
      case "violation":
        this.#options.violated?.(message.message);
        return;
      case "meet": {
        const { id, stage } = message;
        void this.#options.meet?.(stage, message.made).then((made) =>
          this.#send({ kind: "met", id, made })
        );
        return;
      }
      case "step": {
        const { id } = message;
        void this.#options.step?.(message.operation).then(() => this.#send({ kind: "go", id }));
        return;
      }
      case "keylog":
        this.#options.keylog?.(message.line);
        return;
      case "authenticate":
        void this.#authenticate(message);
        return;
      case "blob":
        void this.#blob(message);
        return;
      case "rows":
        void this.#rows(message);
        return;
      default:
        this.#expect?.(message as ToHost);
    }
  }

  async #authenticate(request: Extract<ToHost, { kind: "authenticate" }>): Promise<void> {
    const { id, exchange, credentials, token } = request;
    try {
      let running = this.#exchanges.get(exchange);
      if (running === undefined) {
        if (this.#exchanges.size >= MAX_EXCHANGES) {
          throw new Error("Cannot log in: too many logins at once");
        }
        const who = { number: request.user ?? undefined, name: request.name ?? undefined };
        running = this.#options.authenticator(credentials, who).start();
        this.#exchanges.set(exchange, running);
      }
      const step = await running.step(token);
      if (step.done) this.#exchanges.delete(exchange);
      this.#send({
        kind: "authenticated",
        id,
        step: { token: step.token, done: step.done, sessionKey: step.sessionKey },
      });
    } catch (error) {
      this.#exchanges.delete(exchange);
      const text = error instanceof Error ? error.message : String(error);
      this.#send({ kind: "authenticated", id, step: { error: text } });
    }
  }

  async #rows(request: Extract<ToHost, { kind: "rows" }>): Promise<void> {
    const { id, path, offset } = request;
    try {
      if (this.#folder === null) {
        throw new Error(`Cannot read rows ${JSON.stringify(path)}: there are none`);
      }
      this.#send({ kind: "rows", id, content: await readRows(this.#folder, path, offset) });
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      this.#send({ kind: "rows", id, content: { error: text } });
    }
  }

  async #blob(request: Extract<ToHost, { kind: "blob" }>): Promise<void> {
    const { id, path } = request;
    try {
      if (this.#folder === null) {
        throw new Error(`Cannot read blob ${JSON.stringify(path)}: there are none`);
      }
      this.#send({ kind: "blob", id, content: await readBlob(this.#folder, path) });
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      this.#send({ kind: "blob", id, content: { error: text } });
    }
  }
}
