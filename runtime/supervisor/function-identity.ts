/** A function, whichever of its versions. */
export interface FunctionIdentity {
  readonly account: string
  readonly functionName: string
}

/** `account/function`, neither of which may have a slash. */
export function functionKey({ account, functionName }: FunctionIdentity): string {
  return `${account}/${functionName}`
}
