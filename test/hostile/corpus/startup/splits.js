// Ends the process that loads it.
'ab'.repeat(2e8).split('')
export default {}
