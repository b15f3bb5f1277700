// Priorities and the four colours they are shown in.
import { priorities, type Priority } from '@/api/types'

export type Weight = 'error' | 'warning' | 'info' | 'unknown'
export const weights: Weight[] = ['error', 'warning', 'info', 'unknown']
export const weightTitles: Record<Weight, string> = {
    error: 'Emergency, Alert, Critical', warning: 'Error, Warning', info: 'Notice, Informational', unknown: 'Debug',
}

const table: Record<Priority, Weight> = {
    Emergency: 'error', Alert: 'error', Critical: 'error', Error: 'warning', Warning: 'warning',
    Notice: 'info', Informational: 'info', Debug: 'unknown',
}

/** The theme's colour of a priority; unknown text counts as Debug. */
export function weightOf(priority: string): Weight { return table[priority as Priority] ?? 'unknown' }

/** How many events of each weight there are. */
export function byWeight(counts: Partial<Record<Priority, number>>): Record<Weight, number> {
    const sums: Record<Weight, number> = { error: 0, warning: 0, info: 0, unknown: 0 }
    for (const priority of priorities) sums[weightOf(priority)] += counts[priority] ?? 0
    return sums
}
