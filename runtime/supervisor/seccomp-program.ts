import { Buffer } from 'node:buffer'

/** A condition on one argument of a system call: the call passes where `argument & mask` is one of the values. */
export interface ArgumentRule {
  /** From 0. Only its lower 32 bits are looked at: take arguments of which the kernel itself reads no more. */
  readonly argument: number
  readonly mask: number
  readonly values: readonly number[]
}

/** A system call that passes: always, or where its argument is right. */
export interface CallRule {
  readonly number: number
  readonly when?: ArgumentRule
}

export interface FilterDescription {
  /** AUDIT_ARCH of the instruction set; calls by any other end the process. */
  readonly architecture: number
  /** Calls from this number on belong to another binary interface (x32 on x86-64) and end the process too. */
  readonly numbersEnd: number
  /** Asked in this order: those that are called most belong first. */
  readonly rules: readonly CallRule[]
}

/** What an errno of a refused call says: that the kernel has no such call, so that libraries take their other way. */
const notImplemented = 38
/** Of a call that is there, with arguments that are refused. */
const notPermitted = 1

const Action = { allow: 0x7fff0000, errno: 0x00050000, killProcess: 0x80000000 } as const
/** Classic BPF: loads a word of the call, masks it, compares, returns. */
const Operation = { loadWord: 0x20, and: 0x54, jumpIfEqual: 0x15, jumpIfAtLeast: 0x35, return: 0x06 } as const
/** Where `struct seccomp_data` has them; both instruction sets that are filtered are little endian. */
const Offset = { number: 0, architecture: 4, firstArgument: 16 } as const

interface Instruction {
  readonly code: number
  readonly value: number
  /** Instructions to skip. */
  readonly ifTrue?: number
  readonly ifFalse?: number
}

const give = (value: number): Instruction => ({ code: Operation.return, value })

function ruleInstructions({ number, when }: CallRule): Instruction[] {
  const body = when === undefined ? [give(Action.allow)] : argumentInstructions(when)
  return [{ code: Operation.jumpIfEqual, value: number, ifFalse: body.length }, ...body]
}

function argumentInstructions({ argument, mask, values }: ArgumentRule): Instruction[] {
  return [
    { code: Operation.loadWord, value: Offset.firstArgument + 8 * argument },
    { code: Operation.and, value: mask },
    ...values.map((value, index) => ({ code: Operation.jumpIfEqual, value, ifTrue: values.length - index })),
    give(Action.errno | notPermitted),
    give(Action.allow),
  ]
}

/**
 * A seccomp filter that lets only the described calls pass, as the array of `struct sock_filter` that the kernel and `bwrap --seccomp` take.
 * @see https://docs.kernel.org/userspace-api/seccomp_filter.html
 */
export function assembleFilter({ architecture, numbersEnd, rules }: FilterDescription): Buffer {
  const instructions: Instruction[] = [
    { code: Operation.loadWord, value: Offset.architecture },
    { code: Operation.jumpIfEqual, value: architecture, ifTrue: 1 },
    give(Action.killProcess),
    { code: Operation.loadWord, value: Offset.number },
    { code: Operation.jumpIfAtLeast, value: numbersEnd, ifFalse: 1 },
    give(Action.killProcess),
    ...rules.flatMap(ruleInstructions),
    give(Action.errno | notImplemented),
  ]
  const bytes = Buffer.alloc(instructions.length * 8)
  for (const [index, { code, value, ifTrue = 0, ifFalse = 0 }] of instructions.entries()) {
    const at = index * 8
    bytes.writeUInt16LE(code, at)
    bytes.writeUInt8(ifTrue, at + 2)
    bytes.writeUInt8(ifFalse, at + 3)
    bytes.writeUInt32LE(value >>> 0, at + 4)
  }
  return bytes
}
