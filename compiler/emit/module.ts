/** What the functions of a script share: names, tables, functions, and options that come again. */
import type { FoldLevel } from "../fold.ts";
import { fold } from "../fold.ts";
import {
  type Block,
  type Column,
  type Columns,
  columnsOf,
  type FunctionShape,
  type Loop,
  loopOfRows,
  type Node,
  type SizedRun,
  sizedRun,
} from "../fold_shape.ts";
import type { PlanOperation } from "../plan.ts";
import {
  type Code,
  comment,
  list,
  type ListCode,
  object,
  oneLine,
  type Slot,
  WIDTH,
} from "./code.ts";
import { capital, fingerprint, nounOf, plural, Scope } from "./naming.ts";
import { OptionSets } from "./option_sets.ts";
import { columnNames, COMMENT_WIDTH, patternLines, Printer, wrapped } from "./print.ts";
import type { ClientSteps, VariableInfo } from "./step.ts";
import { verbOf } from "./verbs.ts";

/** A function of the script. */
export interface ModuleFunction {
  readonly name: string;
  readonly columns: Columns;
  /** Columns that are parameters, and those that are moments. */
  readonly plain: readonly number[];
  readonly moments: readonly number[];
  /** Table of the moments of each call, by its first frame; null where there is one moment alone. */
  readonly times: string | null;
  /** Which of the variables that it makes it returns. */
  readonly results: readonly number[];
  readonly usesParams: boolean;
  readonly lines: readonly string[];
  /** Which of its calls a block is. */
  indexOf(block: Block): number;
  /** Whether something beside a call uses what it made. */
  isUsed(call: Block, variable: string): boolean;
}

/** A size that the run can set. */
export interface SizeParameter {
  readonly name: string;
  readonly kind: "read" | "write";
  readonly size: number;
}

interface Table {
  readonly name: string;
  readonly loop: Loop;
  /** What says the same as a table of times that grow evenly; null where they do not. */
  readonly even: string | null;
}

/** More moments have no names of their own in a function, more commands are not listed above it. */
const MOST_NAMES = 12;

/** Seconds by which a recorded time may differ from an even one. */
const TOLERANCE = 1.5e-6;

/** A script before it is text. */
export class Module {
  readonly scope = new Scope();
  readonly options = new OptionSets();
  /** Types of the scripting API that functions and options name, and those that tables do. */
  readonly types = new Set<string>();
  readonly tableTypes = new Set<string>();
  readonly #sizes = new Map<string, SizeParameter>();
  readonly clients: readonly (readonly Node[])[];
  readonly functions: readonly ModuleFunction[];
  readonly #steps: readonly ClientSteps[];
  readonly #tables = new Map<Slot, Table>();
  readonly #byShape = new Map<FunctionShape, ModuleFunction>();
  /** Variables by client, and what is mentioned outside of what makes it. */
  readonly #clientOf = new Map<Block, number>();
  readonly #mentioned: readonly ReadonlySet<string>[];

  constructor(steps: readonly ClientSteps[], level: FoldLevel) {
    const { clients, functions } = fold(steps, level);
    this.clients = clients;
    this.#steps = steps;
    this.#mentioned = clients.map(mentionedIn);
    for (const [client, nodes] of clients.entries()) this.#register(nodes, client);
    const names = functions.map((shape) => {
      const name = this.scope.fresh(functionName(shape));
      return { name, times: this.scope.fresh(`${name}Times`) };
    });
    this.options.name(this.scope);
    for (const { type } of this.options.all) this.types.add(type);
    for (const [index, shape] of functions.entries()) {
      this.#byShape.set(shape, this.#function(shape, names[index]!));
    }
    this.functions = [...this.#byShape.values()];
  }

  /** The function of several calls. */
  functionOf(shape: FunctionShape): ModuleFunction {
    return this.#byShape.get(shape)!;
  }

  /** The name of a loop's table. */
  tableOf(rows: Slot): string {
    return this.#tables.get(rows)?.name ?? "[]";
  }

  /** Sizes that the run can set: of what is read or written in a row. */
  get sizes(): readonly SizeParameter[] {
    return [...this.#sizes.values()];
  }

  /** The parameter for a size. */
  sizeOf({ kind, size }: SizedRun): SizeParameter | undefined {
    return this.#sizes.get(`${kind} ${size}`);
  }

  /** Lines of a client's function. */
  body(client: number): { readonly lines: readonly string[]; readonly usesParams: boolean } {
    const printer = new Printer(this, {
      variables: this.#steps[client]!.variables,
      indent: "    ",
      isFunction: false,
    });
    printer.nodes(this.clients[client]!, true);
    return printer;
  }

  /** Lines of each table, with its name. */
  *tables(): Iterable<{ readonly name: string; readonly lines: readonly string[] }> {
    for (const { times, columns, moments } of this.functions) {
      if (times !== null) yield { name: times, lines: timesLines(times, columns, moments) };
    }
    for (const { name, loop, even } of this.#tables.values()) {
      yield { name, lines: even === null ? this.#tableLines(name, loop) : evenLines(name, even) };
    }
  }

  #register(nodes: readonly Node[], client: number): void {
    for (const node of nodes) {
      switch (node.kind) {
        case "step":
          for (const line of node.lines) if (line.kind === "call") this.options.see(line);
          break;
        case "loop":
          this.#table(node);
          this.#seeSize(node);
          this.#seeOptions(node.blocks[0]!);
          break;
        case "function":
          this.#clientOf.set(node.block, client);
          for (const inner of node.block.nodes) if (inner.kind === "loop") this.#table(inner);
          if (node.shape.blocks[0] === node.block) this.#seeOptions(node.block);
      }
    }
  }

  #seeSize(loop: Loop): void {
    const run = sizedRun(loop);
    if (run === null || this.sizeOf(run) !== undefined) return;
    const { kind, size } = run;
    const count = this.sizes.filter((known) => known.kind === kind).length;
    const name = `${kind}Size${count === 0 ? "" : count + 1}`;
    this.#sizes.set(`${kind} ${size}`, { name, kind, size });
  }

  #seeOptions({ nodes }: Block): void {
    for (const node of nodes) {
      if (node.kind === "loop") {
        this.#seeSize(node);
        this.#seeOptions(node.blocks[0]!);
      }
      for (const line of node.kind === "step" ? node.lines : []) {
        if (line.kind === "call") this.options.see(line);
      }
    }
  }

  #table(loop: Loop): void {
    const even = evenMoments(loop);
    if (even !== null) this.tableTypes.add("Moments");
    const operations = loop.blocks.flatMap(({ nodes }) => operationsOf(nodes));
    const paths = pathsOf(operations);
    const verb = verbOf(operations);
    const name = this.scope.fresh(
      paths.length === 0
        ? plural(verb)
        : `${plural(nounOfAll(operations, paths))}To${capital(verb)}`,
    );
    this.#tables.set(loop.rows, { name, loop, even });
  }

  #function(
    shape: FunctionShape,
    { name, times }: { readonly name: string; readonly times: string },
  ): ModuleFunction {
    const { blocks } = shape;
    const [block] = blocks as [Block];
    const columns = columnsOf(blocks, false);
    const { variables } = this.#steps[this.#clientOf.get(block) ?? 0]!;
    const printer = new Printer(this, { variables, indent: "  ", isFunction: true });
    const free = block.free.map((id) => {
      const type = typeOf(variables.get(id));
      this.types.add(type);
      return `${printer.declare(id)}: ${type}`;
    });
    const places = columns.columns.map((_, index) => index);
    const moments = places.filter((index) => columns.columns[index]!.type === "At");
    const plain = places.filter((index) => columns.columns[index]!.type !== "At");
    const named = columnNames(columns, (wanted) => printer.fresh(wanted));
    const typed = (index: number) =>
      `${named[index]}: ${columnType(columns.columns[index]!, this.types)}`;
    const frame = moments.length < 2 ? "" : printer.fresh("frame");
    if (frame !== "" && moments.length > MOST_NAMES) {
      const at = printer.fresh("moments");
      for (const [place, index] of moments.entries()) named[index] = `${at}[${place}]!`;
      printer.lines.push(`  const ${at} = ${times}[${frame}]!;`);
    } else if (frame !== "") {
      const names = moments.map((index) => named[index]!);
      printer.lines.push(...patternLines("  ", names, `${times}[${frame}]!`));
    }
    printer.noteAll(blocks);
    printer.fill(block, columns, named);
    printer.nodes(block.nodes, moments.length > MOST_NAMES);
    const results = this.#results(blocks);
    const returned = results.map((place) => printer.nameOf(block.made[place]!));
    this.types.add("Client");
    if (printer.usesParams) this.types.add("ReplayParams");
    const parameters = [
      "c: Client",
      ...printer.usesParams
        ? [`p: ReplayParams${this.sizes.length === 0 ? "" : "<typeof params>"}`]
        : [],
      ...free,
      ...plain.map(typed),
      ...moments.length === 1 ? [`...${named[moments[0]!]}: At`] : [],
      ...frame === "" ? [] : [`${frame}: Label`],
    ];
    if (moments.length === 1) this.types.add("At");
    if (frame !== "") {
      this.types.add("Label");
      this.tableTypes.add("Label").add("At");
    }
    const indexes = new Map(blocks.map((one, index) => [one, index]));
    return {
      name,
      columns,
      plain,
      moments,
      times: frame === "" ? null : times,
      results,
      usesParams: printer.usesParams,
      lines: [
        ...wrapped(aboutText(blocks), "// "),
        ...signature(name, parameters),
        ...printer.lines,
        ...returned.length === 0 ? [] : [
          `  return ${returned.length === 1 ? returned[0] : `[${returned.join(", ")}] as const`};`,
        ],
        "}",
      ],
      indexOf: (one) => indexes.get(one) ?? 0,
      isUsed: (call, variable) => this.#isMentioned(call, variable),
    };
  }

  /** Places of the variables that something outside uses. */
  #results(blocks: readonly Block[]): number[] {
    return blocks[0]!.made.map((_, place) => place).filter((place) =>
      blocks.some((block) => this.#isMentioned(block, block.made[place]!))
    );
  }

  #isMentioned(call: Block, variable: string): boolean {
    return this.#mentioned[this.#clientOf.get(call) ?? 0]!.has(variable);
  }

  #tableLines(name: string, { columns, blocks }: Loop): string[] {
    const rows = rowsOf({ columns, blocks }).map(oneLine);
    const type = rowType(columns, this.tableTypes);
    return [
      "// deno-fmt-ignore",
      `const ${name}: ${/[ |]/.test(type) && !type.startsWith("[") ? `(${type})` : type}[] = [`,
      ...packed(rows),
      "];",
    ];
  }
}

/** The type of a column; what it takes of the scripting API goes to `types`. */
function columnType({ type, values }: Column, types: Set<string>): string {
  switch (type) {
    case "At":
      types.add("At");
      return "At";
    case "Data":
      types.add("BlobReference");
      return "BlobReference";
    case "label":
      types.add("Label");
      return "Label";
    case "number":
      return values.some((value) => oneLine(value).endsWith("n")) ? "number | bigint" : "number";
    case "rows":
      return rowsType(values, types);
    default:
      return type;
  }
}

/** Of the rows of a loop within a loop or function. */
function rowsType(values: readonly Code[], types: Set<string>): string {
  const loops = values.map(loopOfRows);
  if (loops.every(isMoments)) {
    types.add("Moments");
    return "Moments";
  }
  const found = new Set(loops.map(({ columns }) => rowType(columns, types)));
  return [...found].map((type) => `${type}[]`).join(" | ");
}

function rowType(columns: Columns, types: Set<string>): string {
  const [only] = columns.columns;
  if (only !== undefined && columns.columns.length === 1) return columnType(only, types);
  const scope = new Scope();
  const names = columnNames(columns, (wanted) => scope.counter(wanted));
  const typed = columns.columns.map((column, index) =>
    `${names[index]}: ${columnType(column, types)}`
  );
  return `[${typed.join(", ")}]`;
}

/** The rows of a table; those of a loop within the loop are a cell. */
function rowsOf({ columns, blocks }: Pick<Loop, "columns" | "blocks">): Code[] {
  return blocks.map((_, index) => {
    const cells = columns.columns.map(({ type, values }) =>
      type === "rows" ? list(rowsOf(loopOfRows(values[index]!))) : values[index]!
    );
    return cells.length === 1 ? cells[0]! : list(cells);
  });
}

function evenLines(name: string, even: string): string[] {
  return ["// deno-fmt-ignore", `const ${name}: Moments = ${even};`];
}

/** Short rows share a line. */
function packed(rows: readonly string[]): string[] {
  const lines: string[] = [];
  let line = " ";
  for (const row of rows) {
    const [first = "", ...more] = pieces(`${row},`);
    if (line !== " " && (row.length > 40 || line.length + first.length + 1 > COMMENT_WIDTH)) {
      lines.push(line);
      line = " ";
    }
    line += ` ${first}`;
    for (const piece of more) {
      lines.push(line);
      line = `    ${piece}`;
    }
  }
  return line === " " ? lines : [...lines, line];
}

/** A long row between its cells. */
function pieces(row: string): string[] {
  if (row.length + 2 <= COMMENT_WIDTH) return [row];
  const lines: string[] = [];
  let line = "";
  for (const cell of row.split(/(?<=\],) (?=\[)/)) {
    if (line !== "" && line.length + cell.length + 5 > COMMENT_WIDTH) {
      lines.push(line);
      line = "";
    }
    line += line === "" ? cell : ` ${cell}`;
  }
  return [...lines, line];
}

/** Whether times are all that a loop's table has. */
function isMoments({ columns, blocks }: Loop): boolean {
  const nodes = blocks[0]?.nodes ?? [];
  const [node] = nodes;
  return columns.columns.length === 1 && nodes.length === 1 && node?.kind === "step" &&
    node.lines.length === 2 && node.lines[0]?.kind === "at";
}

/** Times and labels that grow evenly, as `times()` takes them; null where they do not. */
function evenMoments(loop: Loop): string | null {
  if (!isMoments(loop) || loop.blocks.length < 3) return null;
  const moments = loop.columns.columns[0]!.values.map((value) => (value as ListCode).items);
  if (moments.some((items) => items.length !== 2)) return null;
  const times = moments.map(([seconds]) => Number(seconds));
  const labels = moments.map(([, label]) => Number(label));
  const [start, second] = times as [number, number];
  const count = times.length;
  const interval = Math.round((times.at(-1)! - start) / (count - 1) * 1e6) / 1e6;
  const labelStep = labels[1]! - labels[0]!;
  const isEven = second > start && labels.every(Number.isSafeInteger) &&
    times.every((time, i) => Math.abs(start + i * interval - time) <= TOLERANCE) &&
    labels.every((label, i) => label === labels[0]! + i * labelStep);
  if (!isEven) return null;
  return oneLine(
    object({
      start: String(start),
      count: String(count),
      interval: String(interval),
      label: String(labels[0]),
      labelStep: labelStep === 1 ? undefined : String(labelStep),
    })!,
  );
}

function typeOf(info: VariableInfo | undefined): string {
  switch (info?.kind) {
    case "connection":
      return "Connection";
    case "session":
      return "Session";
    case "tree":
      return "Tree";
    default:
      return "File";
  }
}

/** A row of moments for each call of a function. */
function timesLines(name: string, { columns }: Columns, moments: readonly number[]): string[] {
  const type = moments.length > MOST_NAMES ? "At[]" : `[${moments.map(() => "At").join(", ")}]`;
  const rows = columns[moments[0]!]!.values.map((_, call) => {
    const row = moments.map((index) => columns[index]!.values[call]!);
    return `${frameOf(row[0]!)}: ${oneLine(list(row))}`;
  });
  return [
    "// deno-fmt-ignore",
    `const ${name}: Record<Label, ${type}> = {`,
    ...packed(rows),
    "};",
  ];
}

/** The label of a moment. */
export function frameOf(moment: Code): Code {
  return (moment as ListCode).items[1]!;
}

function signature(name: string, parameters: readonly string[]): string[] {
  const flat = `async function ${name}(${parameters.join(", ")}) {`;
  if (flat.length <= WIDTH) return [flat];
  const isRest = parameters.at(-1)?.startsWith("...");
  return [
    `async function ${name}(`,
    ...parameters.map((parameter, index) =>
      `  ${spread(parameter)}${isRest && index === parameters.length - 1 ? "" : ","}`
    ),
    ") {",
  ];
}

/** A parameter whose type is a long row: a member a line. */
function spread(parameter: string): string {
  const [, name, row, rest] = /^(\w+: )\[(.*)\](\[\])$/.exec(parameter) ?? [];
  if (row === undefined || parameter.length + 3 <= WIDTH) return parameter;
  return `${name}[\n${row.split(", ").map((member) => `    ${member},\n`).join("")}  ]${rest}`;
}

/** All operations of nodes. */
export function operationsOf(nodes: readonly Node[]): PlanOperation[] {
  return nodes.flatMap((node): readonly PlanOperation[] => {
    if (node.kind === "step") return node.does;
    if (node.kind === "function") return operationsOf(node.block.nodes);
    return node.blocks.flatMap((block) => operationsOf(block.nodes));
  });
}

function pathsOf(operations: readonly PlanOperation[]): string[] {
  return operations.flatMap((operation) => operation.kind === "create" ? [operation.path] : []);
}

function functionName({ blocks }: FunctionShape): string {
  const own = operationsOf(blocks[0]!.nodes);
  const verb = verbOf(own);
  if (own[0]?.kind === "connect") {
    return own.some(({ kind }) => kind === "create") ? "work" : "logOn";
  }
  const paths = blocks.flatMap(({ nodes }) => pathsOf(operationsOf(nodes)));
  return `${verb}${capital(nounOfAll(own, paths))}`;
}

/** What the paths name: folders, where nothing else is opened. */
function nounOfAll(operations: readonly PlanOperation[], paths: readonly string[]): string {
  const noun = nounOf(paths);
  const isFolders = noun === "file" &&
    operations.every((operation) =>
      operation.kind !== "create" || (operation.options & DIRECTORY_FILE) !== 0
    );
  return isFolders ? "folder" : noun;
}

const DIRECTORY_FILE = 0x01;

/** What calls of a function have in common: on what, and the requests. */
function aboutText(blocks: readonly Block[]): string {
  const paths = blocks.flatMap(({ nodes }) => pathsOf(operationsOf(nodes)));
  const commands = operationsOf(blocks[0]!.nodes).map(commandOf);
  const told: string[] = [];
  for (const command of commands) {
    if (told.at(-1) !== command) told.push(command);
  }
  const pattern = paths.length === 0 ? "" : `${fingerprint(paths)}: `;
  const shown = told.length <= MOST_NAMES ? told : [...told.slice(0, MOST_NAMES), "..."];
  return comment(`${pattern}${shown.join(", ")}`);
}

function commandOf({ kind }: PlanOperation): string {
  switch (kind) {
    case "connect":
      return "NEGOTIATE";
    case "login":
      return "SESSION_SETUP";
    case "tree":
      return "TREE_CONNECT";
    case "untree":
      return "TREE_DISCONNECT";
    default:
      return kind.replaceAll(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase();
  }
}

/** Variables that something mentions which does not make them. */
function mentionedIn(nodes: readonly Node[]): ReadonlySet<string> {
  const mentioned = new Set<string>();
  const visit = (code: Code): void => {
    if (typeof code === "string") return;
    switch (code.kind) {
      case "variable":
        mentioned.add(code.id);
        return;
      case "call":
        if (code.of !== undefined) visit(code.of);
        code.args.forEach(visit);
        return;
      case "list":
        code.items.forEach(visit);
        return;
      case "object":
        for (const [, value] of code.members) visit(value);
    }
  };
  for (const node of nodes) {
    if (node.kind === "loop") {
      for (const { free } of node.blocks) free.forEach((id) => mentioned.add(id));
    }
    if (node.kind === "function") node.block.free.forEach((id) => mentioned.add(id));
    if (node.kind !== "step") continue;
    for (const line of node.lines) {
      if (line.kind === "await") mentioned.add(line.variable);
      if (line.kind !== "call") continue;
      visit(line.receiver);
      line.args.forEach(visit);
    }
  }
  return mentioned;
}
