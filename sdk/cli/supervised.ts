/** Set for a child by a launcher that holds the other end of its standard input: the child stops when that end is gone. */
export const supervisedVariable = 'SKERRY_SUPERVISED'
