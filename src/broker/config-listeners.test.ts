import { expect, test } from 'vitest'
import { type ListenerTexts, parseListeners } from './config-listeners.ts'

const protocolMap = 'SASL_SSL:SASL_SSL,PLAINTEXT:PLAINTEXT,SSL:SSL,SASL_PLAINTEXT:SASL_PLAINTEXT'

function parse(listeners: string[], more: Partial<ListenerTexts> = {}) {
  return parseListeners({
    listeners,
    advertised: null,
    protocolMap,
    controllerNames: [],
    interBrokerName: null,
    ...more,
  })
}

const only = (listener: string, more: Partial<ListenerTexts> = {}) => parse([listener], more).listeners[0]!

test('binds both loopbacks for localhost and tells clients the address they used', () => {
  expect(only('PLAINTEXT://localhost:9092')).toEqual({
    name: 'PLAINTEXT',
    host: 'localhost',
    port: 9092,
    bindHosts: ['127.0.0.1', '::1'],
    advertised: null,
  })
})

test('binds every address when there is no host', () => {
  expect(only('PLAINTEXT://:0')).toMatchObject({ bindHosts: [''], port: 0, advertised: null })
})

test('reads IPv4, IPv6 and names', () => {
  expect(only('PLAINTEXT://0.0.0.0:1').bindHosts).toEqual(['0.0.0.0'])
  expect(only('PLAINTEXT://[::1]:1').bindHosts).toEqual(['::1'])
  expect(only('PLAINTEXT://[fe80::1%eth0]:1').bindHosts).toEqual(['fe80::1%eth0'])
  expect(only('PLAINTEXT://kafka-1.example_net:1').bindHosts).toEqual(['kafka-1.example_net'])
})

test('tells clients a host name that was chosen', () => {
  expect(only('PLAINTEXT://kafka:9092').advertised).toEqual({ host: 'kafka', port: 9092 })
  expect(only('PLAINTEXT://10.0.0.7:9092').advertised).toBeNull()
})

test('tells clients of each listener what advertised.listeners says for it', () => {
  const { listeners } = parse(['INSIDE://:9092', 'OUTSIDE://:9093'], {
    advertised: ['inside://kafka:9092', 'OUTSIDE://[2001:db8::1]:19093'],
    protocolMap: 'INSIDE:PLAINTEXT,OUTSIDE:PLAINTEXT',
  })
  expect(listeners.map(({ name, advertised }) => [name, advertised])).toEqual([
    ['INSIDE', { host: 'kafka', port: 9092 }],
    ['OUTSIDE', { host: '2001:db8::1', port: 19093 }],
  ])
})

test('leaves controller listeners out and says so', () => {
  const { listeners, notices } = parse(['PLAINTEXT://localhost:9092', 'CONTROLLER://localhost:9093'], {
    controllerNames: ['CONTROLLER'],
    advertised: ['CONTROLLER://localhost:9093'],
  })
  expect(listeners.map(({ name }) => name)).toEqual(['PLAINTEXT'])
  expect(notices).toEqual([
    'CONTROLLER://localhost:9093 is for controllers and is not opened: this node is its own controller',
  ])
})

test('says when a listener is open to others', () => {
  expect(
    parse(['PLAINTEXT://localhost:1', 'SSL://127.0.0.2:2'], {
      protocolMap: 'PLAINTEXT:PLAINTEXT,SSL:PLAINTEXT',
    }).notices,
  ).toEqual([])
  expect(parse(['PLAINTEXT://:9092']).notices).toEqual([
    'PLAINTEXT://:9092 is open to everyone who can reach it: there is no login',
  ])
})

test.each([
  ['PLAINTEXT//localhost:9092', 'must be NAME://HOST:PORT'],
  ['PLAINTEXT://localhost', 'must be NAME://HOST:PORT'],
  ['PLAINTEXT://localhost:70000', 'must be NAME://HOST:PORT'],
  ['PLAINTEXT://::1:9092', 'must be NAME://HOST:PORT'],
  ['SASL_SSL://:9093', 'SASL_SSL is not served yet'],
  ['MINE://:9093', 'add MINE:PLAINTEXT to listener.security.protocol.map'],
])('refuses the listener %s', (listener, problem) => {
  expect(() => parse([listener])).toThrow(problem)
})

test('refuses listeners that collide', () => {
  expect(() => parse(['PLAINTEXT://:1', 'PLAINTEXT://:2'])).toThrow('two listeners with the name PLAINTEXT')
  expect(() => parse(['PLAINTEXT://:1', 'SSL://:1'])).toThrow('port 1 twice')
})

test('refuses to run without a listener for clients', () => {
  expect(() => parse(['CONTROLLER://:9093'], { controllerNames: ['CONTROLLER'] })).toThrow(
    'no listener for clients',
  )
})

test.each([
  ['PLAINTEXT://0.0.0.0:9092', 'clients cannot connect to that address'],
  ['PLAINTEXT://:9092', 'needs the host'],
  ['OTHER://kafka:9092', 'no listener of that name'],
])('refuses to advertise %s', (advertised, problem) => {
  expect(() => parse(['PLAINTEXT://:9092'], { advertised: [advertised] })).toThrow(problem)
})

test('refuses a protocol that nobody knows', () => {
  expect(() => parse(['A://:1'], { protocolMap: 'A:TLS' })).toThrow('has A:TLS: must be NAME:PROTOCOL')
})

test('checks that brokers would find their listener', () => {
  expect(() => parse(['PLAINTEXT://:1'], { interBrokerName: 'INSIDE' })).toThrow('must be one of PLAINTEXT')
})
