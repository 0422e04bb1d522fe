import { connectionPaths } from './connection-paths.ts'
import { SCHEMAS } from './schemas.ts'

type Json = Readonly<Record<string, unknown>>

const ref = (name: keyof typeof SCHEMAS) => ({ $ref: `#/components/schemas/${name}` })
const answer = (description: string, name?: keyof typeof SCHEMAS, type = 'application/json'): Json => ({
  description,
  ...(name && { content: { [type]: { schema: ref(name) } } }),
})
const errors = (...statuses: readonly number[]): Json =>
  Object.fromEntries(statuses.map((status) => [status, answer(MEANINGS[status] ?? '', 'Error')]))

const MEANINGS: Readonly<Record<number, string>> = {
  400: 'The request is malformed, or names a client profile that does not exist. Correct it.',
  401: 'The user name or the password is wrong, or missing. Correct it; do not repeat it.',
  403: 'The account cannot sign in this way. The remedy says who must do what.',
  404: 'There is nothing under this name.',
  409: 'There is something else of this name.',
  405: 'Only POST is allowed.',
  413: 'The body is larger than 8 KiB.',
  415: 'The body is not JSON in UTF-8.',
  423: 'The account is locked, or held back so that it does not get locked. Wait as long as it says.',
  429: 'Too many sign-ins of this caller were refused. Wait as long as Retry-After says.',
  500: 'The broker, its app registration or the way to Entra ID is not set up as it must be.',
  503: 'Entra ID or a dependency is down, and no valid token is held. Wait as long as Retry-After says.',
  504: 'It took too long. A later request may find the token.',
}

const functionKey = [{ functionKey: [] }]
const adminKey = [{ adminKey: [] }]
const NAMED_CLIENT = {
  name: 'client',
  in: 'query',
  required: true,
  description: 'The name of a client profile.',
  schema: { type: 'string', pattern: '^[0-9a-zA-Z-]{1,64}$' },
}
const PAGES = [
  {
    name: 'page_size',
    in: 'query',
    description: 'So many at a time.',
    schema: { type: 'integer', minimum: 1, maximum: 200, default: 50 },
  },
  {
    name: 'next',
    in: 'query',
    description: 'The next of the page before.',
    schema: { type: 'string' },
  },
]
const USER_BODY = {
  required: true,
  content: {
    'application/json': {
      schema: ref('User'),
      examples: { user: { value: { username: 'demo@contoso.example', client: 'default' } } },
    },
  },
}
const COUNT = {
  type: 'object',
  properties: { user_hash: { type: 'string' }, deleted: { type: 'integer' } },
  required: ['deleted'],
}
const counted = (description: string) => ({ description, content: { 'application/json': { schema: COUNT } } })

/** @param version of the package. */
export function openApiOf(version: string): Json {
  return {
    openapi: '3.1.0',
    info: {
      title: 'entra-token-broker',
      version,
      summary: 'Posts a user name and a password, gets an access token of Microsoft Entra ID.',
      description:
        'For callers that can only make a plain HTTP call. It uses the password grant, which cannot do multi-factor authentication: use it when a service account with a password is all you are given. In the place of a password stands the secret of a connection, with which the account signs in once, by every factor it has.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [
      { url: 'https://{app}.azurewebsites.net', variables: { app: { default: 'contoso-broker' } } },
      { url: 'http://localhost:7071', description: 'npm start' },
    ],
    tags: [
      { name: 'tokens', description: 'For callers.' },
      { name: 'connections', description: 'With the master key. Each call leaves an audit line.' },
      { name: 'operators', description: 'With the master key. Each call leaves an audit line.' },
      { name: 'probes', description: 'For monitors.' },
    ],
    paths: {
      '/requesttoken': {
        post: {
          operationId: 'GetToken',
          tags: ['tokens'],
          summary: 'Get a token',
          description:
            'Gets an access token for a user, or for a connection and its secret. The credentials are in the body, or in Authorization: Basic, not in both.',
          security: [{ functionKey: [] }, { functionKey: [], basic: [] }],
          requestBody: {
            required: false,
            content: {
              'application/json': {
                schema: { anyOf: [ref('TokenRequest'), { type: 'object' }] },
                examples: {
                  token: { value: { username: 'demo@contoso.example', password: 'Correct-Horse-Battery-1' } },
                  lasting: {
                    summary: 'One that lives at least ten minutes more',
                    value: {
                      username: 'demo@contoso.example',
                      password: 'Correct-Horse-Battery-1',
                      client: 'default',
                      min_valid_seconds: 600,
                    },
                  },
                },
              },
            },
          },
          responses: {
            200: answer('A token that is valid now.', 'Token'),
            ...errors(400, 401, 403, 405, 413, 415, 423, 429, 500, 503, 504),
          },
        },
      },
      '/oauth2/token': {
        post: {
          operationId: 'OAuthToken',
          tags: ['tokens'],
          summary: 'Get a token as OAuth 2.0 has it',
          description:
            'RFC 6749, section 4.3, for OAuth client libraries. client_id names the client profile; a client secret is ignored.',
          security: functionKey,
          requestBody: {
            required: true,
            content: {
              'application/x-www-form-urlencoded': {
                schema: {
                  type: 'object',
                  properties: {
                    grant_type: { const: 'password' },
                    username: { type: 'string' },
                    password: { type: 'string', format: 'password' },
                    client_id: { type: 'string' },
                    scope: { type: 'string' },
                  },
                  required: ['grant_type', 'username', 'password'],
                },
                examples: {
                  token: {
                    value: {
                      grant_type: 'password',
                      username: 'demo@contoso.example',
                      password: 'Correct-Horse-Battery-1',
                    },
                  },
                },
              },
            },
          },
          responses: {
            200: answer('A token that is valid now.', 'OAuthToken'),
            400: answer('The request or the account; error says which.', 'OAuthError'),
            405: answer('Only POST is allowed.', 'OAuthError'),
            413: answer('The body is larger than 8 KiB.', 'OAuthError'),
            415: answer('The body is not a form in UTF-8.', 'OAuthError'),
            429: answer('Wait as long as Retry-After says.', 'OAuthError'),
            500: answer('The broker is not set up as it must be.', 'OAuthError'),
            503: answer('Wait as long as Retry-After says.', 'OAuthError'),
            504: answer('It took too long. A later request may find the token.', 'OAuthError'),
          },
        },
      },
      '/.well-known/oauth-authorization-server': {
        get: {
          operationId: 'OAuthMetadata',
          tags: ['tokens'],
          summary: 'What an OAuth client must know',
          description: 'RFC 8414, when the setting PUBLIC_URL names the broker’s own address.',
          security: [],
          responses: { 200: answer('The metadata.', 'OAuthMetadata'), ...errors(404, 500) },
        },
      },
      '/tokens': {
        get: {
          operationId: 'ListTokens',
          tags: ['operators'],
          summary: 'List what is kept',
          description: 'Entries without names and tokens, in pages.',
          security: adminKey,
          parameters: PAGES,
          responses: { 200: answer('A page.', 'Entries'), ...errors(400, 503) },
        },
        delete: {
          operationId: 'ForgetClient',
          tags: ['operators'],
          summary: 'Forget all of a client profile',
          description: 'Forgets every token of a client profile.',
          security: adminKey,
          parameters: [NAMED_CLIENT],
          responses: { 200: counted('How many there were.'), ...errors(400, 503) },
        },
      },
      '/tokens/find': {
        post: {
          operationId: 'FindUser',
          tags: ['operators'],
          summary: 'Find a user',
          description: 'What is kept of a user, and the hash by which the log names him.',
          security: adminKey,
          requestBody: USER_BODY,
          responses: { 200: answer('What is known.', 'UserState'), ...errors(400, 503) },
        },
      },
      '/tokens/forget': {
        post: {
          operationId: 'ForgetUser',
          tags: ['operators'],
          summary: 'Forget a user',
          description: 'Forgets the tokens and the refused passwords of a user.',
          security: adminKey,
          requestBody: USER_BODY,
          responses: { 200: counted('Whether there was anything.'), ...errors(400, 503) },
        },
      },
      '/tokens/{userHash}': {
        delete: {
          operationId: 'ForgetEntry',
          tags: ['operators'],
          summary: 'Forget an entry',
          description: 'Forgets the tokens of one entry, by the hash of the log.',
          security: adminKey,
          parameters: [
            {
              name: 'userHash',
              in: 'path',
              required: true,
              description: 'The hash of the log.',
              schema: { type: 'string', pattern: '^[\\w-]{43}$' },
            },
          ],
          responses: { 204: answer('Forgotten.'), ...errors(400, 404, 503) },
        },
      },
      ...connectionPaths({ ref, answer, errors, security: adminKey, pages: PAGES }),
      '/status': {
        get: {
          operationId: 'StatusPage',
          tags: ['operators'],
          summary: 'Open the status page',
          description:
            'A page without figures; it asks for the key itself, and shows what GET /status/data gives.',
          security: [],
          responses: {
            200: { description: 'The page.', content: { 'text/html': { schema: { type: 'string' } } } },
          },
        },
      },
      '/status/data': {
        get: {
          operationId: 'StatusData',
          tags: ['operators'],
          summary: 'Get the figures of the status page',
          description: 'Of all instances. A part that cannot be had says so, and the others are there.',
          security: adminKey,
          parameters: [
            {
              name: 'hours',
              in: 'query',
              description: 'How far back.',
              schema: { type: 'integer', enum: [1, 6, 24], default: 6 },
            },
          ],
          responses: { 200: answer('The figures.', 'Status'), ...errors(400, 500, 503, 504) },
        },
      },
      '/doctor': {
        get: {
          operationId: 'Doctor',
          tags: ['operators'],
          summary: 'Look at everything the broker needs',
          description:
            'Each thing by itself, with a cure for what is wrong. It signs in as a user that cannot exist.',
          security: adminKey,
          responses: { 200: answer('What was found; ok says whether all is well.', 'Findings') },
        },
      },
      '/ready': {
        get: {
          operationId: 'Ready',
          tags: ['probes'],
          summary: 'Is it ready?',
          description:
            'Asks Key Vault, the tables, the queue and the default profile; the answer is kept for 15 s.',
          security: functionKey,
          responses: {
            200: answer('Every dependency works.', 'Readiness'),
            503: answer('One does not; checks names it.', 'Readiness'),
          },
        },
      },
      '/health': {
        get: {
          operationId: 'Health',
          tags: ['probes'],
          summary: 'Is it alive?',
          description: 'Answers when the process does.',
          security: [],
          responses: {
            200: {
              description: 'It is.',
              content: {
                'application/json': { schema: { type: 'object', properties: { status: { const: 'ok' } } } },
              },
            },
          },
        },
      },
    },
    components: {
      schemas: SCHEMAS,
      securitySchemes: {
        functionKey: { type: 'apiKey', in: 'header', name: 'x-functions-key' },
        adminKey: {
          type: 'apiKey',
          in: 'header',
          name: 'x-functions-key',
          description: 'The master key of the function app.',
        },
        basic: { type: 'http', scheme: 'basic' },
      },
    },
  }
}
