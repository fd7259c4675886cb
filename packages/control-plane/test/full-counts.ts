/** `npm run test:full` repeats what is about chance as often as we promise; `npm test` a few times, to be done soon. */
export const isFull = process.env.MCPGW_TEST_FULL !== undefined
