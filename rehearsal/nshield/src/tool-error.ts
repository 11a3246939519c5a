/** Ends a tool with a message and an exit code other than 0. */
export class ToolError extends Error {
  readonly exitCode: number

  constructor(message: string, exitCode = 1) {
    super(message)
    this.exitCode = exitCode
  }
}
