import type { StatusJson } from '../src/http/status-json.ts'
import { showFailures, showRequests, showSweeps } from './activity-sections.ts'
import { showConnections } from './connection-section.ts'
import { byId, element, show } from './dom.ts'
import { showEntries, showPasswords } from './entry-sections.ts'
import { showDependencies, showFigures, showUnavailable, showVerdict } from './overview.ts'
import { requestStatus } from './status-request.ts'

const MINUTE_IN_MS = 60_000
const FILLED = [
  'verdict',
  'figures',
  'requests',
  'failures',
  'dependencies',
  'sweeps',
  'entries',
  'passwords',
  'connections',
]

const form = byId('sign-in', HTMLFormElement)
const keyField = byId('key', HTMLInputElement)
const page = byId('status', HTMLDivElement)
const hours = byId('hours', HTMLSelectElement)
const eachMinute = byId('each-minute', HTMLInputElement)

/** Here and in the field that it is typed into, and nowhere else. */
let key: string | undefined
/** The answer to any but the latest question is out of date. */
let questions = 0

async function update(): Promise<void> {
  if (key === undefined) return
  const question = ++questions
  show('progress', 'Loading …')
  page.setAttribute('aria-busy', 'true')
  const answer = await requestStatus(key, hours.value)
  if (question !== questions) return
  page.removeAttribute('aria-busy')
  if (answer.kind === 'status') {
    const isFirst = page.hidden
    showStatus(answer.status)
    show('problem')
    show('progress', isFirst ? '' : 'Updated.')
    if (isFirst) byId('verdict', HTMLElement).focus()
    return
  }
  show('progress')
  if (answer.kind === 'wrong_key') {
    forget()
    keyField.setAttribute('aria-invalid', 'true')
    showProblem('The key was not accepted.', 'It must be the host key _master; a function key is not enough.')
  } else {
    if (page.hidden) key = undefined
    showProblem(answer.description, answer.remedy)
  }
}

function showStatus(status: StatusJson): void {
  const { activity, connections, entries, generated_on } = status
  showVerdict(status)
  showFigures(status)
  showDependencies(status)
  if ('error' in activity) {
    for (const id of ['requests', 'failures', 'sweeps']) showUnavailable(id, activity)
  } else {
    showRequests(activity)
    showFailures(activity, generated_on)
    showSweeps(activity, generated_on)
  }
  if ('error' in entries) {
    for (const id of ['entries', 'passwords']) showUnavailable(id, entries)
  } else {
    showEntries(entries)
    showPasswords(entries, generated_on)
  }
  if ('error' in connections) showUnavailable('connections', connections)
  else showConnections(connections, generated_on)
  page.hidden = false
  form.hidden = true
}

function showProblem(description: string, remedy: string): void {
  show(
    'problem',
    element('p', { class: 'notice bad' }, `${description} `, element('strong', {}, 'Remedy: '), remedy),
  )
}

/** Key and figures are gone from the page. */
function forget(): void {
  key = undefined
  questions++
  eachMinute.checked = false
  page.hidden = true
  for (const id of FILLED) show(id)
  for (const id of ['problem', 'progress']) show(id)
  form.hidden = false
  keyField.value = ''
  keyField.removeAttribute('aria-invalid')
  keyField.focus()
}

form.addEventListener('submit', (event) => {
  event.preventDefault()
  key = keyField.value.trim()
  keyField.value = ''
  keyField.removeAttribute('aria-invalid')
  show('problem')
  void update()
})
hours.addEventListener('change', () => void update())
byId('update', HTMLButtonElement).addEventListener('click', () => void update())
byId('forget', HTMLButtonElement).addEventListener('click', forget)
setInterval(() => {
  if (eachMinute.checked && !document.hidden) void update()
}, MINUTE_IN_MS)
form.hidden = false
