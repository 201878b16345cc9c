// A module of the host.
import { readFileSync } from 'file:///etc/passwd'
export default {
  fetch() {
    return new Response(readFileSync)
  },
}
