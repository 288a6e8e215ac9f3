import { expect, test } from 'vitest'
import { ApiVersions } from '../protocol/messages/api-versions.ts'
import { Fetch } from '../protocol/messages/fetch.ts'
import { formatAddress, parseAddress } from './address.ts'
import { ApiRanges } from './api-ranges.ts'

test('an address is a host with or without a port', () => {
  expect(parseAddress('kafka.example:19092')).toEqual({ host: 'kafka.example', port: 19092 })
  expect(parseAddress(' localhost ')).toEqual({ host: 'localhost', port: 9092 })
  expect(parseAddress('[::1]:9093')).toEqual({ host: '::1', port: 9093 })
  expect(formatAddress({ host: '::1', port: 9093 })).toBe('[::1]:9093')
  for (const text of ['', ':9092', '::1', 'a:b', 'a:0', 'a:65536', 'a b', 'PLAINTEXT://a:1'])
    expect(parseAddress(text)).toBeUndefined()
})

test('the highest version that both sides know is spoken, and none where they have none in common', () => {
  const [first, last] = Fetch.versions
  const versionFor = (minVersion: number, maxVersion: number) =>
    new ApiRanges([{ apiKey: Fetch.key, minVersion, maxVersion }]).versionFor(Fetch)
  expect(versionFor(0, 9)).toBe(9)
  expect(versionFor(0, 99)).toBe(last)
  expect(versionFor(last + 1, 99)).toBeUndefined()
  expect(versionFor(0, first - 1)).toBeUndefined()
  expect(new ApiRanges([]).versionFor(ApiVersions)).toBeUndefined()
})
