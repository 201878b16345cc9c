/**
 * `npm run build`, and before every `npm pack`: the package's JavaScript and declarations in dist/, the templates, the guest bundle
 * ready-made, and the published JSON Schema.
 */
import { spawnSync } from 'node:child_process'
import { cp, mkdir, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { buildInvokerForBrowsers } from './build-invoker-for-browsers.ts'
import { buildGuestBundle } from '../runtime/supervisor/index.ts'
import { projectJsonSchema } from '../sdk/project/index.ts'

const root = dirname(import.meta.dirname)
const output = join(root, 'dist')

function compile(): void {
  const require = createRequire(import.meta.url)
  const compiler = join(dirname(require.resolve('typescript/package.json')), 'bin', 'tsc')
  const { status } = spawnSync(process.execPath, [compiler, '-p', 'tsconfig.build.json'], { cwd: root, stdio: 'inherit' })
  if (status !== 0) throw new Error(`tsc ended with ${status}`)
}

await rm(output, { recursive: true, force: true })
await mkdir(join(root, 'schema'), { recursive: true })
await writeFile(join(root, 'schema', 'skerry.schema.json'), `${JSON.stringify(projectJsonSchema(), null, 2)}\n`)
compile()
await cp(join(root, 'sdk', 'templates', 'files'), join(output, 'sdk', 'templates', 'files'), { recursive: true })
await writeFile(join(output, 'runtime', 'supervisor', 'guest.js'), await buildGuestBundle())
await writeFile(join(output, 'sdk', 'invoke', 'browser.bundle.js'), await buildInvokerForBrowsers())
process.stdout.write('built dist/\n')
