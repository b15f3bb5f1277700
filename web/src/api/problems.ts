// What a person reads when something did not work, and what they can do about it.
import { ApiProblem } from './client'

export interface Advice { title: string; text: string; canRetry: boolean }

const advices: Record<string, (problem: ApiProblem) => Partial<Advice>> = {
    '/problems/unreachable': () => ({
        text: 'There was no answer from the server. Check that Falconer is running and that this machine reaches it, then try again.',
    }),
    '/problems/store-away': () => ({
        text: 'The event store does not answer at the moment. No event is lost meanwhile: they wait in the spool. Try again shortly.',
    }),
    '/problems/took-too-long': () => ({ text: 'The search took too long. Choose a shorter span of time or a narrower filter.' }),
    '/problems/too-many': ({ retryAfter }) => ({
        text: `Too much was asked for lately. Try again ${retryAfter ? `in ${retryAfter} s` : 'in a moment'}.`,
    }),
    '/problems/forbidden': () => ({
        text: 'You are signed in, but this is not for you. Ask for the right to read the shoots of the project.', canRetry: false,
    }),
    '/problems/not-found': () => ({
        text: 'It does not exist, is older than the retention, or belongs to a cluster that you may not see.', canRetry: false,
    }),
    '/problems/not-signed-in': () => ({ title: 'You are signed out', text: 'Sign in again to go on.', canRetry: false }),
    '/problems/wrong-password': () => ({ title: 'That was not right', text: 'User and password do not match. `falconer up` prints both.' }),
    '/problems/wrong-token': () => ({
        title: 'The garden does not know this token', text: 'It may have expired, or be of another cluster. Get a new one, and try again.',
    }),
    '/problems/garden-away': () => ({
        text: 'The garden says who you are and what you may see, and it does not answer at the moment. Try again shortly.',
    }),
    '/problems/still-broken': ({ problem }) => ({ title: 'It still cannot be stored', text: problem.detail ?? '' }),
    '/problems/already-replayed': () => ({ title: 'It is an event already', text: 'Somebody has put it back before.' }),
    '/problems/assessed-meanwhile': ({ problem }) => ({ text: problem.detail ?? '', canRetry: false }),
    '/problems/changed-meanwhile': ({ problem }) => ({ text: problem.detail ?? '', canRetry: false }),
    '/problems/filter': ({ problem }) => ({ text: `${problem.detail ?? ''}. Correct the filter at the place that is marked.`, canRetry: false }),
}

/** Works with anything that was thrown. */
export function adviceFor(error: unknown): Advice {
    if (!(error instanceof ApiProblem)) {
        return { title: 'Something went wrong', text: error instanceof Error ? error.message : String(error), canRetry: true }
    }
    const { problem } = error
    return {
        title: problem.title,
        text: problem.detail ?? `The console answered with status ${problem.status}. Try again; its log says more.`,
        canRetry: true,
        ...advices[problem.type]?.(error),
    }
}

export function isAbort(error: unknown): boolean { return error instanceof DOMException && error.name === 'AbortError' }
