import colors from 'picocolors';
import { visible } from '../contracts/card.ts';

/** Rows under a head, each column as wide as its widest cell; what would move the cursor is made visible. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const cells = [head, ...rows].map((row) => row.map(visible));
  const widths = head.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
  return cells.map((row, index) => {
    const line = row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd();
    return index === 0 ? colors.bold(line) : line;
  });
}
