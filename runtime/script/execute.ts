/** A scenario's definition -> a run. */
import type { Client, ParamsSchema, ReplayParams, ScenarioContext, UserOptions } from "./api.ts";
import { loginUser, ScriptClient } from "./client.ts";
import { ClientState } from "./client_state.ts";
import { Commons } from "./commons.ts";
import { watchBlobs } from "./data.ts";
import { ScriptError } from "./errors.ts";
import type { RunHost, RunOptions } from "./host.ts";
import { parseParams } from "./params.ts";
import { WindowEnd } from "../schedule/mod.ts";
import { Run } from "./run.ts";
import type { Definition } from "./scenario.ts";
import { duration } from "./units.ts";
import { sharePath } from "./names.ts";

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
}

/** How long logging off may take at the end, in milliseconds. */
const CLOSING_MS = 3000;

type ReplayFunction = (client: Client, params: ReplayParams<undefined>) => Promise<void> | void;

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
  },
): RunHandle {
  const params = parseParams(definition.params, options.params);
  const commons = new Commons({ clock: host.clock, blob: host.blob });
  const run = new Run(host, { ...options, commons, strict: definition.kind === "scenario" });
  const states = new Map<string, ClientState>();
  const stopped = Promise.withResolvers<void>();

  const work = async (): Promise<RunResult> => {
    for (const path of options.blobs) void commons.blob(path);
    const stopWatching = watchBlobs(({ path }) => void commons.blob(path));
    try {
      await commons.blobsReady();
      run.begin();
      const main = definition.kind === "scenario"
        ? scenarioRun(definition, run, { states, params })
        : replayRun(definition, run, { states, params });
      await Promise.race([main, stopped.promise, run.refusal]);
      return { error: null, failed: false };
    } catch (error) {
      return { error, failed: true };
    } finally {
      stopWatching();
      run.stop("the run has ended");
    }
  };

  const finished = work().then(async (result) => {
    const closing = Promise.allSettled([...states.values()].map((state) => state.close()));
    await Promise.race([closing, host.clock.rest(CLOSING_MS)]);
    // Breaks that were never acknowledged are reported when their connection ends: one more turn.
    await host.clock.rest(0);
    return result;
  });
  return {
    finished,
    stop(reason) {
      run.stop(reason);
      stopped.resolve();
    },
  };
}

async function scenarioRun(definition: Definition, run: Run, shared: {
  states: Map<string, ClientState>;
  params: Record<string, unknown>;
}): Promise<void> {
  const { states, params } = shared;
  const context: ScenarioContext<ParamsSchema> = {
    params,
    async client(name: string, options: UserOptions = {}) {
      if (typeof name !== "string" || name === "") {
        throw new ScriptError("Cannot make a client: it has no name");
      }
      if (states.has(name)) {
        throw new ScriptError(`Cannot make client "${name}": there is one already`);
      }
      const state = new ClientState(run, name);
      state.breaks.policy = definition.onBreak;
      state.breaks.policy = definition.onBreak;
      states.set(name, state);
      return await loginUser(state, options);
    },
    log: (message) => run.host.log(String(message)),
    sleep: (length) =>
      run.host.clock.until(run.host.clock.now() + run.timeline.pause(duration(length))),
  };
  await definition.body?.(context);
}

async function replayRun(definition: Definition, run: Run, shared: {
  states: Map<string, ClientState>;
  params: Record<string, unknown>;
}): Promise<void> {
  const { states, params } = shared;
  const replayParams = {
    ...params,
    share: (captured: string) => mappedShare(run, captured),
    path: (captured: string) => {
      const path = sharePath(captured);
      return run.options.root === ""
        ? path
        : path === ""
        ? run.options.root
        : `${run.options.root}\\${path}`;
    },
  } as ReplayParams<undefined>;
  const names = Object.keys(definition.functions);
  run.clientsStart(names.length);
  await Promise.all(names.map(async (name) => {
    const state = new ClientState(run, name);
    state.breaks.policy = definition.onBreak;
    states.set(name, state);
    state.pace = run.pacing.join();
    try {
      await (definition.functions[name] as ReplayFunction)(new ScriptClient(state), replayParams);
    } catch (error) {
      if (!(error instanceof WindowEnd)) throw error;
    } finally {
      state.pace.end();
      run.clientEnds();
    }
  }));
}

/** Disk shares become the target's share; pipes have one name everywhere. */
function mappedShare(run: Run, captured: string): string {
  const name = captured.split("\\").findLast((part) => part !== "") ?? captured;
  for (const [from, to] of Object.entries(run.options.shares)) {
    if (from.toLowerCase() === name.toLowerCase()) return to;
  }
  return name.toUpperCase() === "IPC$" ? "IPC$" : run.options.share;
}
