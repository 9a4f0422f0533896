/** Tables of a script: their rows, and the types of these. */
import { type Column, type Columns, type Loop, loopOfRows } from "../fold_shape.ts";
import { type Code, list, type ListCode, object, oneLine } from "./code.ts";
import { Scope } from "./naming.ts";
import { columnNames, COMMENT_WIDTH, frameOf } from "./print.ts";
import type { AtLine } from "./step.ts";
import { rounded } from "./steps.ts";

/** More moments of a function have no names of their own. */
export const MOST_NAMES = 12;

/** Seconds by which a recorded time may differ from an even one. */
const TOLERANCE = 1.5e-6;

/** The type of a column; what it takes of the scripting API goes to `types`. */
export function columnType({ type, values }: Column, types: Set<string>): string {
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

/** A loop's table. */
export function tableLines(name: string, { columns, blocks }: Loop, types: Set<string>): string[] {
  const rows = rowsOf({ columns, blocks }).map(oneLine);
  const type = rowType(columns, types);
  return [
    "// deno-fmt-ignore",
    `const ${name}: ${/[ |]/.test(type) && !type.startsWith("[") ? `(${type})` : type}[] = [`,
    ...packed(rows),
    "];",
  ];
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

/** Moments that are evenly apart. */
export function evenLines(name: string, even: string): string[] {
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
export function evenMoments(loop: Loop): string | null {
  if (!isMoments(loop) || loop.blocks.length < 3) return null;
  const moments = loop.columns.columns[0]!.values.map((value) => (value as ListCode).items);
  const lines = loop.blocks.flatMap(({ nodes: [node] }) =>
    node?.kind === "step" && node.lines[0]?.kind === "at" ? [node.lines[0]] : []
  );
  if (lines.some(({ after }) => after.length > 0)) return null;
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
      took: tookOf(lines),
    })!,
  );
}

/** What answers of a loop took on the average, where the run has to be told of one. */
function tookOf(lines: readonly AtLine[]): string | undefined {
  if (lines.every(({ took }) => took === undefined)) return undefined;
  const answers = lines.flatMap(({ answer }) => answer ?? []);
  const sum = answers.reduce((total, answer) => total + answer, 0);
  return String(rounded(sum / answers.length));
}

/** A row of moments for each call of a function. */
export function timesLines(
  name: string,
  { columns }: Columns,
  moments: readonly number[],
): string[] {
  const type = moments.length > MOST_NAMES ? "At[]" : `[${moments.map(() => "At").join(", ")}]`;
  const rows = columns[moments[0]!]!.values.map((_, call) => {
    const row = moments.map((index) => columns[index]!.values[call]!);
    return `${frameOf(row[0] as ListCode)}: ${oneLine(list(row))}`;
  });
  return [
    "// deno-fmt-ignore",
    `const ${name}: Record<Label, ${type}> = {`,
    ...packed(rows),
    "};",
  ];
}
