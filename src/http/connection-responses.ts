import { CALLBACK_PATH } from '../core/connection/connect-link.ts'
import type { ConnectionView } from '../core/connection/connection-view.ts'
import { connectRemedyOf } from './aadsts-remedies.ts'
import { isoOf } from './iso-time.ts'

/** Times in ISO 8601, for people. */
export function connectionJsonOf(view: ConnectionView): Readonly<Record<string, unknown>> {
  const { dead } = view
  return {
    name: view.name,
    id: view.id,
    state: view.state,
    grant: view.grant,
    client: view.client,
    username: view.username ?? null,
    owner: view.owner ?? null,
    connect_url: view.link ?? null,
    // To be registered for the application.
    redirect_uri: view.link === undefined ? null : new URL(CALLBACK_PATH, view.link).href,
    created_on: isoOf(view.createdOnTimestamp),
    connected_on: isoOf(view.connectedOnTimestamp),
    last_used: isoOf(view.lastUsedTimestamp),
    expires_on: isoOf(view.expiresOnTimestamp),
    lapses_on_about: isoOf(view.lapsesOnTimestamp),
    former_secret_ends: isoOf(view.overlapEndsTimestamp),
    failures: view.failures,
    last_failure: dead
      ? {
          on: isoOf(dead.sinceTimestamp),
          tried_on: isoOf(dead.triedOnTimestamp),
          aadsts: dead.aadsts > 0 ? dead.aadsts : null,
          remedy: connectRemedyOf(dead.aadsts) ?? null,
          age_in_days: ageInDaysOf(view.connectedOnTimestamp, dead.sinceTimestamp),
        }
      : null,
  }
}

/** How long the grant lived. */
function ageInDaysOf(connectedOnTimestamp: number | undefined, deadSinceTimestamp: number): number | null {
  if (connectedOnTimestamp === undefined) return null
  return Math.max(0, Math.floor((deadSinceTimestamp - connectedOnTimestamp) / 86_400_000))
}
