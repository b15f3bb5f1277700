// What people do with events they have an opinion on, against a stand-in for the console's API; two of them at once, too.
import { accessible, assert, equal, eventually, fits, journey } from './support/journey.mjs'
import { startFake } from './support/fake_console.mjs'

function withFake(name, run) {
    journey(name, async (means) => {
        const fake = await startFake()
        means.atEnd(() => fake.close())
        await run({ ...means, fake, open: (path, ...more) => means.open(fake.url + path, ...more) })
    })
}

const rows = (page) => page.locator('.event-table tbody tr')
const query = (page, name) => new URL(page.url()).searchParams.getAll(name)
const hasRows = (page, count) => eventually(async () => (await rows(page).count()) === count, `${count} rows`)
const dialog = (page) => page.getByRole('dialog', { name: 'Assess' })
const terminal = 'rule:"Terminal shell in container"'
const listOf = (q) => `/events?q=${encodeURIComponent(q)}`

async function choose(page, label, item) {
    await dialog(page).locator('.v-select').filter({ hasText: label }).click()
    await page.locator('.v-overlay--active .v-list-item').filter({ hasText: new RegExp(`^${item}$`, 'u') }).click()
}

async function assessAs(page, state, { reason, comment, holds } = {}) {
    await dialog(page).waitFor()
    await choose(page, 'State', state)
    if (reason) await dialog(page).getByRole('textbox', { name: /^Reason/u }).fill(reason)
    if (comment) await dialog(page).getByRole('textbox', { name: 'Comment' }).fill(comment)
    if (holds) await choose(page, 'It holds', holds)
    await dialog(page).getByRole('button', { name: 'Assess', exact: true }).click()
}

withFake('the noise is marked as noise, is out of sight, counted, and comes back when asked for', async ({ open, fake }) => {
    const noise = fake.state.events.filter(({ rule }) => rule === 'Terminal shell in container').length
    const page = await open(listOf(terminal))
    await hasRows(page, noise)
    await page.getByRole('button', { name: 'Assess all found' }).click()
    await dialog(page).getByText(`all that the search finds (${noise})`).waitFor()
    await accessible(page, 'the dialog')
    await fits(page, 'the dialog')
    await assessAs(page, 'false positive', { holds: 'for 30 days' })
    await dialog(page).getByRole('alert').getByText('needs a reason').waitFor()
    await dialog(page).getByRole('textbox', { name: 'Reason (needed)' }).fill('the nightly cron job')
    await dialog(page).getByRole('button', { name: 'Assess', exact: true }).click()
    await page.getByText(`${noise} events assessed`).waitFor()
    await page.getByText('No event is like this').waitFor()
    await page.getByRole('button', { name: `View: Standard view, ${noise} hidden` }).click()
    await accessible(page, 'the view menu')
    await page.getByText('Only what is hidden').click()
    await hasRows(page, noise)
    equal(query(page, 'hidden'), ['only'])
    await rows(page).first().locator('.state-chip', { hasText: 'false positive' }).waitFor()
    await accessible(page, 'hidden events')
    const days = (new Date(fake.state.actions[0].expires) - Date.now()) / 864e5
    assert(days > 29.9 && days <= 30, `it holds for ${days} days`)
    await page.reload()
    await hasRows(page, noise)
    await page.getByRole('link', { name: 'Triage', exact: true }).click()
    await page.locator('.actions li', { hasText: 'the nightly cron job' }).getByRole('button', { name: 'Undo' }).click()
    await page.locator('.actions li', { hasText: 'undone' }).waitFor()
    await accessible(page, 'what was done')
    await page.goto(fake.url + listOf(terminal))
    await hasRows(page, noise)
})

withFake('events are chosen and assessed with the keyboard alone, and it is undone', async ({ open, fake }) => {
    const page = await open('/events')
    await hasRows(page, 50)
    for (const key of ['j', 'x', 'j', 'x', 'j', 'x', 'x']) await page.keyboard.press(key)
    await page.getByRole('button', { name: 'Assess 2 chosen' }).waitFor()
    await page.keyboard.press('a')
    await dialog(page).getByText('Assess 2 events').waitFor()
    await dialog(page).getByRole('textbox', { name: 'Assignee' }).fill('bob')
    await page.keyboard.press('Enter')
    await page.getByText('2 events assessed').waitFor()
    equal(fake.state.actions[0].state, 'acknowledged')
    await rows(page).nth(1).locator('.state-chip', { hasText: 'acknowledged' }).waitFor()
    equal(await rows(page).nth(2).locator('.state-chip').count(), 0)
    await page.getByRole('button', { name: /^View: Standard view/u }).click()
    await page.getByText('acknowledged', { exact: true }).last().click()
    await hasRows(page, 2)
    equal(query(page, 'state'), ['acknowledged'])
    await page.keyboard.press('Escape')
    await page.goto(`${fake.url}/events?assignee=bob`)
    await hasRows(page, 2)
    await page.goto(`${fake.url}/events`)
    await page.getByRole('checkbox', { name: 'Choose all that are shown' }).check()
    await page.getByRole('button', { name: 'Assess 50 chosen' }).click()
    await assessAs(page, 'suppressed', { reason: 'a drill' })
    await page.getByRole('button', { name: 'Undo', exact: true }).click()
    await page.getByText('50 events stand as before').waitFor()
    await hasRows(page, 50)
})

withFake('an event tells how it stands and who said so', async ({ open, fake }) => {
    const event = fake.state.events[0]
    const page = await open(`/events/${event.key}`)
    await page.locator('.assessment .state', { hasText: 'new' }).waitFor()
    await page.keyboard.press('a')
    await assessAs(page, 'in progress', { reason: 'looks odd', comment: 'asked <b>the team</b>' })
    await page.locator('.assessment .state', { hasText: 'in progress' }).waitFor()
    const story = page.getByRole('list', { name: 'What was done' })
    await story.getByText('marked as in progress').waitFor()
    await story.getByText('asked <b>the team</b>').waitFor()
    await accessible(page, 'an assessed event')
    await page.locator('.assessment').getByRole('button', { name: 'Assess' }).click()
    await choose(page, 'State', 'as it is')
    await dialog(page).getByRole('button', { name: 'Me', exact: true }).click()
    await dialog(page).getByRole('button', { name: 'Assess', exact: true }).click()
    await page.getByText('given to operator', { exact: true }).waitFor()
    await page.keyboard.press('Escape')
    await eventually(() => new URL(page.url()).pathname === '/events', 'back to the list')
})

withFake('two people at the same event: the second is told who was first', async ({ open, browser, fake }) => {
    const person = async (name) => {
        const context = await browser.newContext({ viewport: { width: 1280, height: 800 } })
        await context.addCookies([{ name: 'falconer-user', value: name, url: fake.url }])
        return open('/events', { context })
    }
    const [alice, bob] = [await person('alice'), await person('bob')]
    for (const page of [alice, bob]) {
        await hasRows(page, 50)
        await page.getByRole('checkbox', { name: /^Choose / }).nth(1).check()
        await page.getByRole('button', { name: 'Assess 1 chosen' }).click()
        await dialog(page).waitFor()
    }
    await assessAs(alice, 'true positive', { reason: 'it is real' })
    await alice.getByText('1 event assessed').waitFor()
    await assessAs(bob, 'false positive', { reason: 'noise' })
    await bob.getByText('alice has assessed 1 of them meanwhile').waitFor()
    await rows(bob).first().locator('.state-chip', { hasText: 'true positive' }).waitFor()
    equal(fake.state.actions.length, 1, 'actions')
    // Having seen it, bob may think otherwise.
    await bob.getByRole('checkbox', { name: /^Choose / }).nth(1).check()
    await bob.getByRole('button', { name: 'Assess 1 chosen' }).click()
    await assessAs(bob, 'false positive', { reason: 'talked to alice' })
    await bob.getByText('1 event assessed').waitFor()
    equal(fake.state.actions.map(({ by }) => by), ['bob', 'alice'])
})

withFake('whoever may only read is not offered anything else', async ({ open, fake }) => {
    fake.state.mayTriage = false
    const page = await open('/events')
    await hasRows(page, 50)
    equal(await page.locator('.assess-found, .choose').count(), 0)
    await page.keyboard.press('j')
    await page.keyboard.press('x')
    await page.keyboard.press('a')
    equal(await dialog(page).count(), 0)
    await page.keyboard.press('h')
    await eventually(() => query(page, 'hidden')[0] === 'with', 'with what is hidden')
})

for (const [words, look] of [['in dark', { dark: true }], ['on 360 pixels', { width: 360, height: 740 }]]) {
    withFake(`triage ${words} is accessible and fits`, async ({ open, fake }) => {
        const page = await open(`/events/${fake.state.events[0].key}`, look)
        await page.locator('.assessment').getByRole('button', { name: 'Assess' }).click()
        await dialog(page).waitFor()
        await accessible(page, `the dialog ${words}`)
        await fits(page, `the dialog ${words}`)
        await assessAs(page, 'true positive', { reason: 'it is real' })
        await page.locator('.assessment .state', { hasText: 'true positive' }).waitFor()
        for (const path of ['/events', '/triage', '/events?hidden=with']) {
            await page.goto(fake.url + path)
            await page.locator('.event-link, .actions li').first().waitFor()
            await accessible(page, `${path} ${words}`)
            await fits(page, `${path} ${words}`)
        }
    })
}
