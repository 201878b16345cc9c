/** What is wrong with a file of records, and where. */
export class RecordFault extends Error {
  /** From 1; 0 where no line is at fault. */
  readonly line: number

  constructor(line: number, message: string) {
    super(message)
    this.line = line
  }
}
