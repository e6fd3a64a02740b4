/** Tables for terminals. */

/** SOFARPC names are long but not longer. */
export const MAX_CELL = 80;

/** The header and all rows, each in a line, one column below the other. */
export function textTable(rows: readonly (readonly string[])[]): string {
  const widths = widthsOf(rows);
  return rows.map((row) => `${alignedRow(row, widths)}\n`).join('');
}

/** Of each column; rows have as many cells as the first. */
export function widthsOf(rows: readonly (readonly string[])[]): number[] {
  return (rows[0] ?? []).map((_, column) => rows.reduce((width, row) => Math.max(width, row[column]!.length), 0));
}

export function alignedRow(row: readonly string[], widths: readonly number[]): string {
  return row
    .map((cell, column) => cell.padEnd(widths[column] ?? 0))
    .join('  ')
    .trimEnd();
}
