import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { listFiles, root, SourceFile } from './support/source-files.ts'

const EVENT = /\bevent: '([^']*)'/g

const page = readFileSync(join(root, 'docs/logs.md'), 'utf8')
const rows = [...page.matchAll(/^\| `([\w-]+)` \| ([a-z, ]+) \|/gm)]
const listed = rows.map(([, event]) => event!)

const used = new Map<string, string[]>()
for (const path of listFiles('src').filter(path => path.endsWith('.ts'))) {
  const { text, isTest } = new SourceFile(path)
  if (isTest) continue
  for (const [, event] of text.matchAll(EVENT)) used.set(event!, [...(used.get(event!) ?? []), path])
}

test('docs/logs.md lists every event that the source logs, and no other', () => {
  expect(listed.toSorted()).toEqual([...used.keys()].toSorted())
})

test('an event has a name in kebab-case, one row, and levels that exist', () => {
  for (const event of used.keys()) expect(event, used.get(event)!.join()).toMatch(/^[a-z]+(-[a-z]+)*$/)
  expect(new Set(listed).size).toBe(listed.length)
  for (const [, , levels] of rows) {
    for (const level of levels!.trim().split(', '))
      expect(['debug', 'info', 'warn', 'error']).toContain(level)
  }
})
