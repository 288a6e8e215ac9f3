/** kafkajs's admin client changes settings: it replaces all of a resource (AlterConfigs), and reads them back. */
import kafkajs from 'kafkajs'
import { until } from '../support/process.ts'
import { suite } from '../support/scenario.ts'
import { connectClient, errorOf, withAdmin } from './client.ts'

const { ConfigResourceTypes } = kafkajs

suite('kafkajs configs', scenario => {
  scenario('replaces the settings of a topic', async ({ bootstrap, name }) =>
    withAdmin(connectClient(bootstrap), async admin => {
      const topic = name()
      const configEntries = [{ name: 'segment.ms', value: '70000' }]
      await admin.createTopics({ topics: [{ topic, configEntries }], waitForLeaders: false })
      const configNames = ['retention.ms', 'segment.ms', 'cleanup.policy']
      const shown = async () => {
        const resources = [{ type: ConfigResourceTypes.TOPIC, name: topic, configNames }]
        const { resources: described } = await admin.describeConfigs({ resources, includeSynonyms: true })
        const rows = described[0]!.configEntries.map(({ configName, configValue, configSource }) => [
          configName,
          configValue,
          configSource,
        ])
        return Object.fromEntries(rows.map(row => [row[0], row]))
      }
      const alter = (entries: { name: string; value: string }[], more: object = {}) =>
        admin.alterConfigs({
          validateOnly: false,
          resources: [{ type: ConfigResourceTypes.TOPIC, name: topic, configEntries: entries }],
          ...more,
        })
      const before = await until('the topic', () => shown().catch(() => undefined))
      await alter([{ name: 'retention.ms', value: '5' }], { validateOnly: true })
      await alter([
        { name: 'retention.ms', value: '9000' },
        { name: 'cleanup.policy', value: 'compact,delete' },
      ])
      const after = await until('the change', async () => {
        const rows = await shown()
        return rows['retention.ms']?.[1] === '9000' ? rows : undefined
      })
      const refused = await errorOf(alter([{ name: 'retention.ms', value: 'long' }]))
      const unknown = await errorOf(alter([{ name: 'nosuch', value: '1' }]))
      return { before, after, refused, unknown }
    }),
  )
})
