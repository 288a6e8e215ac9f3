import { existsSync, readFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { listFiles, root, SourceFile } from './support/source-files.ts'

/**
 * What holds for the whole repository and no compiler checks: who may import whom, who may touch the world outside, sizes, names, and what
 * nobody uses. A finding is a line `path:line: what is wrong`; an exception stands here, with its reason.
 */
const files = listFiles()
const sources = files
  .filter(path => /^(src|test|benchmarks|scripts|compat-tests)\/.*\.ts$/.test(path))
  .map(path => new SourceFile(path))
const product = sources.filter(file => file.path.startsWith('src/') && !file.isTest)

test('a folder imports only from those below it', () => {
  const order = [
    ['base'],
    ['protocol'],
    ['storage', 'client'],
    ['cluster'],
    ['coordinator', 'kv'],
    ['broker'],
    ['console'],
    ['embedded'],
    ['cli'],
  ]
  const rank = (folder: string) => order.findIndex(folders => folders.includes(folder))
  const findings: string[] = []
  for (const file of sources) {
    if (!file.path.startsWith('src/')) continue
    const from = folderOf(file.path)
    if (from !== undefined && rank(from) < 0)
      findings.push(`${file.path}:1: src/${from} has no place in the order`)
    for (const { path, line } of file.imports) {
      if (path === undefined || from === undefined) continue
      const to = path.startsWith('src/') ? folderOf(path) : 'outside'
      // Tests stand beside their source, and may use the package's face and what supports tests.
      if (file.isTest && (to === 'outside' || to === undefined)) continue
      if (to === from || (to !== undefined && rank(to) >= 0 && rank(to) < rank(from))) continue
      findings.push(`${file.path}:${line}: src/${from} must not import ${path}`)
    }
  }
  expect(findings).toEqual([])
})

test('no file imports itself by way of others, not even for a type', () => {
  const imports = new Map(
    product.map(file => [file.path, file.imports.flatMap(({ path }) => (path === undefined ? [] : [path]))]),
  )
  const findings: string[] = []
  const done = new Set<string>()
  const visit = (path: string, trail: readonly string[]) => {
    const start = trail.indexOf(path)
    if (start >= 0) findings.push([...trail.slice(start), path].join(' → '))
    if (start >= 0 || done.has(path)) return
    for (const next of imports.get(path) ?? []) visit(next, [...trail, path])
    done.add(path)
  }
  for (const path of imports.keys()) visit(path, [])
  expect(findings).toEqual([])
})

test('the package has no imports but its dependencies, and the face loads nothing of itself before it is used', () => {
  const { dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  const findings: string[] = []
  for (const file of product) {
    // Each face for a test runner may import that one.
    const allowed = [...Object.keys(dependencies), ...(file.path === 'src/vitest.ts' ? ['vitest'] : [])]
    for (const { specifier, path, line, isTypeOnly } of file.imports) {
      const isOther = path === undefined && !specifier.startsWith('node:')
      if (isOther && !allowed.includes(specifier))
        findings.push(`${file.path}:${line}: ${specifier} is no dependency`)
      if (path !== undefined && !existsSync(join(root, path)))
        findings.push(`${file.path}:${line}: ${path} is missing`)
      if (path?.startsWith('test/')) findings.push(`${file.path}:${line}: the product imports a test`)
      const isEager =
        file.path === 'src/index.ts' && !isTypeOnly && !file.code.includes(`import('${specifier}')`)
      if (isEager) findings.push(`${file.path}:${line}: import ${specifier} where it is needed`)
    }
  }
  expect(findings).toEqual([])
})

describe('the world outside is handed in:', () => {
  /** Where each part of it may be used, with the reason for every exception. */
  const borders: { what: string; in: RegExp[] }[] = [
    { what: 'node:fs', in: [/^src\/base\/node\//] },
    { what: 'node:fs/promises', in: [/^src\/base\/node\//] },
    { what: 'node:net', in: [/^src\/base\/node\//] },
    { what: 'node:tls', in: [/^src\/base\/node\//] },
    { what: 'node:http', in: [/^src\/base\/node\//] },
    { what: 'node:dns', in: [/^src\/base\/node\//] },
    { what: 'node:os', in: [/^src\/base\/node\//] },
    { what: 'node:sqlite', in: [/^src\/base\/node\//] },
    { what: 'node:child_process', in: [] },
    { what: 'node:worker_threads', in: [/^src\/base\/node\//] },
    { what: 'node:timers', in: [/^src\/base\/node\//] },
    { what: 'node:timers/promises', in: [/^src\/base\/node\//] },
    { what: 'node:perf_hooks', in: [/^src\/base\/node\//] },
    // The hash of a key while compacting is a function of its bytes, not randomness.
    { what: 'node:crypto', in: [/^src\/base\/node\//, /^src\/storage\/log\/cleaner-keys\.ts$/] },
    // Inflating and deflating are functions of their input; called synchronously.
    { what: 'node:zlib', in: [/^src\/protocol\/compression\.ts$/] },
    // The native checksum is looked for, and done without where it is missing; the command reads the package's version.
    { what: 'node:module', in: [/^src\/base\/crc32c\.ts$/, /^src\/cli\/main\.ts$/] },
    { what: 'node:path', in: [/^src\/base\/node\//, /^src\/cli\//] },
    // The command reads lines from its standard input.
    { what: 'node:readline', in: [/^src\/cli\//] },
  ]

  test.each(borders)('$what', ({ what, in: allowed }) => {
    const findings = product
      .filter(file => !allowed.some(pattern => pattern.test(file.path)))
      .flatMap(file =>
        file.imports
          .filter(one => one.specifier === what)
          .map(one => `${file.path}:${one.line}: imports ${what}`),
      )
    expect(findings).toEqual([])
  })

  test('no other module of Node is used', () => {
    const known = new Set(borders.map(({ what }) => what))
    const findings = product.flatMap(file =>
      file.imports
        .filter(({ specifier }) => specifier.startsWith('node:') && !known.has(specifier))
        .map(
          ({ specifier, line }) =>
            `${file.path}:${line}: ${specifier} is not in the table of test/architecture.test.ts`,
        ),
    )
    expect(findings).toEqual([])
  })

  const globals: { what: string; pattern: RegExp; in: RegExp[] }[] = [
    {
      what: 'timers',
      pattern: /\b(?:setTimeout|setInterval|setImmediate|clearTimeout|queueMicrotask|nextTick)\b/g,
      in: [/^src\/base\/node\//],
    },
    {
      what: 'time',
      // `new Date(x)` only writes a time that is given.
      pattern: /\bDate\.now\b|\bnew Date\(\)|\bDate\(\)|\bperformance\b/g,
      // The log is for people and has no place in a simulation's trace: it stamps its lines itself.
      in: [/^src\/base\/node\//, /^src\/base\/pino-logger\.ts$/],
    },
    {
      what: 'randomness',
      pattern: /\bMath\.random\b|\bcrypto\.(?:getRandom|random)\w*/g,
      in: [/^src\/base\/node\//],
    },
    {
      what: 'the process',
      pattern: /(?<!\.)\bprocess\.\w+|\bprocess\[/g,
      in: [
        /^src\/base\/node\//,
        // Exit codes, signals, standard streams.
        /^src\/cli\//,
        // Lines go to standard output unless told otherwise.
        /^src\/base\/pino-logger\.ts$/,
        // Modules of Node that are loaded when they are first needed (getBuiltinModule).
        /^src\/protocol\/compression\.ts$/,
        /^src\/storage\/log\/cleaner-keys\.ts$/,
      ],
    },
    { what: 'the console', pattern: /\bconsole\.\w+/g, in: [] },
  ]

  test.each(globals)('$what', ({ pattern, in: allowed }) => {
    const findings = product
      .filter(file => !allowed.some(one => one.test(file.path)))
      .flatMap(file =>
        [...file.bare.matchAll(pattern)].map(
          match => `${file.path}:${file.lineAt(match.index)}: uses ${match[0]}`,
        ),
      )
    expect(findings).toEqual([])
  })

  test('the real ones are chosen at the edge: by the face and by the command', () => {
    const findings = product.flatMap(file =>
      file.imports
        .filter(
          ({ path }) =>
            path?.startsWith('src/base/node/') &&
            !/^src\/(base\/node|cli)\/|^src\/index\.ts$/.test(file.path),
        )
        .map(({ path, line }) => `${file.path}:${line}: imports ${path}`),
    )
    expect(findings).toEqual([])
  })
})

test('files are short, or say why not', () => {
  const findings: string[] = []
  for (const file of sources) {
    const isTest = file.isTest || !file.path.startsWith('src/')
    const linesMax = isTest ? 800 : 600
    if (file.lineCount > linesMax) findings.push(`${file.path}:${linesMax + 1}: more than ${linesMax} lines`)
    else if (!isTest && file.lineCount > 400 && !/Length: |One file, /.test(file.topComment)) {
      findings.push(
        `${file.path}:1: more than 400 lines, and no sentence "Length: …" or "One file, since …" in its first comment`,
      )
    }
  }
  expect(findings).toEqual([])
})

test('every source file begins by saying its duty', () => {
  const findings = product
    // A message is said by its schema; a command by the text it shows.
    .filter(file => !/^src\/(protocol\/(messages|internal)|cli\/commands)\//.test(file.path))
    .filter(file => !file.text.includes('/**'))
    .map(file => `${file.path}:1: no comment says what this file is for`)
  expect(findings).toEqual([])
})

test('what is to be done has an issue', () => {
  const word = ['TO', 'DO|FIX', 'ME'].join('')
  const pattern = new RegExp(`\\b(?:${word})\\b(?!\\(#\\d+\\))`, 'g')
  const findings = files
    .filter(isText)
    .flatMap(path => linesMatching(path, pattern, 'without an issue, as in (#12)'))
  expect(findings).toEqual([])
})

test('files have names of what they are', () => {
  const word = '[a-z0-9]+'
  const sourceName = new RegExp(`^${word}(?:-${word})*(?:\\.(?:test|fuzz\\.test|contract|config))?$`)
  // Words that fit every file say nothing. `data-folder` is right: the folder is called so, and `metadata` is Kafka's word.
  const empty =
    /(?:^|-)(?:utils?|helpers?|common|types?|managers?|services?|impl|info|misc)(?:-|$)|(?:^|-)data$/
  const findings: string[] = []
  for (const { path } of sources) {
    const name = basename(path, '.ts')
    if (!sourceName.test(name)) findings.push(`${path}:1: the name is not kebab-case`)
    if (empty.test(name)) findings.push(`${path}:1: the name says nothing`)
    if (
      dirname(path)
        .split('/')
        .some(folder => empty.test(folder))
    )
      findings.push(`${path}:1: its folder's name says nothing`)
  }
  expect(findings).toEqual([])
})

test('a class, function or type has a name of what it is', () => {
  const pattern =
    /\b(?:class|interface|type|function)\s+(\w*(?:Utils?|Helpers?|Manager|Service|Impl|Info|Data)|get[A-Z]\w*)\b/g
  // Kafka's own word for the part of the consumer protocol that only a client's assignor understands.
  const kafkas = new Set(['ConsumerUserData', 'PartitionData', 'TopicData', 'ReplicaInfo'])
  const findings = product
    .filter(file => !/^src\/protocol\/(messages|internal)\//.test(file.path))
    .flatMap(file =>
      [...file.bare.matchAll(pattern)]
        .filter(([, name]) => !kafkas.has(name!))
        .map(match => `${file.path}:${file.lineAt(match.index)}: ${match[1]} says nothing`),
    )
  expect(findings).toEqual([])
})

test('every handler has a message of the same name', () => {
  const findings = files
    .filter(path => /^src\/broker\/handlers\/[^/]+\.ts$/.test(path) && !/\.(test|contract)\.ts$/.test(path))
    .filter(
      path => basename(path) !== 'index.ts' && !files.includes(`src/protocol/messages/${basename(path)}`),
    )
    .map(path => `${path}:1: there is no src/protocol/messages/${basename(path)}`)
  expect(findings).toEqual([])
})

test('every handler file is in the list of handlers', () => {
  const list = new SourceFile('src/broker/handlers/index.ts')
  const listed = new Set(list.imports.map(({ path }) => path))
  const findings = product
    .filter(({ path }) => path.startsWith('src/broker/handlers/') && path !== list.path && !listed.has(path))
    .map(({ path }) => `${path}:1: not in ${list.path}`)
  expect(findings).toEqual([])
})

test('every source file is reached from the package or the command', () => {
  const waiting = new Set([
    // Control batches of transactions; until those are served they are read, and tests build them.
    'src/protocol/record-control.ts',
    // Schemas of everything in internal topics, proven against Kafka's; groups of the new protocols need the rest.
    'src/protocol/internal/coordinator-records.ts',
  ])
  const byPath = new Map(product.map(file => [file.path, file]))
  const reached = new Set<string>()
  const visit = (path: string) => {
    const file = byPath.get(path)
    if (!file || reached.has(path)) return
    reached.add(path)
    for (const { path: next } of file.imports) if (next) visit(next)
  }
  for (const entry of ['src/index.ts', 'src/vitest.ts', 'src/cli/main.ts']) visit(entry)
  const findings = product
    .filter(({ path }) => !reached.has(path) && !waiting.has(path))
    .map(({ path }) => `${path}:1: nobody imports it`)
  expect(findings).toEqual([])
})

test('what is exported is used by another file', () => {
  const users = new Map<string, Set<string>>()
  for (const file of sources) {
    for (const [word] of file.code.matchAll(/[A-Za-z_$][\w$]*/g)) {
      const paths = users.get(word)
      if (paths) paths.add(file.path)
      else users.set(word, new Set([file.path]))
    }
  }
  const findings: string[] = []
  for (const file of product) {
    // Schemas are there for all APIs of Kafka; their inferred types need the names of what they are made of.
    if (/^src\/(protocol\/(messages\/|internal\/|schema\.ts)|index\.ts$|vitest\.ts$)/.test(file.path))
      continue
    for (const match of file.bare.matchAll(
      /^export (?:async )?(?:abstract )?(?:const|let|function\*?|class) (\w+)/gm,
    )) {
      if (users.get(match[1]!)!.size < 2)
        findings.push(`${file.path}:${file.lineAt(match.index)}: ${match[1]} is used only here`)
    }
  }
  expect(findings).toEqual([])
})

test('the repository names no folder of a machine and no host where packages come from', () => {
  const folders = /(?<![\w.-])\/(?:home|root|work|Users)\/[\w.-]+/g
  const hosts =
    /\/\/(?:registry|repo\d?|repository|proxy|mirrors?|packages?|artifactory|index)\.[\w-]+\.[\w.-]+/g
  const findings = files
    .filter(isText)
    .flatMap(path => [
      ...linesMatching(path, folders, 'is a folder of some machine'),
      ...linesMatching(path, hosts, 'is a host where packages come from'),
    ])
  expect(findings).toEqual([])
})

test('every page about a format is found from the first pages', () => {
  const first = ['README.md', 'ARCHITECTURE.md']
    .map(path => readFileSync(join(root, path), 'utf8'))
    .join('\n')
  const findings = files
    .filter(path => /^docs\/formats\/.*\.md$/.test(path) && !first.includes(path))
    .map(path => `${path}:1: neither README.md nor ARCHITECTURE.md names it`)
  expect(findings).toEqual([])
})

/** The folder of src that a file belongs to; undefined for the face itself. */
function folderOf(path: string): string | undefined {
  const [, folder, rest] = path.split('/')
  return rest === undefined ? undefined : folder
}

function isText(path: string): boolean {
  return (
    /\.(ts|mjs|js|go|java|md|json|yml|yaml|sh|txt|properties)$|^\.ci\//.test(path) &&
    !path.includes('/testdata/')
  )
}

function linesMatching(path: string, pattern: RegExp, what: string): string[] {
  const text = readFileSync(join(root, path), 'utf8')
  return [...text.matchAll(pattern)].map(
    match => `${path}:${text.slice(0, match.index).split('\n').length}: ${match[0]} ${what}`,
  )
}
