import { storeSuite } from '../conformance/store-suite.ts'

storeSuite('a file', async () => ({ [Symbol.asyncDispose]: () => Promise.resolve() }))
