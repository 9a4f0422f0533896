/** Parts of a script -> its lines. */
import {
  type Block,
  type Columns,
  type Loop,
  type Node,
  type Place,
  type SizedRun,
  sizedRun,
} from "../fold_shape.ts";
import {
  call,
  type Code,
  comment,
  filled,
  type ListCode,
  oneLine,
  type Slot,
  WIDTH,
  widthOf,
} from "./code.ts";
import type { Module, ModuleFunction } from "./module.ts";
import { nameOf, roleOf, Scope } from "./naming.ts";
import { durationText, summaryText } from "./notes.ts";
import type { AtLine, CallLine, Line, Note, VariableInfo } from "./step.ts";

/** Columns of a line with its comment. */
export const COMMENT_WIDTH = 100;

/** After so many seconds in which nothing was sent, something new begins. */
const PAUSE = 1;

/** Writes what one function of the script does. */
export class Printer {
  readonly lines: string[] = [];
  /** Whether `p` is used. */
  usesParams = false;
  readonly #module: Module;
  readonly #variables: ReadonlyMap<string, VariableInfo>;
  readonly #isFunction: boolean;
  #scope: Scope;
  #indent: string;
  /** What stands in place of slots. */
  readonly #filled = new Map<Slot, Code>();
  /** What a line came to each time. */
  readonly #notes = new Map<AtLine, readonly Note[]>();

  constructor(module: Module, fields: {
    readonly variables: ReadonlyMap<string, VariableInfo>;
    readonly indent: string;
    /** Of a function that stands for many: names say what a variable is, not which. */
    readonly isFunction: boolean;
  }) {
    this.#module = module;
    this.#variables = fields.variables;
    this.#indent = fields.indent;
    this.#isFunction = fields.isFunction;
    this.#scope = new Scope(module.scope);
  }

  /** The name of a new variable that is no variable of the plan: the word is ours. */
  fresh(wanted: string): string {
    return this.#scope.counter(wanted);
  }

  /** Gives a variable of the plan its name. */
  declare(id: string): string {
    const info = this.#variables.get(id) ?? { kind: "file", about: "" };
    return this.#scope.declare(id, this.#isRole ? roleOf(info) : nameOf(info), info.kind);
  }

  /** The name of a variable. */
  nameOf(id: string): string {
    return this.#scope.find(id) ?? this.declare(id);
  }

  /** Puts parameters in place of values. */
  fill(block: Block, columns: Columns, names: readonly string[]): void {
    for (const [index, place] of columns.places.entries()) {
      const code = placeCode(place, names);
      if (code !== null) this.#filled.set(block.slots[index]!, code);
    }
  }

  /** Tells what the lines of several blocks of equal shape came to. */
  noteAll(blocks: readonly Block[]): void {
    for (const [line, notes] of notesOf(blocks)) this.#notes.set(line, notes);
  }

  /** Writes nodes in a row. */
  nodes(nodes: readonly Node[], spaced: boolean): void {
    let end: number | null = null;
    let previous: Node | null = null;
    for (const node of nodes) {
      const start = startOf(node);
      const pause = start === null || end === null ? 0 : start - end;
      if (spaced && previous !== null) {
        if (pause >= PAUSE && !this.#isFunction) {
          this.lines.push("", `${this.#indent}// ${durationText(pause)} later`);
        } else if (isApart(previous, node)) this.lines.push("");
      }
      this.#node(node);
      end = Math.max(end ?? 0, endOf(node) ?? 0);
      previous = node;
    }
  }

  get #isRole(): boolean {
    return this.#isFunction || this.#depth > 0;
  }

  #depth = 0;

  #node(node: Node): void {
    switch (node.kind) {
      case "step":
        for (const line of node.lines) this.#line(line);
        return;
      case "loop":
        return this.#loop(node);
      case "function":
        return this.#call(this.#module.functionOf(node.shape), node.block);
    }
  }

  #line(line: Line): void {
    switch (line.kind) {
      case "at":
        return this.#at(line);
      case "await": {
        const value = this.nameOf(line.variable);
        const target = line.target === undefined ? "" : `const ${this.declare(line.target)} = `;
        this.lines.push(`${this.#indent}${target}await ${value};`);
        return;
      }
      case "comment":
        this.lines.push(`${this.#indent}// ${comment(line.text)}`);
        return;
      case "call": {
        const text = this.#callText(line);
        this.#commented(text, line.comment);
      }
    }
  }

  #at(line: AtLine): void {
    const moment = this.#filled.get(line.moment);
    const start = `${this.#indent}await `;
    const text = moment === undefined
      ? call(start, "c.at", (line.moment.value as ListCode).items)
      : `${start}c.at(...${oneLine(moment)});`;
    this.#commented(text, this.#noteOf(line));
  }

  #noteOf(line: AtLine): string {
    return summaryText(this.#notes.get(line) ?? [line.note]);
  }

  /** The comment stands behind its statement, or above where there is no room. */
  #commented(text: string, words: string | undefined): void {
    if (words === undefined) {
      this.lines.push(text);
      return;
    }
    const told = comment(words);
    const last = text.slice(text.lastIndexOf("\n") + 1);
    if (!text.includes("\n") && last.length + told.length + 4 <= COMMENT_WIDTH) {
      this.lines.push(`${text} // ${told}`);
    } else {
      this.lines.push(...wrapped(told, `${this.#indent}// `), text);
    }
  }

  /** A call as a statement. */
  #callText(line: CallLine): string {
    const { name, args } = this.#callParts(line);
    const target = line.target === undefined ? "" : `const ${this.declare(line.target)} = `;
    return call(`${this.#indent}${target}${line.wait ? "await " : ""}`, name, args);
  }

  #callParts(line: CallLine): { name: string; args: readonly Code[] } {
    const args = this.#module.options.argsOf(line).map((arg) => this.#code(arg));
    return { name: `${oneLine(this.#code(line.receiver))}.${line.method}`, args };
  }

  /** With names for variables and parameters. */
  #code(code: Code): Code {
    const whole = filled(code, (leaf) => {
      if (leaf.kind === "variable") return `${this.nameOf(leaf.id)}${leaf.member ?? ""}`;
      return this.#filled.get(leaf) ?? leaf.value;
    });
    if (typeof whole !== "string" && whole.kind === "call" && whole.name.startsWith("p.")) {
      this.usesParams = true;
    }
    return whole;
  }

  #call(made: ModuleFunction, block: Block): void {
    const indent = this.#indent;
    if (made.usesParams) this.usesParams = true;
    const index = made.indexOf(block);
    const args: Code[] = [
      "c",
      ...made.usesParams ? ["p"] : [],
      ...block.free.map((id) => this.nameOf(id)),
      ...made.plain.map((column) => this.#cell(made.columns.columns[column]!.values[index]!)),
    ];
    const [moment] = made.moments;
    const first = moment === undefined
      ? null
      : made.columns.columns[moment]!.values[index] as ListCode;
    if (first !== null) args.push(...made.times === null ? first.items : [frameOf(first)]);
    const results = made.results.map((place) => {
      const id = block.made[place]!;
      return made.isUsed(block, id) ? this.declare(id) : `_${this.declare(id)}`;
    });
    const target = results.length === 0
      ? ""
      : results.length === 1
      ? `const ${results[0]} = `
      : `const [${results.join(", ")}] = `;
    const notes = summaryText([...notesOf([block]).values()].flat());
    const seconds = made.times === null || first === null ? "" : `${oneLine(first.items[0]!)} s, `;
    this.#commented(call(`${indent}${target}await `, made.name, args), seconds + notes);
  }

  /** A value of a table: the rows of a loop within a loop have a table of their own. */
  #cell(value: Code): Code {
    return typeof value !== "string" && value.kind === "slot" && value.type === "rows"
      ? this.#module.tableOf(value)
      : value;
  }

  #loop(loop: Loop): void {
    const [block] = loop.blocks;
    if (block === undefined) return;
    this.noteAll(loop.blocks);
    const outer = this.#scope;
    this.#scope = new Scope(outer);
    this.#depth++;
    const table = this.#filled.get(loop.rows) ?? this.#module.tableOf(loop.rows);
    const rows = oneLine(table);
    const counts = loop.columns.places.some(({ kind }) => kind === "index" || kind === "capped");
    const index = counts ? this.fresh("i") : "_";
    const run = sizedRun(loop);
    const size = run === null ? undefined : this.#module.sizeOf(run);
    const single = onlyCall(loop, block);
    if (single !== null) {
      this.#commentAbove(this.#noteOf(single.at));
      this.#places(block, loop.columns, { index, names: [] });
      if (run !== null && size !== undefined) this.#size(run, { name: size.name, index });
      if (loop.inFlight === undefined) this.#times(single.call, { rows, index });
      else this.#overlapped(single.call, { loop, rows, index });
    } else {
      this.#rows(loop, block, { rows, index: counts ? index : null, around: outer });
    }
    this.#depth--;
    this.#scope = outer;
  }

  #places(
    block: Block,
    columns: Columns,
    about: { index: string; names: readonly string[] },
  ): void {
    for (const [at, place] of columns.places.entries()) {
      const code = placeCode(place, about.names, about.index);
      if (code !== null) this.#filled.set(block.slots[at]!, code);
    }
  }

  /** Puts the parameter in place of the size of what is read or written in a row. */
  #size(run: SizedRun, { name, index }: { name: string; index: string }): void {
    this.usesParams = true;
    const number = run.skipped === 0 ? index : `(${run.skipped} + ${index})`;
    this.#filled.set(run.offset, `${number} * p.${name}`);
    this.#filled.set(run.length, `p.${name}`);
  }

  #times(line: CallLine, { rows, index }: { rows: string; index: string }): void {
    this.lines.push(`${this.#indent}for await (const ${index} of c.times(${rows})) {`);
    this.#inner(() => this.lines.push(this.#callText(line)));
    this.lines.push(`${this.#indent}}`);
  }

  #overlapped(
    line: CallLine,
    { loop, rows, index }: { loop: Loop; rows: string; index: string },
  ): void {
    const { name, args } = this.#callParts(line);
    const sent = `${name}(${args.map(oneLine).join(", ")})`;
    const { inFlight = 0, blocks } = loop;
    const depth = inFlight === 0 || inFlight >= blocks.length ? "" : `, { inFlight: ${inFlight} }`;
    const parameter = index === "_" ? "()" : `(${index})`;
    const start = `${this.#indent}await c.overlapped(`;
    const flat = `${start}${rows}, ${parameter} => ${sent}`;
    if (widthOf(`${flat}${depth});`) <= WIDTH) {
      this.lines.push(`${flat}${depth});`);
      return;
    }
    if (depth !== "" && widthOf(flat) + 3 <= WIDTH) {
      this.lines.push(
        `${flat}, {`,
        `${this.#indent}  inFlight: ${inFlight},`,
        `${this.#indent}});`,
      );
      return;
    }
    this.lines.push(start);
    this.#inner(() => {
      this.lines.push(`${this.#indent}${rows},`);
      const arrow = `${this.#indent}${parameter} => ${sent},`;
      if (widthOf(arrow) <= WIDTH) this.lines.push(arrow);
      else {
        this.lines.push(`${this.#indent}${parameter} => {`);
        this.#inner(() => this.lines.push(call(`${this.#indent}return `, name, args)));
        this.lines.push(`${this.#indent}},`);
      }
      if (depth !== "") this.lines.push(`${this.#indent}{ inFlight: ${inFlight} },`);
    });
    this.lines.push(`${this.#indent});`);
  }

  #rows(loop: Loop, block: Block, about: {
    readonly rows: string;
    readonly index: string | null;
    /** The scope around the loop. */
    readonly around: Scope;
  }): void {
    const { around } = about;
    const { columns } = loop;
    const names = columnNames(columns, (wanted) => this.fresh(wanted));
    const row = names.length === 1 ? names[0]! : `[${names.join(", ")}]`;
    const isOverlap = loop.inFlight !== undefined;
    const pending = isOverlap ? around.counter("sent") : "";
    if (isOverlap) this.lines.push(`${this.#indent}const ${pending}: Promise<unknown>[] = [];`);
    const each = about.index === null ? row : `[${about.index}, ${row}]`;
    const from = about.index === null ? about.rows : `${about.rows}.entries()`;
    const head = `${this.#indent}for (const ${each} of ${from}) {`;
    if (head.length <= WIDTH) this.lines.push(head);
    else {
      const whole = this.fresh("row");
      const short = about.index === null ? whole : `[${about.index}, ${whole}]`;
      this.lines.push(
        `${this.#indent}for (const ${short} of ${from}) {`,
        ...patternLines(`${this.#indent}  `, names, whole),
      );
    }
    this.#places(block, columns, { index: about.index ?? "_", names });
    this.#inner(() => {
      if (!isOverlap) return this.nodes(block.nodes, false);
      for (const node of block.nodes) {
        for (const line of node.kind === "step" ? node.lines : []) {
          if (line.kind !== "call") this.#line(line);
          else {
            const { name, args } = this.#callParts(line);
            const flat = `${this.#indent}${pending}.push(${name}(${
              args.map(oneLine).join(", ")
            }));`;
            if (widthOf(flat) <= WIDTH) {
              this.lines.push(flat);
              continue;
            }
            const request = this.fresh("request");
            this.lines.push(
              call(`${this.#indent}const ${request} = `, name, args),
              `${this.#indent}${pending}.push(${request});`,
            );
          }
        }
      }
    });
    this.lines.push(`${this.#indent}}`);
    if (isOverlap) this.lines.push(`${this.#indent}await Promise.all(${pending});`);
  }

  #commentAbove(text: string): void {
    this.lines.push(...wrapped(comment(text), `${this.#indent}// `));
  }

  #inner(write: () => void): void {
    const outer = this.#indent;
    this.#indent = `${outer}  `;
    write();
    this.#indent = outer;
  }
}

/** The label of a moment. */
export function frameOf(moment: ListCode): Code {
  return moment.items[1]!;
}

/** Names of a table's columns, in order. */
export function columnNames(columns: Columns, fresh: (wanted: string) => string): string[] {
  return columns.columns.map(({ hint }) => fresh(hint));
}

/** The one call of a loop whose times are all that its table has. */
function onlyCall({ columns }: Loop, block: Block): { at: AtLine; call: CallLine } | null {
  const [node, ...more] = block.nodes;
  if (more.length > 0 || node?.kind !== "step" || node.lines.length !== 2) return null;
  const [at, line] = node.lines;
  if (at?.kind !== "at" || line?.kind !== "call" || columns.columns.length !== 1) return null;
  return { at, call: line };
}

function placeCode(place: Place, names: readonly string[], index = "i"): Code | null {
  switch (place.kind) {
    case "value":
      return null;
    case "column":
      return names[place.column] ?? null;
    case "capped":
      return `Math.min(${place.size}, ${place.total} - ${index} * ${place.size})`;
    case "index": {
      const product = place.stride === 1 ? index : `${index} * ${place.stride}`;
      return place.base === 0 ? product : `${place.base} + ${product}`;
    }
  }
}

/** The notes of each line of the first block, from all of them. */
function notesOf(blocks: readonly Block[]): Map<AtLine, Note[]> {
  const notes = new Map<AtLine, Note[]>();
  const [first] = blocks;
  for (const [at, node] of (first?.nodes ?? []).entries()) {
    const twins = blocks.map((block) => block.nodes[at]!);
    if (node.kind === "loop") {
      const inner = twins.flatMap((twin) => twin.kind === "loop" ? twin.blocks : []);
      for (const [line, its] of notesOf(inner)) notes.set(line, its);
    }
    if (node.kind !== "step") continue;
    for (const [place, line] of node.lines.entries()) {
      if (line.kind !== "at") continue;
      const its: Note[] = [];
      for (const twin of twins) {
        const other = twin.kind === "step" ? twin.lines[place] : undefined;
        if (other?.kind === "at") its.push(other.note);
      }
      notes.set(line, its);
    }
  }
  return notes;
}

/** Lines of a comment, none longer than a line. */
export function wrapped(text: string, start: string): string[] {
  const lines: string[] = [];
  let line = start;
  for (const word of text.trimEnd().split(" ")) {
    if (line !== start && line.length + word.length + 1 > COMMENT_WIDTH) {
      lines.push(line);
      line = start;
    }
    line += line === start ? word : ` ${word}`;
  }
  return [...lines, line];
}

/** `const [a, b] = row;` */
export function patternLines(indent: string, names: readonly string[], whole: string): string[] {
  const flat = `${indent}const [${names.join(", ")}] = ${whole};`;
  if (flat.length <= WIDTH) return [flat];
  return [
    `${indent}const [`,
    ...names.map((name) => `${indent}  ${name},`),
    `${indent}] = ${whole};`,
  ];
}

/** When a node's first request was sent. */
function startOf(node: Node): number | null {
  if (node.kind === "step") return node.does[0]?.at ?? null;
  const block = node.kind === "loop" ? node.blocks[0] : node.block;
  return block === undefined ? null : startOf(block.nodes[0]!);
}

/** When its last answer came. */
function endOf(node: Node): number | null {
  if (node.kind === "step") {
    return node.does.reduce<number | null>(
      (end, { at, answeredAt }) => Math.max(end ?? 0, answeredAt ?? at),
      null,
    );
  }
  const block = node.kind === "loop" ? node.blocks.at(-1) : node.block;
  return (block?.nodes ?? []).reduce<number | null>(
    (end, inner) => Math.max(end ?? 0, endOf(inner) ?? 0),
    null,
  );
}

/** Whether something else begins: an open behind a close, a loop. */
function isApart(previous: Node, node: Node): boolean {
  if (node.kind === "loop" || previous.kind === "loop") return true;
  const last = previous.kind === "function" ? "close" : previous.does.at(-1)?.kind;
  if (node.kind === "function") {
    return previous.kind === "step" && (last === "close" || last === "tree");
  }
  return node.does[0]?.kind === "create" &&
    (last === "close" || last === "break" || last === "tree");
}
