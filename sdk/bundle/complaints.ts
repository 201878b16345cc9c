import type { Message, Metafile } from 'esbuild'
import { SkerryError } from '../../errors/index.ts'
import { artifactBytesMax } from '../../control-plane/protocol/index.ts'
import { explainMissingModule } from './node-modules.ts'

/** One input of a bundle and what it takes of it. */
export interface BundleInput {
  readonly path: string
  readonly bytes: number
}

const unresolved = /^Could not resolve "(?<specifier>[^"]+)"/

function describe(message: Message): string {
  const place = message.location === null ? '' : `${message.location.file}:${message.location.line}:${message.location.column + 1}: `
  const specifier = unresolved.exec(message.text)?.groups?.['specifier']
  const explanation = specifier === undefined ? undefined : explainMissingModule(specifier)
  if (explanation !== undefined) return `${place}${explanation}`
  const source = message.location === null ? '' : `\n    ${message.location.lineText.trim()}`
  const isPackage = specifier !== undefined && !/^[./]/.test(specifier)
  return `${place}${message.text}${isPackage ? `; is it installed? (npm install ${packageOf(specifier)})` : ''}${source}`
}

function packageOf(specifier: string): string {
  return specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/')
}

/** `bundle_failed` that lists each of esbuild's errors with file, line and column. */
export function bundleFailure(messages: readonly Message[]): SkerryError {
  const [first] = messages
  const field = first?.location ? `${first.location.file}:${first.location.line}` : ''
  return new SkerryError('bundle_failed', messages.map(describe).join('\n'), { field })
}

/** The inputs of an output, largest first. */
export function inputsOf(output: Metafile['outputs'][string]): BundleInput[] {
  return Object.entries(output.inputs)
    .map(([path, { bytesInOutput }]) => ({ path, bytes: bytesInOutput }))
    .toSorted((left, right) => right.bytes - left.bytes)
}

const megabytes = (bytes: number): string => `${(bytes / 1024 / 1024).toFixed(2)} MB`

/** Throws what is wrong with a script that did bundle: `bundle_failed` or `script_too_large`. @param entry shown name of the entry file */
export function checkOutput(output: Metafile['outputs'][string], scriptBytes: number, entry: string): void {
  if (!output.exports.includes('default')) {
    throw new SkerryError(
      'bundle_failed',
      `${entry}: there is no default export. Export the handlers: export default { async fetch(request, env, ctx) { return new Response('hello') } }`,
      { field: entry },
    )
  }
  const external = output.imports.find((found) => found.external === true && found.kind === 'import-statement')
  if (external !== undefined) {
    const text = `"${external.path}" can not be imported at run time: install it as an npm package, so that it is bundled`
    throw new SkerryError('bundle_failed', `${entry}: ${text}`, { field: entry })
  }
  if (scriptBytes > artifactBytesMax) {
    const largest = inputsOf(output).slice(0, 8).map(({ path, bytes }) => `  ${megabytes(bytes).padStart(9)}  ${path}`)
    throw new SkerryError(
      'script_too_large',
      `The bundled script of ${entry} has ${megabytes(scriptBytes)}; at most ${megabytes(artifactBytesMax)} are allowed. Its largest parts:\n${largest.join('\n')}`,
      { limit: artifactBytesMax, used: scriptBytes },
    )
  }
}
