// How much of harmless mails is left when they have been made harmless.
import { Proof } from './proof.mjs';
import { inTurn } from './program.mjs';
import { readVectors } from './vectors.mjs';

// The least share that must be left, of each mail and of all together.
const kLeast = { words: 0.99, tags: 0.95, looks: 0.9 };
const kNames = Object.keys(kLeast);

/// The pairs [i, j] of a longest common subsequence.
function aligned(one, other) {
    const lengths = Array.from({ length: one.length + 1 }, () => new Uint16Array(other.length + 1));
    for (let i = one.length - 1; i >= 0; --i) {
        for (let j = other.length - 1; j >= 0; --j) {
            const without = Math.max(lengths[i + 1][j], lengths[i][j + 1]);
            lengths[i][j] = one[i] === other[j] ? lengths[i + 1][j + 1] + 1 : without;
        }
    }
    const pairs = [];
    for (let i = 0, j = 0; i < one.length && j < other.length;) {
        if (one[i] === other[j]) {
            pairs.push([i++, j++]);
        } else if (lengths[i + 1][j] >= lengths[i][j + 1]) {
            ++i;
        } else {
            ++j;
        }
    }
    return pairs;
}

const isNear = (a, b) => Math.abs(a - b) <= Math.max(10, 0.05 * a);
const isSameSize = (a, b) => Math.abs(a - b) <= 0.15 * a;

/// [kept, of how many] of the words, and those that are gone.
function words(before, after) {
    const pairs = aligned(before.words, after.words);
    const kept = new Set(pairs.map(([i]) => i));
    return { share: [pairs.length, before.words.length], lost: before.words.filter((_, i) => !kept.has(i)) };
}

function tags(before, after) {
    const lost = [];
    const share = [0, 0];
    for (const [tag, count] of Object.entries(before.tags)) {
        const left = Math.min(count, after.tags[tag]);
        share[0] += left;
        share[1] += count;
        if (left < count) {
            lost.push(`${tag} ${left}/${count}`);
        }
    }
    return { share, lost };
}

/// Colours, weight, slant, alignment, size of each word; widths of tables; backgrounds of cells.
function looks(before, after) {
    const share = [0, 0];
    const lost = new Map();
    const count = (what, isSame) => {
        share[0] += isSame ? 1 : 0;
        share[1] += 1;
        lost.set(what, (lost.get(what) ?? 0) + (isSame ? 0 : 1));
    };
    const pairs = aligned(before.styled.map(({ word }) => word), after.styled.map(({ word }) => word));
    for (const [i, j] of pairs) {
        const [one, other] = [before.styled[i].style, after.styled[j].style];
        for (const [what, value] of Object.entries(one)) {
            if (value !== null) {
                count(what, what === 'size' ? isSameSize(value, other.size) : value === other[what]);
            }
        }
    }
    const widths = before.tables.map((width, i) => [width, after.tables[i]]);
    widths.forEach(([width, now]) => count('table width', now !== undefined && isNear(width, now)));
    before.cells.forEach((color, i) => count('cell background', color === after.cells[i]));
    return { share, lost: [...lost].filter(([, n]) => n > 0).map(([what, n]) => `${what} ${n}`) };
}

const kCompare = { words, tags, looks };

async function compareOne(tab, mail, { html, findings }) {
    const original = mail.input.toString('utf8');
    const doctype = /^\s*<!doctype[^>]*>/i.exec(original)?.[0] ?? '';
    const before = await tab.measure(original);
    const after = await tab.measure(`${doctype}<html><head></head><body><div>${html}</div></body></html>`);
    const open = new Set(after.words);
    const figures = Object.fromEntries(kNames.map((name) => [name, kCompare[name](before, after)]));
    return { id: mail.id, html, findings, figures, leaks: before.secrets.filter((word) => open.has(word)) };
}

const ratio = ([kept, all]) => (all === 0 ? 1 : kept / all);
const percent = (value) => `${(100 * value).toFixed(2)} %`;

function problemsOf(result) {
    const problems = result.findings.map(({ check, what }) => `${check}: ${what}`);
    for (const name of kNames) {
        const { share, lost } = result.figures[name];
        if (ratio(share) < kLeast[name]) {
            problems.push(`${name} left: ${percent(ratio(share))}; lost: ${lost.slice(0, 20).join(', ')}`);
        }
    }
    if (result.leaks.length > 0) {
        problems.push(`shows words of titles, style sheets or comments: ${result.leaks.slice(0, 20).join(', ')}`);
    }
    return [...new Set(problems)];
}

function printOne(result) {
    const parts = kNames.map((name) => {
        const { share, lost } = result.figures[name];
        const gone = lost.length > 0 ? ` (${lost.slice(0, 8).join(', ')})` : '';
        return `${name} ${share[0]}/${share[1]} ${percent(ratio(share))}${gone}`;
    });
    console.log(`${result.id}: ${parts.join('; ')}`);
}

/// False when a limit is not kept, of one mail or of all.
function summary(results) {
    let good = true;
    for (const name of kNames) {
        const shares = results.map((result) => result.figures[name].share);
        const all = ratio([0, 1].map((i) => shares.reduce((sum, share) => sum + share[i], 0)));
        const least = results.reduce((a, b) => (ratio(a.figures[name].share) <= ratio(b.figures[name].share) ? a : b));
        const worst = percent(ratio(least.figures[name].share));
        console.log(`${name} left: ${percent(all)} of all, at least ${worst} (${least.id})`);
        good &&= all >= kLeast[name];
    }
    return good;
}

async function compareAll(browser, mails, sanitized) {
    const tab = await browser.open({ scripts: false });
    try {
        return await Promise.all(inTurn(mails, 1, (mail, i) => compareOne(tab, mail, sanitized[i])));
    } finally {
        await tab.close();
    }
}

/// Harmless mails pass the proof, too.
async function judge(browser, results) {
    const proof = new Proof(browser);
    try {
        const judged = await proof.judge(results.map(({ html }) => html));
        judged.forEach(({ findings }, i) => results[i].findings.push(...findings));
    } finally {
        await proof.close();
    }
}

/// True when enough is left of every mail.
export async function compareBenign(browser, sanitizer, places, { verbose }) {
    const mails = readVectors(places);
    const sanitized = await Promise.all(inTurn(mails, 2, ({ input }) => sanitizer.sanitize(input)));
    const results = await compareAll(browser, mails, sanitized);
    await judge(browser, results);
    let bad = 0;
    for (const result of results) {
        if (verbose) {
            printOne(result);
        }
        const problems = problemsOf(result);
        bad += problems.length;
        problems.forEach((problem) => console.log(`${result.id} ${problem}`));
    }
    const good = summary(results);
    console.log(`${results.length} harmless mails, ${bad} findings`);
    return good && bad === 0;
}
