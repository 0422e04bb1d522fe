/** A connection of an application, ready to be used. */
export interface DemoConnection {
  readonly name: string
  readonly secret: string
}

export const demoConnectionName = 'demo-app'

/** Makes it, or gives it another secret: what was told once cannot be told again. `undefined` when the broker does not make it. */
export async function readyConnection(brokerUrl: string): Promise<DemoConnection | undefined> {
  const url = `${brokerUrl}/connections/${demoConnectionName}`
  const send = async (method: string, path: string, body: object): Promise<string | undefined> => {
    const headers = { 'Content-Type': 'application/json' }
    const response = await fetch(`${url}${path}`, { method, headers, body: JSON.stringify(body) })
    return ((await response.json()) as { secret?: string }).secret
  }
  const secret =
    (await send('PUT', '', { client: 'confidential', grant: 'client_credentials' })) ??
    (await send('POST', '/secret', { overlap_seconds: 0 }))
  return secret === undefined ? undefined : { name: demoConnectionName, secret }
}
