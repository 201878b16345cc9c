const label = '[a-z0-9]+(?:-[a-z0-9]+)*'
const short = '(?=[^.]{1,35}(?:\\.|$))'
const version = '[0-7][0-9a-hjkmnp-tv-z]{25}--'

/** `FUNCTION`, `VERSION--FUNCTION`, each also with `.ACCOUNT`, below the zone. */
const functionHost = new RegExp(`^(?:${version})?${short}${label}(?:\\.${short}${label})?$`)

/** Whether what stands before the zone is a name that functions can have. Which functions there are, DNS does not know: nodes say so. */
export function isFunctionHost(prefix: string): boolean {
  return functionHost.test(prefix)
}
