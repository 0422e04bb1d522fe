import type { Finding, FindingKind } from '../core/operate/doctor.ts'
import { remedyOf } from './aadsts-remedies.ts'

const REMEDIES: Readonly<Record<FindingKind, string | undefined>> = {
  works: undefined,
  not_tried: undefined,
  unavailable:
    'It gave no answer that helps. detail says why: a right that is missing or has not arrived yet, a network rule, a name that does not resolve. A Credential…Error: the identity of the app gives no token.',
  misconfigured:
    'detail names the setting, the secret or the field. Correct it; nothing has to be restarted.',
  problem: 'Service goes on with what was good before. detail names what to correct.',
  unreachable:
    'ENOTFOUND and EAI_AGAIN: DNS. ECONNREFUSED, ETIMEDOUT and timeout: the network, or the proxy. A proxy that is down looks the same. CERT_, ERR_TLS_, SELF_SIGNED, DEPTH_ZERO and UNABLE_TO: a proxy that opens TLS, see NODE_EXTRA_CA_CERTS. status_407: the proxy wants a password; another status: a proxy or gateway answered in its place.',
  registration_refused: 'Entra ID does not let the application in. See docs/app-registration.md.',
  clock_differs: "The machine's clock and Entra ID's differ by so much. Set the machine's.",
  lags: 'Entries have been due for so long. Look for refresh_sweep in the log; when there is none, the timer does not run.',
  no_address:
    'Nobody can be sent back from a sign-in: set PUBLIC_URL to the address of the broker, such as https://broker.contoso.com.',
  needs_mfa:
    'Entra ID asks everybody for a second factor who changes something at this resource. Use a service principal for it.',
}

/** What an operator reads: all that was looked at, in order, with a cure for what is wrong. */
export function doctorJsonOf(findings: readonly Finding[]) {
  return {
    ok: findings.every(({ status }) => status !== 'failed'),
    checks: findings.map(({ check, status, kind, aadsts, detail }) => ({
      check,
      status,
      finding: kind,
      ...(aadsts !== undefined && { aadsts }),
      ...(detail !== undefined && { detail }),
      ...(REMEDIES[kind] !== undefined && { remedy: (aadsts && remedyOf(aadsts)) ?? REMEDIES[kind] }),
    })),
  }
}
