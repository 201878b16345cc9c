import { Subscriber } from '../scale/measure/subscriber.ts'

/** A process of its own, `URL TOKEN FIRST COUNT`: so many nodes that acknowledge at once. Says `ready` when all have caught up, and ends on SIGTERM. */
const [url = '', token = '', first = '0', count = '1'] = process.argv.slice(2)
const startingAtATime = 8

const names = Array.from({ length: Number(count) }, (_, index) => `fra-${Number(first) + index}`)
const nodes: Subscriber[] = []
for (let index = 0; index < names.length; index += startingAtATime) {
  nodes.push(...(await Promise.all(names.slice(index, index + startingAtATime).map((name) => Subscriber.start({ url, token, name })))))
}
process.once('SIGTERM', () => void Promise.all(nodes.map((node) => node.stop())).finally(() => process.exit(0)))
process.stdout.write('ready\n')
