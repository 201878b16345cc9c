import { describe, expect, it } from 'vitest'
import { checkHistory } from './check.ts'
import { excerpt } from './excerpt.ts'
import { endClient, type Operation, type Outcome } from './history.ts'
import { deploy, HistoryBuilder, state } from './history-builder.ts'

const groups = [['left', 'right']]

/** The rules that a history breaks, each once. */
function broken(write: (history: HistoryBuilder) => void): readonly string[] {
  const history = new HistoryBuilder()
  write(history)
  return [...new Set(checkHistory(history, groups).map(({ rule }) => rule))]
}

function followsAll(history: HistoryBuilder, name = 'follower'): void {
  history.node(name, { kind: 'started' })
  history.node(name, { kind: 'following' })
  history.node(name, { kind: 'received', record: { type: 'snapshot', epoch: 'E', sequence: 0, functions: [] } })
  history.receives(name, ...history.log.map(({ sequence }) => sequence))
}

const secrets = (value: string) => ({ secrets: { KEY: value } })

it('finds nothing wrong with a history in which all went well', () => {
  expect(broken((history) => {
    history.deployed('a')
    history.deployed('g', ['left', 'right'])
    const put = history.revision({ kind: 'activate', deployment: 'secret-solo', functions: [state('solo', 'a', secrets('x'))] })
    history.operation({ kind: 'putSecret', function: 'solo', key: 'KEY', value: 'x' }, { invokeMs: 0, revision: put.sequence })
    history.operation({ kind: 'read', function: 'solo' }, { shares: state('solo', 'a').shares })
    history.operation({ kind: 'listSecrets', function: 'solo' }, { secrets: ['KEY'] })
    const gone = history.revision({ kind: 'delete', function: 'solo' })
    history.operation({ kind: 'delete', function: 'solo' }, { invokeMs: 0, revision: gone.sequence })
    history.operation({ kind: 'read', function: 'solo' }, { shares: undefined })
    history.operation({ kind: 'createToken', token: 't' })
    history.operation({ kind: 'useToken', token: 't' }, { isAccepted: true })
    history.operation({ kind: 'revokeToken', token: 't' })
    history.operation({ kind: 'useToken', token: 't' }, { isAccepted: false })
    followsAll(history)
    history.node('edge', { kind: 'table', position: { epoch: 'E', sequence: 2 }, functions: [state('solo', 'a')] })
    history.node('edge', { kind: 'table', position: { epoch: 'E', sequence: 6 }, functions: [state('left', 'g'), state('right', 'g')] })
  })).toEqual([])
})

describe('changes that are of unknown outcome', () => {
  it('may have happened, whole', () => {
    expect(broken((history) => {
      history.operation(deploy('a'), { outcome: 'unknown' })
      history.revision({ kind: 'prepare', deployment: 'd', versions: [{ function: 'solo', version: 'a', marker: 'a' }] })
      history.revision({ kind: 'activate', deployment: 'd', functions: [state('solo', 'a')] })
    })).toEqual([])
  })

  it('may not have happened, or have been stored only', () => {
    expect(broken((history) => {
      history.operation(deploy('a'), { outcome: 'unknown' })
      history.operation(deploy('b'), { outcome: 'unknown' })
      history.revision({ kind: 'prepare', deployment: 'd', versions: [{ function: 'solo', version: 'b', marker: 'b' }] })
    })).toEqual([])
  })

  it('do not happen twice', () => {
    expect(broken((history) => {
      history.operation({ kind: 'putSecret', function: 'solo', key: 'KEY', value: 'x' }, { outcome: 'unknown' })
      history.deployed('a', ['solo'], { secrets: {} })
      history.revision({ kind: 'activate', deployment: 'secret-solo', functions: [state('solo', 'a', secrets('x'))] })
      history.revision({ kind: 'activate', deployment: 'secret-solo', functions: [state('solo', 'a', secrets('x'))] })
    })).toEqual(['explained'])
  })
})

it('takes a deployment that is repeated for the attempt that was under way', () => {
  expect(broken((history) => {
    history.operation(deploy('a'), { outcome: 'refused' })
    history.deployed('z', ['other'])
    history.operation(deploy('a'), { outcome: 'unknown' })
    history.revision({ kind: 'activate', deployment: 'd', functions: [state('solo', 'a')] })
  })).toEqual([])
})

describe('explained', () => {
  it.each<[string, (history: HistoryBuilder) => void]>([
    ['what nobody asked for', (history) => history.revision({ kind: 'activate', deployment: 'd', functions: [state('solo', 'a')] })],
    ['what was answered as failed', (history) => {
      history.operation(deploy('a'), { outcome: 'failed' })
      history.revision({ kind: 'activate', deployment: 'd', functions: [state('solo', 'a')] })
    }],
    ['what was seen before it was asked for', (history) => {
      const { sequence } = history.revision({ kind: 'activate', deployment: 'd', functions: [state('solo', 'a')] })
      history.operation(deploy('a'), { revision: sequence })
    }],
    ['a lost secret', (history) => {
      history.deployed('a')
      const put = history.revision({ kind: 'activate', deployment: 'secret-solo', functions: [state('solo', 'a', secrets('x'))] })
      history.operation({ kind: 'putSecret', function: 'solo', key: 'KEY', value: 'x' }, { invokeMs: 0, revision: put.sequence })
      history.deployed('b', ['solo'], { secrets: {} })
    }],
    ['a lost deployment', (history) => {
      history.deployed('a')
      history.deployed('b')
      const put = history.revision({ kind: 'activate', deployment: 'secret-solo', functions: [state('solo', 'a', secrets('x'))] })
      history.operation({ kind: 'putSecret', function: 'solo', key: 'KEY', value: 'x' }, { invokeMs: 0, revision: put.sequence })
    }],
    ['another share than was asked for', (history) => {
      history.deployed('a')
      history.deployed('b')
      const { sequence } = history.revision({ kind: 'activate', deployment: 'd', functions: [state('solo', 'a', { shares: [{ version: 'a', percent: 60 }, { version: 'b', percent: 40 }] })] })
      history.operation({ kind: 'release', function: 'solo', shares: [{ version: 'a', percent: 50 }, { version: 'b', percent: 50 }] }, { invokeMs: 0, revision: sequence })
    }],
    ['a part of a group', (history) => {
      const { sequence } = history.revision({ kind: 'activate', deployment: 'd', functions: [state('solo', 'a')] })
      history.operation(deploy('a', ['solo', 'other']), { invokeMs: 0, revision: sequence })
    }],
    ['a version that is prepared though its deployment failed', (history) => {
      history.operation(deploy('a'), { outcome: 'failed' })
      history.revision({ kind: 'prepare', deployment: 'd', versions: [{ function: 'solo', version: 'a', marker: 'a' }] })
    }],
    ['a deployment that is taken back to something else', (history) => {
      history.deployed('a')
      history.deployed('b')
      history.operation(deploy('c'), { outcome: 'refused' })
      history.revision({ kind: 'activate', deployment: 'd', functions: [state('solo', 'c')] })
      history.revision({ kind: 'activate', deployment: 'd', functions: [state('solo', 'a')] })
    }],
  ])('catches %s', (_what, write) => {
    expect(broken(write)).toEqual(['explained'])
  })

  it('lets a deployment be taken back that no node carried out', () => {
    expect(broken((history) => {
      history.deployed('a')
      history.operation(deploy('b'), { outcome: 'refused' })
      history.revision({ kind: 'activate', deployment: 'd', functions: [state('solo', 'b')] })
      history.revision({ kind: 'activate', deployment: 'd', functions: [state('solo', 'a')] })
    })).toEqual([])
  })

  it('knows what a share makes of the others', () => {
    expect(broken((history) => {
      history.deployed('a')
      const { sequence } = history.revision({ kind: 'activate', deployment: 'd', functions: [{ ...state('solo', 'b'), shares: [{ version: 'a', percent: 75 }, { version: 'b', percent: 25 }] }] })
      history.operation(deploy('b', ['solo'], 25), { invokeMs: 0, revision: sequence })
    })).toEqual([])
  })
})

it('acknowledged: catches what is answered as done and not in the log, and one revision for two', () => {
  expect(broken((history) => {
    history.deployed('a')
    history.operation(deploy('b'), { revision: 3 })
  })).toEqual(['acknowledged'])
  expect(broken((history) => {
    const { sequence } = history.revision({ kind: 'activate', deployment: 'd', functions: [state('solo', 'a')] })
    history.operation(deploy('a'), { invokeMs: 0, revision: sequence })
    history.operation(deploy('a'), { invokeMs: 0, revision: sequence })
  })).toEqual(['acknowledged'])
})

it('refused: catches what was refused and stays in effect', () => {
  expect(broken((history) => {
    history.operation(deploy('a'), { outcome: 'refused' })
    history.revision({ kind: 'activate', deployment: 'd', functions: [state('solo', 'a')] })
  })).toEqual(['refused'])
})

it('order: catches changes that stand in the log against real time', () => {
  expect(broken((history) => {
    history.operation(deploy('late'), { invokeMs: 100, endMs: 200, revision: 1 })
    history.operation(deploy('early'), { invokeMs: 10, endMs: 20, revision: 2 })
    history.revision({ kind: 'activate', deployment: 'late', functions: [state('solo', 'late')] }, { seenMs: 150 })
    history.revision({ kind: 'activate', deployment: 'early', functions: [state('solo', 'early')] }, { seenMs: 151 })
  })).toEqual(['order'])
})

describe('once', () => {
  const keyed = { ...deploy('a'), key: 'k' } as const

  it('lets a repetition be answered with what the first attempt did', () => {
    expect(broken((history) => {
      history.operation(keyed, { outcome: 'unknown' })
      const { sequence } = history.revision({ kind: 'activate', deployment: 'd', functions: [state('solo', 'a')] })
      history.deployed('b', ['other'])
      history.operation(keyed, { revision: sequence })
      history.operation(keyed, { revision: sequence })
    })).toEqual([])
  })

  it.each(['refused', 'unknown'] as const)('lets one be carried out whose first attempt was taken back, and was answered as %s', (outcome) => {
    expect(broken((history) => {
      history.revision({ kind: 'activate', deployment: 'd', functions: [state('solo', 'a')] })
      history.revision({ kind: 'activate', deployment: 'd', functions: [state('solo', 'a', { shares: [] })] })
      history.operation(keyed, { invokeMs: 0, outcome })
      const { sequence } = history.revision({ kind: 'activate', deployment: 'e', functions: [state('solo', 'a')] })
      history.operation(keyed, { invokeMs: 0, revision: sequence })
    })).toEqual([])
  })

  it('takes what another operation asked for as well for its doing, once the first attempt is done', () => {
    expect(broken((history) => {
      history.operation(keyed, { outcome: 'unknown' })
      const { sequence } = history.revision({ kind: 'activate', deployment: 'd', functions: [state('solo', 'a')] })
      history.operation(keyed, { revision: sequence })
      history.deployed('b')
      history.operation({ kind: 'release', function: 'solo', shares: [{ version: 'a', percent: 100 }] }, { outcome: 'unknown' })
      history.revision({ kind: 'activate', deployment: 'e', functions: [state('solo', 'a')] })
    })).toEqual([])
  })

  it('catches a repetition that is carried out once more', () => {
    expect(broken((history) => {
      history.operation(keyed, { outcome: 'unknown' })
      history.revision({ kind: 'activate', deployment: 'd', functions: [state('solo', 'a')] })
      const { sequence } = history.revision({ kind: 'activate', deployment: 'e', functions: [state('solo', 'a')] })
      history.operation(keyed, { invokeMs: 0, revision: sequence })
    })).toEqual(['once'])
  })
})

describe('reads', () => {
  it('catches one that is older than what was acknowledged before', () => {
    expect(broken((history) => {
      history.deployed('a')
      history.deployed('b')
      history.operation({ kind: 'read', function: 'solo' }, { shares: state('solo', 'a').shares })
    })).toEqual(['reads'])
  })

  it('catches one of secrets, and one of a function that was deleted', () => {
    expect(broken((history) => {
      history.deployed('a')
      history.operation({ kind: 'listSecrets', function: 'solo' }, { secrets: ['KEY'] })
    })).toEqual(['reads'])
    expect(broken((history) => {
      history.deployed('a')
      const { sequence } = history.revision({ kind: 'delete', function: 'solo' })
      history.operation({ kind: 'delete', function: 'solo' }, { invokeMs: 0, revision: sequence })
      history.operation({ kind: 'read', function: 'solo' }, { shares: state('solo', 'a').shares })
    })).toEqual(['reads'])
  })

  it('asks of several control planes that each knows what it answered itself, and that all know everything in the end', () => {
    const read = (result: Partial<Operation>) => (history: HistoryBuilder): void => {
      history.reads = 'own'
      history.deployed('a')
      history.deployed('b')
      history.operation({ kind: 'createToken', token: 't' })
      history.operation({ kind: 'read', function: 'solo' }, { shares: state('solo', 'a').shares, ...result })
      history.operation({ kind: 'useToken', token: 't' }, { isAccepted: false, ...result })
    }
    expect(broken(read({ at: 'control-2' }))).toEqual([])
    expect(broken(read({ at: 'control-1' }))).toEqual(['reads', 'tokens'])
    expect(broken(read({ at: 'control-2', client: endClient }))).toEqual(['reads', 'tokens'])
  })

  it('allows both states while a change is under way', () => {
    for (const marker of ['a', 'b']) {
      expect(broken((history) => {
        history.deployed('a')
        const { sequence } = history.revision({ kind: 'activate', deployment: 'd', functions: [state('solo', 'b')] })
        history.operation(deploy('b'), { invokeMs: 30, endMs: 1_000, revision: sequence })
        history.operation({ kind: 'read', function: 'solo' }, { shares: state('solo', marker).shares })
      })).toEqual([])
    }
  })
})

it('log: catches a gap and another epoch', () => {
  const other = state('solo', 'a')
  const write = (more: { sequence?: number; epoch?: string }) => (history: HistoryBuilder): void => {
    history.deployed('a')
    const { sequence } = history.revision({ kind: 'activate', deployment: 'a', functions: [other] }, more)
    history.operation(deploy('a'), { invokeMs: 0, revision: sequence })
  }
  expect(broken(write({ sequence: 4 }))).toEqual(['log'])
  expect(broken(write({ epoch: 'F' }))).toEqual(['log'])
})

describe('nodes', () => {
  const snapshot = (sequence: number, functions = [state('solo', 'a')]) => ({ kind: 'received', record: { type: 'snapshot', epoch: 'E', sequence, functions } }) as const
  const deployTwice = (history: HistoryBuilder): void => {
    history.deployed('a')
    history.deployed('b')
  }

  it.each<[string, (history: HistoryBuilder) => void]>([
    ['a gap', (history) => history.receives('one', 1, 2, 4)],
    ['a duplicate', (history) => history.receives('one', 1, 2, 2, 3, 4)],
    ['another order', (history) => history.receives('one', 1, 3, 2, 4)],
    ['a beginning without a snapshot', (history) => history.receives('one', 2, 3, 4)],
    ['a snapshot that leads back', (history) => {
      history.receives('one', 1, 2, 3, 4)
      history.node('one', snapshot(2))
      history.receives('one', 3, 4)
    }],
    ['a snapshot that is not the state at its sequence', (history) => {
      history.node('one', snapshot(3, [state('solo', 'b')]))
      history.receives('one', 4)
    }],
    ['a snapshot without a function', (history) => {
      history.node('one', snapshot(2, []))
      history.receives('one', 3, 4)
    }],
    ['another revision than in the log', (history) => {
      history.receives('one', 1, 2, 3)
      history.node('one', { kind: 'received', record: { type: 'revision', epoch: 'E', sequence: 4, change: { kind: 'other' }, digest: 'forged' } })
    }],
    ['another epoch', (history) => {
      history.receives('one', 1, 2, 3, 4)
      history.node('one', { kind: 'received', record: { type: 'heartbeat', epoch: 'F', sequence: 4 } })
    }],
    ['a heartbeat of what did not come', (history) => {
      history.receives('one', 1, 2, 3)
      history.node('one', { kind: 'received', record: { type: 'heartbeat', epoch: 'E', sequence: 4 } })
      history.receives('one', 4)
    }],
    ['a position that is not where it stands', (history) => {
      history.receives('one', 1, 2, 3, 4)
      history.node('one', { kind: 'following', position: { epoch: 'E', sequence: 3 } })
    }],
  ])('feed: catches %s', (_what, write) => {
    expect(broken((history) => {
      deployTwice(history)
      history.node('one', { kind: 'started', position: { epoch: 'E', sequence: 0 } })
      if (_what === 'a beginning without a snapshot') history.node('one', { kind: 'started' })
      write(history)
    })).toEqual(['feed'])
  })

  it('kept: catches a node that lost what it acknowledged, and lets one lose what it did not', () => {
    const restart = (acknowledged: number) => (history: HistoryBuilder): void => {
      deployTwice(history)
      history.node('one', { kind: 'started', position: { epoch: 'E', sequence: 0 } })
      history.receives('one', 1, 2, 3, 4)
      history.node('one', { kind: 'acknowledged', position: { epoch: 'E', sequence: acknowledged } })
      history.node('one', { kind: 'started', position: { epoch: 'E', sequence: 3 } })
      history.receives('one', 4)
    }
    expect(broken(restart(4))).toEqual(['kept'])
    expect(broken(restart(3))).toEqual([])
  })

  it('table: catches a node that serves something else, and one that goes back', () => {
    const table = (sequence: number, marker: string) => ({ kind: 'table', position: { epoch: 'E', sequence }, functions: [state('solo', marker)] }) as const
    expect(broken((history) => {
      deployTwice(history)
      history.node('one', table(4, 'a'))
    })).toEqual(['table'])
    expect(broken((history) => {
      deployTwice(history)
      history.node('one', table(4, 'b'))
      history.node('one', table(2, 'a'))
      history.node('one', table(4, 'b'))
    })).toEqual(['table'])
  })

  it('caught up: catches a node that stays behind', () => {
    expect(broken((history) => {
      deployTwice(history)
      history.node('one', { kind: 'started', position: { epoch: 'E', sequence: 0 } })
      history.receives('one', 1, 2, 3)
    })).toEqual(['caught up'])
  })
})

describe('whole', () => {
  it('catches a group that is mixed by a revision, and a part of one that is prepared', () => {
    expect(broken((history) => {
      history.deployed('g', ['left', 'right'])
      history.deployed('h', ['left'])
    })).toEqual(['whole'])
  })

  it('catches a table that holds a mix or a part', () => {
    for (const functions of [[state('left', 'g'), state('right', 'h')], [state('right', 'h')]]) {
      expect(broken((history) => {
        history.deployed('g', ['left', 'right'])
        history.deployed('h', ['left', 'right'])
        history.node('one', { kind: 'table', position: { epoch: 'E', sequence: 4 }, functions })
      })).toEqual(['table', 'whole'])
    }
  })
})

it('artifacts: catches a script that is gone or another, and asks for none of what was not done', () => {
  const fetch = (deployed: Outcome, isWhole: boolean) => (history: HistoryBuilder): void => {
    history.operation(deploy('a'), { outcome: deployed, revision: undefined })
    history.operation({ kind: 'fetch', marker: 'a' }, { isWhole })
  }
  expect(broken(fetch('ok', false))).toEqual(['artifacts'])
  expect(broken(fetch('ok', true))).toEqual([])
  expect(broken(fetch('unknown', false))).toEqual([])
})

describe('tokens', () => {
  it.each<[string, (history: HistoryBuilder) => void]>([
    ['one that is refused after its creation', (history) => {
      history.operation({ kind: 'createToken', token: 't' })
      history.operation({ kind: 'useToken', token: 't' }, { isAccepted: false })
    }],
    ['one that is accepted after its revocation', (history) => {
      history.operation({ kind: 'createToken', token: 't' })
      history.operation({ kind: 'revokeToken', token: 't' })
      history.operation({ kind: 'useToken', token: 't' }, { isAccepted: true })
    }],
  ])('catches %s', (_what, write) => {
    expect(broken(write)).toEqual(['tokens'])
  })

  it('allows both while its revocation is under way or of unknown outcome', () => {
    for (const isAccepted of [true, false]) {
      expect(broken((history) => {
        history.operation({ kind: 'createToken', token: 't' })
        history.operation({ kind: 'revokeToken', token: 't' }, { outcome: 'unknown' })
        history.operation({ kind: 'useToken', token: 't' }, { isAccepted })
      })).toEqual([])
    }
  })
})

it('shows of a violation what it is about, and nothing of other times', () => {
  const history = new HistoryBuilder()
  history.deployed('a')
  history.disruptions.push({ atMs: 90_000, text: 'something later' })
  const lost = history.operation(deploy('b'), { revision: 3 })
  history.disruptions.push({ atMs: lost.invokeMs, text: 'control-1 is killed' })
  const [violation, ...others] = checkHistory(history, groups)
  expect(others).toEqual([])
  const text = violation === undefined ? '' : excerpt(history, violation)
  expect(text).toContain('[acknowledged]')
  expect(text).toContain(`operation ${lost.id}`)
  expect(text).toContain('control-1 is killed')
  expect(text).not.toContain('something later')
})
