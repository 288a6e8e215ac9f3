// Lets programs of this folder import `loggerhead` as an application does, and have the sources of this checkout.
import { registerHooks } from 'node:module'

const sources = { loggerhead: '../../src/index.ts', 'loggerhead/vitest': '../../src/vitest.ts' }

registerHooks({
  resolve(specifier, context, next) {
    const source = Object.hasOwn(sources, specifier)
      ? new URL(sources[specifier], import.meta.url).href
      : specifier
    return next(source, context)
  },
})
