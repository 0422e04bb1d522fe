import { app } from '@azure/functions'

/** The least that a function of this kind does: parses the request, writes a line, and answers the bytes that it is told. */
const body = process.env['NO_OP_ANSWER'] ?? ''

app.setup({ enableHttpStream: true })

app.http('requesttoken', {
  methods: ['POST'],
  authLevel: 'function',
  handler: async (request, context) => {
    const { client = 'default' } = (await request.json()) as { readonly client?: string }
    context.info(JSON.stringify({ event: 'no_op', client, status: 200 }))
    return { status: 200, headers: { 'Content-Type': 'application/json', 'Cache-Control': 'no-store' }, body }
  },
})
