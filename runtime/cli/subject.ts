/** What a run runs: a scenario's files, or a workload. */
import {
  placeText,
  readScenario,
  Sandbox,
  type SandboxOptions,
  ScenarioError,
} from "../sandbox/mod.ts";
import { type ParamInfo, parseWorkload, type Workload, WorkloadError } from "../script/mod.ts";
import { printable } from "../report/mod.ts";
import { columns, CommandError } from "./command.ts";
import { ExitCode } from "./exit_codes.ts";

/** A file that was read and checked, ready to be loaded into a worker. */
export interface Subject {
  readonly name: string;
  readonly kind: "scenario" | "replay" | "suite" | "workload";
  /** The workload's JSON; null for a scenario. */
  readonly workload: Workload | null;
  readonly warnings: readonly string[];
  /** Starts a worker with it. */
  load(options: SandboxOptions): Promise<Sandbox>;
  /** Its own `load` and `thresholds`, once loaded; undefined without them. */
  readonly shape: unknown;
  /** `load` of each part of a suite; null where it is none. */
  readonly shapes: readonly unknown[] | null;
  readonly thresholds: unknown;
  /** Whether it writes a report of its own. */
  readonly summarizes: boolean;
  /** Its parameters, once loaded. */
  readonly params: readonly ParamInfo[];
  /** A path within the scenario's folder, as the user would name it. */
  shownPath(file: string): string;
}

/** Largest workload file. */
const MAX_WORKLOAD_BYTES = 256 * 2 ** 20;

/** Problems of a workload that are listed. */
const MAX_SHOWN = 20;

/**
 * Reads and checks a scenario or workload.
 *
 * @throws {CommandError} When it is missing or does not pass its checks.
 */
export async function readSubject(path: string): Promise<Subject> {
  return /\.json$/i.test(path) ? await workloadSubject(path) : await scenarioSubject(path);
}

async function scenarioSubject(path: string): Promise<Subject> {
  const source = await asCommandError(path, () => readScenario(path));
  const prefix = path.endsWith(source.entry)
    ? path.slice(0, path.length - source.entry.length)
    : "";
  const subject = {
    name: path,
    kind: "scenario" as Subject["kind"],
    workload: null,
    warnings: [],
    shape: undefined as unknown,
    shapes: null as readonly unknown[] | null,
    thresholds: undefined as unknown,
    summarizes: false,
    params: [] as readonly ParamInfo[],
    shownPath: (file: string) => `${prefix}${file}`,
    async load(options: SandboxOptions): Promise<Sandbox> {
      const { sandbox, description } = await asCommandError(
        path,
        () => Sandbox.load(source, options),
        (file) => `${prefix}${file}`,
      );
      subject.name = description.name;
      subject.kind = description.kind;
      subject.params = description.params;
      subject.shape = description.load;
      subject.shapes = description.parts?.map(({ load }) => load) ?? null;
      subject.thresholds = description.thresholds;
      subject.summarizes = description.summarizes === true;
      return sandbox;
    },
  };
  return subject;
}

async function workloadSubject(path: string): Promise<Subject> {
  let json: unknown;
  let folder: string;
  try {
    const { size } = await Deno.stat(path);
    if (size > MAX_WORKLOAD_BYTES) {
      throw new RangeError(
        `Too large: it has ${size} bytes of at most ${MAX_WORKLOAD_BYTES}; rows have no limit`,
      );
    }
    json = JSON.parse(await Deno.readTextFile(path));
    folder = (await Deno.realPath(path)).replace(/[\\/][^\\/]*$/, "");
  } catch (cause) {
    const reason = cause instanceof Deno.errors.NotFound
      ? "it does not exist"
      : cause instanceof SyntaxError
      ? `it is no JSON: ${cause.message}`
      : (cause as Error).message;
    throw new CommandError(ExitCode.BAD_INPUT, `Cannot read ${path}: ${printable(reason)}`, {
      cause,
    });
  }
  const checked = checkedWorkload(path, json);
  const missing = await missingBlobs(folder, checked.blobs);
  if (missing.length > 0) throw workloadProblems(path, missing);
  return {
    name: path,
    kind: "workload",
    workload: checked.workload,
    warnings: checked.warnings,
    shape: undefined,
    shapes: null,
    thresholds: undefined,
    summarizes: false,
    params: [],
    shownPath: (file) => file,
    load: (options) => Sandbox.empty(folder, options),
  };
}

function checkedWorkload(path: string, json: unknown) {
  try {
    return parseWorkload(json);
  } catch (cause) {
    if (!(cause instanceof WorkloadError)) throw cause;
    throw workloadProblems(path, cause.problems, cause);
  }
}

/** Everything that is wrong with a workload, as one error. */
export function workloadProblems(
  path: string,
  problems: readonly string[],
  cause?: Error,
): CommandError {
  const shown = problems.slice(0, MAX_SHOWN).map((problem) => `  ${printable(problem)}`);
  const more = problems.length - shown.length;
  return new CommandError(
    ExitCode.BAD_INPUT,
    [`Cannot run ${path}:`, ...shown, ...(more > 0 ? [`  and ${more} more`] : [])].join("\n"),
    { cause },
  );
}

/** A problem for each blob that is not there, with the operation that needs it first. */
export async function missingBlobs(
  folder: string,
  blobs: ReadonlyMap<string, string>,
): Promise<string[]> {
  const missing: string[] = [];
  for (const [blob, operation] of blobs) {
    try {
      await Deno.stat(`${folder}/${blob}`);
    } catch {
      missing.push(`operation ${operation}: blob ${blob} is missing`);
    }
  }
  return missing;
}

async function asCommandError<T>(
  path: string,
  work: () => Promise<T>,
  shown: (file: string) => string = (file) => file,
): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (!(cause instanceof ScenarioError)) throw cause;
    const { place } = cause;
    const where = place === null ? path : placeText({ ...place, file: shown(place.file) });
    const message = cause.message.includes(path) && place === null
      ? cause.message
      : `${where}: ${cause.message}`;
    throw new CommandError(ExitCode.BAD_INPUT, message, { cause });
  }
}

/** Port that no scenario's top level gets to: loading for `--help` and `check` runs nothing. */
const NOWHERE = { hostname: "127.0.0.1", port: 9 };

/** Loads a subject only to see what it says about itself. */
export async function describeSubject(subject: Subject): Promise<Subject> {
  const sandbox = await subject.load({
    target: NOWHERE,
    authenticator: () => {
      throw new Error("Cannot log in: the scenario is only being looked at");
    },
    records: () => {},
    log: () => {},
    note: () => {},
  });
  sandbox.terminate();
  return subject;
}

/** The parameters of a scenario, for `--help`. */
export async function paramsHelp(subject: Subject, path: string): Promise<string> {
  const { params, name } = await describeSubject(subject);
  if (params.length === 0) return `${path} (${name}) has no parameters.\n`;
  const rows = params.map((param) =>
    [
      `--set ${param.name}=...`,
      [
        param.type,
        ...param.description === undefined ? [] : [param.description],
        param.required ? "required" : `${param.default ?? "nothing"} unless given`,
      ].join("; "),
    ] as const
  );
  return `Parameters of ${path} (${name})\n${columns(rows).join("\n")}\n`;
}
