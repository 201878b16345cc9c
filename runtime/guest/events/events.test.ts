import { expect, test } from 'vitest'
import { guestFactory, runInNode } from '../../../test/helpers/guest-isolate.ts'

const open = await guestFactory()
const guest = open()

const same = async (body: string): Promise<void> => {
  expect(await guest.run(body)).toEqual(await runInNode(body))
}

test('dispatches to listeners in order, with once, signal, objects and removal', async () => {
  await same(`const t = new EventTarget(); const log = []; const c = new AbortController()
    const a = (e) => { log.push('a', e.type, e.target === t, e.currentTarget === t, e.eventPhase); t.removeEventListener('x', b) }
    const b = () => log.push('b')
    t.addEventListener('x', a); t.addEventListener('x', a); t.addEventListener('x', b); t.addEventListener('x', { handleEvent(e) { log.push('o', this !== t) } })
    t.addEventListener('x', () => log.push('once'), { once: true }); t.addEventListener('x', () => log.push('signal'), { signal: c.signal })
    const first = t.dispatchEvent(new Event('x')); c.abort(); t.dispatchEvent(new Event('x'))
    t.addEventListener('y', (e) => e.preventDefault()); t.addEventListener('y', (e) => e.stopImmediatePropagation()); t.addEventListener('y', () => log.push('never'))
    const e = new Event('y', { cancelable: true }); log.push(t.dispatchEvent(e), e.defaultPrevented, e.eventPhase, first, e.currentTarget)
    return log`)
  await same(`return [new CustomEvent('a', { detail: { x: 1 } }).detail, new CustomEvent('a').detail, new Event('q', { bubbles: 1 }).bubbles, Event.AT_TARGET, new Event('e').isTrusted]`)
  await expect(guest.run(`const t = new EventTarget(); const e = new Event('x'); t.addEventListener('x', () => globalThis.nested = (() => { try { t.dispatchEvent(e) } catch (x) { return x.name } })()); t.dispatchEvent(e); if (nested) throw new Error(nested)`)).rejects.toThrow()
})

test('capturing listeners come first, and stopping ends what follows', async () => {
  // Node knows no phases.
  expect(await guest.run(`const t = new EventTarget(); const log = []; t.addEventListener('x', () => log.push('bubble')); t.addEventListener('x', (e) => log.push('capture', e.eventPhase), true); t.dispatchEvent(new Event('x'))
    t.addEventListener('y', (e) => { e.stopPropagation(); log.push('stop', e.cancelBubble) }, true); t.addEventListener('y', () => log.push('same phase'), true); t.addEventListener('y', () => log.push('never')); const y = new Event('y'); t.dispatchEvent(y); log.push(y.cancelBubble)
    t.addEventListener('p', (e) => { e.preventDefault(); log.push(e.defaultPrevented) }, { passive: true }); log.push(t.dispatchEvent(new Event('p', { cancelable: true })))
    const reached = { get handleEvent() { log.push('looked up'); return () => log.push('called') } }; t.addEventListener('z', reached); t.dispatchEvent(new Event('z')); return log`))
    .toEqual(['capture', 2, 'bubble', 'stop', true, 'same phase', false, false, true, 'looked up', 'called'])
})

test('initEvent, own isTrusted, and init dictionaries that are read at once', async () => {
  expect(await guest.run(`const e = new Event('a'); e.initEvent('b', true, true); const [one, two] = [e, new Event('c')].map((each) => Object.getOwnPropertyDescriptor(each, 'isTrusted')); const c = new CustomEvent('d'); c.initCustomEvent('e', false, false, 7)
    return [e.type, e.bubbles, e.cancelable, one.get === two.get, one.configurable, c.type, c.detail, e.timeStamp >= 0, new CloseEvent('x', { code: 65537.9 }).code, new ErrorEvent('x', { lineno: -1 }).lineno]`))
    .toEqual(['b', true, true, true, false, 'e', 7, true, 1, 4294967295])
  for (const code of [`new Event()`, `new CloseEvent('x', { reason: Symbol() })`, `new MessageEvent('x', { ports: 5 })`, `new PromiseRejectionEvent('x')`, `Event.prototype.type`]) {
    await expect(guest.run(code)).rejects.toMatchObject({ name: 'TypeError' })
  }
})

test('a signal that lives long does not gather those that were made of it', async () => {
  const other = open({ memoryMb: 16 })
  await other.run(`globalThis.controller = new AbortController()
    for (let round = 0; round < 60; round++) { for (let i = 0; i < 3000; i++) AbortSignal.any([controller.signal]); await new Promise((done) => setTimeout(done)) }`)
  expect(await other.run(`const log = []; let held = AbortSignal.any([controller.signal]); held.onabort = () => log.push('held'); held = undefined
    for (let i = 0; i < 20; i++) { new Array(1e5).fill(i); await new Promise((done) => setTimeout(done)) } controller.abort(); return log`)).toEqual(['held'])
  other.dispose()
})

test('a listener that throws is reported, and the others run', async () => {
  const other = open()
  expect(await other.run(`const t = new EventTarget(); const log = []; t.addEventListener('x', () => { throw new Error('bad') }); t.addEventListener('x', () => log.push(1)); t.dispatchEvent(new Event('x')); return log`)).toEqual([1])
  expect(other.output()).toEqual(['exception: Error: bad'])
  other.dispose()
})

test('AbortController and AbortSignal', async () => {
  await same(`const c = new AbortController(); const log = []; c.signal.onabort = (e) => log.push('on', e.isTrusted); c.signal.addEventListener('abort', () => log.push('listener')); c.abort(); c.abort('again')
    return [log, c.signal.aborted, c.signal.reason.name, c.signal.reason.code, c.signal.reason instanceof DOMException, c.signal.reason instanceof Error]`)
  await same(`const r = AbortSignal.abort('why'); try { r.throwIfAborted() } catch (e) { return e }`)
  await same(`const a = new AbortController(); const b = AbortSignal.any([a.signal, new AbortController().signal]); const c = AbortSignal.any([b]); const log = []; c.onabort = () => log.push(b.aborted, a.signal.aborted); a.abort(5); return [log, c.reason, b.reason, AbortSignal.any([b]).aborted, AbortSignal.any([]).aborted]`)
  await same(`const s = AbortSignal.timeout(5); await new Promise((done) => s.addEventListener('abort', done)); return [s.reason.name, s.aborted]`)
  await expect(guest.run(`new AbortSignal()`)).rejects.toMatchObject({ name: 'TypeError' })
  await expect(guest.run(`AbortSignal.any([{}])`)).rejects.toMatchObject({ name: 'TypeError' })
})

test('DOMException', async () => {
  await same(`const e = new DOMException('m', 'AbortError'); const w = new DOMException('m', { name: 'N', cause: 3 })
    return [e.name, e.message, e.code, String(e), e instanceof Error, Object.prototype.toString.call(e), DOMException.ABORT_ERR, e.TIMEOUT_ERR, w.name, w.cause, w.code, new DOMException().name, Object.keys(e), e.stack.includes('AbortError: m')]`)
})
