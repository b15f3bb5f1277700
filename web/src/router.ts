// Addresses of the page. Every view is an address, so that it can be sent to somebody. All views come at once: a page that
// was opened before Falconer was updated, or went away for a moment, must not miss a piece of itself.
import { nextTick } from 'vue'
import { createRouter, createWebHistory } from 'vue-router'
import { whenSignedOut } from '@/api/client'
import { findSession, session } from '@/state/session'
import ClustersPage from '@/pages/ClustersPage.vue'
import EventPage from '@/pages/EventPage.vue'
import EventsPage from '@/pages/EventsPage.vue'
import IncidentPage from '@/pages/IncidentPage.vue'
import IncidentsPage from '@/pages/IncidentsPage.vue'
import NowherePage from '@/pages/NowherePage.vue'
import OverviewPage from '@/pages/OverviewPage.vue'
import QuarantinePage from '@/pages/QuarantinePage.vue'
import SignInPage from '@/pages/SignInPage.vue'
import SuppressionsPage from '@/pages/SuppressionsPage.vue'
import TriagePage from '@/pages/TriagePage.vue'

export const router = createRouter({
    history: createWebHistory(),
    routes: [
        { path: '/', redirect: '/events' },
        { path: '/sign-in', name: 'sign-in', component: SignInPage, meta: { open: true, title: 'Sign in' } },
        { path: '/events', name: 'events', component: EventsPage, meta: { title: 'Events' } },
        { path: '/events/:key', name: 'event', component: EventPage, meta: { title: 'Event' } },
        { path: '/incidents', name: 'incidents', component: IncidentsPage, meta: { title: 'Incidents' } },
        { path: '/incidents/:id', name: 'incident', component: IncidentPage, meta: { title: 'Incident' } },
        { path: '/clusters', name: 'clusters', component: ClustersPage, meta: { title: 'Clusters' } },
        { path: '/triage', name: 'triage', component: TriagePage, meta: { title: 'Triage' } },
        { path: '/suppressions', name: 'suppressions', component: SuppressionsPage, meta: { title: 'Suppressions' } },
        { path: '/quarantine', name: 'quarantine', component: QuarantinePage, meta: { title: 'Quarantine' } },
        { path: '/landscape', name: 'landscape', component: OverviewPage, meta: { title: 'Landscape', overview: true } },
        { path: '/projects/:project', name: 'project', component: OverviewPage, meta: { title: 'Project', overview: true } },
        { path: '/clusters/:identity', name: 'cluster', component: OverviewPage, meta: { title: 'Cluster', overview: true } },
        // From the Gardener dashboard, which knows a project by its namespace: see docs/user-guide.md.
        { path: '/project/:namespace', name: 'project-of-dashboard', component: OverviewPage, meta: { title: 'Project', overview: true } },
        { path: '/project/:namespace/shoots/:name', name: 'shoot-of-dashboard', component: OverviewPage, meta: { title: 'Cluster', overview: true } },
        { path: '/:other(.*)*', name: 'nowhere', component: NowherePage, meta: { open: true, title: 'Not found' } },
    ],
    scrollBehavior: (_to, _from, saved) => saved ?? { top: 0 },
})

router.beforeEach(async (to) => {
    if (to.meta.open) return true
    try {
        if (await findSession()) return true
    } catch {
        return true // the view says that the console does not answer
    }
    return { name: 'sign-in', query: { to: to.fullPath } }
})

router.afterEach((to, from) => {
    document.title = `${String(to.meta.title ?? '')} – Falconer`
    // Who reads with the keyboard goes on at the beginning of the new view.
    if (from.name && to.name !== from.name) void nextTick(() => document.getElementById('content')?.focus({ preventScroll: true }))
})

whenSignedOut(() => {
    session.me = null
    session.known = true
    const here = router.currentRoute.value
    if (!here.meta.open) void router.push({ name: 'sign-in', query: { to: here.fullPath, ended: '1' } })
})
