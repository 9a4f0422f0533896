/**
 * When two parts of a script are the same but for values: the shape of a node is its text with slots and variables left
 * out, as a number; equal shapes differ in slots and variables alone. What differs from one time to the next becomes a
 * column of a table, or follows from the number of the time.
 */
import { type Code, oneLine, type Slot, slot } from "./emit/code.ts";
import type { Line, Step } from "./emit/step.ts";

/** A loop: blocks of equal shape, one after the other. */
export interface Loop {
  readonly kind: "loop";
  readonly blocks: readonly Block[];
  readonly columns: Columns;
  /** The table of its rows: what a function that has the loop takes. */
  readonly rows: RowsSlot;
  /**
   * Requests that are sent before those before them are answered: how many at most are under way, where the capture
   * had one number for all; 0 where what each waits for is said by itself.
   */
  readonly inFlight?: number;
}

/** Stands for the rows of a loop's table. */
export interface RowsSlot extends Slot {
  readonly loop: Loop;
}

/** A call of a function of the script. */
export interface FunctionCall {
  readonly kind: "function";
  readonly shape: FunctionShape;
  readonly block: Block;
}

/** What several calls have in common. */
export interface FunctionShape {
  readonly blocks: Block[];
}

/** A part of a script. */
export type Node = Step | Loop | FunctionCall;

/** Nodes in a row, seen as one. */
export interface Block {
  readonly nodes: readonly Node[];
  readonly slots: readonly Slot[];
  /** Variables that it uses and does not make, by first use. */
  readonly free: readonly string[];
  /** Variables that it makes. */
  readonly made: readonly string[];
}

/** What a node looks like. */
export interface NodeShape {
  /** Equal in nodes that differ in slots and variables alone. */
  readonly template: number;
  readonly slots: readonly Slot[];
  /** Every mention of a variable, in order. */
  readonly variables: readonly string[];
  /** Those that it makes. */
  readonly makes: readonly string[];
}

/** Shapes of nodes, each found once. */
export class Shapes {
  readonly #templates = new Map<string, number>();
  readonly #known = new Map<Node, NodeShape>();

  /** The shape of a node. */
  of(node: Node): NodeShape {
    let shape = this.#known.get(node);
    if (shape === undefined) this.#known.set(node, shape = this.#shapeOf(node));
    return shape;
  }

  /** A block of nodes. */
  block(nodes: readonly Node[]): Block {
    const slots: Slot[] = [];
    const free = new Set<string>();
    const made = new Set<string>();
    for (const node of nodes) {
      const shape = this.of(node);
      for (const slot of shape.slots) slots.push(slot);
      const makes = new Set(shape.makes);
      for (const name of shape.variables) if (!made.has(name) && !makes.has(name)) free.add(name);
      for (const name of makes) made.add(name);
    }
    return { nodes, slots, free: [...free], made: [...made] };
  }

  /** Equal for blocks that can be one function: their variables relate to each other in the same way. */
  key(nodes: readonly Node[]): string {
    const places = new Map<string, number>();
    let key = "";
    for (const node of nodes) {
      const shape = this.of(node);
      key += `${shape.template}:`;
      for (const name of shape.variables) {
        let place = places.get(name);
        if (place === undefined) places.set(name, place = places.size);
        key += `${place},`;
      }
    }
    return key;
  }

  /** Whether `count` nodes from `second` on do the same as those from `first` on, on the same variables. */
  isAgain(nodes: readonly Node[], count: number, at: { first: number; second: number }): boolean {
    if (at.second + count > nodes.length) return false;
    for (let i = 0; i < count; i++) {
      const one = this.of(nodes[at.first + i]!);
      const other = this.of(nodes[at.second + i]!);
      if (one.template !== other.template) return false;
    }
    const twins = new Map<string, string>();
    for (let i = 0; i < count; i++) {
      const one = this.of(nodes[at.first + i]!);
      const other = this.of(nodes[at.second + i]!);
      for (const [k, name] of one.makes.entries()) twins.set(name, other.makes[k]!);
      for (const [k, name] of one.variables.entries()) {
        if (other.variables[k] !== (twins.get(name) ?? name)) return false;
      }
    }
    return true;
  }

  #shapeOf(node: Node): NodeShape {
    const writer = new TemplateWriter();
    switch (node.kind) {
      case "step":
        for (const line of node.lines) writer.line(line);
        break;
      case "loop":
        writer.loop(node, this.key(node.blocks[0]!.nodes));
        break;
      case "function":
        throw new TypeError("Cannot fold what is folded already");
    }
    return {
      template: this.#number(writer.text),
      slots: writer.slots,
      variables: writer.variables,
      makes: writer.makes,
    };
  }

  #number(text: string): number {
    let number = this.#templates.get(text);
    if (number === undefined) this.#templates.set(text, number = this.#templates.size);
    return number;
  }
}

class TemplateWriter {
  text = "";
  readonly slots: Slot[] = [];
  readonly variables: string[] = [];
  readonly makes: string[] = [];

  line(line: Line): void {
    switch (line.kind) {
      case "at":
        this.text += "@";
        this.slots.push(line.moment);
        return;
      case "comment":
        this.text += `//${line.text}\n`;
        return;
      case "await":
        this.#target(line.target);
        this.text += "await";
        this.variables.push(line.variable);
        return;
      case "call":
        this.#target(line.target);
        this.text += line.wait ? "await " : "";
        this.#code(line.receiver);
        this.text += `.${line.method}(`;
        for (const arg of line.args) {
          this.#code(arg);
          this.text += ",";
        }
        this.text += ")\n";
    }
  }

  loop({ blocks, columns, inFlight, rows }: Loop, key: string): void {
    this.text += `loop ${inFlight} ${key} ${columnsText(columns)}`;
    // What is the same each time stands in the loop itself: another value makes it another loop.
    for (const [index, { kind }] of columns.places.entries()) {
      if (kind === "value") this.text += ` ${JSON.stringify(blocks[0]!.slots[index]!.value)}`;
    }
    this.slots.push(rows);
    this.variables.push(...blocks[0]!.free);
  }

  #target(name: string | undefined): void {
    if (name === undefined) return;
    this.text += "=";
    this.variables.push(name);
    this.makes.push(name);
  }

  #code(code: Code): void {
    if (typeof code === "string") {
      this.text += code;
      return;
    }
    switch (code.kind) {
      case "slot":
        this.text += `\u0001${code.type}`;
        this.slots.push(code);
        return;
      case "variable":
        this.text += `\u0002${code.member ?? ""}`;
        this.variables.push(code.id);
        return;
      case "call":
        if (code.of !== undefined) this.#code(code.of);
        this.text += `${code.name}(`;
        for (const arg of code.args) this.#code(arg);
        this.text += ")";
        return;
      case "list":
        this.text += "[";
        for (const item of code.items) {
          this.#code(item);
          this.text += ",";
        }
        this.text += "]";
        return;
      case "object":
        this.text += "{";
        for (const [name, value] of code.members) {
          this.text += `${name}:`;
          this.#code(value);
          this.text += ",";
        }
        this.text += "}";
    }
  }
}

/** A value that differs from one time to the next. */
export interface Column {
  readonly type: Slot["type"];
  /** What it is called. */
  readonly hint: string;
  readonly values: readonly Code[];
}

/**
 * What stands in place of a slot: its value, `base + i * stride`, the size but for what is less at the end, or the column
 * of that number.
 */
export type Place =
  | { readonly kind: "value" }
  | { readonly kind: "index"; readonly stride: number; readonly base: number }
  | { readonly kind: "capped"; readonly size: number; readonly total: number }
  | { readonly kind: "column"; readonly column: number };

/** How blocks of equal shape differ. */
export interface Columns {
  /** By slot of the block. */
  readonly places: readonly Place[];
  readonly columns: readonly Column[];
}

/** Finds how blocks differ. `isLoop`: a value may follow from the number of the block. */
export function columnsOf(blocks: readonly Block[], isLoop: boolean): Columns {
  const [first] = blocks;
  const places: Place[] = [];
  const columns: Column[] = [];
  const known = new Map<string, number>();
  for (const [index, slot] of (first?.slots ?? []).entries()) {
    if (slot.type === "rows") {
      places.push({ kind: "column", column: columns.length });
      columns.push({
        type: "rows",
        hint: "rows",
        values: blocks.map(({ slots }) => slots[index]!),
      });
      continue;
    }
    const values = blocks.map((block) => block.slots[index]!.value);
    const texts = values.map(oneLine);
    if (slot.type !== "At" && texts.every((text) => text === texts[0])) {
      places.push({ kind: "value" });
      continue;
    }
    const steps = isLoop && mayCount(slot, blocks.length) ? progression(texts) : null;
    if (steps !== null) {
      places.push({ kind: "index", ...steps });
      continue;
    }
    const capped = isLoop && slot.hint === "length" ? cap(texts) : null;
    if (capped !== null) {
      places.push({ kind: "capped", ...capped });
      continue;
    }
    const key = `${slot.type}\n${texts.join("\n")}`;
    let column = known.get(key);
    if (column === undefined) {
      known.set(key, column = columns.length);
      columns.push({ type: slot.type, hint: slot.hint, values });
    }
    places.push({ kind: "column", column });
  }
  return momentsLast({ places, columns });
}

/** Values first, then the moments at which they are sent. */
function momentsLast({ places, columns }: Columns): Columns {
  const order = columns.map((_, index) => index).sort((one, other) =>
    Number(columns[one]!.type === "At") - Number(columns[other]!.type === "At") || one - other
  );
  const moved = new Map(order.map((from, to) => [from, to]));
  return {
    columns: order.map((index) => columns[index]!),
    places: places.map((place) =>
      place.kind === "column" ? { ...place, column: moved.get(place.column)! } : place
    ),
  };
}

/** Whether that a number grows evenly means something: three lengths may do so by chance. */
function mayCount({ type, hint }: Slot, blocks: number): boolean {
  return type === "number" && (hint === "offset" || hint === "seed" || blocks >= MANY);
}

/** So many numbers do not grow evenly by chance. */
const MANY = 8;

/** One size and less at the end: what is left of the total. */
function cap(texts: readonly string[]): { size: number; total: number } | null {
  const [size, last] = [Number(texts[0]), Number(texts.at(-1))];
  const before = texts.length - 1;
  if (before < 2 || !(last < size) || texts.indexOf(texts.at(-1)!) !== before) return null;
  for (let i = 1; i < before; i++) if (texts[i] !== texts[0]) return null;
  return { size, total: before * size + last };
}

/** Stride and start of numbers that grow evenly. */
function progression(texts: readonly string[]): { stride: number; base: number } | null {
  const numbers = texts.map(Number);
  if (!numbers.every(Number.isSafeInteger) || texts.length < 2) return null;
  const [base, second] = numbers as [number, number];
  const stride = second - base;
  if (stride <= 0) return null;
  return numbers.every((value, i) => value === base + i * stride) ? { stride, base } : null;
}

function columnsText({ places, columns }: Columns): string {
  return JSON.stringify([places, columns.map(({ type, hint }) => [type, hint])]);
}

/** Reads or writes of one size, one behind the other. */
export interface SizedRun {
  readonly kind: "read" | "write";
  readonly size: number;
  /** How many sizes the first one begins behind the start. */
  readonly skipped: number;
  readonly offset: Slot;
  readonly length: Slot;
}

/** Shorter ones have no size of their own. */
const SHORTEST_RUN = 8;

/** What a loop reads or writes in a row; null where it does something else. */
export function sizedRun({ blocks, columns: { places } }: Loop): SizedRun | null {
  const [block] = blocks;
  const node = block?.nodes[0];
  if (block === undefined || node?.kind !== "step" || block.nodes.length !== 1) return null;
  const kind = node.does[0]?.kind;
  if (blocks.length < SHORTEST_RUN || (kind !== "read" && kind !== "write")) return null;
  const offset = block.slots.findIndex(({ hint }) => hint === "offset");
  const length = block.slots.findIndex(({ hint }) => hint === "length");
  const place = places[offset];
  if (place?.kind !== "index" || places[length]?.kind !== "value") return null;
  const size = Number(block.slots[length]!.value);
  if (size !== place.stride || place.base % size !== 0) return null;
  return {
    kind,
    size,
    skipped: place.base / size,
    offset: block.slots[offset]!,
    length: block.slots[length]!,
  };
}

/** A loop over blocks of equal shape. */
export function loopOf(blocks: readonly Block[], inFlight?: number): Loop {
  const loop: Loop = {
    kind: "loop",
    blocks,
    columns: columnsOf(blocks, true),
    rows: {
      ...slot("rows", "rows", ""),
      get loop() {
        return loop;
      },
    },
    ...inFlight === undefined ? {} : { inFlight },
  };
  return loop;
}

/** The loop whose rows a value stands for. */
export function loopOfRows(value: Code): Loop {
  return (value as RowsSlot).loop;
}
