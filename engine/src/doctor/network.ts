/** The network, as each station's runbook demands it: none at all, or a way to the cloud and a credential that it knows. */
import type { LiveHttp } from '../capability/http.ts'
import type { CloudSetup } from '../capability/setup.ts'
import { networkFound } from '../ceremony/evidence.ts'
import { interfacesUp, leadsEverywhere, routesOut } from '../ceremony/network.ts'
import { type HttpAsk, STAND_IN } from '../plugin/http-door.ts'
import { bad, type Check, checked, good } from './check.ts'

const ANSWER_WITHIN_MS = 30_000
/** Tokens of a clock that is further off are refused. */
const CLOCK_APART_S = 120

/** @param strict whether a network cannot be waived: a rehearsal may have one */
export function checkCutOff(station: string, strict: boolean): Check {
  const found = networkFound({ network: interfacesUp(), default_route: routesOut().some(leadsEverywhere) })
  const expected = 'no interface that is up, no route'
  const name = `network of ${station}`
  if (found === undefined) return good(name, 'none', expected)
  const next = 'Pull the cable, switch the radio off. The ceremony stops here, unless everyone present waives it on the record.'
  return bad(name, found, expected, next, strict ? 'fail' : 'warn')
}

/** @param realTime whether the cloud's clock can be compared with this machine's */
export async function checkCloud(station: string, cloud: CloudSetup, http: LiveHttp, realTime: boolean): Promise<Check[]> {
  const get = async (service: 'authority' | 'resource-manager', url: string, headers: HttpAsk['headers'] = {}) => {
    const reply = await http.send({ method: 'GET', url, headers, body: null }, [service], AbortSignal.timeout(ANSWER_WITHIN_MS))
    if ('failed' in reply) throw new Error(`${reply.failed.code}: ${reply.failed.message}`)
    return reply
  }
  let date: string | undefined
  const discovery = `${cloud.authority}/${cloud.tenant}/v2.0/.well-known/openid-configuration`
  const reached = await checked(
    `network of ${station}`,
    `an answer at ${cloud.authority}, over TLS`,
    'Check cable, proxy, firewall, and `connect` and `ca` in the setup.',
    async () => {
      const reply = await get('authority', discovery)
      if (reply.status !== 200) throw new Error(`HTTP ${reply.status} at ${discovery}: is the tenant right?`)
      date = reply.headers.date
      return `${cloud.authority} knows the tenant ${cloud.tenant}`
    },
  )
  if (reached.verdict === 'fail') return [reached]
  const scope = `${cloud.resourceManager}/.default`
  const authorization = `Bearer ${STAND_IN}${Buffer.from(scope).toString('base64url')}`
  const next =
    'Check the credential and its secret, and that it has a role in the subscription; the secret is asked for at a terminal only.'
  const token = await checked('credential', 'a token, and the subscription shown to it', next, async () => {
    const reply = await get('resource-manager', `${cloud.resourceManager}/subscriptions/${cloud.subscription}?api-version=2022-12-01`, {
      authorization,
    })
    if (reply.status !== 200) throw new Error(`a token, but HTTP ${reply.status} for subscription ${cloud.subscription}`)
    return `a token of kind ${cloud.credential.kind}; subscription ${cloud.subscription} answers`
  })
  return [reached, token, ...(realTime && date ? [checkCloudClock(date)] : [])]
}

function checkCloudClock(date: string): Check {
  const apart = Math.round((Date.now() - Date.parse(date)) / 1000)
  const expected = `within ${CLOCK_APART_S} s of the cloud’s clock`
  if (Math.abs(apart) <= CLOCK_APART_S) return good('cloud’s clock', `${apart} s apart`, expected)
  return bad('cloud’s clock', `${apart} s apart`, expected, 'Set this machine’s clock; tokens of a wrong clock are refused.')
}
