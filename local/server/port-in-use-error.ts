export class PortInUseError extends Error {
  override readonly name = 'PortInUseError'
  readonly port: number
  constructor(port: number) {
    super(`Port ${port} is in use by another program.`)
    this.port = port
  }
}
