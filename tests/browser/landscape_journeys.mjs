// The landscape, a project and a cluster at a glance, against a stand-in for the console's API.
import { createServer } from 'node:http'
import { accessible, assert, equal, eventually, journey } from './support/journey.mjs'
import { startFake } from './support/fake_console.mjs'

function withFake(name, run, changes) {
    journey(name, async (means) => {
        const fake = await startFake(changes?.())
        means.atEnd(() => fake.close())
        await run({ ...means, fake, open: (path, ...more) => means.open(fake.url + path, ...more) })
    })
}

const query = (page, name) => new URL(page.url()).searchParams.get(name)
const noisiest = (events) => {
    const counts = new Map()
    for (const { cluster } of events) counts.set(cluster.identity, (counts.get(cluster.identity) ?? 0) + 1)
    return [...counts].sort((a, b) => b[1] - a[1])[0][0]
}

withFake('the noisiest cluster of the week is found in two clicks', async ({ open, fake }) => {
    const page = await open('/events')
    await page.locator('.event-table tbody tr').first().waitFor()
    await page.getByRole('link', { name: 'Landscape' }).click()
    await page.locator('.heat-map .cluster-link').first().click()
    await page.getByRole('heading', { name: /^Cluster /u }).waitFor()
    const identity = noisiest(fake.state.events)
    equal(decodeURIComponent(new URL(page.url()).pathname), `/clusters/${identity}`)
    await page.locator('.newest li').first().waitFor()
    await page.getByRole('link', { name: 'All events' }).click()
    await eventually(() => query(page, 'q')?.includes(identity), 'its events are shown')
})

withFake('the heat map is walked by arrows and a cell leads to its events', async ({ open }) => {
    const page = await open('/landscape')
    const cells = page.locator('.heat-map .cell a')
    await cells.first().waitFor()
    equal(await page.locator('.heat-map .cell a[tabindex="0"]').count(), 1)
    await cells.first().focus()
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('ArrowRight')
    equal(await page.evaluate(() => document.activeElement.dataset.cell), '1-1')
    await page.keyboard.press('ArrowUp')
    await page.keyboard.press('ArrowLeft')
    await page.keyboard.press('Enter')
    await page.locator('.event-table tbody tr').first().waitFor()
    assert(/^cluster:\S+ rule:/u.test(query(page, 'q')), query(page, 'q'))
})

withFake('days and what is hidden are of the address', async ({ open, fake }) => {
    const page = await open('/landscape')
    await page.locator('.heat-map').waitFor()
    await page.getByRole('button', { name: '31 days' }).click()
    await eventually(() => query(page, 'days') === '31', 'the address has the days')
    await eventually(async () => (await page.locator('.trend li').count()) === 31, 'a bar for each day')
    await page.reload()
    await eventually(async () => (await page.locator('.trend li').count()) === 31, 'it is so after a reload')
    assert(fake.state.queries.some((each) => each.startsWith('GET landscape?days=31&hidden=without')), 'what is hidden does not count')
    await page.getByRole('combobox', { name: 'Events' }).press('Enter')
    await page.getByRole('option', { name: 'With what is hidden' }).click()
    await eventually(() => query(page, 'hidden') === 'with', 'the address has the view')
})

withFake('a project and a cluster are where the dashboard says', async ({ open, fake }) => {
    const page = await open('/project/garden-shop')
    await page.getByRole('heading', { name: 'Project shop' }).waitFor()
    await page.locator('.heat-map .cluster-link').first().waitFor()
    assert(await page.locator('.heat-map .cluster-link', { hasText: 'edge/' }).count() === 0, 'no other project')
    await page.goto(`${fake.url}/project/garden-shop/shoots/canary`)
    await page.getByRole('heading', { name: 'Cluster shop/canary' }).waitFor()
    await page.getByRole('link', { name: 'All events' }).click()
    await page.locator('.event-table tbody tr').first().waitFor()
    equal(query(page, 'q'), 'project:shop shoot:canary')
})

withFake('within another page it has no menus of its own', async ({ browser, fake, atEnd }) => {
    const around = createServer((_request, response) => response.setHeader('Content-Type', 'text/html').end(`<!doctype html><title>Dashboard</title><iframe title="Security" src="${fake.url}/project/garden-shop/shoots/canary" width="900" height="700"></iframe>`))
    await new Promise((ready) => { around.listen(0, '127.0.0.1', ready) })
    atEnd(() => { around.closeAllConnections(); return new Promise((done) => { around.close(done) }) })
    const dashboard = `http://127.0.0.1:${around.address().port}`
    fake.state.frameAncestors = dashboard
    const page = await browser.newPage() // of two origins: the guards are for one
    await page.goto(dashboard)
    const frame = page.frameLocator('iframe')
    await frame.getByRole('heading', { name: 'Cluster shop/canary' }).waitFor()
    equal(await frame.getByRole('banner').count(), 0)
    fake.state.frameAncestors = undefined // as it is where nobody is named
    await page.reload()
    await eventually(async () => !page.frames().some((each) => each.url().startsWith(fake.url)), 'it is in no frame')
})

withFake('a view is kept under a name and forgotten again', async ({ open }) => {
    const page = await open('/events?q=priority%3ENotice')
    await page.getByRole('button', { name: 'Saved views' }).click()
    await page.getByText('No view is saved').waitFor()
    await page.getByRole('button', { name: 'Save this view' }).click()
    await page.getByLabel('Name').fill('urgent')
    await accessible(page, 'saving a view')
    await page.getByLabel('Name').press('Enter')
    await page.goto(new URL('/landscape', page.url()).href)
    await page.getByRole('button', { name: 'Saved views' }).click()
    await page.getByRole('link', { name: 'urgent' }).click()
    await eventually(() => query(page, 'q') === 'priority>Notice', 'the view is there')
    await page.getByRole('button', { name: 'Saved views' }).click()
    await page.getByRole('button', { name: 'Forget the view urgent' }).click()
    await page.getByText('No view is saved').waitFor()
})

withFake('what cannot be counted is told and asked again', async ({ open, fake }) => {
    const page = await open('/landscape')
    await page.getByRole('alert').waitFor()
    await accessible(page, 'a landscape that fails')
    fake.state.failing = {}
    await page.getByRole('button', { name: 'Try again' }).click()
    await page.locator('.heat-map').waitFor()
}, () => ({ failing: { landscape: [503, 'store-away', { title: 'The store is away' }] } }))

withFake('an empty landscape says so and one that is still counted too', async ({ open, fake }) => {
    const page = await open('/landscape')
    await page.getByText('No events in these days').waitFor()
    fake.state.landscape = { daysMissing: 3, newRulesKnown: false, count: 1 }
    await page.getByRole('button', { name: '14 days' }).click()
    await page.getByText('3 earlier days are still to be counted').waitFor()
    await page.getByText('no rule can be called new').waitFor()
}, () => ({ events: [] }))
