import type { DependencyJson, StatusJson, UnavailableJson } from '../src/http/status-json.ts'
import { element, show, type Child } from './dom.ts'
import { brief, duration, percent, time, whole } from './format.ts'
import { table } from './table.ts'

const NAMES: Readonly<Record<string, string>> = {
  key_vault: 'Key Vault and its keys',
  default_client: 'Default client profile',
  tables: 'Table Storage',
  queue: 'Queue Storage',
  settings: 'App settings',
}

export function showVerdict({ dependencies, generated_on }: StatusJson): void {
  const failing = dependencies.filter(({ state }) => state !== 'ok')
  const isGood = failing.length === 0
  show(
    'verdict',
    element('span', { class: isGood ? 'mark' : 'mark bad', 'aria-hidden': 'true' }),
    isGood ? 'All dependencies work' : `Does not work: ${failing.map((one) => nameOf(one)).join(', ')}`,
    element('small', {}, 'As of ', time(generated_on, generated_on)),
  )
}

export function showFigures({ activity, entries, generated_on }: StatusJson): void {
  const figures: [string, Child, Child?][] = []
  if (!('error' in activity)) {
    const { totals, last_tick, instances } = activity
    const requests = totals.hits + totals.from_entra + totals.refused + totals.failed
    figures.push(
      ['Requests', brief(requests), `${whole(instances)} process${instances === 1 ? '' : 'es'}`],
      ['From cache', percent(totals.hits, totals.hits + totals.from_entra), 'of the tokens'],
      ['Entra ID calls', brief(totals.provider_calls)],
      ['Refused', brief(totals.refused), percent(totals.refused, requests)],
      ['Failed', brief(totals.failed), percent(totals.failed, requests)],
      [
        'Last sweep',
        last_tick === null ? 'none' : duration(Date.parse(generated_on) - Date.parse(last_tick)),
        last_tick === null ? undefined : 'ago',
      ],
    )
  }
  if (!('error' in entries)) {
    const { read, is_cut, on_passwords } = entries
    const more = is_cut ? '+' : ''
    figures.push(
      ['Entries', `${brief(read)}${more}`],
      ['On passwords', `${brief(on_passwords.count)}${more}`],
    )
  }
  show(
    'figures',
    ...figures.map(([name, value, note]) =>
      element(
        'div',
        {},
        element('dt', {}, name),
        element('dd', {}, value, note === undefined ? undefined : element('small', {}, note)),
      ),
    ),
  )
}

export function showDependencies({ dependencies, problems }: StatusJson): void {
  show(
    'dependencies',
    ...problems.map((problem) => element('p', { class: 'notice' }, `Service goes on, but: ${problem}`)),
    table(
      'As this instance finds them, at most 15 seconds ago',
      [{ title: 'Dependency' }, { title: 'State' }],
      dependencies.map((dependency) => ({ cells: [nameOf(dependency), stateOf(dependency)] })),
    ),
  )
}

/** In the place of figures that could not be had. */
export function showUnavailable(id: string, { error, description, remedy }: UnavailableJson): void {
  show(
    id,
    element(
      'p',
      { class: 'notice bad' },
      'Could not be read: ',
      element('code', {}, error),
      `. ${description} `,
      element('strong', {}, 'Remedy: '),
      remedy,
    ),
  )
}

function stateOf({ state, remedy }: DependencyJson): HTMLElement {
  if (state === 'ok') return element('span', { class: 'good-word' }, 'Works')
  return element(
    'div',
    {},
    element('span', { class: 'bad-word' }, state.replaceAll('_', ' ')),
    remedy === undefined ? undefined : element('p', {}, element('strong', {}, 'Remedy: '), remedy),
  )
}

function nameOf({ name }: DependencyJson): string {
  return NAMES[name] ?? name
}
