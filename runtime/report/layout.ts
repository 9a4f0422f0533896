/** Lines of reports: a label with dots and what it says, and tables. */

const LABEL_WIDTH = 12;

/** `  label ....: text`. */
export function line(label: string, text: string): string {
  return `  ${`${label} `.padEnd(LABEL_WIDTH, ".")}: ${text}`;
}

/** The same in lines of at most so many columns. */
export function lines(label: string, text: string, width: number): string[] {
  const indent = " ".repeat(line("", "").length);
  const wrapped: string[] = [];
  let current = line(label, "").trimEnd();
  // A number stays with its unit.
  for (const word of text.split(/ (?![KMGT]?i?B\b|%)/)) {
    if (current !== indent && current.length + 1 + word.length > width) {
      wrapped.push(current);
      current = indent + word;
    } else {
      current = current === indent ? indent + word : `${current} ${word}`;
    }
  }
  return [...wrapped, current];
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
