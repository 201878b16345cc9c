import { makeCellBundle } from '../../runtime/supervisor/index.ts'

/** Before all tests. Without it each of the thousands of cells that they start would take its sources apart anew. */
export async function setup(): Promise<void> {
  await makeCellBundle()
}
