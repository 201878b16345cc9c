import type { Outcomes } from '../outcome.ts'

/** Answers that are none, or that would have the node, or whoever stands before it, believe what it must not. */
export const outcomes: Outcomes = {
  'switches-protocols': { answers: 'x' },
  'socket-uninvited': { code: 'no_response' },
  'hop-by-hop': {
    answers: 'contained',
    headers: { te: null, trailer: null, upgrade: null, 'proxy-authenticate': null, 'x-skerry-node': 'hostile', 'x-skerry-not-begun': null, 'x-skerry-anything': null, 'x-kept': '1' },
  },
  injects: { answers: 'contained', headers: { 'x-injected': null } },
  'too-long': { breaksOff: 'no_response' },
  'too-short': { breaksOff: 'no_response' },
  'odd-lengths': { answers: 'contained', headers: { 'content-length': '9' } },
  twice: { answers: 'contained' },
  'error-response': { code: 'no_response' },
  'throws-odd-things': { code: 'uncaught_exception' },
  'throws-a-giant': { code: ['uncaught_exception', 'cpu_limit_exceeded', 'memory_limit_exceeded'], cell: 'replaced' },
  'claims-a-code': { code: 'uncaught_exception' },
  nothing: { code: 'no_response' },
  'forged-in-body': {
    answers: '{"type":"urn:skerry:error:overloaded","title":"forged","status":503,"code":"overloaded","detail":"forged","requestId":"01J"}',
    headers: { 'x-skerry-error': null },
  },
}
