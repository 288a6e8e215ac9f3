/**
 * How long a test waits for an embedded broker: `createBroker()` on an empty folder, a topic, and the first record
 * acknowledged over a socket. A process of its own each time; prints { importMs, readyMs }.
 * Arguments: the installed package, the broker's folder.
 */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

const [installed, dataDir] = process.argv.slice(2)

const importedAt = performance.now()
const { createBroker } = await import(`${installed}/dist/index.js`)
const startedAt = performance.now()
const broker = await createBroker({ dataDir })
const socket = connect(broker.port, '127.0.0.1')
await once(socket, 'connect')
socket.setNoDelay(true)
const createError = (await call(socket, createTopic())).readInt16BE(4 + 4 + 2 + topic().length)
const produceError = (await call(socket, produce())).readInt16BE(4 + 2 + topic().length + 4 + 4)
const readyAt = performance.now()
if (createError !== 0 || produceError !== 0) throw new Error(`errors ${createError}, ${produceError}`)
console.log(JSON.stringify({ importMs: startedAt - importedAt, readyMs: readyAt - startedAt }))
socket.destroy()
await broker.close()

function topic(): Buffer {
  return Buffer.from('embedded')
}

function int(bytes: 2 | 4, value: number): Buffer {
  const field = Buffer.alloc(bytes)
  field.writeIntBE(value, 0, bytes)
  return field
}

function named(name: Buffer): Buffer {
  return Buffer.concat([int(2, name.length), name])
}

function frame(api: number, version: number, ...fields: Buffer[]): Buffer {
  const body = Buffer.concat([int(2, api), int(2, version), int(4, 1), int(2, -1), ...fields])
  return Buffer.concat([int(4, body.length), body])
}

/** CreateTopics v4: one topic of one partition. */
function createTopic(): Buffer {
  const wanted = [named(topic()), int(4, 1), int(2, 1), int(4, 0), int(4, 0)]
  return frame(19, 4, int(4, 1), ...wanted, int(4, 10_000), Buffer.of(0))
}

/** Produce v7: one batch with one record, prebuilt. */
function produce(): Buffer {
  const batch = Buffer.from(
    '00000000000000000000003dffffffff02769b83fd00000000000000000174876e800000000174876e8000ffffffffffffffffffffffffffff0000000116000000010a666972737400',
    'hex',
  )
  const records = [int(4, 1), named(topic()), int(4, 1), int(4, 0), int(4, batch.length), batch]
  return frame(0, 7, int(2, -1), int(2, -1), int(4, 10_000), ...records)
}

/** The next answer, behind its length and correlation id. */
async function call(socket: Socket, request: Buffer): Promise<Buffer> {
  socket.write(request)
  let answer = Buffer.alloc(0)
  while (answer.length < 4 || answer.length < 4 + answer.readInt32BE(0)) {
    const [chunk] = await once(socket, 'data')
    answer = Buffer.concat([answer, chunk])
  }
  return answer.subarray(8)
}
