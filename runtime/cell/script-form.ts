import { synchronousMark } from '../bridge/index.ts'

const prefix = '(function () { "use strict"; '
/** The default export comes first. Looked for at the very end, where the bundler puts it. */
const exportsAtEnd = new RegExp(String.raw`\nexport \{ ([\w$]+) as default(?:, [^{}]*)? \};\n${synchronousMark.trimEnd()}\n$`)
/** More than any list of exports has that is worth it. */
const tailCharactersMax = 4_096

/** A module as a script whose value is the module's default export. */
export interface ScriptForm {
  readonly text: string
  /** Where the first line begins, so that positions are those of the module. */
  readonly columnOffset: number
}

/**
 * Undefined where the module has no such form: it awaits at its top level, or was not made by the bundler. What imports, or names `import.meta`,
 * gets a form that does not compile.
 *
 * isolated-vm takes code caches for scripts alone: for a module it accepts one and does not use it.
 */
export function scriptFormOf(source: string): ScriptForm | undefined {
  const tail = source.slice(-tailCharactersMax)
  const match = exportsAtEnd.exec(tail)
  if (match === null) return undefined
  const body = source.slice(0, source.length - tail.length + match.index)
  return { text: `${prefix}${body}\nreturn ${match[1]}\n}).call(undefined)`, columnOffset: -prefix.length }
}
