// Loads fragments in every way that a mail program may, many on a page, and says what is wrong with which.

const kBatch = 40; // fragments on a page
const kBatchBytes = 150000;

const kBody = 'margin:40px 200px;font-family:sans-serif;font-size:16px;line-height:1.5';
const kWord = 'width:800px;height:20px;line-height:20px;font-size:16px';
const kBox = 'width:800px;margin:16px 0;word-break:break-word'; // as in templates/notice.html

/// A box for each fragment, and something of ours before and behind it.
export function pageOf(key, fragments, doctype) {
    const part = (name, i, style, inner) => `<div data-proof="${key}-${name}-${i}" style="${style}">${inner}</div>`;
    const boxes = fragments.map((html, i) => part('before', i, kWord, 'before') + part('box', i, kBox, html) +
        part('after', i, kWord, 'after') + part('end', i, 'clear:both;height:60px', ''));
    return `${doctype}<html><head><meta charset="utf-8"><title>proof</title></head><body style="${kBody}">` +
        `${boxes.join('')}</body></html>`;
}

/// The fragment as a browser writes it when it has mended nothing: it does not escape quotes.
function asBrowserWrites(fragment) {
    const text = (t) => t.replaceAll('&quot;', '"').replaceAll('&#39;', "'");
    const tag = (t) => t.replaceAll('&#39;', "'");
    const pieces = fragment.split(/(<[^>]*>)/);
    return pieces.map((piece, i) => (i % 2 ? tag(piece) : text(piece))).join('').replaceAll('\u00a0', '&nbsp;');
}

/// A parser leaves out the first line end of a <pre>, and nobody writes it back.
function withoutFirstLines(html) {
    return html.replace(/(<pre[^>]*>)\n+/g, '$1').replace(/\n$/, '');
}

function same(one, other) {
    return withoutFirstLines(one) === withoutFirstLines(other);
}

function difference(one, other) {
    const [a, b] = [withoutFirstLines(one), withoutFirstLines(other)];
    let at = 0;
    while (at < a.length && a[at] === b[at]) {
        ++at;
    }
    const from = Math.max(0, at - 40);
    return `"${a.slice(from, at + 60)}" became "${b.slice(from, at + 60)}"`;
}

const words = (text) => text.replace(/\s+/g, ' ').trim().toLowerCase();

/// Findings of a vector's own expectations, from the text that a browser shows.
export function expected(expect, text) {
    const shown = words(text);
    const missing = (expect?.shows ?? []).filter((part) => !shown.includes(words(part)));
    const left = (expect?.gone ?? []).filter((part) => shown.includes(words(part)));
    const all = [...missing.map((part) => `"${part}" is not shown`), ...left.map((part) => `"${part}" is shown`)];
    return all.map((what) => ({ way: 'innerHTML', check: 'expect', what }));
}

export class Proof {
    constructor(browser, replacement = null) {
        this.browser = browser;
        this.replacement = replacement;
        this.tab = null;
        this.counts = { loads: 0, nodes: 0, requests: 0, singles: 0 };
    }

    async freshTab() {
        await this.close();
        this.tab = await this.browser.open({ replacement: this.replacement });
    }

    async close() {
        const { tab } = this;
        this.tab = null;
        this.counts.requests += tab?.requests ?? 0;
        if (tab !== null && !await tab.close()) {
            await this.browser.close();
            await this.browser.start();
        }
    }

    /// One {findings: [{way, check, what}], text} for each fragment, in their order.
    async judge(fragments) {
        const results = [];
        for (const batch of batches(fragments)) {
            results.push(...await this.judgeBatch(batch));
        }
        return results;
    }

    async judgeBatch(fragments) {
        const { results, common } = await this.judgePage(fragments);
        if (common.length === 0) {
            return results;
        }
        await this.freshTab(); // whatever it was, it is not to be seen again in the next page
        if (fragments.length === 1) {
            results[0].findings.unshift(...common);
            return results;
        }
        this.counts.singles += fragments.length;
        const alone = [];
        for (const fragment of fragments) {
            alone.push(...await this.judgeBatch([fragment]));
        }
        if (alone.every((result) => result.findings.length === 0)) {
            const what = `only together, on one page of ${fragments.length}: ${common[0].what}`;
            alone[0].findings.push({ ...common[0], what });
        }
        return alone;
    }

    /// `common`: findings that may be any of them.
    async judgePage(fragments) {
        const results = fragments.map(() => ({ findings: [], text: '' }));
        const common = [];
        const page = new JudgedPage(this, fragments, results, common);
        try {
            await page.run();
        } catch (error) {
            page.takeEvents();
            common.push({ way: page.way, check: 'page', what: error.message.split('\n')[0] });
        }
        return { results, common };
    }
}

function* batches(fragments) {
    let batch = [];
    let bytes = 0;
    for (const fragment of fragments) {
        if (batch.length === kBatch || (batch.length > 0 && bytes + fragment.length > kBatchBytes)) {
            yield batch;
            batch = [];
            bytes = 0;
        }
        batch.push(fragment);
        bytes += fragment.length;
    }
    if (batch.length > 0) {
        yield batch;
    }
}

/// The fragments of one batch on their way through all loads.
class JudgedPage {
    constructor(proof, fragments, results, common) {
        Object.assign(this, { proof, fragments, results, common });
        this.key = proof.browser.key;
        this.way = 'start';
    }

    async run() {
        if (this.proof.tab === null) {
            await this.proof.freshTab();
        }
        this.tab = this.proof.tab;
        const empty = this.fragments.map(() => '');

        const parsed = await this.load('document', pageOf(this.key, this.fragments, '<!DOCTYPE html>'));
        this.compare('as written', this.fragments.map(asBrowserWrites), parsed);
        const whole = await this.tab.inJudge('document.documentElement.outerHTML');
        this.compare('document twice', parsed, await this.load('document twice', '<!DOCTYPE html>' + whole));
        this.compare('quirks', parsed, await this.load('quirks', pageOf(this.key, this.fragments, '')));

        await this.load('empty', pageOf(this.key, empty, '<!DOCTYPE html>'));
        const set = await this.act('innerHTML', 'fill', this.fragments);
        this.compare('innerHTML', parsed, set);
        set?.forEach((box, i) => { this.results[i].text = box.text; });
        this.compare('innerHTML twice', set, await this.act('innerHTML twice', 'again'));
        this.way = 'click';
        await this.tab.act('click', this.key);
        this.compare('click', set, await this.look(false));
    }

    async load(way, html) {
        this.way = way;
        ++this.proof.counts.loads;
        await this.tab.load(html);
        return this.look();
    }

    async act(way, name, ...values) {
        this.way = way;
        await this.tab.act(name, this.key, ...values);
        return this.look();
    }

    /// Each box as it is now; null when the page is not as we wrote it.
    async look(everything = true) {
        const found = await this.tab.judgement(this.key, this.fragments.length, this.proof.replacement, everything);
        const add = (list, finding) => list.push({ way: this.way, ...finding });
        this.takeEvents();
        this.proof.counts.nodes += found.nodes;
        if (found.structure !== null) {
            add(this.common, { check: 'wrapper', what: found.structure });
            return null;
        }
        found.boxes.forEach((box, i) => box.findings.forEach((finding) => add(this.results[i].findings, finding)));
        return found.boxes;
    }

    takeEvents() {
        this.common.push(...(this.tab?.takeEvents() ?? []).map((event) => ({ way: this.way, ...event })));
    }

    /// `before` and `after`: strings, or what look() gave; null when there was nothing to look at.
    compare(way, before, after) {
        const html = (box) => (typeof box === 'string' ? box : box.html);
        after?.forEach((box, i) => {
            if (before !== null && !same(html(before[i]), html(box))) {
                this.results[i].findings.push({ way, check: 'tree', what: difference(html(before[i]), html(box)) });
            }
        });
    }
}
