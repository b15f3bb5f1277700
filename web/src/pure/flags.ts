// What Falconer noted about an event as it took it in.
export const flagTexts: Record<string, string> = {
    past: 'By the clock of the cluster it is much older than its receipt: it was held back, or that clock is slow.',
    future: 'By the clock of the cluster it lies in the future: that clock is fast.',
    'uuid-minted': 'It came without a UUID; Falconer gave it one.',
    sampled: 'Its cluster is over its quota: this one stands for others that are only counted.',
    test: 'A test, not something that happened.',
    requarantine: 'It was in quarantine and has been put back.',
    unproven: 'A heartbeat that could not prove where it comes from.',
    'replaced-characters': 'Characters that no text can hold are shown as \uFFFD. The exact bytes are kept, see JSON below.',
}
