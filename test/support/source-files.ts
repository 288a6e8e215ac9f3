import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

/**
 * The repository's own files, for tests that read the source: their text, what they import, and their code without comments and
 * without the contents of strings. Lines stay where they are, so that a finding can name its line.
 */
export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))))

/** What Git ignores by its name, and its own folder. */
const NOT_OURS = new Set([
  '.git',
  ...readFileSync(join(root, '.gitignore'), 'utf8')
    .split('\n')
    .filter(line => /^[\w.-]+\/?$/.test(line))
    .map(line => line.replace('/', '')),
])

/** Paths from the root, with `/`. */
export function listFiles(folder = '.'): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap(entry => {
    if (NOT_OURS.has(entry.name)) return []
    const path = folder === '.' ? entry.name : `${folder}/${entry.name}`
    return entry.isDirectory() ? listFiles(path) : [path]
  })
}

export interface Import {
  /** As it is written. */
  specifier: string
  /** The file it means, from the root; undefined for a package or a module of Node. */
  path: string | undefined
  isTypeOnly: boolean
  line: number
}

export class SourceFile {
  readonly path: string
  readonly text: string
  /** Without comments. */
  readonly code: string
  /** Without comments and the contents of strings and regular expressions. */
  readonly bare: string
  readonly imports: readonly Import[]

  constructor(path: string) {
    this.path = path
    this.text = readFileSync(join(root, path), 'utf8')
    const { code, bare } = strip(this.text)
    this.code = code
    this.bare = bare
    this.imports = this.#readImports()
  }

  get isTest(): boolean {
    return /\.(test|contract)\.ts$/.test(this.path)
  }

  get lineCount(): number {
    return this.text.split('\n').length - 1
  }

  lineAt(position: number): number {
    return this.text.slice(0, position).split('\n').length
  }

  /** The first long comment: what the file says about itself. */
  get topComment(): string {
    return /\/\*\*[\s\S]*?\*\//.exec(this.text)?.[0] ?? ''
  }

  #readImports(): Import[] {
    const found: Import[] = []
    const add = (specifier: string, isTypeOnly: boolean, position: number) => {
      const isOurs = specifier.startsWith('.')
      const path = isOurs ? relative(root, join(root, dirname(this.path), specifier)) : undefined
      found.push({ specifier, path, isTypeOnly, line: this.lineAt(position) })
    }
    for (const match of this.code.matchAll(/^(?:import|export)\s(?:[^'";]*?\sfrom\s+)?'([^']+)'/gm)) {
      add(match[1]!, /^(?:import|export) type\b/.test(match[0]), match.index)
    }
    for (const match of this.code.matchAll(/\b(typeof )?import\('([^']+)'\)/g)) {
      add(match[2]!, match[1] !== undefined, match.index)
    }
    for (const match of this.code.matchAll(/\bgetBuiltinModule\('([^']+)'\)/g))
      add(match[1]!, false, match.index)
    return found
  }
}

/** What a `/` after these begins is a regular expression. */
const BEFORE_REGEX = /(?:^|[(,=:[!&|?{};+]|=>|\breturn|\bcase)\s*$/
const TOKEN = /\/\*[\s\S]*?\*\/|\/\/[^\n]*|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`|\/|\{|\}/g

/** Blanks out comments, and in `bare` what stands between quotes too; what is inside `${}` stays. */
function strip(text: string): { code: string; bare: string } {
  let code = ''
  let bare = ''
  let at = 0
  /** For each open template its depth of braces; the last one is the innermost. */
  const templates: number[] = []
  const keep = (to: number) => {
    code += text.slice(at, to)
    bare += text.slice(at, to)
    at = to
  }
  const drop = (to: number, alsoFromCode: boolean) => {
    const blank = text.slice(at, to).replace(/[^\n]/g, ' ')
    code += alsoFromCode ? blank : text.slice(at, to)
    bare += blank
    at = to
  }
  const endOfTemplateText = (from: number) => {
    for (let i = from; i < text.length; i++) {
      if (text[i] === '\\') i++
      else if (text[i] === '`') return i
      else if (text[i] === '$' && text[i + 1] === '{') return i
    }
    return text.length
  }
  const readTemplateText = () => {
    drop(endOfTemplateText(at), false)
    if (text[at] === '`') templates.pop()
    keep(at + (text[at] === '`' ? 1 : 2))
  }
  const token = new RegExp(TOKEN)
  while (true) {
    token.lastIndex = at
    const match = token.exec(text)
    if (!match) break
    const [found] = match
    keep(match.index)
    if (found.startsWith('/*') || found.startsWith('//')) drop(at + found.length, true)
    else if (found.length > 1) drop(at + found.length, false)
    else if (found === '/') {
      const regex = /\/(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\[\n])+\/[a-z]*/y
      regex.lastIndex = at
      const end = BEFORE_REGEX.test(bare.slice(-40)) && regex.test(text) ? regex.lastIndex : at + 1
      if (end > at + 1) drop(end, false)
      else keep(end)
    } else if (found === '`') {
      templates.push(0)
      keep(at + 1)
      readTemplateText()
    } else {
      const depth = templates.at(-1)
      keep(at + 1)
      if (depth === undefined) continue
      if (found === '{') templates[templates.length - 1] = depth + 1
      else if (depth > 0) templates[templates.length - 1] = depth - 1
      else readTemplateText()
    }
  }
  keep(text.length)
  return { code, bare }
}
