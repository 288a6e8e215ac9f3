import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { generatedPages } from '../scripts/docs.ts'

const pages = generatedPages()
const read = (path: string) => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8')

test.each([...pages])('%s is current (else: npm run docs)', (path, text) => {
  expect(read(path)).toBe(text)
})

test('the page of APIs lists all that are for clients', () => {
  expect(pages.get('docs/apis.md')!.match(/^\| \d+ \|/gm)).toHaveLength(77)
})

test('the README names only settings and files that exist', () => {
  const readme = read('README.md')
  const links = [...readme.matchAll(/\]\((?!https?:)([^)#]+)[^)]*\)/g)].map(([, path]) => path!)
  for (const path of links) expect(() => read(path), path).not.toThrow()
  const known = pages.get('docs/configuration.md')!
  const settings = [...readme.matchAll(/`((?:log|loggerhead|auto|num|advertised)\.[a-z.]+)`/g)].map(
    ([, name]) => name!,
  )
  for (const name of settings) expect(known).toContain(`\`${name}\``)
})

test.each([
  ['README.md', 'compat-tests/embedded/orders.test.ts'],
  ['docs/embedding.md', 'compat-tests/embedded/outage.test.ts'],
  ['docs/embedding.md', 'compat-tests/embedded/node-test.ts'],
])('%s shows %s as it is run', (page, example) => {
  expect(read(page)).toContain(`\`\`\`ts\n${read(example)}\`\`\``)
})

test.each([
  ['src/embedded/broker-options.ts', 'BrokerOptions'],
  ['src/embedded/embedded-broker.ts', 'EmbeddedBroker'],
  ['src/embedded/faults/fault-injector.ts', 'Faults'],
  ['src/embedded/faults/fault.ts', 'FaultOptions'],
  ['src/embedded/faults/fault.ts', 'Fault'],
  ['src/embedded/topics.ts', 'TopicView'],
  ['src/embedded/topics.ts', 'PartitionView'],
  ['src/embedded/groups.ts', 'GroupView'],
  ['src/embedded/groups.ts', 'GroupMemberView'],
  ['src/embedded/groups.ts', 'GroupOffset'],
  ['src/embedded/records.ts', 'NewRecord'],
  ['src/embedded/records.ts', 'ReadOptions'],
])('docs/embedding.md has all that %s says of %s', (path, name) => {
  const [, body] = new RegExp(`^export interface ${name} .*?{\\n(.*?)^}`, 'ms').exec(read(path))!
  const members = [...body!.matchAll(/^ {2}(?:readonly )?(\w+)\??[(:<]/gm)].map(([, member]) => member!)
  expect(members.length).toBeGreaterThan(0)
  const page = read('docs/embedding.md')
  expect(members.filter(member => !new RegExp(`\\b${member}\\b`).test(page))).toEqual([])
})
