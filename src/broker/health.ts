import type { LogDirectory } from '../storage/log-directory.ts'
import type { Server } from './server.ts'

/** What must hold for a broker to be ready, each with the reason when it does not. */
export interface HealthCheck {
  readonly name: string
  readonly ok: boolean
  readonly reason?: string
}

export interface HealthParts {
  server: Pick<Server, 'isListening'>
  directories: readonly Pick<LogDirectory, 'root' | 'isOffline'>[]
  groups: { readonly runtime: { readonly isLoading: boolean } }
}

export function healthOf({ server, directories, groups }: HealthParts): readonly HealthCheck[] {
  const offline = directories.filter(({ isOffline }) => isOffline).map(({ root }) => root)
  return [
    check('listeners', server.isListening, 'no connections are accepted'),
    check('log directories', offline.length === 0, `${offline.join(', ')} cannot be written any more`),
    check('group coordinator', !groups.runtime.isLoading, 'groups are being loaded'),
  ]
}

function check(name: string, ok: boolean, reason: string): HealthCheck {
  return ok ? { name, ok } : { name, ok, reason }
}
