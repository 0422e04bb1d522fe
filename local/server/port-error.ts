const reasons = {
  EADDRINUSE: 'is in use by another program',
  EACCES: 'is not open to this user',
} as const

export type PortErrorCode = keyof typeof reasons

/** A port that cannot be listened on. */
export class PortError extends Error {
  override readonly name = 'PortError'
  readonly port: number
  readonly code: PortErrorCode
  constructor(port: number, code: PortErrorCode) {
    super(`Port ${port} ${reasons[code]}.`)
    this.port = port
    this.code = code
  }
}

/** What `listen` fails with, by the port's number where the port is at fault. */
export function portErrorOf(error: NodeJS.ErrnoException, port: number): Error {
  const { code = '' } = error
  return code in reasons ? new PortError(port, code as PortErrorCode) : error
}
