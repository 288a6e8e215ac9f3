import type { ReadMetric } from './prometheus-text.ts'

/** The page docs/metrics.md, made of what a broker tells on /metrics; a test writes and compares it. */
interface Section {
  title: string
  text: string
  has: (name: string) => boolean
}

const isProcess = (name: string) => /^(process|nodejs)_/.test(name)
const isOwn = (name: string) => name.startsWith('loggerhead_')
const isExporter = (name: string) => /^kafka_(brokers?|topic|consumergroup)(_|$)/.test(name)

const SECTIONS: readonly Section[] = [
  {
    title: 'As Kafka’s own metrics',
    text: `The names that the JMX exporter gives to Kafka's metrics with the rules of [Strimzi](https://strimzi.io), so that dashboards and alerts made for them fill:
\`strimzi-kafka\` and \`strimzi-kraft\`, all but their panels about the JVM, the container and its volume. Totals without a label are those of all topics. What cannot
happen to a single node stands there as 0.`,
    has: name => !isProcess(name) && !isOwn(name) && !isExporter(name),
  },
  {
    title: 'As kafka_exporter',
    text: `The names of [kafka_exporter](https://github.com/danielqsj/kafka_exporter): Grafana's dashboard 7589 and \`strimzi-kafka-exporter\` fill without it. A group has a line for
each partition of which it has committed an offset.`,
    has: isExporter,
  },
  {
    title: 'The process',
    text: 'As the Prometheus clients for Node name them. What the system does not tell is left out.',
    has: isProcess,
  },
  {
    title: 'Loggerhead’s own',
    text: 'Every bound has its metric: how much of it is used, and what was turned away over it.',
    has: isOwn,
  },
]

export function metricsPage(metrics: readonly ReadMetric[]): string {
  const sections = SECTIONS.map(({ title, text, has }) => {
    const rows = metrics.filter(({ name }) => has(name)).map(rowOf)
    return `## ${title}\n\n${text}\n\n| Metric | Type | Labels | What it tells |\n| --- | --- | --- | --- |\n${rows.join('\n')}\n`
  })
  return `${introduction}\n${sections.join('\n')}`
}

const introduction = `<!-- Written by \`npm run docs\`; change the source instead. -->

# Metrics and health

\`loggerhead start\` serves them over HTTP on \`http://localhost:9644\` (\`loggerhead.http.host\`, \`loggerhead.http.port\`; −1 for none). There is no login: everybody who can
reach the port may read them, so it is on the loopback addresses unless you say otherwise. \`createBroker({ httpPort: 0 })\` serves them from inside a test;
\`broker.metrics()\` gives the text without HTTP.

| Path | |
| --- | --- |
| \`/health/live\` | 200 while the process can go on, also during a long recovery; 503 when only a restart helps |
| \`/health/ready\` | 200 when listeners accept, all log directories can be written and the groups are loaded; else 503, with the reasons in JSON |
| \`/metrics\` | all metrics in the text format of Prometheus |

\`\`\`yaml
scrape_configs:
  - job_name: loggerhead
    static_configs: [{ targets: ['localhost:9644'] }]
\`\`\`

Of one metric at most \`loggerhead.metrics.series.max\` series are told; \`loggerhead_metrics_left_out\` says of which metrics there were more. Between two metrics
the broker serves its clients.

## What clients push

Clients that speak KIP-714 (the Java client from 3.7 on, librdkafka) push their own metrics when a subscription asks for them, and they stand on \`/metrics\` as
\`kafka_client_*\`: \`org.apache.kafka.producer.record.send.total\` is \`kafka_client_producer_record_send_total\`. Labels: \`client_id\`, \`client_instance_id\`,
\`client_software_name\`, \`client_software_version\`, and what the client says of itself and of the metric (\`topic\`, \`partition\`, \`node_id\`, \`group_id\` …). They go when the client
has been silent for three of its intervals. Subscriptions are set with Kafka's tools:

\`\`\`sh
kafka-client-metrics.sh --bootstrap-server localhost:9092 --alter --name all --metrics '*' --interval 10000 --match 'client_id=.*'
\`\`\`

The patterns of \`match\` are matched in linear time, so look-around and back-references are refused. At most \`loggerhead.telemetry.series.max\` numbers are kept.
`

function rowOf({ name, kind, help, samples }: ReadMetric): string {
  const labels = new Set(
    samples.flatMap(sample => Object.keys(sample.labels)).filter(label => label !== 'le'),
  )
  const cells = [`\`${name}\``, kind, [...labels].map(label => `\`${label}\``).join(', '), help]
  return `| ${cells.map(cell => cell.replaceAll('|', '\\|')).join(' | ')} |`
}
