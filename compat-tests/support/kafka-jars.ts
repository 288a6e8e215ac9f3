/**
 * Apache Kafka's jars, and Kafka's own tools run from them. Maven brings the jars once into a cache folder of the
 * user; the version is pinned, since the answers of this version are what Loggerhead is compared with.
 */
import { existsSync } from 'node:fs'
import { mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { type Finished, type RunOptions, run, runOrThrow } from './process.ts'

export const kafkaVersion = '4.3.0'

const cacheFolder = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'loggerhead')
const kafkaFolder = join(cacheFolder, `apache-kafka-${kafkaVersion}`)
const jars = join(kafkaFolder, 'libs')
export const classpath = join(jars, '*')
/** Tools must be quiet on standard output, which the suites read. */
const quietLog4j = join(kafkaFolder, 'tools-log4j2.yaml')

const pom = `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>loggerhead</groupId><artifactId>apache-kafka</artifactId><version>1</version>
  <dependencies>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>${kafkaVersion}</version></dependency>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka-tools</artifactId><version>${kafkaVersion}</version></dependency>
    <dependency><groupId>org.apache.logging.log4j</groupId><artifactId>log4j-slf4j-impl</artifactId><version>2.25.3</version></dependency>
    <dependency><groupId>org.apache.logging.log4j</groupId><artifactId>log4j-core</artifactId><version>2.25.3</version></dependency>
  </dependencies>
</project>
`

export const log4j = (target: 'SYSTEM_OUT' | 'SYSTEM_ERR', level: string) => `Configuration:
  status: ERROR
  Appenders: { Console: { name: OUT, target: ${target}, PatternLayout: { pattern: "[%d] %p %m (%c)%n" } } }
  Loggers: { Root: { level: "${level}", AppenderRef: { ref: OUT } } }
`

/** Fetches the jars unless they are there already. Half a download is never taken for a whole one. */
export async function ensureKafkaJars(): Promise<void> {
  if (existsSync(join(jars, `kafka_2.13-${kafkaVersion}.jar`))) return
  const partial = `${kafkaFolder}.${process.pid}`
  await mkdir(partial, { recursive: true })
  await writeFile(join(partial, 'pom.xml'), pom)
  await writeFile(join(partial, 'tools-log4j2.yaml'), log4j('SYSTEM_ERR', 'WARN'))
  const libs = join(partial, 'libs')
  await runOrThrow(
    'mvn',
    ['-q', '-B', 'dependency:copy-dependencies', '-DincludeScope=runtime', `-DoutputDirectory=${libs}`],
    { cwd: partial, timeoutMs: 600_000 },
  )
  await rm(kafkaFolder, { recursive: true, force: true })
  await rename(partial, kafkaFolder)
}

const frugalJvm = ['-Xmx256m', '-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', '-Xshare:auto']

/** The `java` arguments that run a class on Kafka's class path. */
export function javaArguments(mainClass: string, args: readonly string[], extraClasspath = ''): string[] {
  const path = extraClasspath ? `${classpath}:${extraClasspath}` : classpath
  return [...frugalJvm, `-Dlog4j2.configurationFile=${quietLog4j}`, '-cp', path, mainClass, ...args]
}

const toolClasses = {
  'kafka-client-metrics': 'org.apache.kafka.tools.ClientMetricsCommand',
  'kafka-cluster': 'org.apache.kafka.tools.ClusterTool',
  'kafka-features': 'org.apache.kafka.tools.FeatureCommand',
  'kafka-leader-election': 'org.apache.kafka.tools.LeaderElectionCommand',
  'kafka-log-dirs': 'org.apache.kafka.tools.LogDirsCommand',
  'kafka-metadata-quorum': 'org.apache.kafka.tools.MetadataQuorumCommand',
  'kafka-reassign-partitions': 'org.apache.kafka.tools.reassign.ReassignPartitionsCommand',
  'kafka-transactions': 'org.apache.kafka.tools.TransactionsCommand',
  'kafka-topics': 'org.apache.kafka.tools.TopicCommand',
  'kafka-configs': 'kafka.admin.ConfigCommand',
  'kafka-console-consumer': 'org.apache.kafka.tools.consumer.ConsoleConsumer',
  'kafka-console-producer': 'org.apache.kafka.tools.ConsoleProducer',
  'kafka-consumer-groups': 'org.apache.kafka.tools.consumer.group.ConsumerGroupCommand',
  'kafka-delete-records': 'org.apache.kafka.tools.DeleteRecordsCommand',
  'kafka-dump-log': 'org.apache.kafka.tools.DumpLogSegments',
  'kafka-get-offsets': 'org.apache.kafka.tools.GetOffsetShell',
  'kafka-producer-perf-test': 'org.apache.kafka.tools.ProducerPerformance',
  'kafka-consumer-perf-test': 'org.apache.kafka.tools.ConsumerPerformance',
  'kafka-verifiable-consumer': 'org.apache.kafka.tools.VerifiableConsumer',
  'kafka-verifiable-producer': 'org.apache.kafka.tools.VerifiableProducer',
  'kafka-broker-api-versions': 'org.apache.kafka.tools.BrokerApiVersionsCommand',
} as const

export type Tool = keyof typeof toolClasses

export const toolArguments = (tool: Tool, args: readonly string[]) => javaArguments(toolClasses[tool], args)

/** Runs one of Kafka's command line tools as its distribution's `bin/TOOL.sh` would. */
export function kafkaTool(tool: Tool, args: readonly string[], options?: RunOptions): Promise<Finished> {
  return run('java', toolArguments(tool, args), options)
}
