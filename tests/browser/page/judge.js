// Looks at every node below every box of the page, in a world of its own where no script of the page can change
// anything. The value of this file is the function that does it: (key, number of boxes, ...) -> what was found.
(() => {
    // ---- what may be there: written down here once more, from what the sanitizer's allow list promises

    const kElements = new Set(('abbr acronym address b blockquote br caption center cite code col colgroup dd del dfn ' +
        'div dl dt em font h1 h2 h3 h4 h5 h6 hr i ins kbd li mark ol p pre q s samp small span strike strong sub sup ' +
        'table tbody td tfoot th thead tr tt u ul var').split(' '));

    const kLength = /^\d{1,4}%?$/;
    const kSmall = /^\d{1,3}$/;
    const kColor = /^#?[a-z0-9]{1,24}$/;
    const kAlign = /^(left|right|center|justify|top|bottom)$/;
    const kAttributes = {
        style: null, // see styleProblem
        dir: /^(ltr|rtl|auto)$/,
        lang: /^[a-z0-9-]{1,35}$/,
        align: kAlign,
        valign: /^(top|middle|bottom|baseline)$/,
        width: kLength,
        height: kLength,
        bgcolor: kColor,
        color: kColor,
        face: /^[a-z0-9, -]+$/,
        size: /^[+-]?\d{1,3}$/,
        border: kSmall,
        cellpadding: kSmall,
        cellspacing: kSmall,
        colspan: kSmall,
        rowspan: kSmall,
        span: kSmall,
        nowrap: /^$/,
        start: /^\d{1,5}$/,
        value: /^\d{1,5}$/,
        type: /^(1|a|A|i|I|disc|circle|square)$/,
    };
    const kProperties = new Set(('background-color border border-bottom border-collapse border-color border-left ' +
        'border-radius border-right border-spacing border-style border-top border-width caption-side color direction ' +
        'font-family font-size font-style font-variant font-weight height line-height list-style-type margin ' +
        'margin-bottom margin-left margin-right margin-top max-width min-height min-width padding padding-bottom ' +
        'padding-left padding-right padding-top table-layout text-align text-decoration text-transform ' +
        'vertical-align white-space width word-break word-wrap').split(' '));

    const kDisplays = ['block', 'inline', 'list-item', 'table', 'table-caption', 'table-cell', 'table-column',
        'table-column-group', 'table-footer-group', 'table-header-group', 'table-row', 'table-row-group'];
    const kNone = ['none'];
    const kZero = ['0px', 'normal'];
    const kComputed = {
        position: ['static'],
        display: kDisplays,
        zIndex: ['auto'],
        float: kNone,
        transform: kNone,
        translate: kNone,
        rotate: kNone,
        scale: kNone,
        zoom: ['1'],
        perspective: kNone,
        offsetPath: kNone,
        shapeOutside: kNone,
        opacity: ['1'],
        visibility: ['visible'],
        contentVisibility: ['visible'],
        contain: kNone,
        backgroundImage: kNone,
        borderImageSource: kNone,
        listStyleImage: kNone,
        content: ['normal'],
        cursor: ['auto'],
        animationName: kNone,
        transitionDuration: ['0s'],
        filter: kNone,
        backdropFilter: kNone,
        mixBlendMode: ['normal'],
        maskImage: kNone,
        clipPath: kNone,
        clip: ['auto'],
        overflowX: ['visible'],
        overflowY: ['visible'],
        textOverflow: ['clip'],
        pointerEvents: ['auto'],
        userSelect: ['auto'],
        webkitUserModify: ['read-only'],
        webkitTextSecurity: kNone,
        webkitLineClamp: kNone,
        writingMode: ['horizontal-tb'],
        columnCount: ['auto'],
        columnWidth: ['auto'],
        textIndent: kZero,
        letterSpacing: kZero,
        wordSpacing: kZero,
        textShadow: kNone,
        boxShadow: kNone,
        resize: kNone,
        appearance: kNone,
        willChange: ['auto'],
        counterIncrement: kNone,
    };
    // The browser's own style sheet says these.
    const kByBrowser = {
        hr: { overflowX: ['hidden', 'clip'], overflowY: ['hidden', 'clip'] },
        img: { overflowX: ['clip'], overflowY: ['clip'] },
    };

    const kTolerance = 1; // px
    // A newsletter is 600 to 800 px wide and the widest screens in use show about twice that. What is wider only makes
    // the reader scroll away from our own words.
    const kMaxWidth = 1500;
    // The box of an inline element is as high as its font's ascent and descent, which may stick out of the line.
    const kFontSticksOut = 0.25;
    const kMinFontSize = 6;
    const kMaxFontSize = 80;
    const kMinLineHeight = 0.75; // of the font size
    const kMinContrast = 1.3;
    const kMaxFindings = 2; // of one check in one box; more say nothing new
    const kVisibleCharacter = /[^\s\p{Cc}\p{Cf}\p{Mn}\p{Default_Ignorable_Code_Point}]/u;

    // ---- small helpers

    // A form hides the properties of its node behind the names of its controls; nothing else does.
    const nameOf = (element) => Reflect.get(Element.prototype, 'localName', element);
    const describe = (element) => {
        const whole = Reflect.get(Element.prototype, 'outerHTML', element);
        return whole.slice(0, Math.min(whole.length, 120)).replace(/\s+/g, ' ');
    };
    const pixels = (value) => parseFloat(value);

    function color(text) {
        const found = /^rgba?\(([\d.]+), ([\d.]+), ([\d.]+)(?:, ([\d.]+))?\)$/.exec(text);
        return found && { rgb: found.slice(1, 4).map(Number), alpha: found[4] === undefined ? 1 : Number(found[4]) };
    }

    function over(above, below) {
        return above.rgb.map((c, i) => c * above.alpha + below[i] * (1 - above.alpha));
    }

    function luminance(rgb) {
        const [r, g, b] = rgb.map((c) => (c / 255 <= 0.03928 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4));
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    }

    function contrast(one, other) {
        const [low, high] = [luminance(one), luminance(other)].sort((a, b) => a - b);
        return (high + 0.05) / (low + 0.05);
    }

    function styleProblem(value) {
        for (const declaration of value.split(';')) {
            const [property, rest, more] = declaration.split(':');
            if (!kProperties.has(property) || more !== undefined || !/^[a-z0-9#%., -]+$/.test(rest)) {
                return declaration;
            }
        }
        return null;
    }

    function overlap(a, b) {
        return Math.min(a.right, b.right) - Math.max(a.left, b.left) > kTolerance &&
            Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > kTolerance;
    }

    // ---- one box

    class BoxJudge {
        constructor(box, before, after, replacement) {
            this.box = box;
            this.before = before.getBoundingClientRect();
            this.after = after.getBoundingClientRect();
            this.rect = box.getBoundingClientRect();
            this.replacement = replacement;
            this.findings = [];
            // Elements with the same name and attributes below the same ancestors look the same: there is no style
            // sheet that could count them. Only their places differ.
            this.kinds = new Map([[box, 0]]);
            this.kindNumbers = new Map();
            this.styles = new Map();
            this.hasColumns = box.querySelector('col,colgroup') !== null;
        }

        report(check, what) {
            const same = this.findings.filter((finding) => finding.check === check);
            if (same.length < kMaxFindings && !same.some((finding) => finding.what === what)) {
                this.findings.push({ check, what });
            }
        }

        run() {
            const walker = Document.prototype.createTreeWalker.call(document, this.box, NodeFilter.SHOW_ALL);
            let nodes = 0;
            while (walker.nextNode()) {
                ++nodes;
                const node = walker.currentNode;
                if (node instanceof HTMLFormElement) {
                    this.report('element', 'form: ' + describe(node));
                } else if (node instanceof Element) {
                    this.element(node);
                } else if (node instanceof Text && !(node instanceof CDATASection)) {
                    this.text(node);
                } else {
                    this.report('node', `node of type ${node.nodeType}: ${String(node.nodeValue).slice(0, 100)}`);
                }
            }
            return nodes;
        }

        element(element) {
            const name = nameOf(element);
            if (this.isNewKind(element)) {
                this.kind(element, name);
            }
            if (element.shadowRoot) {
                this.report('element', 'shadow root: ' + describe(element));
            }
            this.place(element);
        }

        kind(element, name) {
            const isReplacement = name === 'img' && this.replacement && element.getAttribute('src') === this.replacement;
            if (!(element instanceof HTMLElement) || !(kElements.has(name) || isReplacement)) {
                this.report('element', `${name}: ${describe(element)}`);
            }
            this.attributes(element, isReplacement);
            this.powers(element, isReplacement);
            this.computed(element, name);
        }

        attributes(element, isReplacement) {
            for (const { name, value, namespaceURI } of Array.from(element.attributes)) {
                if (isReplacement && (name === 'src' || name === 'alt')) {
                    continue;
                }
                const known = Object.prototype.hasOwnProperty.call(kAttributes, name) && namespaceURI === null;
                const bad = !known || (name === 'style' ? styleProblem(value) !== null : !kAttributes[name].test(value));
                if (bad) {
                    this.report('attribute', `${name}="${value.slice(0, 100)}" of ${describe(element)}`);
                }
            }
        }

        powers(element, isReplacement) {
            const isDraggable = element.draggable && !isReplacement; // as every image is
            if (element.isContentEditable || element.tabIndex >= 0 || isDraggable) {
                this.report('element', 'can be edited, focused or dragged: ' + describe(element));
            }
            if (element.matches('a,area,form,[href],input,button,select,textarea')) {
                this.report('link', describe(element));
            }
        }

        isNewKind(element) {
            const attributes = Array.from(element.attributes, (a) => `${a.name}=${a.value}`).join('\n');
            const key = `${this.kinds.get(element.parentNode)} ${nameOf(element)} ${attributes}`;
            const known = this.kindNumbers.get(key);
            this.kinds.set(element, known === undefined ? this.kindNumbers.size + 1 : known);
            if (known === undefined) {
                this.kindNumbers.set(key, this.kindNumbers.size + 1);
            }
            return known === undefined;
        }

        computed(element, name) {
            const style = getComputedStyle(element);
            const bad = (what) => this.report('style', `${what} of ${describe(element)}`);
            for (const property of Object.keys(kComputed)) {
                const allowed = (kByBrowser[name] && kByBrowser[name][property]) || kComputed[property];
                if (style[property] !== undefined && !allowed.includes(style[property])) {
                    bad(`${property}: ${style[property]}`);
                }
            }
            for (const side of ['Left', 'Right', 'Top', 'Bottom']) {
                if (pixels(style['margin' + side]) < 0) {
                    bad(`margin${side}: ${style['margin' + side]}`);
                }
            }
            if (style.unicodeBidi.includes('override')) {
                bad(`unicodeBidi: ${style.unicodeBidi}`);
            }
            if (style.webkitTextFillColor !== style.color) {
                bad(`webkitTextFillColor: ${style.webkitTextFillColor}`);
            }
            const size = pixels(style.fontSize);
            if (!(size >= kMinFontSize && size <= kMaxFontSize)) {
                this.report('size', `fontSize: ${style.fontSize} of ${describe(element)}`);
            }
            this.pseudo(element, name, bad);
        }

        pseudo(element, name, bad) {
            for (const part of ['::before', '::after']) {
                const { content } = getComputedStyle(element, part);
                if (!['none', 'normal'].includes(content) && name !== 'q') {
                    bad(`${part} ${content}`);
                }
            }
        }

        place(element) {
            const rect = element.getBoundingClientRect();
            if (rect.width === 0 && rect.height === 0) {
                return;
            }
            if (rect.left < this.rect.left - kTolerance) {
                this.report('place', `${Math.round(this.rect.left - rect.left)} px left of its box: ${describe(element)}`);
            }
            if (rect.top < this.rect.top - kTolerance && this.paintsAbove(element, this.rect.top - rect.top)) {
                this.report('place', `${Math.round(this.rect.top - rect.top)} px above its box: ${describe(element)}`);
            }
            if (rect.width > kMaxWidth) {
                this.report('wide', `${Math.round(rect.width)} px wide: ${describe(element)}`);
            }
            if (this.overlaps(rect) && this.paintsAbove(element, Infinity)) {
                this.sentinels(rect, () => describe(element));
            }
        }

        // An inline element without background and border paints nothing where its box is; its text is looked at by
        // itself.
        paintsAbove(element, distance) {
            const style = getComputedStyle(element);
            if (style.display !== 'inline') {
                return true;
            }
            const borders = pixels(style.borderTopWidth) + pixels(style.borderBottomWidth);
            const paints = color(style.backgroundColor)?.alpha !== 0 || borders > 0;
            return paints && distance > pixels(style.fontSize) * kFontSticksOut;
        }

        overlaps(rect) {
            return overlap(rect, this.before) || overlap(rect, this.after);
        }

        sentinels(rect, what) {
            if (overlap(rect, this.before)) {
                this.report('overlap', 'lies on what stands before the box: ' + what());
            }
            if (overlap(rect, this.after)) {
                this.report('overlap', 'lies on what stands behind the box: ' + what());
            }
        }

        text(node) {
            const shown = node.data.trim();
            if (!kVisibleCharacter.test(shown)) {
                return;
            }
            const what = () => `"${shown.slice(0, 60)}" in ${describe(node.parentNode)}`;
            const range = document.createRange();
            range.selectNodeContents(node);
            const rect = range.getBoundingClientRect();
            if (!(rect.width > 0 && rect.height > 0)) {
                this.report('hidden', 'text without a place: ' + what());
            }
            this.sentinels(rect, what);
            const kind = this.kinds.get(node.parentNode);
            if (this.hasColumns || !this.styles.has(kind)) {
                this.styles.set(kind, true);
                this.textStyle(node.parentNode, what);
            }
        }

        textStyle(parent, what) {
            const style = getComputedStyle(parent);
            const line = pixels(style.lineHeight);
            if (style.lineHeight !== 'normal' && line < kMinLineHeight * pixels(style.fontSize)) {
                this.report('size', `lineHeight: ${style.lineHeight}, fontSize: ${style.fontSize}: ${what()}`);
            }
            const ink = color(style.color);
            const paper = this.background(parent);
            const ratio = ink && paper ? contrast(over(ink, paper), paper) : 0;
            if (ratio < kMinContrast) {
                this.report('hidden', `contrast ${ratio.toFixed(2)}, ${style.color} on ${paper}: ${what()}`);
            }
        }

        // What is painted behind the text of an element; null when it cannot be said.
        background(element) {
            const layers = [];
            for (let at = element; at !== this.box; at = at.parentNode) {
                layers.push(at);
                // Columns are painted above the table, below its rows.
                if (at instanceof HTMLTableSectionElement) {
                    layers.push(...this.columnsBehind(element, at));
                }
            }
            let rgb = [255, 255, 255];
            for (const layer of layers.reverse()) {
                const paint = color(getComputedStyle(layer).backgroundColor);
                if (!paint) {
                    return null;
                }
                rgb = over(paint, rgb);
            }
            return rgb.map(Math.round);
        }

        columnsBehind(element, section) {
            const table = section.parentNode;
            if (!this.hasColumns || !(table instanceof HTMLTableElement)) {
                return [];
            }
            const cell = element.closest('td,th') || element;
            const { left, right } = cell.getBoundingClientRect();
            const middle = (left + right) / 2;
            const isBehind = (column) => {
                const rect = column.getBoundingClientRect();
                return rect.left <= middle && middle <= rect.right;
            };
            const groups = Array.from(table.children).filter((child) => nameOf(child) === 'colgroup');
            const columns = groups.flatMap((group) => Array.from(group.children)).filter(isBehind);
            return columns.concat(groups.filter(isBehind));
        }
    }

    // ---- the page around the boxes

    function parts(key, count) {
        return Array.from({ length: count }, (_, i) => ['before', 'box', 'after', 'end'].map((p) => `${key}-${p}-${i}`)).flat();
    }

    // Is everything that we wrote where we wrote it, and nothing beside it?
    function structureProblem(key, count) {
        const body = Reflect.get(Document.prototype, 'body', document);
        const root = Reflect.get(Document.prototype, 'documentElement', document);
        const found = Array.from(body.childNodes, (n) => (n instanceof Element ? n.getAttribute('data-proof') : n.nodeName));
        const wanted = parts(key, count);
        const at = wanted.findIndex((name, i) => found[i] !== name);
        if (at >= 0 || found.length !== wanted.length) {
            return `instead of ${wanted[at]} there is ${found[at < 0 ? wanted.length : at]}`;
        }
        const isOurs = root.attributes.length === 0 && body.attributes.length === 1 && root.childNodes.length === 2 &&
            document.head.childNodes.length === 2 && document.head.lastChild.textContent === 'proof' &&
            Array.from(document.childNodes).every((n) => n === root || n instanceof DocumentType);
        return isOurs ? null : 'html, head or body have changed: ' + root.outerHTML.slice(0, 300);
    }

    // `look`: at every node; else only whether everything is where it was.
    return (key, count, replacement, look) => {
        const structure = structureProblem(key, count);
        if (structure !== null) {
            return { structure, boxes: [], nodes: 0 };
        }
        const body = Reflect.get(Document.prototype, 'body', document);
        let nodes = 0;
        const boxes = [];
        for (let i = 0; i < count; ++i) {
            const [before, box, after] = [0, 1, 2].map((part) => body.children[4 * i + part]);
            const judge = new BoxJudge(box, before, after, replacement);
            nodes += look ? judge.run() : 0;
            if (before.innerHTML !== 'before' || after.innerHTML !== 'after') {
                judge.report('wrapper', 'the words around the box have changed');
            }
            boxes.push({ findings: judge.findings, html: box.innerHTML, text: box.innerText });
        }
        return { structure, boxes, nodes };
    };
})()
