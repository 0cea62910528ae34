// Chromium, and everything that a page does in it besides standing there.
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';

const kOrigin = 'http://proof.invalid/';
// What a page does by itself (an image that fails, a script that waits) it begins in this time.
const kSettle = 25; // ms
const kClosing = 5000; // ms
const kEnding = 1000; // ms

const kArguments = [
    '--no-sandbox', // chromium's own needs another user than root
    '--host-resolver-rules=MAP * ~NOTFOUND',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
    '--no-pings=false', // Debian's default would hide <a ping>
    '--dns-prefetch-disable',
];

const source = (name) => readFileSync(new URL(name, import.meta.url), 'utf8').trim();
const kHooks = source('page/hooks.js');
const kJudge = `(${source('page/judge.js')})(${source('page/allowed.js')})`;
const kMeasure = source('page/measure.js');

function within(promise, ms, what) {
    let timer;
    const late = new Promise((_, reject) => {
        timer = setTimeout(() => reject(new Error(`${what} takes more than ${ms} ms`)), ms);
    });
    return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/// One tab. `events` holds what happened since the last call of takeEvents().
class Tab {
    constructor(context, page, session, { patience, settle }) {
        this.context = context;
        this.page = page;
        this.session = session;
        this.patience = patience;
        this.settleTime = settle;
        this.events = [];
        this.document = null;
        this.address = null;
        this.loads = 0;
        this.requests = 0;
    }

    say(check, what) {
        this.events.push({ check, what: String(what).slice(0, 300) });
    }

    takeEvents() {
        return this.events.splice(0);
    }

    async load(html) {
        this.document = html;
        this.address = `${kOrigin}${++this.loads}`;
        await within(this.page.goto(this.address, { waitUntil: 'load', timeout: 0 }), this.patience, 'loading');
        const { frameTree } = await this.session.send('Page.getFrameTree');
        const world = { frameId: frameTree.frame.id, worldName: 'judge' };
        this.world = (await this.session.send('Page.createIsolatedWorld', world)).executionContextId;
        await this.settle();
    }

    async settle() {
        await new Promise((resolve) => setTimeout(resolve, this.settleTime));
    }

    async evaluate(options) {
        const call = this.session.send('Runtime.evaluate', { returnByValue: true, ...options });
        const { result, exceptionDetails } = await within(call, this.patience, 'looking');
        if (exceptionDetails) {
            throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
        }
        return result.value;
    }

    /// Calls window.proof.`name` of page/hooks.js, in the world of the page.
    async act(name, ...values) {
        const expression = `window.proof.${name}(${values.map((v) => JSON.stringify(v)).join(', ')})`;
        await this.evaluate({ expression, userGesture: true });
        await this.settle();
    }

    inJudge(expression) {
        return this.evaluate({ expression, contextId: this.world });
    }

    /// Calls the function of page/judge.js.
    judgement(...values) {
        return this.inJudge(`${kJudge}(${values.map((v) => JSON.stringify(v)).join(', ')})`);
    }

    /// Loads a page and calls the function of page/measure.js.
    async measure(html) {
        await this.load(html);
        return this.inJudge(`${kMeasure}()`);
    }

    /// False when the page is so busy that it cannot be closed.
    close() {
        return within(this.context.close(), kClosing, 'closing').then(() => true, () => false);
    }
}

/// True for what the browser asks for by itself.
function isIcon(event) {
    return event.type === 'Other' && event.request.url === kOrigin + 'favicon.ico';
}

function watchSession(tab, replacement) {
    const { session } = tab;
    const isOurs = (event) => event.request.url === tab.address && event.type === 'Document';
    session.on('Network.requestWillBeSent', (event) => {
        if (!isOurs(event) && !isIcon(event) && event.request.url !== replacement) {
            ++tab.requests;
            tab.say('request', `${event.type} ${event.request.url}`);
        }
    });
    session.on('Network.webSocketCreated', (event) => tab.say('request', event.url));
    session.on('Network.webTransportCreated', (event) => tab.say('request', event.url));
    session.on('Runtime.bindingCalled', ({ payload }) => {
        const [, check, what] = /^(\w+) ([^]*)$/.exec(payload) ?? [null, 'script', payload];
        tab.say(check, what);
    });
    // Everything that the page's own markup makes the engine compile has the page's address.
    session.on('Debugger.scriptParsed', (event) => {
        if (event.url !== '') {
            tab.say('script', `compiled ${event.length} characters of ${event.url}`);
        }
    });
}

function watchPage(tab) {
    const { page } = tab;
    page.on('dialog', (dialog) => {
        tab.say('script', `dialog ${dialog.message()}`);
        dialog.dismiss().catch(() => {});
    });
    page.on('pageerror', (error) => tab.say('script', error.message));
    page.on('console', (message) => {
        if (message.type() === 'error' || /refused|blocked/i.test(message.text())) {
            tab.say('console', message.text());
        }
    });
    page.on('worker', (worker) => tab.say('script', `worker ${worker.url()}`));
    page.on('frameattached', (frame) => tab.say('frame', `new frame ${frame.url()}`));
    page.on('framenavigated', (frame) => {
        if (frame.url() !== tab.address) {
            tab.say('navigation', frame.url());
        }
    });
    page.on('download', (download) => {
        tab.say('navigation', `download ${download.url()}`);
        download.cancel().catch(() => {});
    });
    page.on('popup', (popup) => {
        tab.say('navigation', `new window ${popup.url()}`);
        popup.close().catch(() => {});
    });
}

async function answer(tab, route) {
    const request = route.request();
    const isDocument = request.isNavigationRequest() && request.url() === tab.address && tab.document !== null;
    if (!isDocument) {
        tab.say('request', `${request.resourceType()} ${request.url()}`);
        ++tab.requests;
        await route.abort();
        return;
    }
    const body = tab.document;
    tab.document = null; // a page that loads itself again is a finding
    await route.fulfill({ contentType: 'text/html; charset=utf-8', body });
}

export class Browser {
    /// `modules`: the folder that prepare.sh has filled.
    constructor(modules, executable) {
        this.playwright = createRequire(path.resolve(modules, 'package.json'))('playwright-core').chromium;
        this.executable = executable;
        this.patience = 20000; // ms for one load or one look
        this.settle = kSettle;
        this.key = 'k' + randomBytes(8).toString('hex');
    }

    async start() {
        this.home ??= mkdtempSync(path.join(tmpdir(), 'browser-proof-')); // for its reports of crashes
        const env = { ...process.env, HOME: this.home, XDG_CONFIG_HOME: this.home, XDG_CACHE_HOME: this.home };
        this.browser = await this.playwright.launch({ executablePath: this.executable, args: kArguments, env });
        this.version = this.browser.version();
    }

    /// It stops processes that it does not need, and then waits for them in vain. Playwright kills it some time later,
    /// or when we end.
    async close() {
        const { browser } = this;
        this.browser = null;
        if (browser) {
            await within(browser.close(), kEnding, 'ending').catch(() => {});
        }
    }

    /// For good.
    async end() {
        await this.close();
        if (this.home) {
            rmSync(this.home, { recursive: true, force: true, maxRetries: 3 });
        }
    }

    /// A new context with one tab that may ask for nothing.
    async open({ replacement = null, scripts = true } = {}) {
        const context = await this.browser.newContext({
            viewport: { width: 1200, height: 900 },
            serviceWorkers: 'block',
            acceptDownloads: false,
            javaScriptEnabled: scripts,
        });
        const page = await context.newPage();
        const tab = new Tab(context, page, await context.newCDPSession(page), this);
        await context.route('**/*', (route) => answer(tab, route).catch(() => {}));
        await context.addInitScript({ content: `(${kHooks})(${JSON.stringify(replacement)})` });
        watchPage(tab);
        watchSession(tab, replacement);
        for (const domain of ['Network', 'Page', 'Runtime', ...(scripts ? ['Debugger'] : [])]) {
            await tab.session.send(`${domain}.enable`);
        }
        await tab.session.send('Runtime.addBinding', { name: 'proofEvent' });
        if (scripts) {
            await tab.session.send('Debugger.setSkipAllPauses', { skip: true });
        }
        return tab;
    }
}
