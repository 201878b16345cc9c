import { build, transform } from 'esbuild'
import { moduleFile } from './plugin.ts'

export interface Script {
  readonly code: string
  /** JSON. */
  readonly map: string
}

/** Has asynchronous functions run on generators and promises, so that what follows an `await` goes through `Promise.prototype.then`. */
const unsupported = { 'async-await': false, 'async-generator': false, 'for-await': false } as const
/** Of the length of esbuild's own name, so that places in the source map stay right. */
const asyncGenerator = '__asyncGenerator'
const ownAsyncGenerator = '__skerryAsyncGen'
const asyncGeneratorSource = `const ${ownAsyncGenerator}=(receiver,parameters,body)=>globalThis[Symbol.for('skerry.asyncGenerator')](receiver,parameters,body,__await);`
const exported = /export\s*\{([^{}]*)\};?\s*$/

/**
 * Makes a bundle follow its asynchronous context: V8 tells nobody when it goes on after an `await`, so the bundle is rewritten, and begins with
 * the script that patches promises, timers, events and streams.
 *
 * @param awaits whether it awaits something at its top level, which can not be lowered
 */
export async function lowerAsync({ code, map }: Script, awaits: boolean): Promise<Script> {
  const prelude = await buildPrelude()
  const result = await (awaits ? lowerTopLevel(code, map) : transformed(code, map))
  const start = `${prelude}\n${result.code.includes(`${asyncGenerator}(`) ? asyncGeneratorSource : ''}\n`
  const lowered = result.code.replaceAll(`${asyncGenerator}(`, `${ownAsyncGenerator}(`)
  return { code: `${start}${lowered}`, map: shiftLines(result.map, start.split('\n').length - 1) }
}

/** What awaits at its top level becomes an asynchronous function that is lowered; the module awaits that. */
async function lowerTopLevel(code: string, map: string): Promise<Script> {
  const names = exported.exec(code)?.[1] ?? ''
  const local = names.split(',').map((name) => name.trim().split(/\s+as\s+/)).find(([name, outer]) => (outer ?? name) === 'default')?.[0]
  const body = `const __skerryModule = (async () => {\n${code.replace(exported, '')}\nreturn ${local ?? 'undefined'} })()\nexport {}`
  const result = await transformed(body, shiftLines(map, 1))
  return { code: `${result.code}\nconst __skerryDefault = await __skerryModule\nexport { __skerryDefault as default }\n`, map: result.map }
}

async function transformed(code: string, map: string): Promise<Script> {
  const input = `${code}\n//# sourceMappingURL=data:application/json;base64,${Buffer.from(map).toString('base64')}`
  return transform(input, {
    format: 'esm', target: 'esnext', supported: unsupported, minifySyntax: true, minifyWhitespace: true, charset: 'utf8', legalComments: 'none',
    sourcemap: 'external', sourcesContent: true, logLevel: 'silent',
  })
}

async function buildPrelude(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [moduleFile('async-context/prelude')], bundle: true, write: false, format: 'iife', platform: 'neutral', target: 'esnext',
    minifySyntax: true, minifyWhitespace: true, legalComments: 'none', logLevel: 'silent',
  })
  return outputFiles[0]?.text.trimEnd() ?? ''
}

function shiftLines(map: string, lines: number): string {
  const parsed = JSON.parse(map) as { mappings: string }
  return JSON.stringify({ ...parsed, mappings: `${';'.repeat(lines)}${parsed.mappings}` })
}
