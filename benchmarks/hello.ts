/**
 * The function under test. Every peer runs this same text: an ES module with a default export, as Workers, Deno and Skerry take it,
 * written as `skerry deploy` writes bundles: the exports last, and the mark that nothing is awaited at the top level.
 * The marker makes each of the functions that are started a different script with a different answer, so that no peer
 * can answer one function from another's compiled code unnoticed.
 */
export interface HelloFunction {
  readonly source: string
  readonly expectedBody: string
}

export function helloFunction(marker: string): HelloFunction {
  const expectedBody = `Hello from ${marker}\n`
  return {
    source: `var hello = {
  async fetch(request) {
    return new Response(${JSON.stringify(expectedBody)}, { headers: { 'content-type': 'text/plain; charset=utf-8' } })
  },
};
export { hello as default };
//# evaluation=synchronous
`,
    expectedBody,
  }
}
