import { createServer } from 'node:net'
import { expect, test } from 'vitest'
import { createTopic, produce, startLiveBroker, temporaryFolder } from '../../test/support/live-broker.ts'
import { readPrometheusText } from '../../test/support/prometheus-text.ts'
import { RawClient } from '../../test/support/raw-client.ts'
import { type LogFields, type Logger, silentLogger } from '../base/logger.ts'
import { MemoryDisk } from '../base/memory-disk.ts'
import { nodeWorld } from '../base/node/node-world.ts'
import { loadConfig } from '../broker/config.ts'
import { createBroker } from '../index.ts'
import { openHttpServer } from './http-server.ts'
import type { Sources } from './routes.ts'
import { type ServedBroker, startServedBroker } from './served-broker.ts'

async function start(overrides: Record<string, string | number>, logger: Logger = silentLogger) {
  const config = loadConfig({
    overrides: {
      listeners: 'PLAINTEXT://127.0.0.1:0',
      'log.dirs': '/data',
      'loggerhead.dev': true,
      ...overrides,
    },
  })
  const disk = new MemoryDisk({ folders: ['/data', '/data/a', '/data/b'] })
  return { disk, served: await startServedBroker({ ...nodeWorld(), disk, config, logger }) }
}

const urlOf = ({ http }: ServedBroker) => `http://127.0.0.1:${http[0]!.port}`

test('a broker in a program serves no HTTP unless it is asked to', async () => {
  const { broker } = await startLiveBroker()
  expect(broker.httpAddress).toBeUndefined()
})

test('tells over HTTP that it lives and is ready, and all metrics', async () => {
  const { broker } = await startLiveBroker({ httpPort: 0 })
  expect(broker.httpAddress).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)
  const live = await fetch(`${broker.httpAddress}/health/live`)
  expect([live.status, await live.json()]).toEqual([200, { status: 'ready' }])
  const ready = await fetch(`${broker.httpAddress}/health/ready`)
  const checks = ['listeners', 'log directories', 'group coordinator'].map(name => ({ name, ok: true }))
  expect([ready.status, await ready.json()]).toEqual([200, { status: 'ready', checks }])
  const metrics = await fetch(`${broker.httpAddress}/metrics?from=here`)
  expect(metrics.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8')
  expect(readPrometheusText(await metrics.text()).get('loggerhead_connections')?.samples).toHaveLength(1)
})

test('refuses other paths and methods', async () => {
  const { broker } = await startLiveBroker({ httpPort: 0 })
  const missing = await fetch(`${broker.httpAddress}/`)
  expect([missing.status, ((await missing.json()) as { paths: string[] }).paths]).toEqual([
    404,
    ['/health/live', '/health/ready', '/metrics'],
  ])
  const posted = await fetch(`${broker.httpAddress}/metrics`, { method: 'POST', body: 'x' })
  expect([posted.status, posted.headers.get('allow')]).toEqual([405, 'GET, HEAD'])
})

test('is on both loopbacks with one port, where the machine has both', async () => {
  const { served } = await start({ 'loggerhead.http.port': 0 })
  expect(new Set(served.http.map(({ port }) => port)).size).toBe(1)
  for (const { host } of served.http) expect(['127.0.0.1', '::1']).toContain(host)
  await served.close()
})

test('a taken port stops the start, and says what to do', async () => {
  const taken = createServer()
  await new Promise<void>(resolve => taken.listen(0, '127.0.0.1', resolve))
  const { port } = taken.address() as { port: number }
  const dataDir = await temporaryFolder()
  const refused = createBroker({ httpPort: port, dataDir })
  await expect(refused).rejects.toThrow(
    `loggerhead.http.port=${port} is taken: stop what listens there, or choose another port, 0 for any, or -1 for none`,
  )
  taken.close()
  // Nothing was left behind: folder and port can be used.
  await (await createBroker({ httpPort: port, dataDir })).close()
})

test('a taken port that nobody asked for costs health and metrics only', async () => {
  const lines: string[] = []
  const logger = {
    ...silentLogger,
    warn: (fields: LogFields, text: string) => lines.push(`${fields.event}: ${text}`),
  }
  const taken = { serve: () => Promise.reject(Object.assign(new Error('taken'), { code: 'EADDRINUSE' })) }
  const server = await openHttpServer({ config: loadConfig(), http: taken, logger }, {} as Sources)
  expect(server.addresses).toEqual([])
  expect(lines).toEqual([expect.stringMatching(/^http-port-taken: .*loggerhead.http.port=9644 is taken/)])
  await server.close()
})

test('an address that is none stops the start', async () => {
  const config = { 'loggerhead.http.host': '203.0.113.1' }
  await expect(createBroker({ httpPort: 0, config })).rejects.toThrow(
    /^loggerhead\.http\.host=203\.0\.113\.1 with/,
  )
})

test('says once that everybody can read, when it is told to listen on all addresses', async () => {
  const events: string[] = []
  const logger = { ...silentLogger, info: ({ event }: { event: string }) => void events.push(event) }
  const { served } = await start({ 'loggerhead.http.port': 0, 'loggerhead.http.host': '' }, logger)
  expect(events.filter(event => event === 'http-open')).toHaveLength(1)
  await served.close()
})

test('is not ready when a log directory is offline, and does not live when none is left', async () => {
  const { disk, served } = await start({
    'loggerhead.http.port': 0,
    'log.dirs': '/data/a,/data/b',
    'loggerhead.dev': 'false',
  })
  const client = await RawClient.connect(served.broker.listeners[0]!.port)
  await createTopic(client, 't', { partitions: 2 })
  const health = async (path: string) => {
    const response = await fetch(`${urlOf(served)}/health/${path}`)
    return [response.status, await response.json()] as const
  }
  expect((await health('ready'))[0]).toBe(200)
  disk.fail({ on: ['write', 'sync'], path: '/data/b/', code: 'EIO', times: Number.POSITIVE_INFINITY })
  for (const partition of [0, 1]) await produce(client, 't', ['x'], { partition })
  expect(await health('ready')).toEqual([
    503,
    {
      status: 'not ready',
      checks: [
        { name: 'listeners', ok: true },
        { name: 'log directories', ok: false, reason: '/data/b cannot be written any more' },
        { name: 'group coordinator', ok: true },
      ],
    },
  ])
  expect((await health('live'))[0]).toBe(200)
  disk.fail({ on: ['write', 'sync'], path: '/data/a/', code: 'EIO', times: Number.POSITIVE_INFINITY })
  for (const partition of [0, 1]) await produce(client, 't', ['x'], { partition })
  expect(await health('live')).toEqual([503, { status: 'failed' }])
  await client.close()
  await served.close()
})

test('answers while a broker is starting and while it stops', async () => {
  const seen: unknown[] = []
  const look = async (port: number) => {
    for (const path of ['/health/live', '/health/ready', '/metrics']) {
      const response = await fetch(`http://127.0.0.1:${port}${path}`)
      const { status } = (await response.json()) as { status?: string }
      seen.push([path, response.status, status])
    }
  }
  const world = nodeWorld()
  const ports: number[] = []
  const http = {
    serve: async (...args: Parameters<typeof world.http.serve>) => {
      const listener = await world.http.serve(...args)
      ports.push(listener.address.port)
      await look(listener.address.port)
      return listener
    },
  }
  const config = loadConfig({
    overrides: {
      listeners: 'PLAINTEXT://127.0.0.1:0',
      'log.dirs': '/data',
      'loggerhead.http.port': 0,
      'loggerhead.http.host': '127.0.0.1',
    },
  })
  const disk = new MemoryDisk({ folders: ['/data'] })
  const served = await startServedBroker({ ...world, http, disk, config, logger: silentLogger })
  let letGo = () => {}
  const gate = new Promise<void>(resolve => {
    letGo = resolve
  })
  disk.fail({ wait: () => gate, times: Number.POSITIVE_INFINITY })
  const stopped = served.close()
  const stopping = await fetch(`http://127.0.0.1:${ports[0]}/health/ready`)
  expect([stopping.status, ((await stopping.json()) as { status: string }).status]).toEqual([503, 'stopping'])
  letGo()
  await stopped
  expect(seen).toEqual([
    ['/health/live', 200, 'starting'],
    ['/health/ready', 503, 'starting'],
    ['/metrics', 503, undefined],
  ])
})
