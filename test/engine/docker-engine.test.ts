import { engineSuite } from '../conformance/engine-suite.ts'
import { realBench } from '../support/engine.ts'

engineSuite(realBench)
