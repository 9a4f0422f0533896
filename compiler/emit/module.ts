/** What the functions of a script share: names, tables, functions, and options that come again. */
import { fold, type FoldLevel } from "../fold.ts";
import {
  type Block,
  type Columns,
  columnsOf,
  type FunctionShape,
  type Loop,
  type Node,
  type SizedRun,
  sizedRun,
} from "../fold_shape.ts";
import { aboutText, functionName, tableName } from "./about.ts";
import { type Code, type Slot, WIDTH } from "./code.ts";
import { Scope } from "./naming.ts";
import { OptionSets } from "./option_sets.ts";
import { columnNames, patternLines, Printer, wrapped } from "./print.ts";
import type { ClientSteps, VariableInfo } from "./step.ts";
import {
  columnType,
  evenLines,
  evenMoments,
  MOST_NAMES,
  tableLines,
  timesLines,
} from "./tables.ts";

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
      const lines = even === null ? tableLines(name, loop, this.tableTypes) : evenLines(name, even);
      yield { name, lines };
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
    const name = this.scope.fresh(tableName(loop));
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
