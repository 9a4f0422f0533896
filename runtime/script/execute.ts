/** A scenario's definition -> a run. */
import type { ActivityRecord, LoadRecord } from "../measure/mod.ts";
import { Commons } from "./commons.ts";
import { Contents } from "./contents.ts";
import { withNamed } from "./named_params.ts";
import { Footprints } from "./footprints.ts";
import { GroupProvision, madeNames } from "./group_provision.ts";
import { watchBlobs } from "./data.ts";
import type { RunHost, RunOptions } from "./host.ts";
import { LoadError, type LoadOverrides, parseLoad } from "./load_options.ts";
import { type LoadPart, LoadRun } from "./load_run.ts";
import { paramsOfSuite, parseParams } from "./params.ts";
import type { Runner } from "./runner.ts";
import type { Definition } from "./scenario.ts";
import { SingleRun } from "./single_run.ts";
import { SuiteRun } from "./suite_run.ts";

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
  /** What goes on, for each scenario. */
  readonly activities: readonly ActivityRecord[];
}

/** How long logging off may take at the end, in milliseconds: alone, and for each user more. */
const CLOSING_MS = 3000;
const CLOSING_PER_USER_MS = 10;

/** Operations of a worker whose lines are kept under load: keeping one costs as much as a third of an operation. */
const LINES_UNDER_LOAD = 1000;

/** How to run a definition: the parameters' texts, and what is to be done of it. */
export type ExecuteOptions = RunOptions & {
  readonly params: Readonly<Record<string, string>>;
  /** Blobs that the scenario named while it was loaded. */
  readonly blobs: readonly string[];
  /** What the command line says about load. */
  readonly load?: LoadOverrides;
  /** Which part of the load is this worker's; all of it unless given. */
  readonly part?: LoadPart;
};

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
  options: ExecuteOptions,
): RunHandle {
  const isLoad = definition.kind === "suite" || parseLoad(definition.load, options.load) !== null;
  const commons = new Commons({
    ...isLoad ? { sites: LINES_UNDER_LOAD } : {},
    clock: host.clock,
    timeline: timelineOptions(options),
    blob: host.blob,
    stuck: (dump) => host.violated?.(dump),
    maxConcurrent: options.maxConcurrent,
    segment: options.part?.segment,
  });
  const runner = definition.kind === "suite"
    ? suiteRunner(definition, host, { ...options, commons })
    : runnerOf(definition, host, {
      ...options,
      commons,
      values: valuesOf(definition, options),
    });
  const group = isLoad ? groupOf(definition, host, { ...options, commons }) : null;
  const stopped = Promise.withResolvers<void>();
  let isStopped = false;
  /** Whether the workers wait for each other at the end. */
  let isBegun = false;

  const work = async (): Promise<RunResult> => {
    for (const path of options.blobs) void commons.blob(path);
    const stopWatching = watchBlobs(({ path }) => void commons.blob(path));
    try {
      await commons.blobsReady();
      if (group !== null) {
        await group.provision?.prepare();
        isBegun = true;
        await Promise.race([host.meet?.("prepared", []), stopped.promise]);
        if (options.provision?.mode === "only") return { error: null, failed: false };
      }
      if (!isStopped) await Promise.race([runner.play(), stopped.promise]);
      return { error: null, failed: false };
    } catch (error) {
      return { error, failed: true };
    } finally {
      stopWatching();
      runner.stop("the run has ended");
    }
  };

  const finished = work().then(async (result) => {
    const limit = CLOSING_MS + runner.users * CLOSING_PER_USER_MS;
    await Promise.race([runner.close(), host.clock.rest(limit)]);
    await runner.tidy();
    if (group !== null) {
      const made = madeNames(group.footprints, host);
      const all = isBegun ? await host.meet?.("ended", made) ?? [] : [];
      await group.provision?.tidy(all);
    }
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
      const { load } = runner;
      if (load === null) return null;
      return {
        ...load,
        waiting: commons.admission?.waiting ?? 0,
        inFlight: commons.activities.inFlight,
      };
    },
    get activities() {
      return [...commons.activities.all].map(([scenario, activity]) => ({
        ...scenario === undefined ? {} : { scenario },
        ...activity,
      }));
    },
    get creditStalls() {
      return commons.creditStalls;
    },
    stop(reason) {
      isStopped = true;
      group?.provision?.stop();
      runner.stop(reason);
      stopped.resolve();
    },
  };
}

function runnerOf(
  definition: Definition,
  host: RunHost,
  options: ExecuteOptions & {
    readonly commons: Commons;
    readonly values: Record<string, unknown>;
    /** Part of a suite. */
    readonly scenario?: string;
  },
): Runner {
  const { commons, values: params, scenario } = options;
  const own = withNamed(options, definition, params);
  const parts = { definition, host, options: own, commons, params, scenario };
  const plan = parseLoad(definition.load, options.load);
  return plan === null ? new SingleRun(parts) : new LoadRun(parts, plan, options.part);
}

/** What a run of many is provisioned with; null where nothing is. The first worker does it for all. */
function groupOf(
  definition: Definition,
  host: RunHost,
  options: ExecuteOptions & { readonly commons: Commons },
): { readonly footprints: Footprints; readonly provision: GroupProvision | null } | null {
  const { commons, part } = options;
  commons.contents = options.verify === true ? new Contents() : null;
  const scenarios =
    (definition.kind === "suite"
      ? Object.entries(definition.parts).map(([name, part]) => ({
        name,
        definition: part,
        values: valuesOf(definition, options)[name] as Record<string, unknown>,
        plan: parseLoad(part.load),
      }))
      : [{
        name: undefined,
        definition,
        values: valuesOf(definition, options),
        plan: parseLoad(definition.load, options.load),
      }])
      .filter((one) => one.definition.provision !== null);
  const isOff = options.dryRun === true || options.provision?.mode === "off";
  if (scenarios.length === 0 || isOff) return null;
  const footprints = commons.footprints = new Footprints();
  const isFirst = (part?.segment.index ?? 0) === 0;
  return {
    footprints,
    provision: isFirst
      ? new GroupProvision({ host, options, commons, scenarios, footprints })
      : null,
  };
}

/** The values of its parameters; in a suite those of each part, by its name. */
function valuesOf(
  { kind, params, parts }: Definition,
  options: ExecuteOptions,
): Record<string, unknown> {
  return kind === "suite"
    ? paramsOfSuite(
      Object.entries(parts).map(([name, part]) => [name, part.params] as const),
      options.params,
    )
    : parseParams(params, options.params);
}

/** The parts of a suite; those without load are the first worker's. */
function suiteRunner(
  definition: Definition,
  host: RunHost,
  options: ExecuteOptions & { readonly commons: Commons },
): Runner {
  if (Object.keys(options.load ?? {}).length > 0) {
    throw new LoadError("Cannot put load on a suite: its scenarios have their own");
  }
  const values = valuesOf(definition, options);
  const isFirst = (options.part?.segment.index ?? 0) === 0;
  const runners = Object.entries(definition.parts).flatMap(([name, part]) => {
    if (part.load === undefined && !isFirst) return [];
    const own: RunHost = {
      ...host,
      record: (record) => host.record({ ...record, scenario: name }),
      broke: (record) => host.broke({ ...record, scenario: name }),
      iterated: (record) => host.iterated?.({ ...record, scenario: name }),
      checked: (check, held) => host.checked?.(check, held, name),
    };
    return runnerOf(part, own, {
      ...options,
      values: values[name] as Record<string, unknown>,
      scenario: name,
    });
  });
  return new SuiteRun(runners, host.clock);
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
