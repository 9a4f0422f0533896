/** A scenario's definition -> a run. */
import type { LoadRecord } from "../measure/mod.ts";
import { mostUsers } from "../schedule/mod.ts";
import { Commons } from "./commons.ts";
import { capturedPlaces } from "./captured_places.ts";
import { Contents } from "./contents.ts";
import { watchBlobs } from "./data.ts";
import { Footprints } from "./footprints.ts";
import type { RunHost, RunOptions } from "./host.ts";
import { type LoadOverrides, parseLoad } from "./load_options.ts";
import { type LoadPart, LoadRun } from "./load_run.ts";
import { parseParams } from "./params.ts";
import { Provisioner } from "./provision_run.ts";
import type { Definition } from "./scenario.ts";
import { type UserParts, UserScope } from "./user_scope.ts";

/** How a run ended. */
export interface RunResult {
  /** What the scenario threw; null when it came to its end. */
  readonly error: unknown;
  /** Whether there was an error: a scenario may throw anything. */
  readonly failed: boolean;
}

/** A run under way. */
export interface RunHandle {
  /** Resolves when every client has come to its end and is logged off. Never rejects. */
  readonly finished: Promise<RunResult>;
  /** Sends nothing from now on, logs off and finishes. */
  stop(reason: string): void;
  /** Moment of the host's clock from which the records' times count. */
  readonly zero: number;
  /** Requests that had to wait for credits, on connections that have ended. */
  readonly creditStalls: number;
  /** How the load stands; null without one. */
  readonly load: LoadRecord | null;
}

/** How long logging off may take at the end, in milliseconds: alone, and for each user more. */
const CLOSING_MS = 3000;
const CLOSING_PER_USER_MS = 10;

/**
 * Runs a definition.
 *
 * @param definition What the scenario exports.
 * @param host The world outside.
 * @param options How to run, and the parameters' texts.
 * @throws {ParamsError} When a parameter is unknown, missing or of another type.
 */
export function execute(
  definition: Definition,
  host: RunHost,
  options: RunOptions & {
    readonly params: Readonly<Record<string, string>>;
    /** Blobs that the scenario named while it was loaded. */
    readonly blobs: readonly string[];
    /** What the command line says about load. */
    readonly load?: LoadOverrides;
    /** Which part of the load is this worker's; all of it unless given. */
    readonly part?: LoadPart;
  },
): RunHandle {
  const params = parseParams(definition.params, options.params);
  const plan = parseLoad(definition.load, options.load);
  const commons = new Commons({
    clock: host.clock,
    timeline: timelineOptions(options),
    blob: host.blob,
    maxConcurrent: options.maxConcurrent,
    segment: options.part?.segment,
  });
  const parts = { definition, host, options, commons, params };
  if (plan !== null && definition.provision !== null && options.provision?.mode !== "off") {
    host.note("a run with load provisions nothing: run with --provision-only before it");
  }
  if (plan !== null && options.verify === true) {
    host.note("a run with load does not verify what it reads: others may write it");
  }
  const runner = plan === null ? new SingleRun(parts) : new LoadRun(parts, plan, options.part);
  const stopped = Promise.withResolvers<void>();

  const work = async (): Promise<RunResult> => {
    for (const path of options.blobs) void commons.blob(path);
    const stopWatching = watchBlobs(({ path }) => void commons.blob(path));
    try {
      await commons.blobsReady();
      await Promise.race([runner.play(), stopped.promise]);
      return { error: null, failed: false };
    } catch (error) {
      return { error, failed: true };
    } finally {
      stopWatching();
      runner.stop("the run has ended");
    }
  };

  const finished = work().then(async (result) => {
    const users = plan === null ? 0 : mostUsers(plan.shape);
    const limit = CLOSING_MS + users * CLOSING_PER_USER_MS;
    await Promise.race([runner.close(), host.clock.rest(limit)]);
    if (runner instanceof SingleRun) await runner.tidy();
    // Breaks that were never acknowledged are reported when their connection ends: one more turn.
    await host.clock.rest(0);
    return result;
  });
  return {
    finished,
    get zero() {
      return runner.zero;
    },
    get load() {
      return runner instanceof LoadRun
        ? {
          ...runner.state,
          waiting: commons.admission?.waiting ?? 0,
          inFlight: commons.inFlight,
        }
        : null;
    },
    get creditStalls() {
      return commons.creditStalls;
    },
    stop(reason) {
      runner.stop(reason);
      stopped.resolve();
    },
  };
}

/** The scenario once (or as often as `loop` says), by one user. */
class SingleRun {
  /** What the times of all rounds count from. */
  zero = 0;
  readonly #parts: UserParts;
  #scope: UserScope;
  #stopped: string | null = null;
  #provisioner: Provisioner | null;

  constructor(parts: UserParts) {
    this.#parts = parts;
    this.#scope = new UserScope(parts);
    this.#provisioner = this.#newProvisioner();
  }

  async play(): Promise<void> {
    const { loop = 1 } = this.#parts.options;
    for (let round = 0; round < loop && this.#stopped === null; round++) {
      if (round > 0) {
        await this.#scope.close();
        await this.tidy();
        this.#scope = new UserScope(this.#parts);
        this.#provisioner = this.#newProvisioner();
      }
      await this.#provisioner?.prepare();
      if (this.#parts.options.provision?.mode === "only") return;
      this.#scope.run.begin(round === 0 ? undefined : this.zero);
      if (round === 0) this.zero = this.#scope.run.origin;
      await Promise.race([this.#scope.play(), this.#scope.run.refusal]);
    }
  }

  stop(reason: string): void {
    this.#stopped ??= reason;
    this.#scope.run.stop(reason);
    this.#provisioner?.stop();
  }

  close(): Promise<void> {
    return this.#scope.close();
  }

  /** Removes what was provisioned, and what the run made. */
  async tidy(): Promise<void> {
    await this.#provisioner?.cleanUp();
    this.#provisioner = null;
  }

  #newProvisioner(): Provisioner | null {
    const { definition, host, options, commons } = this.#parts;
    commons.contents = options.verify === true ? new Contents() : null;
    const isOff = options.dryRun === true || options.provision?.mode === "off";
    if (definition.provision === null || isOff) return null;
    commons.footprints = new Footprints();
    return new Provisioner({
      host,
      run: options,
      items: definition.provision,
      commons,
      footprints: commons.footprints,
      places: capturedPlaces(this.#scope.run),
    });
  }
}

function timelineOptions(options: RunOptions) {
  const { speed, asap, causal, maxIdle, from, to, dryRun } = options;
  return {
    speed,
    asap,
    ...causal === undefined ? {} : { causal },
    ...maxIdle === undefined ? {} : { maxIdle },
    ...from === undefined ? {} : { from },
    ...to === undefined ? {} : { to },
    ...dryRun === undefined ? {} : { dry: dryRun },
  };
}
