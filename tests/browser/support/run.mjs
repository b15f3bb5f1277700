// run.mjs --list FILE: the names of its journeys, as JSON.    run.mjs FILE NAME: runs one.
import { pathToFileURL } from 'node:url'
import { journeys, runJourney } from './journey.mjs'

const [first, second] = process.argv.slice(2)
const listing = first === '--list'
await import(pathToFileURL(listing ? second : first))
if (listing) {
    console.log(JSON.stringify([...journeys.keys()]))
} else {
    try {
        await runJourney(second)
    } catch (wrong) {
        console.log(wrong.stack)
        process.exitCode = 1
    }
}
process.exit()
