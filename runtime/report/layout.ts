/** Lines of reports: a label with dots and what it says, and tables. */

const LABEL_WIDTH = 12;

/** `  label ....: text`. */
export function line(label: string, text: string): string {
  return `  ${`${label} `.padEnd(LABEL_WIDTH, ".")}: ${text}`;
}

/** First column to the left, the others to the right. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const all = [head, ...rows];
  const widths = head.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  return all.map((row) =>
    `  ${
      row.map((cell, column) =>
        column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)
      ).join("  ")
    }`.trimEnd()
  );
}
