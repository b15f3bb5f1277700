// What people do with incidents, against a stand-in for the console's API; two of them at once, too.
import { accessible, assert, equal, eventually, fits, journey } from './support/journey.mjs'
import { startFake } from './support/fake_console.mjs'
import { makeEvent } from './support/sample.mjs'

function withFake(name, run) {
    journey(name, async (means) => {
        const fake = await startFake()
        means.atEnd(() => fake.close())
        await run({ ...means, fake, open: (path, ...more) => means.open(fake.url + path, ...more) })
    })
}

const rows = (page) => page.locator('.incidents > li')
const path = (page) => new URL(page.url()).pathname
const query = (page, name) => new URL(page.url()).searchParams.get(name)
const dialog = (page) => page.getByRole('dialog', { name: 'Change' })
const shown = (page) => eventually(async () => (await rows(page).count()) > 1, 'incidents')

async function choose(page, label, item) {
    await page.locator('.v-select').filter({ hasText: label }).last().click()
    await page.locator('.v-overlay--active .v-list-item').filter({ hasText: new RegExp(`^${item}$`, 'u') }).click()
}

withFake('what repeats is one incident; it is found, resolved, and open again when it happens again', async ({ open, fake }) => {
    const page = await open('/')
    await page.getByRole('link', { name: 'Incidents', exact: true }).click()
    await shown(page)
    const all = await rows(page).count()
    assert(all < fake.state.events.length / 3, `${all} incidents of ${fake.state.events.length} events`)
    await accessible(page, 'the list')
    await fits(page, 'the list')
    await page.getByRole('textbox', { name: 'Find incidents' }).fill('Terminal')
    await page.keyboard.press('Enter')
    await eventually(async () => query(page, 'q') === 'Terminal' && (await rows(page).count()) < all, 'those that are found')
    const found = await rows(page).count()
    await page.getByRole('checkbox', { name: 'Choose Terminal shell in container' }).first().check()
    await page.locator('.resolve').click()
    await page.getByText('1 incident made resolved').waitFor()
    await eventually(async () => (await rows(page).count()) === found - 1, 'one is gone')
    await choose(page, 'State', 'resolved')
    await eventually(async () => (await rows(page).count()) === 1, 'the resolved one')
    equal(query(page, 'view'), 'resolved')
    await rows(page).locator('.incident-link').click()
    await page.getByRole('heading', { name: 'Over time' }).waitFor()
    await page.getByText('made it resolved').waitFor()
    const cluster = fake.state.events.find(({ rule }) => rule === 'Terminal shell in container').cluster
    fake.arrive(makeEvent(0, -2, { cluster, key: `00000000-0000-4000-8000-000000009999.${Date.now()}123.9b2f61d4c0aa17e3` }))
    await page.reload()
    await page.locator('.incident-state', { hasText: 'open again' }).first().waitFor()
})

withFake('one incident: its time, its events, what is like it, and what is made of it', async ({ open, fake }) => {
    const page = await open('/incidents')
    await shown(page)
    const name = await page.locator('.incident-link').first().innerText()
    await page.locator('.incident-link').first().click()
    await page.getByRole('heading', { level: 1, name }).waitFor()
    await page.locator('.its-events .event-link').first().waitFor()
    await page.getByRole('list', { name: 'Incidents of the same rule' }).waitFor()
    await accessible(page, 'an incident')
    await fits(page, 'an incident')
    await page.locator('.incident-page .change').click()
    await dialog(page).waitFor()
    await accessible(page, 'the dialog')
    await choose(page, 'State', 'ignored')
    await dialog(page).getByRole('button', { name: 'Change', exact: true }).click()
    await dialog(page).getByRole('alert').getByText('needs a reason').waitFor()
    await dialog(page).getByRole('textbox', { name: 'Reason (needed)' }).fill('a drill')
    await dialog(page).getByRole('textbox', { name: 'Comment' }).fill('asked <b>the team</b>')
    await dialog(page).getByRole('button', { name: 'Me', exact: true }).click()
    await dialog(page).getByRole('button', { name: 'Change', exact: true }).click()
    await page.getByText('1 incident made ignored').waitFor()
    const story = page.getByRole('list', { name: 'What was done' })
    await story.getByText('made it ignored, gave it to operator: a drill').waitFor()
    await story.getByText('asked <b>the team</b>').waitFor()
    equal(fake.state.incidentActions.map(({ state, assignee }) => [state, assignee]), [['ignored', 'operator']])
    await page.locator('.its-events').getByRole('link', { name: 'All in the list' }).click()
    await page.locator('.event-table tbody tr').first().waitFor()
    await page.goBack()
    await page.getByRole('heading', { level: 1, name }).waitFor()
    await page.keyboard.press('Escape')
    await eventually(() => path(page) === '/incidents', 'back in the list')
})

withFake('incidents are gone through and handled with the keyboard alone', async ({ open, fake }) => {
    const page = await open('/incidents')
    await shown(page)
    for (const key of ['j', 'x', 'j', 'x', 'j', 'k']) await page.keyboard.press(key)
    await page.getByText('2 chosen').waitFor()
    await page.keyboard.press('a')
    await page.getByText('2 incidents made acknowledged').waitFor()
    await eventually(async () => (await page.locator('.incident-state', { hasText: 'acknowledged' }).count()) === 2, 'two are acknowledged')
    await page.getByText('None is chosen.').waitFor()
    await page.keyboard.press('j')
    const before = await rows(page).count()
    await page.keyboard.press('r')
    await page.getByText('1 incident made resolved').waitFor()
    await eventually(async () => (await rows(page).count()) === before - 1, 'one is gone')
    await page.keyboard.press('/')
    await page.keyboard.type('nothing like it')
    await page.keyboard.press('Enter')
    await page.getByText('No incident is like this').waitFor()
    await page.getByRole('button', { name: 'All incidents' }).click()
    await eventually(async () => (await rows(page).count()) === before, 'all of them')
    await page.locator('.incident-link').first().focus()
    await page.keyboard.press('Enter')
    await eventually(() => path(page).startsWith('/incidents/'), 'an incident')
    equal(fake.state.incidentActions.length, 2)
})

withFake('two people at the same incident: the second is told who was first', async ({ open, browser, fake }) => {
    const person = async (name) => {
        const context = await browser.newContext({ viewport: { width: 1280, height: 800 } })
        await context.addCookies([{ name: 'falconer-user', value: name, url: fake.url }])
        return open('/incidents', { context })
    }
    const [alice, bob] = [await person('alice'), await person('bob')]
    for (const page of [alice, bob]) {
        await shown(page)
        await page.getByRole('checkbox', { name: /^Choose / }).first().check()
    }
    await alice.locator('.acknowledge').click()
    await alice.getByText('1 incident made acknowledged').waitFor()
    await bob.locator('.resolve').click()
    await bob.getByText('alice has changed 1 of them meanwhile').waitFor()
    await rows(bob).first().locator('.incident-state', { hasText: 'acknowledged' }).waitFor()
    equal(fake.state.incidentActions.length, 1)
})

withFake('an event tells whether its image did that before, and what is like it', async ({ open, fake }) => {
    const ofRule = fake.state.events.filter(({ rule }) => rule === 'Terminal shell in container')
    const page = await open(`/events/${ofRule.at(-1).key}`)
    await page.getByText('This image never did that before, in any cluster that you see.').waitFor()
    await page.goto(`${fake.url}/events/${ofRule[0].key}`)
    await page.getByText('This image did that before in this cluster.').waitFor()
    await accessible(page, 'an event with what was before it')
    await fits(page, 'an event with what was before it')
    await page.getByRole('list', { name: 'Similar events' }).locator('.similar-link').first().click()
    await eventually(() => path(page) === `/events/${encodeURIComponent(ofRule[1].key)}` || path(page) === `/events/${ofRule[1].key}`, 'the similar one')
    await page.locator('.incident-of').click()
    await page.getByRole('heading', { level: 1, name: 'Terminal shell in container' }).waitFor()
    fake.state.failing[`events/${ofRule[0].key}/first-seen`] = [404, 'not-found']
    await page.goto(`${fake.url}/events/${ofRule[0].key}`)
    await page.getByRole('list', { name: 'Similar events' }).waitFor()
    equal(await page.locator('.first-seen').count(), 0)
})

withFake('whoever may only read is not offered anything else', async ({ open, fake }) => {
    fake.state.mayTriage = false
    const page = await open('/incidents')
    await shown(page)
    equal(await page.locator('.acknowledge, .resolve, .change, .choose').count(), 0)
    for (const key of ['j', 'a', 'r', 'g', 'x']) await page.keyboard.press(key)
    equal(await dialog(page).count(), 0)
    equal(fake.state.incidentActions.length, 0)
})

withFake('what goes wrong with incidents is said', async ({ open, fake }) => {
    fake.state.failing.incidents = [503, 'store-away', { title: 'The store does not answer' }]
    const page = await open('/incidents')
    await page.getByText('The store does not answer').waitFor()
    fake.state.failing = {}
    await page.getByRole('button', { name: 'Try again' }).click()
    await shown(page)
    await page.goto(`${fake.url}/incidents?q=output:x`)
    await page.getByText('an incident has no output').waitFor()
    await page.goto(`${fake.url}/incidents/00000000-0000-4000-8000-000000000000`)
    await page.getByText('It does not exist').waitFor()
})

for (const [words, look] of [['in dark', { dark: true }], ['on 360 pixels', { width: 360, height: 740 }]]) {
    withFake(`incidents ${words} are accessible and fit`, async ({ open }) => {
        const page = await open('/incidents', look)
        await shown(page)
        await accessible(page, `the list ${words}`)
        await fits(page, `the list ${words}`)
        await page.locator('.incident-link').first().click()
        await page.locator('.its-events .event-link').first().waitFor()
        await accessible(page, `an incident ${words}`)
        await fits(page, `an incident ${words}`)
        await page.locator('.incident-page .change').click()
        await dialog(page).waitFor()
        await accessible(page, `the dialog ${words}`)
        await fits(page, `the dialog ${words}`)
    })
}
