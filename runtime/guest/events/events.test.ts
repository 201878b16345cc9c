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
