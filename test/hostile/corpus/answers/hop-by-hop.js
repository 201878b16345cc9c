// Headers that belong to the connection, and those that are the node's.
export default {
  fetch() {
    const headers = new Headers()
    for (const [name, value] of [
      ['connection', 'close, x-skerry-id'], ['keep-alive', 'timeout=1'], ['transfer-encoding', 'chunked'], ['te', 'gzip'], ['trailer', 'x'], ['upgrade', 'h2c'], ['proxy-authenticate', 'x'],
      ['x-skerry-node', 'forged'], ['x-skerry-error', 'overloaded'], ['x-skerry-not-begun', '1'], ['x-skerry-anything', 'forged'], ['x-kept', '1'],
    ]) headers.append(name, value)
    return new Response('contained', { headers })
  },
}
