/** `compile`: the whole pipeline from capture to scenario, visible in one function. */
import {
  type CaptureInput,
  type CaptureNote,
  type DecodeAs,
  noteText,
  openScratch,
  withPlaces,
} from "./capture/mod.ts";
import { withCausality } from "./causality.ts";
import type { CoverageReport } from "./coverage.ts";
import { Decryption, type DecryptionKeys } from "./decryption.ts";
import { ROWS_OF_PIECE, workloadJson } from "./emit/json.ts";
import { type ProvisionLevel, type ProvisionText, provisionText } from "./emit/provision.ts";
import { provisionJson } from "./emit/provision_json.ts";
import {
  ROWS_AT_ONCE,
  rowsPath,
  rowsScript,
  RowSurvey,
  RowWriter,
  writeRows,
} from "./emit/rows.ts";
import { emitScenario, type Emitted } from "./emit/typescript.ts";
import type { FoldLevel } from "./fold.ts";
import { type Built, PlanBuilder } from "./operations.ts";
import { blocksOf, type Payload, type PayloadSink, planPayloads, sha256 } from "./payload.ts";
import { OperationStore } from "./operation_store.ts";
import { pass, type PassOptions } from "./passes.ts";
import type { Plan, PlanOperation } from "./plan.ts";
import { planOf, type PlanSource } from "./plan_source.ts";
import { PreStateInference } from "./prestate.ts";
import { type Progress, readCapture, type ReadResult } from "./read_capture.ts";
import { RecentMap } from "./recent_map.ts";
import { Turns, type Work } from "./turns.ts";

/** How a capture is compiled. */
export interface CompileOptions extends PassOptions {
  /** Name of the capture for the script; the input's own name unless given. */
  readonly name?: string;
  /** Version of smbench for the script's first line. */
  readonly version: string;
  /**
   * Receives the data of each write and read once, under its SHA-256; the script then refers to `blobPath(sha256)`.
   * Without it the script has synthetic data of the same lengths, equal where the captured data was equal.
   */
  readonly blobs?: {
    readonly save: (sha256: string, data: Uint8Array) => void;
    readonly path: (sha256: string) => string;
  };
  /** What becomes loops and functions; everything that repeats unless given. */
  readonly fold?: FoldLevel;
  /** Which of the files that were there before the scenario provides; all that the capture tells of unless given. */
  readonly provision?: ProvisionLevel;
  /** Folder beside the scenario for what is too long to stand in it; everything stands in it unless given. */
  readonly dataFolder?: string;
  /** Takes workload JSON (UTF-8) in pieces, which is then written in place of a script. */
  readonly json?: (piece: Uint8Array) => void;
  /**
   * Takes the operations as rows, lines of a file for each client in `dataFolder`, when there are more than `above`; the
   * script then plays these files. Lines of a file come in order, in pieces that hold until the call is over.
   */
  readonly rows?: {
    readonly above: number;
    readonly write: (path: string, lines: Uint8Array) => void;
  };
  /** What is known of encrypted sessions. */
  readonly keys?: DecryptionKeys;
  /** What cannot be told from the capture. */
  readonly decodeAs?: DecodeAs;
  /** How far reading is. */
  readonly progress?: (progress: Progress) => void;
  /** How far the work is that follows. */
  readonly work?: (work: Work) => void;
  /** Folder for the temporary file of a large capture; the system's unless given. */
  readonly temporaryFolder?: string;
  readonly signal?: AbortSignal;
}

/** What compiling gives. */
export interface Compiled {
  /** TypeScript text of the scenario; empty where workload JSON was written. */
  readonly script: string;
  /** Files beside it, which it imports. */
  readonly modules: readonly { readonly path: string; readonly text: string }[];
  /** Without operations where these went into rows or JSON: there may be too many for the memory. */
  readonly plan: Plan;
  /** Number of operations. */
  readonly count: number;
  /** How much of the capture the plan has. */
  readonly coverage: CoverageReport;
  /** Everything of the capture that the script does not have; `loss` marks what may have been SMB traffic. */
  readonly notes: readonly CaptureNote[];
  readonly packets: number;
  /** SMB2 exchanges in the capture. */
  readonly exchanges: number;
}

/**
 * Compiles a capture into a scenario.
 *
 * @throws {CaptureError} When the input is missing, unreadable, or no capture; never because of what a capture contains.
 */
export async function compile(
  input: CaptureInput,
  options: CompileOptions,
): Promise<Compiled> {
  using store = new OperationStore({ scratch: () => openScratch(options.temporaryFolder) });
  const { built, result } = await readPlan(input, store, options);
  const passed = await pass(built.plan, options, {
    names: result.files.map(({ name }) => name),
    turns: new Turns(built.plan.count, options),
  });
  const turns = new Turns(passed.source.count, options);
  const read = [...result.notes, ...built.notes];
  const notesWith = (more: readonly CaptureNote[]) => [
    ...withPlaces([...read, ...more], result.files).map(passed.note),
    ...passed.notes,
  ];
  const { plan, emitted, preState, notes } = await emit(passed.source, options, {
    notesWith,
    turns,
  });
  const { packets, exchanges } = result;
  const modules = preState.module === null || options.dataFolder === undefined ? emitted.modules : [
    ...emitted.modules,
    { path: `${options.dataFolder}/provision.ts`, text: preState.module },
  ];
  return {
    script: emitted.script,
    modules,
    plan,
    count: passed.source.count,
    notes,
    coverage: built.coverage,
    packets,
    exchanges,
  };
}

/** Reads the capture; what that took to remember is forgotten before anything is written. */
async function readPlan(
  input: CaptureInput,
  store: OperationStore,
  options: CompileOptions,
): Promise<{ built: Built; result: ReadResult }> {
  let builder: PlanBuilder | undefined;
  const result = await readCapture(input, (state) => builder = new PlanBuilder(state, store), {
    payloads: options.blobs === undefined ? planPayloads : savingPayloads(options.blobs.save),
    unwrapper: new Decryption(options.keys ?? {}),
    ...(options.decodeAs === undefined ? {} : { decodeAs: options.decodeAs }),
    ...(options.progress === undefined ? {} : { progress: options.progress }),
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  });
  return { built: builder!.finish(options.name ?? nameOf(input)), result };
}

/** Whether the operations go into rows: there are too many to be read as a script. */
function isLarge({ count }: PlanSource, { rows, dataFolder }: CompileOptions): boolean {
  return rows !== undefined && dataFolder !== undefined && count > rows.above;
}

/** Files of before that a large capture's scenario makes: their number bounds the memory, too. */
const MOST_PROVISIONED = 20_000;

/** What rows tell that only the whole plan knows: one pass, where what was read does not tell that there is nothing. */
async function surveyOf(source: PlanSource, turns: Turns): Promise<RowSurvey> {
  const survey = new RowSurvey(source);
  const { unanswered = null } = source;
  if (unanswered !== null) {
    survey.knows(unanswered);
    return survey;
  }
  for (const operation of source.operations()) {
    survey.see(operation);
    if (turns.isNext("looking through")) await turns.take();
  }
  return survey;
}

/** Writes the plan in the form that is asked for; what was there before is known once all operations were seen. */
async function emit(
  passed: PlanSource,
  options: CompileOptions,
  about: {
    readonly notesWith: (more: readonly CaptureNote[]) => readonly CaptureNote[];
    readonly turns: Turns;
  },
): Promise<{
  readonly plan: Plan;
  readonly emitted: Emitted;
  readonly preState: ProvisionText;
  readonly notes: readonly CaptureNote[];
}> {
  const { version, blobs, rows, dataFolder, json } = options;
  const { turns } = about;
  const isSmall = json === undefined && !isLarge(passed, options);
  const before = new Before(options, isSmall ? {} : { maxEntries: MOST_PROVISIONED });
  const inputs = blobs === undefined ? undefined : savingPayloads(blobs.save);
  const kept = blobs === undefined ? {} : {
    blobs: {
      path: blobs.path,
      save: (bytes: Uint8Array) => inputs?.take("write", bytes).sha256 ?? "",
    },
  };
  if (isSmall) {
    const plan = planOf(withCausality(passed));
    for (const operation of plan.operations) before.see?.(operation);
    const { text, notes } = before.finish();
    const all = about.notesWith(notes);
    const emitted = emitScenario(plan, {
      version,
      notes: all,
      provision: text,
      ...(options.fold === undefined ? {} : { fold: options.fold }),
      ...(dataFolder === undefined ? {} : { dataFolder }),
      ...(blobs === undefined ? {} : { blobPath: blobs.path }),
    });
    return { plan, emitted, preState: text, notes: all };
  }
  const survey = await surveyOf(passed, turns);
  const source = withCausality(passed, before.see);
  const plan: Plan = {
    version: 1,
    source: source.source,
    clients: source.clients,
    operations: [],
  };
  if (json !== undefined) {
    const pieces = workloadJson(source, survey, {
      version,
      ...kept,
      last: () => {
        const { json, notes } = before.finish();
        const lost = about.notesWith(notes).filter(({ loss }) => loss).map(noteText);
        return { ...json, ...lost.length === 0 ? {} : { notes: lost } };
      },
      scratch: () => openScratch(options.temporaryFolder),
    });
    for (const piece of pieces) {
      if (piece.length > 0) json(piece);
      if (turns.isNext("writing", ROWS_OF_PIECE)) await turns.take();
    }
    const { text, notes } = before.finish();
    const emitted = { script: "", modules: [] };
    return { plan, emitted, preState: text, notes: about.notesWith(notes) };
  }
  const folder = dataFolder!;
  const writer = new RowWriter(source, survey, kept);
  const written = writeRows(writer, (client, lines) => {
    rows!.write(rowsPath(folder, client), lines);
  });
  for (const _ of written) if (turns.isNext("writing", ROWS_AT_ONCE)) await turns.take();
  const { text, notes } = before.finish();
  const all = about.notesWith(notes);
  const script = rowsScript(source, { version, folder, notes: all, provision: text });
  return { plan, emitted: { script, modules: [] }, preState: text, notes: all };
}

/** What the shares held before, as the scenario has it. */
class Before {
  readonly #options: CompileOptions;
  readonly #inference: PreStateInference | null;
  #finished: Provided | null = null;
  /** Takes the next operation; nothing where none is wanted. */
  readonly see: ((operation: PlanOperation) => void) | undefined;

  constructor(options: CompileOptions, limits: ConstructorParameters<typeof PreStateInference>[0]) {
    this.#options = options;
    const inference = options.provision === "none" ? null : new PreStateInference(limits);
    this.#inference = inference;
    if (inference !== null) this.see = (operation) => inference.see(operation);
  }

  /** All of it, once all operations were seen. */
  finish(): Provided {
    return this.#finished ??= this.#provided();
  }

  #provided(): Provided {
    const { provision: level = "full", dataFolder, blobs, json } = this.#options;
    const preState = this.#inference?.finish() ?? { shares: [], notes: [] };
    const blobPath = blobs?.path;
    const text = provisionText(preState, {
      level,
      ...(dataFolder === undefined ? {} : { module: `./${dataFolder}/provision.ts` }),
      ...(blobPath === undefined ? {} : { blobPath }),
    });
    return {
      text,
      json: json === undefined ? undefined : provisionJson(preState, { level, blobPath }),
      notes: preState.notes,
    };
  }
}

interface Provided {
  readonly text: ProvisionText;
  /** As workload JSON has it, where that is written. */
  readonly json: ReturnType<typeof provisionJson> | undefined;
  readonly notes: readonly CaptureNote[];
}

/** Contents that are remembered to have been saved; others are saved again, which changes nothing. */
const SAVED_KEPT = 65_536;

/** Hands each distinct content on once, as a rule. */
function savingPayloads(save: (sha256: string, data: Uint8Array) => void): PayloadSink {
  const saved = new RecentMap<string, true>(SAVED_KEPT);
  return {
    take(kind: "read" | "write", data: Uint8Array): Payload {
      const hash = sha256(data);
      if (saved.get(hash) === undefined) {
        saved.set(hash, true);
        save(hash, data);
      }
      const blocks = kind === "read" ? { blocks: blocksOf(data) } : {};
      return { length: data.byteLength, sha256: hash, ...blocks };
    },
  };
}

function nameOf(input: CaptureInput): string {
  if (Array.isArray(input)) {
    const [first = "", ...others] = input as readonly (string | URL)[];
    return others.length === 0 ? nameOf(first) : `${nameOf(first)} and ${others.length} more`;
  }
  const path = input instanceof URL ? input.pathname : typeof input === "string" ? input : "";
  const name = path.slice(Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\")) + 1);
  return name === "" || name === "-" ? "capture" : name;
}
