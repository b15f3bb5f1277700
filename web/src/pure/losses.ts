// How a cluster is seen, its quota and what was not kept of it, in words.
import type { Cluster } from '@/api/types'

const words: [keyof Cluster['lost'], string][] = [
    ['overQuota', 'over quota, only counted'],
    ['quarantineFull', 'refused by a full quarantine'],
    ['tokenRefused', 'with a token that is not valid (any more)'],
    ['bytesNotKept', 'stored without their exact bytes'],
]

/** Events that are not there. An event without its bytes is. */
export function lostOf({ lost }: Cluster): number { return lost.overQuota + lost.quarantineFull + lost.tokenRefused }

export function lossTexts({ lost }: Cluster): string[] {
    return words.filter(([name]) => lost[name] > 0).map(([name, text]) => `${lost[name].toLocaleString('en')} ${text}`)
}

export function quotaText({ quota }: Cluster): string {
    if (quota.limited) return 'over quota'
    return quota.daily === null ? 'within quota' : `within ${quota.daily.toLocaleString('en')} a day`
}

const colours = { healthy: 'success', late: 'warning', silent: 'error', blind: 'error' }

/** A cluster that sleeps or has gone is neither well nor unwell. */
export function sightOf({ sight }: Cluster): { text: string; colour: string | undefined; why: string } {
    if (!sight) return { text: 'not looked at yet', colour: undefined, why: '' }
    if (sight.reason === 'Hibernated' || sight.reason === 'Gone') return { text: sight.reason.toLowerCase(), colour: undefined, why: sight.message }
    if (sight.reason === 'NoRhythm') return { text: 'unknown', colour: undefined, why: sight.message }
    return { text: sight.state, colour: colours[sight.state], why: sight.state === 'healthy' ? '' : sight.message }
}
