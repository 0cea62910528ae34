// Runs in every page before anything else, in the page's own world: tells when a script runs there, and does what has
// to be done there (filling the boxes, clicking). The value of this file is a function: (our own image or null).
(replacement) => {
    const tell = window.proofEvent;
    const report = (what) => tell('script ' + String(what).slice(0, 200));

    const trap = (owner, name, isScript = () => true) => {
        const original = owner[name];
        const asText = (args) => `${name}(${Array.from(args).map(String).join(', ')})`;
        owner[name] = new Proxy(original || function () {}, {
            apply(target, self, args) {
                if (isScript(args)) {
                    report(asText(args));
                }
                return original ? Reflect.apply(target, self, args) : undefined;
            },
            construct(target, args) {
                report('new ' + asText(args));
                return Reflect.construct(target, args);
            },
        });
    };
    const hasText = (args) => typeof args[0] === 'string';

    window.pwned = undefined; // what the vectors call
    for (const name of ['pwned', 'alert', 'confirm', 'prompt', 'print', 'open', 'eval', 'Function', 'fetch',
        'XMLHttpRequest', 'WebSocket', 'EventSource', 'Worker', 'SharedWorker', 'Image', 'postMessage']) {
        trap(window, name);
    }
    trap(window, 'setTimeout', hasText);
    trap(window, 'setInterval', hasText);
    trap(Navigator.prototype, 'sendBeacon');
    trap(Element.prototype, 'attachShadow');
    trap(document, 'write');
    trap(document, 'writeln');

    // Also of what is in the address itself (data:), which the browser does not count as a request.
    const loaded = (event) => {
        const isOurs = replacement !== null && event.target.src === replacement;
        if (event.target instanceof Element && !isOurs) {
            tell(`request ${event.type} of ${Reflect.get(Element.prototype, 'outerHTML', event.target).slice(0, 200)}`);
        }
    };
    window.addEventListener('load', loaded, true);
    window.addEventListener('error', loaded, true);

    const click = (element) => {
        if (element instanceof HTMLElement) {
            HTMLElement.prototype.click.call(element);
        } else {
            element.dispatchEvent(new MouseEvent('click', { bubbles: true, cancelable: true }));
        }
    };

    const find = Document.prototype.querySelectorAll.bind(document);
    const boxes = (key) => find(`[data-proof^="${key}-box-"]`);

    Object.defineProperty(window, 'proof', {
        value: Object.freeze({
            fill(key, fragments) {
                const all = boxes(key);
                fragments.forEach((html, i) => { all[i].innerHTML = html; });
            },
            again(key) {
                for (const box of boxes(key)) {
                    box.innerHTML = box.innerHTML; // eslint-disable-line no-self-assign
                }
            },
            click(key) {
                for (const box of boxes(key)) {
                    for (const element of Array.from(box.querySelectorAll('*'))) {
                        click(element);
                    }
                }
            },
        }),
    });
}
