// Where a link may lead after signing in: into this page, nowhere else.

/** The address if it is a path of ours, else the start. */
export function inside(to: unknown): string {
    return typeof to === 'string' && /^\/(?![/\\])[^\\\s]*$/u.test(to) && !to.startsWith('/sign-in') ? to : '/events'
}
