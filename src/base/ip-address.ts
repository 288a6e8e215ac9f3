/**
 * IP addresses, written in one way: `1.2.3.4`, or the eight groups of an IPv6 address without leading zeros. IPv4 inside IPv6 is IPv4.
 * So that two spellings of one address are the same text.
 */
const GROUPS = 8

/** The one spelling of an address; undefined for what is none. */
export function canonicalIp(text: string): string | undefined {
  const [address = ''] = text.split('%') // the zone of a link-local address
  return address.includes(':') ? canonicalIpv6(address) : canonicalIpv4(address)
}

function canonicalIpv4(text: string): string | undefined {
  const parts = text.split('.')
  const isAddress = parts.length === 4 && parts.every(part => /^\d{1,3}$/.test(part) && Number(part) <= 255)
  return isAddress ? parts.map(Number).join('.') : undefined
}

function canonicalIpv6(text: string): string | undefined {
  const [head = '', tail, ...more] = text.split('::')
  if (more.length > 0) return undefined
  const before = groupsOf(head, tail === undefined)
  const after = groupsOf(tail ?? '', true)
  if (!before || !after) return undefined
  const missing = GROUPS - before.length - after.length
  if (tail === undefined ? missing !== 0 : missing < 1) return undefined
  const groups = [...before, ...new Array<number>(missing).fill(0), ...after]
  const isMapped = groups[5] === 0xffff && groups.slice(0, 5).every(group => group === 0)
  if (!isMapped) return groups.map(group => group.toString(16)).join(':')
  const [high = 0, low = 0] = groups.slice(6)
  return [high >> 8, high & 0xff, low >> 8, low & 0xff].join('.')
}

/** The groups of a part of an IPv6 address; the last part may end in an IPv4 address. */
function groupsOf(text: string, isLast: boolean): number[] | undefined {
  if (text === '') return []
  const words = text.split(':')
  const groups: number[] = []
  for (const [index, word] of words.entries()) {
    if (word.includes('.') && isLast && index === words.length - 1) {
      const bytes = canonicalIpv4(word)?.split('.').map(Number)
      if (!bytes) return undefined
      groups.push((bytes[0]! << 8) | bytes[1]!, (bytes[2]! << 8) | bytes[3]!)
    } else if (/^[0-9a-f]{1,4}$/i.test(word)) {
      groups.push(Number.parseInt(word, 16))
    } else {
      return undefined
    }
  }
  return groups
}
