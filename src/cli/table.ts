/** Tables for people: columns as wide as what is in them, numbers to the right. */
export type Cell = string | number | boolean | null | undefined

/** A column without a value shows a dash. Without rows only the headings are left. */
export function tableLines(headings: readonly string[], rows: readonly (readonly Cell[])[]): string[] {
  const texts = rows.map(row => row.map(textOf))
  const columns = headings.map((heading, at) => ({
    width: Math.max(heading.length, ...texts.map(row => row[at]?.length ?? 0)),
    isNumber: rows.length > 0 && rows.every(row => isNumber(row[at])) && rows.some(row => row[at] != null),
  }))
  const line = (cells: readonly string[]) =>
    columns
      .map(({ width, isNumber }, at) =>
        isNumber ? (cells[at] ?? '').padStart(width) : (cells[at] ?? '').padEnd(width),
      )
      .join('  ')
      .trimEnd()
  return [line(headings), ...texts.map(line)]
}

/** Names and values, one a line, the values in one column. */
export function pairLines(pairs: readonly (readonly [string, Cell])[]): string[] {
  const width = Math.max(...pairs.map(([name]) => name.length))
  return pairs.map(([name, value]) => `${name.padEnd(width)}  ${textOf(value)}`)
}

function isNumber(cell: Cell): boolean {
  return typeof cell === 'number' || cell === null || cell === undefined
}

function textOf(cell: Cell): string {
  if (cell === null || cell === undefined || cell === '') return '-'
  return String(cell)
}

/** 1,234,567 bytes are 1.2 MiB. */
export function bytesText(bytes: number): string {
  let value = bytes
  for (const unit of ['B', 'KiB', 'MiB', 'GiB']) {
    if (value < 1024) return `${unit === 'B' ? value : value.toFixed(1)} ${unit}`
    value /= 1024
  }
  return `${value.toFixed(1)} TiB`
}

export function recordsText(count: number): string {
  return count === 1 ? '1 record' : `${count} records`
}
