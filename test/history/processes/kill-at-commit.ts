import { DatabaseSync } from 'node:sqlite'

/** Where a process ends itself: right before its so-many-th commit, or right behind it. */
export interface KillPoint {
  readonly commit: number
  readonly when: 'before' | 'after'
}

/** From SIGUSR2 on counts commits of this process that write, and kills it at the given one, as a loss of power to it would. */
export function killAtCommit({ commit, when }: KillPoint, onArmed: () => void): void {
  let commits = Number.NaN
  let isWriting = false
  const execute = Object.getOwnPropertyDescriptor(DatabaseSync.prototype, 'exec')?.value as (sql: string) => void
  DatabaseSync.prototype.exec = function exec(this: DatabaseSync, sql: string): void {
    if (sql === 'BEGIN IMMEDIATE') isWriting = true
    const isHere = sql === 'COMMIT' && isWriting && (commits += 1) === commit
    if (sql === 'COMMIT' || sql === 'ROLLBACK') isWriting = false
    if (isHere && when === 'before') process.kill(process.pid, 'SIGKILL')
    execute.call(this, sql)
    if (isHere) process.kill(process.pid, 'SIGKILL')
  }
  process.once('SIGUSR2', () => {
    commits = 0
    onArmed()
  })
}
