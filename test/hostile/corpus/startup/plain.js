// Never gets as far as its export.
for (;;);
export default {}
