import type { HttpHandler } from '@azure/functions'
import { BrokerError } from '../core/broker-error.ts'
import type { Doctor, Finding } from '../core/operate/doctor.ts'
import type { ResolveCaller } from '../http/caller.ts'
import { doctorJsonOf } from '../http/doctor-response.ts'
import { jsonResponse } from '../http/operator-responses.ts'
import { audited } from './audited.ts'

export interface DoctorRouteOptions {
  readonly doctor: Doctor
  readonly resolveCaller: ResolveCaller
}

/** `GET /doctor`: 200 whenever it could look, whatever it found; `ok` says whether all is well. */
export function createDoctorHandler(options: () => DoctorRouteOptions): HttpHandler {
  const readable = (): DoctorRouteOptions => {
    try {
      return options()
    } catch (error) {
      if (!(error instanceof BrokerError)) throw error
      const { logDetail: detail } = error.details
      const finding: Finding = { check: 'settings', status: 'failed', kind: 'misconfigured', detail }
      // Without settings there is no key to name the caller by.
      return { doctor: async () => [finding], resolveCaller: async () => undefined }
    }
  }
  return audited('doctor', readable, async (_, { doctor }) => {
    const findings = await doctor()
    return { response: jsonResponse(200, doctorJsonOf(findings)), fields: { count: findings.length } }
  })
}
