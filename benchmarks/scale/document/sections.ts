/** Puts what was computed between its marks: `<!-- NAME -->` to `<!-- /NAME -->`, on lines of their own. Throws where a mark is missing, or is not filled. */
export function fillSections(document: string, sections: Readonly<Record<string, string>>): string {
  const found = new Set<string>()
  const filled = document.replaceAll(/^<!-- ([a-z-]+) -->\n[\s\S]*?^<!-- \/\1 -->$/gm, (_whole: string, name: string) => {
    const section = sections[name]
    if (section === undefined) throw new Error(`The document asks for ${name}, which is not computed.`)
    found.add(name)
    return `<!-- ${name} -->\n${section}\n<!-- /${name} -->`
  })
  const missing = Object.keys(sections).filter((name) => !found.has(name))
  if (missing.length > 0) throw new Error(`The document has no place for ${missing.join(', ')}.`)
  return filled
}

/** A table in Markdown; columns but the first are numbers, or text. */
export function table(columns: readonly string[], rows: readonly (readonly string[])[], kind: 'numbers' | 'text' = 'numbers'): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  return [line(columns), line(columns.map((_, index) => (index === 0 || kind === 'text' ? '---' : '--:'))), ...rows.map(line)].join('\n')
}
