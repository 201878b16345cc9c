// Counted repetitions inside each other: as many ways as there are numbers.
export default {
  fetch() {
    return new Response(String(new RegExp('^((((a{1,100}){1,100}){1,100}){1,100}){1,100}$').test(`${'a'.repeat(100)}!`)))
  },
}
