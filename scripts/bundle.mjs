// Joins the sources into few files: finding, reading and linking some three hundred took half of a start. Nothing is minified, so
// that stack traces and profiles stay readable. Types are checked and declared by tsc, not here.
//
// All that a running broker needs is one file, and so is what the commands for clusters share; what is imported only on demand (the
// commands, the memory disk, messages that no handler reads) stays in files of its own.
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'rolldown'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const { dependencies, peerDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))

/** What every start loads; with all that they import without asking. */
const brokerEntries = [
  'broker/broker.ts',
  'broker/config.ts',
  'base/logger.ts',
  'base/node/node-world.ts',
].map(name => join(root, 'src', name))

const main = join(root, 'src', 'cli', 'main.ts')

/** The commands for clusters; what they share is one file as well. */
const clusterCommands = ['topic', 'produce', 'consume', 'group', 'cluster', 'quota'].map(name =>
  join(root, 'src', 'cli', 'commands', `${name}.ts`),
)

export async function bundle(folder) {
  let ofBroker
  let ofMain
  let ofCluster
  await build({
    cwd: root,
    input: { index: 'src/index.ts', vitest: 'src/vitest.ts', 'cli/main': 'src/cli/main.ts' },
    platform: 'node',
    external: Object.keys({ ...dependencies, ...peerDependencies }),
    logLevel: 'warn',
    output: {
      dir: folder,
      format: 'esm',
      chunkFileNames: 'parts/[name].js',
      codeSplitting: {
        groups: [
          {
            debugName: 'broker',
            name(id, graph) {
              ofBroker ??= reachable(brokerEntries, graph)
              return ofBroker.has(id) ? 'broker' : null
            },
          },
          {
            // A group takes along what its files import, unless an earlier one has it: every other command loads these too.
            debugName: 'every command',
            name(id, graph) {
              ofMain ??= reachable([main], graph)
              return ofMain.has(id) && id !== main ? 'command' : null
            },
          },
          {
            debugName: 'cluster commands',
            name(id, graph) {
              ofCluster ??= reachable(clusterCommands, graph)
              return ofCluster.has(id) && !clusterCommands.includes(id) ? 'cluster' : null
            },
          },
        ],
      },
    },
  })
}

function reachable(entries, graph) {
  const found = new Set(entries)
  for (const id of found)
    for (const imported of graph.getModuleInfo(id)?.importedIds ?? []) found.add(imported)
  return found
}
