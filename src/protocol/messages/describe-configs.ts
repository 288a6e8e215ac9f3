/**
 * DescribeConfigs: settings of topics, brokers, loggers, groups and client metrics, with where each comes from.
 *
 * v1 source and synonyms; v3 types and documentation.
 */
import { api, arrayOf, bool, int8, int16, int32, type RequestOf, type ResponseOf, string } from '../schema.ts'

export const DescribeConfigs = api(32, 'DescribeConfigs', {
  versions: [1, 4],
  flexibleSince: 4,
  request: {
    resources: arrayOf({
      resourceType: int8,
      resourceName: string,
      configurationKeys: arrayOf(string).nullable(),
    }),
    includeSynonyms: bool.default(false),
    includeDocumentation: bool.since(3).default(false),
  },
  response: {
    throttleTimeMs: int32.default(0),
    results: arrayOf({
      errorCode: int16,
      errorMessage: string.nullable(),
      resourceType: int8,
      resourceName: string,
      configs: arrayOf({
        name: string,
        value: string.nullable(),
        readOnly: bool,
        configSource: int8.default(-1),
        isSensitive: bool,
        synonyms: arrayOf({ name: string, value: string.nullable(), source: int8 }),
        configType: int8.since(3).default(0),
        documentation: string.since(3).nullable().default(''),
      }),
    }),
  },
})

export type DescribeConfigsResource = RequestOf<typeof DescribeConfigs>['resources'][number]
export type DescribeConfigsResult = ResponseOf<typeof DescribeConfigs>['results'][number]
export type DescribeConfigsEntry = DescribeConfigsResult['configs'][number]
export type DescribeConfigsSynonym = DescribeConfigsEntry['synonyms'][number]
