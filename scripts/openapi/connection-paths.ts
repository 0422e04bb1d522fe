type Json = Readonly<Record<string, unknown>>

/** What the paths of one subject are made with. */
export interface Words {
  readonly ref: (schema: 'Connection' | 'ConnectionWish' | 'Overlap' | 'Connections' | 'NewSecret') => Json
  readonly answer: (description: string, schema?: 'Connection' | 'Connections' | 'NewSecret') => Json
  readonly errors: (...statuses: readonly number[]) => Json
  readonly security: readonly Json[]
  readonly pages: readonly Json[]
}

const NAMED = {
  name: 'name',
  in: 'path',
  required: true,
  description: 'The name of the connection.',
  schema: { type: 'string', pattern: '^[a-z0-9][a-z0-9-]{0,62}$' },
}

/** What administrators do with connections. */
export function connectionPaths({ ref, answer, errors, security, pages }: Words): Json {
  const described = (operationId: string, summary: string, description: string) => ({
    operationId,
    tags: ['connections'],
    summary,
    description,
    security,
  })
  const body = (schema: 'ConnectionWish' | 'Overlap', required: boolean, examples: Json) => ({
    required,
    content: { 'application/json': { schema: ref(schema), examples } },
  })
  return {
    '/connections': {
      get: {
        ...described('ListConnections', 'List connections', 'In pages, without secrets and tokens.'),
        parameters: pages,
        responses: { 200: answer('A page.', 'Connections'), ...errors(400, 503) },
      },
    },
    '/connections/{name}': {
      put: {
        ...described(
          'MakeConnection',
          'Make a connection',
          'Makes it, and tells its secret this once. The same again changes nothing but the owner.',
        ),
        parameters: [NAMED],
        requestBody: body('ConnectionWish', true, {
          application: { value: { client: 'confidential', grant: 'client_credentials', owner: 'CRM team' } },
        }),
        responses: {
          200: answer('It was there.', 'Connection'),
          201: answer('It is made.', 'NewSecret'),
          ...errors(400, 403, 409, 500, 503),
        },
      },
      get: {
        ...described('GetConnection', 'Look at a connection', 'Its state, and what there is to do.'),
        parameters: [NAMED],
        responses: { 200: answer('What is known.', 'Connection'), ...errors(400, 404, 503) },
      },
      delete: {
        ...described('DeleteConnection', 'Delete a connection', 'Its tokens and its secret go with it.'),
        parameters: [NAMED],
        responses: { 204: answer('Deleted.'), ...errors(400, 404, 503) },
      },
    },
    '/connections/{name}/secret': {
      post: {
        ...described(
          'ChangeConnectionSecret',
          'Change the secret',
          'Tells another secret this once. The one before holds for the overlap.',
        ),
        parameters: [NAMED],
        requestBody: body('Overlap', false, { hour: { value: { overlap_seconds: 3600 } } }),
        responses: { 200: answer('The new one.', 'NewSecret'), ...errors(400, 404, 503) },
      },
    },
  }
}
