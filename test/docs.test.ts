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
