/** Findings as text for the terminal and as the generated part of docs/performance.md. */
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Finding, median, ratios, verdict } from './finding.ts'
import { repository } from './install.ts'
import type { Row } from './rows/row.ts'

export interface Result {
  row: Row
  findings: readonly Finding[]
  /** Why the row has no numbers. */
  failure?: string
}

const document = join(repository, 'docs/performance.md')
const begin = '<!-- numbers: begin (written by `npm run bench`) -->'
const end = '<!-- numbers: end -->'

function figure(value: number): string {
  if (!Number.isFinite(value)) return '–'
  if (value >= 100) return Math.round(value).toLocaleString('en-US')
  return value >= 10 ? value.toFixed(1) : value.toFixed(2)
}

/** The median, and from the least to the greatest where there are several. */
function spread(samples: readonly number[]): string {
  if (samples.length === 0) return '–'
  const middle = figure(median(samples))
  if (samples.length === 1) return middle
  return `${middle} (${figure(Math.min(...samples))}–${figure(Math.max(...samples))})`
}

function mustText({ must, unit }: Finding): string {
  if (!must) return '–'
  const [sign, bound] = must.atLeast === undefined ? ['≤', must.atMost!] : ['≥', must.atLeast]
  const number = bound < 1 && !Number.isInteger(bound * 10) ? `1/${Math.round(1 / bound)}` : String(bound)
  return must.of === 'ratio' ? `${sign} ${number} ×` : `${sign} ${number} ${unit}`
}

export function resultText({ row, findings, failure }: Result): string {
  const lines = findings.map(finding => {
    const { what, unit, ours, kafka, note } = finding
    const mark = { pass: 'pass', fail: 'FAIL', '–': '    ' }[verdict(finding)]
    const ratio = kafka.length > 0 ? `  ratio ${spread(ratios(finding))}` : ''
    const sides = `ours ${spread(ours)}, Kafka ${spread(kafka)} ${unit}`
    return `  ${mark} ${what}: ${sides}${ratio}  must ${mustText(finding)}${note ? `  [${note}]` : ''}`
  })
  if (failure) lines.push(`  FAIL ${failure}`)
  return [`${row.id}: ${row.title}`, ...lines].join('\n')
}

function resultRows({ row, findings, failure }: Result): string[] {
  const lines = [`| **${row.title}** | | | | | |`]
  for (const finding of findings) {
    const { what, unit, ours, kafka, note } = finding
    const name = `${what}, ${unit}${note ? ` (${note})` : ''}`.replace(/, $/, '')
    const columns = [
      name,
      spread(ours),
      spread(kafka),
      spread(ratios(finding)),
      mustText(finding),
      verdict(finding),
    ]
    lines.push(`| ${columns.join(' | ')} |`)
  }
  if (failure) lines.push(`| ${failure} | – | – | – | – | fail |`)
  return lines
}

export function markdown(facts: readonly string[], command: string, results: readonly Result[]): string {
  return [
    `\`${command}\` on ${new Date().toISOString().slice(0, 10)}:`,
    '',
    ...facts.map(fact => `- ${fact}`),
    '',
    '| | Loggerhead | Apache Kafka | ratio | must | |',
    '| --- | --- | --- | --- | --- | --- |',
    ...results.flatMap(resultRows),
  ].join('\n')
}

export async function writeNumbers(text: string): Promise<void> {
  const page = await readFile(document, 'utf8')
  const [from, to] = [page.indexOf(begin), page.indexOf(end)]
  if (from < 0 || to < from) throw new Error(`${document} has no place for the numbers`)
  await writeFile(document, `${page.slice(0, from + begin.length)}\n${text}\n${page.slice(to)}`)
}
