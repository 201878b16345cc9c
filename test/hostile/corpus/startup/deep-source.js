// A source that is generated, and too deep for the parser.
new Function(`${'['.repeat(200_000)}${']'.repeat(200_000)}`)
export default {}
