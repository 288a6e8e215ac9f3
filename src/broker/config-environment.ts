/**
 * Settings from environment variables, by the rule of Kafka's container image: `KAFKA_LOG_DIRS` is `log.dirs`,
 * `__` stands for `_`, `___` for `-`. `KAFKA_CFG_` does the same, as other images have it; `LOGGERHEAD_` leads to
 * `loggerhead.`. Variables that Kafka's scripts, the JVM and Kubernetes set are no settings and are passed over.
 */
export interface EnvironmentSetting {
  name: string
  text: string
  variable: string
}

const notSettings = [
  /^KAFKA_(HEAP_OPTS|OPTS|DEBUG|HOME|VERSION|MODE|URL|CLUSTER_ID|CLASSPATH|ADVERTISED_(HOST_NAME|PORT)|REST_.*)$/,
  /^KAFKA_(JMX|LOG4J|GC_LOG|JVM|TOOLS_LOG4J|SECURITY_OPTS)/,
  /^KAFKA_(SERVICE_(HOST|PORT.*)|PORT(_.*)?)$/,
]

/** What one, two and three underscores stand for. */
const separators = ['.', '_', '-']

export function environmentSettings(env: NodeJS.ProcessEnv): EnvironmentSetting[] {
  const found: EnvironmentSetting[] = []
  for (const variable of Object.keys(env).sort()) {
    const text = env[variable]
    const name = settingName(variable)
    if (name !== undefined && text !== undefined) found.push({ name, text, variable })
  }
  return found
}

function settingName(variable: string): string | undefined {
  if (notSettings.some(pattern => pattern.test(variable))) return undefined
  const prefixed = /^(?:KAFKA_CFG_|KAFKA_|(?=LOGGERHEAD_))(.+)$/.exec(variable)
  return prefixed?.[1]?.toLowerCase().replace(/___|__|_/g, run => separators[run.length - 1]!)
}
