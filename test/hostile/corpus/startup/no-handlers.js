// An export whose handlers are no functions.
export default { fetch: { call: () => new Response('called'), apply: () => new Response('applied') } }
