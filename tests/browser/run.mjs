#!/usr/bin/env node
// Proves in a real browser that what the sanitizer writes is harmless. See README.md.
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

import { compareBenign } from './benign.mjs';
import { boxes } from './boxes.mjs';
import { Browser } from './browser.mjs';
import { mutation } from './mutate.mjs';
import { Sanitizer, inTurn, replacementOption } from './program.mjs';
import { Proof, expected } from './proof.mjs';
import { prove } from './prove.mjs';
import { compareTargets } from './targets.mjs';
import { readVectors } from './vectors.mjs';

const here = path.dirname(fileURLToPath(import.meta.url));
const kProcesses = 2;
const kChunk = 120; // vectors that are judged together, while the next are sanitized
const kReplacement = 'data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7';

const kUsage = `Usage: run.mjs [OPTION ...] [FILE ...]

What is run:
  (nothing)          every vector of the folder vectors, 2000 mutations, 2000 pages of boxes, 40000 targets of links
  --short            the same with 300 mutations, 300 pages and 8000 targets
  --html FILE ...    these files and folders instead: .html one vector a file, .txt one a line, .jsonl, .json, .dat
  --benign           harmless mails: how much of them is left
  --prove            bad fragments past the sanitizer: is every one found?

Options:
  --ctl FILE         quarantinectl; else QM_CTL
  --modules DIR      the folder that prepare.sh has filled; else QM_BROWSER_MODULES
  --browser FILE     Chromium; /usr/bin/chromium unless told
  --vectors DIR      another folder of vectors; with --html: as well
  --mutations N      so many
  --boxes N          so many; with --html none unless told
  --targets N        so many; with --html and --only none unless told
  --seed S           other mutations, pages and targets; 1 unless told
  --only ID          this vector, mutation or page alone
  --replacement      also with an image in place of images, if the program can
  --keep DIR         write input and output of what has a finding there
  --verbose          more figures

Exit: 0 nothing found, 1 findings, 64 wrong command line.
`;

class UsageError extends Error {}

function options() {
    const text = { type: 'string' };
    const yes = { type: 'boolean', default: false };
    const { values, positionals } = parseArgs({
        allowPositionals: true,
        options: {
            short: yes, html: { type: 'string', multiple: true }, benign: yes, prove: yes, ctl: text, modules: text,
            browser: text, vectors: text, mutations: text, boxes: text, targets: text, seed: text, only: text, replacement: yes, keep: text,
            verbose: yes, help: yes,
        },
    });
    const number = (name, standard) => {
        const value = Number(values[name] ?? standard);
        if (!Number.isSafeInteger(value) || value < 0) {
            throw new UsageError(`--${name} wants a number`);
        }
        return value;
    };
    const html = [...(values.html ?? []), ...positionals];
    return {
        ...values,
        html,
        ctl: values.ctl ?? process.env.QM_CTL,
        modules: values.modules ?? process.env.QM_BROWSER_MODULES ?? path.join(here, '../../build/dev/browser'),
        browser: values.browser ?? '/usr/bin/chromium',
        mutations: number('mutations', values.short ? 300 : 2000),
        boxes: number('boxes', html.length > 0 ? 0 : values.short ? 300 : 2000),
        targets: number('targets', html.length > 0 || values.only !== undefined ? 0 : values.short ? 8000 : 40000),
        seed: number('seed', 1),
    };
}

// ---- vectors

function chosenVectors(given) {
    const places = given.html.length > 0 ? given.html : [given.vectors ?? path.join(here, 'vectors')];
    if (given.html.length > 0 && given.vectors !== undefined) {
        places.push(given.vectors);
    }
    const vectors = readVectors(places);
    if (vectors.length === 0) {
        throw new UsageError(`no vectors in ${places.join(', ')}`);
    }
    return vectors;
}

function cases(given) {
    const vectors = chosenVectors(given);
    const make = { m: (seed, n) => mutation(vectors, seed, n), b: boxes };
    const several = (kind, count) => Array.from({ length: count }, (_, n) => make[kind](given.seed, n));
    if (given.only === undefined) {
        return { vectors, mutations: several('m', given.mutations), pages: several('b', given.boxes) };
    }
    const [, kind, seed, n] = /^([mb])(\d+)\.(\d+)$/.exec(given.only) ?? [];
    const found = vectors.filter((vector) => vector.id === given.only);
    const made = found.length === 0 && n !== undefined ? [make[kind](Number(seed), Number(n))] : [];
    if (found.length + made.length === 0) {
        throw new UsageError(`there is no vector ${given.only}`);
    }
    return { vectors: found, mutations: kind === 'm' ? made : [], pages: kind === 'b' ? made : [] };
}

const kWays = ['document', 'document twice', 'quirks', 'innerHTML', 'innerHTML twice'];

function waysOf(list) {
    const some = [...new Set(list)];
    return kWays.every((way) => some.includes(way)) ? 'every way' : some.join(', ');
}

/// One line for each thing that was found, with all ways in which it was.
function lines(findings) {
    const ways = new Map();
    for (const { way, check, what } of findings) {
        const key = `${check}: ${what.replace(/[\0-\x1f\x7f]/g, '\u00b7')}`;
        ways.set(key, [...(ways.get(key) ?? []), way]);
    }
    return [...ways].map(([key, list]) => `[${waysOf(list)}] ${key}`);
}

class Run {
    constructor(given, browser, sanitizer, replacement) {
        this.given = given;
        this.sanitizer = sanitizer;
        this.proof = new Proof(browser, replacement);
        this.known = new Map(); // results by fragment: many vectors become the same
        this.findings = 0;
        this.guilty = 0;
    }

    async all(list) {
        const coming = inTurn(list, kProcesses, ({ input }) => this.sanitizer.sanitize(input));
        for (let i = 0; i < list.length; i += kChunk) {
            await this.judge(list.slice(i, i + kChunk), await Promise.all(coming.slice(i, i + kChunk)));
        }
    }

    async judge(chunk, outputs) {
        const fresh = [...new Set(outputs.map(({ html }) => html))].filter((html) => !this.known.has(html));
        const results = await this.proof.judge(fresh);
        fresh.forEach((html, i) => this.known.set(html, results[i]));
        chunk.forEach((vector, i) => {
            const { html, findings } = outputs[i];
            const result = this.known.get(html);
            this.report(vector, html, [...findings, ...expected(vector.expect, result.text), ...result.findings]);
        });
    }

    report(vector, html, findings) {
        const found = lines(findings);
        for (const line of found) {
            console.log(`${vector.id}${vector.idea ? ` (${vector.idea})` : ''} ${line}`);
        }
        this.findings += found.length;
        this.guilty += found.length > 0 ? 1 : 0;
        if (found.length > 0 && this.given.keep !== undefined) {
            const name = path.join(this.given.keep, vector.id.replace(/[^\w.-]/g, '_'));
            mkdirSync(this.given.keep, { recursive: true });
            writeFileSync(`${name}.in`, vector.input);
            writeFileSync(`${name}.out`, html);
        }
    }
}

async function runVectors(given, browser, program, replacement) {
    const begin = Date.now();
    const { vectors, mutations, pages } = cases(given);
    const run = new Run(given, browser, new Sanitizer(program), replacement);
    try {
        await run.all([...vectors, ...mutations, ...pages]);
    } finally {
        await run.proof.close();
    }
    const { loads, nodes, requests } = run.proof.counts;
    console.log(`${vectors.length} vectors, ${mutations.length} mutations, ${pages.length} pages of boxes ` +
        `(seed ${given.seed}), ` +
        `${run.known.size} different fragments, ${loads} loads, ${nodes} nodes, ${requests} requests seen, ` +
        `${run.sanitizer.runs} runs of the sanitizer (slowest ${run.sanitizer.slowest} ms), ` +
        `${run.findings} findings in ${run.guilty}, ${Math.round((Date.now() - begin) / 1000)} s, ` +
        `Chromium ${browser.version}`);
    return run.findings === 0;
}

// ---- all of it

async function vectorsInAllForms(given, browser) {
    const program = [given.ctl, 'preview', '--html', '-'];
    let good = given.targets === 0 || await compareTargets(new Sanitizer(program), given.seed, given.targets);
    good = await runVectors(given, browser, program, null) && good;
    const option = given.replacement ? replacementOption(given.ctl) : null;
    if (option !== null) {
        console.log(`with ${option}:`);
        const withImage = [given.ctl, 'preview', option, kReplacement, '--html', '-'];
        good = await runVectors(given, browser, withImage, kReplacement) && good;
    } else if (given.replacement) {
        console.log('quarantinectl preview has no option for a replacement image: not run');
    }
    return good;
}

function work(given) {
    if (given.prove) {
        return (browser) => prove(browser, given);
    }
    if (given.ctl === undefined) {
        throw new UsageError('which quarantinectl? --ctl or QM_CTL');
    }
    if (given.benign) {
        const places = given.html.length > 0 ? given.html : [path.join(here, 'benign')];
        return (browser) => compareBenign(browser, new Sanitizer([given.ctl, 'preview', '--html', '-']), places, given);
    }
    return (browser) => vectorsInAllForms(given, browser);
}

async function main() {
    const given = options();
    if (given.help) {
        console.log(kUsage);
        return 0;
    }
    const task = work(given);
    const browser = new Browser(given.modules, given.browser);
    try {
        await browser.start();
        return await task(browser) ? 0 : 1;
    } finally {
        await browser.end();
    }
}

process.stdout.on('error', () => {}); // a reader that went away, as head does
try {
    process.exit(await main()); // without waiting for a browser that does not end
} catch (error) {
    const isUsage = error instanceof UsageError || /^ERR_PARSE_ARGS|^ENOENT$|^MODULE_NOT_FOUND$/.test(error.code);
    console.error(isUsage ? `run.mjs: ${error.message.split('\n')[0]}; see --help` : error);
    process.exit(isUsage ? 64 : 1);
}
