/** What a process shows the control plane: the shared token, or its own credential, which may be renewed while it runs. */
export type Token = string | (() => string)

export function readToken(token: Token): string {
  return typeof token === 'string' ? token : token()
}
