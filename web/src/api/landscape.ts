// Many clusters at a glance, as the API has it.
import { read } from './client'
import type { ClusterName, Priority } from './types'

/** Of the landscape, a project, or a cluster. */
export interface Overview {
    /** The first day, and the one after the last; UTC. */
    since: string
    until: string
    counted: string | null
    daysMissing: number
    hiddenExact: boolean
    hiddenSince?: string
    count: number
    hidden: number
    clusters: number
    trend: { day: string; count: number; priorities: Partial<Record<Priority, number>> }[]
    rules: { rule: string; priority: Priority; count: number; hidden: number; first: string; new: boolean }[]
    newRulesKnown: boolean
    noisiest: { cluster: ClusterName; count: number; hidden: number; rules: { rule: string; count: number }[] }[]
    projects: { project: string | null; clusters: number; count: number; hidden: number }[]
}

export interface OverviewQuestion {
    days: number
    hidden: 'with' | 'without' | 'only'
    project?: string
    namespace?: string
    shoot?: string
    cluster?: string
}

export const overview = (question: OverviewQuestion, signal?: AbortSignal) => read<Overview>('landscape', { ...question }, signal)
