/** Why a command cannot start. The message is all that its user needs: what is wrong, and the cure. It is shown in one line. */
export class StartError extends Error {
  override readonly name: string = 'StartError'
  readonly exitCode: number
  /** @param exitCode 2 when the command line is at fault, as is usual. */
  constructor(message: string, options: ErrorOptions & { readonly exitCode?: 1 | 2 } = {}) {
    super(message, options)
    this.exitCode = options.exitCode ?? 1
  }
}
