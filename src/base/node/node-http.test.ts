import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import type { HttpRequest, Respond } from '../http.ts'
import type { Listener } from '../network.ts'
import { NodeHttp, type NodeHttpLimits } from './node-http.ts'

const listeners: Listener[] = []
afterEach(async () => {
  for (const listener of listeners.splice(0)) await listener.close()
})

async function serve(
  respond: Respond,
  limits: Partial<NodeHttpLimits> = {},
): Promise<{ url: string; listener: Listener }> {
  const listener = await new NodeHttp(limits).serve({ host: '127.0.0.1', port: 0 }, respond)
  listeners.push(listener)
  return { url: `http://127.0.0.1:${listener.address.port}`, listener }
}

const hello = { status: 200, type: 'text/plain', body: 'hellö' }

test('answers with status, type, headers and body, and is told method and path', async () => {
  const seen: HttpRequest[] = []
  const { url } = await serve(async request => {
    seen.push(request)
    return { ...hello, status: 418, headers: { 'x-more': 'yes' } }
  })
  const response = await fetch(`${url}/a/b?c=d`)
  expect(response.status).toBe(418)
  expect(response.headers.get('content-type')).toBe('text/plain')
  expect(response.headers.get('x-more')).toBe('yes')
  expect(await response.text()).toBe('hellö')
  expect(seen).toEqual([{ method: 'GET', path: '/a/b' }])
})

test('answers HEAD without a body', async () => {
  const { url } = await serve(() => hello)
  const response = await fetch(url, { method: 'HEAD' })
  expect(response.headers.get('content-length')).toBe('6')
  expect(await response.text()).toBe('')
})

test('answers 500 and goes on when answering fails', async () => {
  let count = 0
  const { url } = await serve(async () => {
    if (count++ === 0) throw new Error('secret')
    return hello
  })
  const response = await fetch(url)
  expect(response.status).toBe(500)
  expect(await response.text()).not.toContain('secret')
  expect((await fetch(url)).status).toBe(200)
})

test('does not read a body, and closes who sends one', async () => {
  const { url } = await serve(() => hello)
  const response = await fetch(url, { method: 'POST', body: 'x'.repeat(1_000) })
  expect(response.headers.get('connection')).toBe('close')
})

test.each([
  ['what is no HTTP', Buffer.from('0000000e0003000100000001ffff00000000', 'hex'), '400'],
  ['headers without end', Buffer.from(`GET / HTTP/1.1\r\nx: ${'y'.repeat(20_000)}`), '431'],
])('refuses %s', async (_, bytes, status) => {
  const { listener } = await serve(() => hello)
  const socket = connect(listener.address.port, '127.0.0.1')
  socket.on('error', () => {})
  let answer = ''
  socket.on('data', chunk => {
    answer += chunk
  })
  socket.write(bytes)
  await once(socket, 'close')
  expect(answer).toContain(status)
})

test('a taken port is an error, and closing ends connections that are open', async () => {
  const { url, listener } = await serve(() => hello)
  await (await fetch(url)).text()
  const { port } = listener.address
  await expect(new NodeHttp().serve({ host: '127.0.0.1', port }, () => hello)).rejects.toMatchObject({
    code: 'EADDRINUSE',
  })
  const socket = connect(port, '127.0.0.1')
  await once(socket, 'connect')
  await listener.close()
  await once(socket, 'close')
  await expect(fetch(url)).rejects.toThrow()
})

/** Resolves when the server has closed it. */
async function dial(
  { address }: Listener,
  bytes: string,
): Promise<{ socket: Socket; closed: Promise<unknown> }> {
  const socket = connect(address.port, '127.0.0.1')
  socket.on('error', () => {})
  const closed = once(socket, 'close')
  await once(socket, 'connect')
  socket.write(bytes)
  return { socket, closed }
}

test('closes who does not finish a request, and who does not take an answer', async () => {
  const large = { ...hello, body: 'x'.repeat(20 << 20) }
  const { listener } = await serve(() => large, { requestMs: 50, stalledMs: 100 })
  const slow = await dial(listener, 'GET / HTTP/1.1\r\n')
  slow.socket.resume()
  const deaf = await dial(listener, 'GET / HTTP/1.1\r\nhost: a\r\n\r\n')
  await slow.closed
  // It is seen only once what has arrived is read.
  await new Promise(resolve => setTimeout(resolve, 300))
  deaf.socket.resume()
  await deaf.closed
  expect(deaf.socket.bytesRead).toBeLessThan(20 << 20)
})

test('takes no more connections than it should', async () => {
  const { url, listener } = await serve(() => hello, { connectionsMax: 2 })
  const held = [await dial(listener, ''), await dial(listener, '')]
  const refused = await dial(listener, '')
  refused.socket.resume()
  await refused.closed
  for (const { socket, closed } of held) {
    socket.destroy()
    await closed
  }
  const status = async () => (await fetch(url).catch(() => undefined))?.status
  await expect.poll(status, { timeout: 10_000 }).toBe(200)
})
