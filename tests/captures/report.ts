/**
 * Prints one line per shared capture: exchanges of the oracle, those that we pair alike, our lines, operations and notes
 * of loss of the scenario, and the differences with their reasons. `deno run -A tests/captures/report.ts`
 */
import { compile } from "../../compiler/mod.ts";
import { EXPLAINED } from "./explained.ts";
import { compareRows, operationRows, oracleRows } from "./oracle.ts";
import { capturePath, keysOf, oraclePath, sharedCaptures } from "./shared_captures.ts";

const COLUMNS = ["oracle", "paired", "ours", "operations", "losses", "differences"] as const;

type Figures = Record<typeof COLUMNS[number], number>;

const total: Figures = zero();
print(["capture", ...COLUMNS, "why"]);
for (const capture of sharedCaptures()) {
  const path = capturePath(capture);
  const keys = keysOf(capture);
  const ours = await operationRows(path, keys);
  const oracle = await oracleRows(oraclePath(capture));
  const { pairs, differences } = compareRows(ours, oracle);
  const { plan, notes } = await compile(path, { version: "report", keys });
  const figures: Figures = {
    oracle: oracle.length,
    paired: pairs,
    ours: ours.length,
    operations: plan.operations.length,
    losses: notes.filter(({ loss }) => loss).length,
    differences: differences.length,
  };
  for (const column of COLUMNS) total[column] += figures[column];
  const why = EXPLAINED.filter(({ capture: file }) => file === capture.file)
    .map(({ field, count, reason }) => `${field} ${count}: ${reason.text}`).join("; ");
  print([capture.file, ...COLUMNS.map((column) => String(figures[column])), why]);
}
print(["total", ...COLUMNS.map((column) => String(total[column])), ""]);

function zero(): Figures {
  return { oracle: 0, paired: 0, ours: 0, operations: 0, losses: 0, differences: 0 };
}

function print(cells: readonly string[]): void {
  // deno-lint-ignore no-console
  console.log(`| ${cells.join(" | ")} |`);
}
