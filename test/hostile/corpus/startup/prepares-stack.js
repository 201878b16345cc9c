// The stack of what is thrown is made when it is read: by a function of its own.
Error.prepareStackTrace = () => {
  for (;;);
}
throw new Error('x')
export default {}
