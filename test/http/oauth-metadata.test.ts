import { expect, test } from '@jest/globals'
import { oauthMetadataOf } from '../../src/http/oauth-metadata.ts'

test('a client learns where to send a password, and that its own credentials may come in any way', () => {
  expect(oauthMetadataOf('https://broker.example')).toEqual({
    headers: { 'Content-Type': 'application/json', 'Cache-Control': 'max-age=3600' },
    jsonBody: {
      issuer: 'https://broker.example',
      token_endpoint: 'https://broker.example/oauth2/token',
      grant_types_supported: ['password'],
      response_types_supported: [],
      token_endpoint_auth_methods_supported: ['none', 'client_secret_post', 'client_secret_basic'],
    },
  })
})
