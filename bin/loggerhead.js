#!/usr/bin/env node
// The `loggerhead` command. Any old Node can read this file: it must live long enough to say what it needs.
// It runs the sources in a checkout and `dist` in an installed package.
const wanted = [22, 22]
const found = process.versions.node.split('.').map(Number)

if (found[0] < wanted[0] || (found[0] === wanted[0] && found[1] < wanted[1])) {
  console.error(`loggerhead needs Node ${wanted.join('.')} or newer; this is ${process.version}`)
  process.exitCode = 1
} else {
  run()
}

function run() {
  // Disk work waits in libuv's pool, whose size is read once, when the pool is first used.
  if (!process.env.UV_THREADPOOL_SIZE) process.env.UV_THREADPOOL_SIZE = '8'
  require('node:module').enableCompileCache()
  const path = require('node:path')
  const source = path.join(__dirname, '..', 'src', 'cli', 'main.ts')
  const isCheckout = require('node:fs').existsSync(source)
  const main = isCheckout ? source : path.join(__dirname, '..', 'dist', 'cli', 'main.js')
  import(require('node:url').pathToFileURL(main).href).then(cli => cli.run(process.argv.slice(2)))
}
