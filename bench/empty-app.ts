import { app } from '@azure/functions'

/** The least there can be: one function that answers. */
app.setup({ enableHttpStream: true })
app.http('health', { methods: ['GET'], authLevel: 'anonymous', handler: async () => ({ status: 200 }) })
