import { expect, test } from 'vitest'
import { GuestEvent, HostOperation, type Transfer } from '../bridge/index.ts'
import { bundleGuest } from '../supervisor/guest-bundle.ts'
import { BlankFactory, type BlankIsolate } from './blank-isolate.ts'

const source = `export default {
  fetch(request, environment) {
    const names = [...Object.getOwnPropertyNames(globalThis), ...Object.getOwnPropertySymbols(globalThis).map(String)].sort()
    return new Response([request.url, JSON.stringify(environment), ...names].join('\\n'))
  },
}`

/** What a function in this isolate answers, and all that the host was told. */
function serve(blank: BlankIsolate): { answer: string; told: HostOperation[] } {
  const told: HostOperation[] = []
  let answer = ''
  blank.connect((operation: HostOperation, _id: number, _first: Transfer, second: Transfer) => {
    told.push(operation)
    if (operation === HostOperation.respond) answer = String(second)
    return undefined
  })
  blank.event.applySync(undefined, [GuestEvent.configure, 0, '{"A":"1"}', 128, false])
  const module = blank.isolate.compileModuleSync(source)
  module.instantiateSync(blank.context, () => module)
  module.evaluateSync()
  blank.adopt.applySync(undefined, [module.namespace.getSync('default', { reference: true }).derefInto()])
  blank.event.applySync(undefined, [GuestEvent.request, 2, 'GET\nhttp://f.test/x\n{}'])
  return { answer, told }
}

test('a function can not tell an isolate that was rehearsed from one that was not', async () => {
  const factory = new BlankFactory(undefined, await bundleGuest(), { add: () => 1 })
  const rehearsed = serve(await factory.create(128, true))
  const plain = serve(factory.createNow(128))
  expect(plain.answer).toMatch(/^http:\/\/f\.test\/x\n\{"A":"1"\}\n/)
  expect(rehearsed).toEqual(plain)
  expect(serve(await factory.create(128, false))).toEqual(plain)
})
