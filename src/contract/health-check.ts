import { z } from 'zod'

export const Port = z.int().min(1).max(65535)

export const HealthCheck = z
  .strictObject({
    type: z.enum(['http', 'tcp', 'none']),
    port: Port.optional().describe("Default: the app's port"),
    path: z
      .string()
      .max(1024)
      .regex(/^\/[\x21-\x7e]*$/)
      .default('/')
      .describe('For `http`: GET answers 200 to 399'),
    intervalSeconds: z.int().min(1).max(3600).default(10),
    timeoutSeconds: z.int().min(1).max(60).default(5),
    retries: z.int().min(1).max(20).default(3).describe('Failures in a row that make it unhealthy'),
    successes: z
      .int()
      .min(1)
      .max(20)
      .default(1)
      .describe('Successes in a row that make it healthy, for the first time or again'),
    startPeriodSeconds: z.int().min(0).max(3600).default(30),
  })
  .meta({ id: 'HealthCheck' })
