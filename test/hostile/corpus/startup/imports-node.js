// A built-in module of the host.
import { execSync } from 'node:child_process'
export default {
  fetch() {
    return new Response(execSync('id'))
  },
}
