import { SCHEMAS } from './schemas.ts'

type Json = Readonly<Record<string, unknown>>

const SUMMARIES: Readonly<Record<string, string>> = {
  client: 'Client profile',
  min_valid_seconds: 'Seconds it must live',
  accesstoken: 'Access token',
  expires_on: 'Expires on',
  action: 'Action',
  token_type: 'Token type',
  expires_in: 'Expires in',
  correlation_id: 'Correlation id',
  warnings: 'Warnings',
  error: 'Error',
  description: 'Description',
  remedy: 'Remedy',
  aadsts: 'AADSTS code',
  retryable: 'Retryable',
  retry_after_seconds: 'Retry after',
}

/** OpenAPI 2.0 knows no `const`, and a connector wants a summary on every field. */
function swagger(schema: Json, only?: readonly string[]): Json {
  const properties = Object.entries(schema['properties'] as Readonly<Record<string, Json>>)
    .filter(([name]) => only?.includes(name) ?? true)
    .map(([name, { const: constant, ...property }]) => [
      name,
      { ...property, ...(constant !== undefined && { enum: [constant] }), 'x-ms-summary': SUMMARIES[name] },
    ])
  const required = (schema['required'] as readonly string[] | undefined)?.filter(
    (name) => only?.includes(name) ?? true,
  )
  return {
    type: 'object',
    ...(required && required.length > 0 && { required }),
    properties: Object.fromEntries(properties) as Json,
  }
}

const failed = (description: string) => ({ description, schema: { $ref: '#/definitions/Error' } })

/**
 * The definition of the Power Platform's custom connector: one action, whose connection holds user name, password and key, so that
 * no flow sees them. The host is that of the importer.
 */
export function connectorOf(version: string): Json {
  return {
    swagger: '2.0',
    info: {
      title: 'Entra token broker',
      version,
      description:
        'Gets an access token of Microsoft Entra ID for the account of the connection. Turn on secure outputs wherever the token is used.',
    },
    host: 'contoso-broker.azurewebsites.net',
    basePath: '/',
    schemes: ['https'],
    consumes: ['application/json'],
    produces: ['application/json'],
    paths: {
      '/requesttoken': {
        post: {
          operationId: 'GetToken',
          summary: 'Get a token',
          description:
            'Gets a valid access token for the account of the connection. Its password may be the secret of a connection of the broker. Turn on secure outputs of this action, and secure inputs of every action that uses the token.',
          'x-ms-visibility': 'important',
          parameters: [
            {
              name: 'body',
              in: 'body',
              required: false,
              schema: swagger(SCHEMAS.TokenRequest, ['client', 'min_valid_seconds']),
            },
          ],
          responses: {
            200: { description: 'A token that is valid now.', schema: { $ref: '#/definitions/Token' } },
            400: failed('The request must be corrected.'),
            401: failed('The password of the connection is wrong. Correct it; do not repeat it.'),
            403: failed('The account cannot sign in this way. The remedy says who must do what.'),
            423: failed('The account is locked. Wait as long as it says.'),
            429: failed('Too many sign-ins were refused.'),
            500: failed('The broker is not set up as it must be.'),
            503: failed('Entra ID or a dependency is down. It is tried again.'),
            504: failed('It took too long. It is tried again.'),
          },
        },
      },
    },
    definitions: { Token: swagger(SCHEMAS.Token), Error: swagger(SCHEMAS.Error) },
    parameters: {},
    securityDefinitions: { basic_auth: { type: 'basic' } },
    security: [{ basic_auth: [] }],
    tags: [],
  }
}
