/**
 * Programs of a few dozen bytes, written as machine code, that make system calls and tell what the kernel
 * answered: no compiler is needed on the machine that tests, and no library in the image stands between.
 */

/** Number and up to six arguments. */
export type SystemCall = readonly [number: number, ...args: bigint[]]

const WORDS_OF_CALL = 7
const BASE_ADDRESS = 0x400000n
const HEAD_BYTES = 64 + 56

/** x86-64: makes each call, puts what came of it in place of its number, writes the whole table. */
export function callsProgram(calls: readonly SystemCall[]): Buffer {
  const tableBytes = calls.length * WORDS_OF_CALL * 8
  const codeOf = (table: bigint): Buffer =>
    Buffer.concat([
      hex('48bb'), // mov rbx, table
      quad(table),
      hex('bd'), // mov ebp, count
      long(calls.length),
      hex('488b03 488b7b08 488b7310 488b5318 4c8b5320 4c8b4328 4c8b4b30'), // rax, rdi, rsi, rdx, r10, r8, r9
      hex('0f05 488903 4883c338 ffcd 75d9'), // syscall; mov [rbx], rax; next row; loop
      hex('b801000000 bf01000000 48be'), // write(1, table, …)
      quad(table),
      hex('ba'),
      long(tableBytes),
      hex('0f05 b83c000000 31ff 0f05'), // exit(0)
    ])
  const codeBytes = codeOf(0n).length
  const table = BASE_ADDRESS + BigInt(HEAD_BYTES + codeBytes)
  const words = calls.flatMap(([number, ...args]) =>
    Array.from({ length: WORDS_OF_CALL }, (_, i) =>
      quad(i === 0 ? BigInt(number) : (args[i - 1] ?? 0n)),
    ),
  )
  return executable(Buffer.concat([codeOf(table), ...words]))
}

/** x86-64: exit(7), asked of the kernel by the way of 32-bit programs. */
export const oldWayProgram = (): Buffer => executable(hex('b801000000 bb07000000 cd80'))

/** What came of each call, from the words that `od -An -v -td8 -w56` makes of the program's output. */
export const answersOf = (lines: readonly string[]): number[] =>
  lines.map((line) => Number(line.trim().split(/\s+/)[0]))

/** The smallest ELF file: one segment that may be read, written and run (System V ABI, ch. 4 and 5). */
function executable(code: Buffer): Buffer {
  const size = BigInt(HEAD_BYTES + code.length)
  return Buffer.concat([
    hex('7f454c46 02010100 0000000000000000 0200 3e00 01000000'),
    quad(BASE_ADDRESS + BigInt(HEAD_BYTES)),
    quad(64n),
    quad(0n),
    hex('00000000 4000 3800 0100 0000 0000 0000'),
    hex('01000000 07000000'),
    quad(0n),
    quad(BASE_ADDRESS),
    quad(BASE_ADDRESS),
    quad(size),
    quad(size),
    quad(0x1000n),
    code,
  ])
}

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex')

function quad(value: bigint): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64LE(BigInt.asUintN(64, value))
  return bytes
}

function long(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value)
  return bytes
}
