/**
 * Plan -> scenario text. One function per client; recorded time, frame and outcome stand beside what sends. Runs of equal
 * requests are loops over tables of times, what repeats is a function: see `fold.ts`.
 */
import { type CaptureNote, noteText } from "../capture/mod.ts";
import type { FoldLevel } from "../fold.ts";
import type { Plan, PlanClient, PlanOperation } from "../plan.ts";
import {
  broken,
  call,
  callOf,
  type Code,
  comment,
  memberLine,
  oneLine,
  quoted,
  WIDTH,
} from "./code.ts";
import { Module } from "./module.ts";
import { hasParameters, parametersOf, paramsLines, paramsMembers } from "./params.ts";
import { wrapped } from "./print.ts";
import type { ProvisionText } from "./provision.ts";
import { Constants } from "./statements.ts";
import { frameLabels, stepsOf } from "./steps.ts";

/** What is emitted, and how. */
export interface EmitOptions {
  /** Path of the blob with that hash, relative to the scenario; undefined for synthetic data. */
  readonly blobPath?: (sha256: string) => string;
  readonly notes?: readonly CaptureNote[];
  /** Version of the compiler, for the first line. */
  readonly version: string;
  /** What is folded; everything unless given. */
  readonly fold?: FoldLevel;
  /** Folder beside the scenario for long tables; without it they are part of the scenario. */
  readonly dataFolder?: string;
  /** What the shares held before; nothing unless given. */
  readonly provision?: ProvisionText;
}

/** The text of a scenario. */
export interface Emitted {
  readonly script: string;
  /** Files beside it, which it imports. */
  readonly modules: readonly { readonly path: string; readonly text: string }[];
}

/** Tables that take more lines stand in a module of their own. */
const MOST_TABLE_LINES = 60;

/** What a plan's emitter has to know. */
export type EmittedPlan = Pick<Plan, "source" | "clients"> & {
  readonly operations: Iterable<PlanOperation>;
};

/** A scenario file. */
export function emitScenario(plan: EmittedPlan, options: EmitOptions): Emitted {
  const labels = frameLabels(plan.operations);
  const constants = new Constants(options.blobPath);
  const ofClient = new Map<string, PlanOperation[]>(plan.clients.map(({ id }) => [id, []]));
  let count = 0;
  for (const operation of plan.operations) {
    ofClient.get(operation.client)?.push(operation);
    count++;
  }
  const steps = plan.clients.map(({ id }) => stepsOf(ofClient.get(id)!, { labels, constants }));
  const module = new Module(steps, options.fold ?? "all");
  const bodies = plan.clients.map((client, index) => clientFunction(client, module.body(index)));
  const tables = [...module.tables()];
  const parameters = parametersOf(plan.operations, module.sizes);
  const bytes = bytesLines(constants);
  const data = [...bytes.length === 0 ? [] : [{ name: "bytes", lines: bytes }], ...tables];
  const isApart = options.dataFolder !== undefined &&
    data.reduce((sum, { lines }) => sum + lines.length, 0) > MOST_TABLE_LINES;
  const { provision } = options;
  const names = new Set(["replay", ...constants.imports, ...provision?.imports ?? []]);
  if (bytes.length > 0 && !isApart) names.add("hex");
  const own = [...bodies, ...module.functions.map(({ lines }) => lines)];
  const blobs = blobLines(constants, isApart ? own : [...own, ...data.map(({ lines }) => lines)]);
  if (blobs.length > 0) names.add("blob");
  if (isApart && !isHexUsed(own)) names.delete("hex");
  const types = isApart ? module.types : new Set([...module.types, ...module.tableTypes]);
  const lines = [
    ...headerComment(plan, { ...options, count }),
    ...importLines([...names, ...[...types].map((type) => `type ${type}`)], "smbench"),
    ...isApart
      ? importLines(data.map(({ name }) => name), `./${options.dataFolder}/tables.ts`)
      : [],
    ...(typeof provision?.importLine === "string" ? [provision.importLine] : []),
    ...hasParameters(parameters) ? ['import { z } from "zod";'] : [],
    "",
    ...paramsLines(parameters),
    ...blobs,
    ...sharedLines(module),
    "export default replay({",
    memberLine("  ", "source", quoted(plan.source.name)),
    ...paramsMembers(parameters),
    ...(plan.clients.length === 0 ? ["  clients: {},", "}, {});", ""] : [
      "  clients: {",
      ...plan.clients.map((client) => clientLine(client)),
      "  },",
      ...provision?.member ?? [],
      "}, {",
      ...bodies.flatMap((lines, index) => index === 0 ? lines : ["", ...lines]),
      "});",
      "",
    ]),
    ...module.functions.flatMap(({ lines }) => [...lines, ""]),
    ...isApart ? [] : data.flatMap(({ lines }) => [...lines, ""]),
  ];
  return {
    script: lines.join("\n").replace(/\n+$/, "\n"),
    modules: isApart
      ? [{
        path: `${options.dataFolder}/tables.ts`,
        text: dataText(plan, data, { constants, module }),
      }]
      : [],
  };
}

/** Whether short byte strings stand where they are used. */
function isHexUsed(parts: readonly (readonly string[])[]): boolean {
  return parts.some((lines) => lines.some((line) => line.includes("hex(")));
}

function dataText(
  plan: EmittedPlan,
  data: readonly { readonly lines: readonly string[] }[],
  { constants, module }: { readonly constants: Constants; readonly module: Module },
): string {
  const blobs = blobLines(constants, data.map(({ lines }) => lines));
  const text = data.map(({ lines }) => `${exported(lines).join("\n")}\n`).join("\n");
  const names = [
    ...isHexUsed(data.map(({ lines }) => lines)) ? ["hex"] : [],
    ...blobs.length === 0 ? [] : ["blob"],
    ...[...module.tableTypes].map((type) => `type ${type}`),
  ];
  return [
    `// Tables of the scenario that was compiled from ${comment(quoted(plan.source.name))}.`,
    ...names.length === 0 ? [] : importLines(names, "smbench"),
    "",
    ...blobs,
    text,
  ].join("\n");
}

function exported(lines: readonly string[]): string[] {
  return lines.map((line) => line.startsWith("const ") ? `export ${line}` : line);
}

/** An import, its names in the order of `deno fmt`. */
function importLines(names: readonly string[], from: string): string[] {
  const bare = (name: string) => name.replace("type ", "").toLowerCase();
  const sorted = [...names].sort((one, other) => bare(one) < bare(other) ? -1 : 1);
  const isTypes = sorted.every((name) => name.startsWith("type "));
  const word = isTypes ? "import type" : "import";
  const shown = isTypes ? sorted.map((name) => name.replace("type ", "")) : sorted;
  const flat = `${word} { ${shown.join(", ")} } from "${from}";`;
  if (flat.length <= WIDTH) return [flat];
  return [`${word} {`, ...shown.map((name) => `  ${name},`), `} from "${from}";`];
}

/** Long byte strings, as one object: equal ones are one member. */
function bytesLines(constants: Constants): string[] {
  if (constants.all.length === 0) return [];
  return [
    "const bytes = {",
    ...constants.all.map(([name, digits]) => memberLine("  ", name, callOf("hex", quoted(digits)))),
    "};",
  ];
}

/** Constants of the blobs that these lines name. */
function blobLines(constants: Constants, parts: readonly (readonly string[])[]): string[] {
  const named = new Set<string>();
  for (const line of parts.flat()) {
    for (const [name] of line.matchAll(/\bblob[0-9a-f]{12}\b/g)) named.add(name);
  }
  const lines = [...constants.blobs].filter(([name]) => named.has(name)).map(([name, path]) =>
    call(`const ${name} = `, "blob", [quoted(path)])
  );
  return lines.length === 0 ? [] : [...lines, ""];
}

function sharedLines(module: Module): string[] {
  const lines: string[] = [];
  for (const { name, type, code } of module.options.all) {
    const flat = `const ${name}: ${type} = ${oneLine(code)};`;
    lines.push(flat.length <= WIDTH ? flat : `const ${name}: ${type} = ${broken(code, "")};`);
  }
  if (module.options.all.length > 0) lines.push("");
  return lines;
}

function headerComment(
  plan: EmittedPlan,
  options: EmitOptions & { readonly count: number },
): string[] {
  const { version, count } = options;
  const { name, seconds, start } = plan.source;
  const told = `Compiled by smbench ${version} from ${comment(quoted(name))}: ${
    plural(count, "operation")
  } of ${plural(plan.clients.length, "client")} in ${seconds.toFixed(3)} s${
    start === null ? "" : `, from ${start}`
  }.`;
  const lines = [
    ...wrapped(told, "// "),
    "// `c.at(second, frame)` waits until the recorded second, and labels what follows with its frame in",
    "// the capture; the comment tells the frame of the answer and the recorded outcome. Edit freely.",
    ...(plan.source.remarks ?? []).flatMap((remark) => wrapped(comment(remark), "// ")),
  ];
  const lost = (options.notes ?? []).filter((note) => note.loss);
  if (lost.length > 0) {
    lines.push("//", "// Not in this scenario:");
    for (const note of lost) {
      const [first = "", ...more] = wrapped(comment(noteText(note)).trimEnd(), "//   ");
      lines.push(first.replace("//   ", "// - "), ...more);
    }
  }
  return lines;
}

function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

function clientLine(client: PlanClient): string {
  const user = client.users[0];
  const value: Code = {
    kind: "object",
    members: [
      ...(user === undefined ? [] : [["user", quoted(user)] as const]),
      ["address", quoted(client.address)],
    ],
  };
  return memberLine("    ", client.id, value);
}

function clientFunction(
  client: PlanClient,
  body: { readonly lines: readonly string[]; readonly usesParams: boolean },
): string[] {
  const guid = client.clientGuid === null ? "" : `, ClientGuid ${client.clientGuid}`;
  return [
    `  // ${comment(client.address)}${guid}, ${plural(client.operationCount, "operation")}`,
    `  async ${client.id}(c${body.usesParams ? ", p" : ""}) {`,
    ...body.lines,
    "  },",
  ];
}
