// A cluster's quota and what was not kept of it, in words.
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
