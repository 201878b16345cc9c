import { expect, test } from 'vitest'
import { guestFactory } from '../../../test/helpers/guest-isolate.ts'

const open = await guestFactory()
const guest = open()

test('messages come in order, each a task, and wait until the port starts', async () => {
  expect(await guest.run(`const { port1, port2 } = new MessageChannel(); const log = []
    port1.postMessage({ n: 1 }); port1.postMessage(new Map([[1, 2]])); log.push('posted')
    await new Promise((done) => { port2.onmessage = (e) => { log.push(e.data.n ?? [...e.data], e.isTrusted, e.target === port2); if (log.length > 7) done() }; log.push('started') })
    return log`)).toEqual(['posted', 'started', 1, true, true, [[1, 2]], true, true])
  expect(await guest.run(`const { port1, port2 } = new MessageChannel(); const seen = []; port2.addEventListener('message', (e) => seen.push(e.data)); port1.postMessage(1)
    await new Promise((done) => setTimeout(done, 1)); seen.push('silent'); port2.start(); await new Promise((done) => setTimeout(done, 1)); return seen`)).toEqual(['silent', 1])
})

test('a port that is transferred takes its messages along', async () => {
  expect(await guest.run(`const a = new MessageChannel(); const b = new MessageChannel(); const log = []
    a.port1.postMessage('early'); b.port1.postMessage('take', [a.port2])
    const moved = await new Promise((done) => { b.port2.onmessage = (e) => done(e.ports[0]) })
    a.port1.postMessage('late'); try { structuredClone(a.port2, { transfer: [a.port2] }) } catch (e) { log.push(e.name) }
    await new Promise((done) => { moved.onmessage = (e) => { log.push(e.data); if (e.data === 'late') done() } })
    return [...log, moved instanceof MessagePort, moved !== a.port2]`)).toEqual(['DataCloneError', 'early', 'late', true, true])
})

test('closing tells the other end, and ends delivery', async () => {
  expect(await guest.run(`const { port1, port2 } = new MessageChannel(); const log = []; port2.onmessage = () => log.push('message'); port2.onclose = () => log.push('close')
    port1.close(); port1.postMessage(1); port2.postMessage(1); await new Promise((done) => setTimeout(done, 5)); return log`)).toEqual(['close'])
})

test.each([
  ['new MessagePort()', 'TypeError'],
  ['const { port1 } = new MessageChannel(); port1.postMessage(1, [port1])', 'DataCloneError'],
  ['const { port1, port2 } = new MessageChannel(); port1.postMessage(port2)', 'DataCloneError'],
  ['new MessageChannel().port1.postMessage(() => {})', 'DataCloneError'],
  ['new MessageChannel().port1.postMessage()', 'TypeError'],
  ['MessagePort.prototype.start.call({})', 'TypeError'],
])('%s is a %s', async (code, name) => {
  await expect(guest.run(code)).rejects.toMatchObject({ name })
})
