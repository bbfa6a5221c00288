import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { ENDPOINTS } from '../../src/contract/all.ts'
import {
  OPENAPI_FILE,
  openApiText,
  OPERATIONS_FILE,
  operationsText,
} from '../../scripts/generate.ts'

const STALE = 'it is stale: run `npm run generate`, and look at the difference'

test('docs/openapi.json is what the contract says now', () => {
  assert.equal(readFileSync(OPENAPI_FILE, 'utf8') === openApiText(), true, STALE)
})

test('the table of settings in docs/operations.md is what src/config.ts says now', () => {
  const page = readFileSync(OPERATIONS_FILE, 'utf8')
  assert.equal(operationsText(page) === page, true, STALE)
})

test('operationsText() keeps what is written by hand around the table', () => {
  const page = operationsText('# Title\n\nBefore.\n')
  const longer = `${page}\nAfter.\n`
  assert.match(page, /^# Title\n\nBefore\.\n\n<!-- settings/)
  assert.equal(operationsText(longer), longer)
})

test('every reference of the document leads somewhere in it', () => {
  const text = openApiText()
  const { components } = JSON.parse(text)
  const references = [...text.matchAll(/"\$ref": "([^"]*)"/g)].map(([, to = '']) => to)
  assert.ok(references.length > 100)
  for (const to of references) {
    const [kind = '', name = ''] = to.replace('#/components/', '').split('/')
    assert.ok(Object.hasOwn(components[kind] ?? {}, name), to)
  }
})

test('every endpoint is in the document once, under an id of its own', () => {
  const { paths } = JSON.parse(openApiText())
  const places = ENDPOINTS.map(({ method, path }) => `${method} ${path}`)
  assert.equal(new Set(places).size, ENDPOINTS.length)
  assert.equal(new Set(ENDPOINTS.map(({ id }) => id)).size, ENDPOINTS.length)
  for (const { method, path, id } of ENDPOINTS) assert.equal(paths[path][method].operationId, id)
})

test('every endpoint refuses fields that it does not know', () => {
  for (const { id, params, query, body } of ENDPOINTS) {
    for (const schema of [params, query, body]) {
      const issues = schema?.safeParse({ nobodyKnowsThis: 1 }).error?.issues ?? []
      const seen = issues.some(({ code }) => code === 'unrecognized_keys')
      assert.ok(schema === undefined || seen, id)
    }
  }
})
