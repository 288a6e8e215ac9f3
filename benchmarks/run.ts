/**
 * `npm run bench`: Loggerhead beside Apache Kafka on this machine, row by row, A B A B. Prints each row when it is
 * done; a full run also writes the table of docs/performance.md. Exits with 1 when a row misses what it must be.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { ensureKafkaJars } from '../compat-tests/support/kafka-jars.ts'
import { type Bench, openBench } from './bench.ts'
import { verdict } from './finding.ts'
import { installPackage } from './install.ts'
import { buildLoad } from './load.ts'
import { machineFacts } from './machine.ts'
import { markdown, type Result, resultText, writeNumbers } from './report.ts'
import { rows, warmRows } from './rows/index.ts'
import type { Row } from './rows/row.ts'

const usage = `npm run bench -- [options]
  --rows a,b      only these: ${rows.map(row => row.id).join(', ')}
  --quick         fewer and shorter rounds, less data
  --rounds N      rounds of A B (5; quick 2)
  --seconds N     seconds of a run (5; quick 2)
  --folder DIR    where the brokers keep their data, up to 40 GB (the system's temporary folder)
  --json FILE     also write every sample
  --write         write docs/performance.md even if not all rows ran
  --peer-only     a second Apache Kafka in place of Loggerhead: shows what the method itself adds`

const { values } = parseArgs({
  options: {
    rows: { type: 'string' },
    quick: { type: 'boolean', default: false },
    rounds: { type: 'string' },
    seconds: { type: 'string' },
    folder: { type: 'string', default: tmpdir() },
    json: { type: 'string' },
    write: { type: 'boolean', default: false },
    'peer-only': { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})

function chosenRows(): Row[] {
  const wanted = values.rows?.split(',') ?? rows.map(row => row.id)
  const unknown = wanted.filter(id => !rows.some(row => row.id === id))
  if (unknown.length > 0) throw new Error(`no row ${unknown.join(', ')}\n${usage}`)
  return rows.filter(row => wanted.includes(row.id))
}

async function measure(row: Row, bench: Bench): Promise<Result> {
  try {
    return { row, findings: await row.measure(bench) }
  } catch (error) {
    return { row, findings: [], failure: error instanceof Error ? error.message : String(error) }
  }
}

async function main(): Promise<number> {
  const chosen = chosenRows()
  const lastWarm = chosen.findLast(row => warmRows.includes(row))
  await buildLoad()
  await ensureKafkaJars()
  const folder = await mkdtemp(join(values.folder, 'loggerhead-bench-'))
  const facts = await machineFacts(folder)
  const bench = openBench({
    folder,
    quick: values.quick,
    rounds: Number(values.rounds ?? (values.quick ? 2 : 5)),
    seconds: Number(values.seconds ?? (values.quick ? 2 : 5)),
    peerOnly: values['peer-only'],
  })
  const results: Result[] = []
  try {
    if (!values['peer-only']) await installPackage(folder)
    console.log(facts.join('\n'))
    for (const row of chosen) {
      const result = await measure(row, bench)
      results.push(result)
      console.log(resultText(result))
      if (row === lastWarm) await bench.closeWarm()
    }
  } finally {
    await bench.closeWarm()
    await rm(folder, { recursive: true, force: true })
  }
  if (values.json) await writeFile(values.json, `${JSON.stringify({ facts, results }, null, 2)}\n`)
  const isFull = chosen.length === rows.length && !values.quick && !values['peer-only']
  if (values.write || isFull) await writeNumbers(markdown(facts, commandLine(), results))
  return results.some(({ findings, failure }) => failure || findings.some(each => verdict(each) === 'fail'))
    ? 1
    : 0
}

function commandLine(): string {
  const options = process.argv.slice(2).filter(option => option !== '--write')
  return ['npm run bench', ...(options.length > 0 ? ['--', ...options] : [])].join(' ')
}

if (values.help) console.log(usage)
else process.exitCode = await main()
