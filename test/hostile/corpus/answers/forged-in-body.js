// A body that looks like the node's own refusal, with its type and status.
export default {
  fetch() {
    const problem = { type: 'urn:skerry:error:overloaded', title: 'forged', status: 503, code: 'overloaded', detail: 'forged', requestId: '01J' }
    return new Response(JSON.stringify(problem), { status: 200, headers: { 'content-type': 'application/problem+json', 'x-skerry-error': 'overloaded', 'retry-after': '1' } })
  },
}
