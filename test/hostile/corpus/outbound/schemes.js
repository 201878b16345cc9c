// Schemes that are no HTTP.
export default {
  async fetch() {
    const addresses = ['file:///etc/passwd', 'file:///proc/self/environ', 'ftp://127.0.0.2/', 'gopher://127.0.0.2/', 'unix:/var/run/docker.sock', 'http+unix://%2Fvar%2Frun/', 'javascript:1', 'about:blank', 'chrome://version', 'node:fs', 'ws://127.0.0.2/', '//127.0.0.2/', '/etc/passwd']
    const outcomes = []
    for (const address of addresses) outcomes.push(await fetch(address).then((answer) => answer.text(), (error) => error.constructor.name))
    return new Response(outcomes.every((outcome) => outcome === 'TypeError') ? 'contained' : outcomes.join())
  },
}
