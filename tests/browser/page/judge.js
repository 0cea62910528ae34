// Looks at every node below every box of the page, in a world of its own where no script of the page can change
// anything. The value of this file is a function: (what allowed.js says) -> the function that looks.
(allowed) => {
    const {
        kElements, kAttributes, kProperties, kComputed, kByBrowser, kTolerance, kMaxWidth, kFontSticksOut,
        kMinFontSize, kMaxFontSize, kMinLineHeight, kMinContrast, kMaxOnBorders, kLeastRound, kMostCovered, kLinesBefore, kKerning,
        kMaxFindings, kVisibleCharacter,
    } = allowed;

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

    function ancestor(element, steps) {
        let at = element;
        for (let i = 0; i < steps; ++i) {
            at = at.parentNode;
        }
        return at;
    }

    function overlap(a, b) {
        return Math.min(a.right, b.right) - Math.max(a.left, b.left) > kTolerance &&
            Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > kTolerance;
    }

    // Does the box paint its background behind all of a rectangle? Round corners have none.
    function covers(box, rect) {
        const area = box.getBoundingClientRect();
        if (rect.left < area.left - kTolerance || rect.right > area.right + kTolerance ||
            rect.top < area.top - kTolerance || rect.bottom > area.bottom + kTolerance) {
            return false;
        }
        const style = getComputedStyle(box);
        return ['Top', 'Bottom'].every((above) => ['Left', 'Right'].every((side) => {
            const words = style[`border${above}${side}Radius`].split(' ');
            const radius = (word, whole) => pixels(word) * (word.endsWith('%') ? whole / 100 : 1);
            const x = radius(words[0], area.width);
            const y = radius(words[words.length - 1], area.height);
            const fromSide = Math.abs(rect[side.toLowerCase()] - area[side.toLowerCase()]);
            const fromAbove = Math.abs(rect[above.toLowerCase()] - area[above.toLowerCase()]);
            return Math.min(x, y) < kLeastRound || fromSide >= x || fromAbove >= y ||
                ((x - fromSide) / x) ** 2 + ((y - fromAbove) / y) ** 2 <= 1;
        }));
    }

    function rectsOf(place) {
        return Array.from(place.getClientRects()).filter((rect) => rect.width > 0);
    }

    // Does an element in a line, around these words, paint behind most of their height?
    function underlies(element, rects) {
        const lines = Array.from(element.getClientRects());
        return rects.every((rect) => lines.some((line) =>
            Math.min(line.bottom, rect.bottom) - Math.max(line.top, rect.top) > (rect.bottom - rect.top) / 2 &&
            rect.left > line.left - kTolerance && rect.right < line.right + kTolerance));
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
            this.lines = []; // of the texts before
            this.painted = new Map();
            this.hasBorders = box.querySelector('[style*="border"],[border]') !== null;
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
            if (name === 'mark' || element.matches('[style*="background"]')) {
                this.coversLines(element);
            }
        }

        // The background of words is painted over what comes before them, where their box is higher than their line.
        coversLines(element) {
            const style = getComputedStyle(element);
            if (style.display !== 'inline' || color(style.backgroundColor)?.alpha === 0) {
                return;
            }
            for (const paper of rectsOf(element)) {
                const covered = this.lines.find(({ rect }) => {
                    const high = Math.min(paper.bottom, rect.bottom) - Math.max(paper.top, rect.top);
                    const wide = Math.min(paper.right, rect.right) - Math.max(paper.left, rect.left);
                    return wide > kTolerance && high > kMostCovered * (rect.bottom - rect.top);
                });
                if (covered !== undefined) {
                    this.report('overlap', `its background covers "${covered.shown.slice(0, 40)}": ${describe(element)}`);
                }
            }
        }

        kind(element, name) {
            const isReplacement = name === 'img' && this.replacement !== null &&
                element.getAttribute('src') === this.replacement;
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
                const isGood = known && (name === 'style' ? styleProblem(value) === null : kAttributes[name].test(value));
                if (!isGood) {
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
                // Of a centered table that is wider than its box the browser tells what is left: less than nothing.
                const said = element.computedStyleMap().get('margin-' + side.toLowerCase());
                if (pixels(style['margin' + side]) < 0 && said.toString() !== 'auto') {
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
            if (rect.width === 0 || rect.height === 0) {
                return; // it paints nothing; what is in it is looked at by itself
            }
            if (rect.left < this.rect.left - kTolerance) {
                const distance = Math.round(this.rect.left - rect.left);
                this.report('place', `${distance} px left of its box: ${describe(element)}`);
            }
            if (rect.top < this.rect.top - kTolerance && this.paintsAbove(element, this.rect.top - rect.top)) {
                this.report('place', `${Math.round(this.rect.top - rect.top)} px above its box: ${describe(element)}`);
            }
            if (rect.width > kMaxWidth && getComputedStyle(element).display !== 'inline') {
                this.report('wide', `${Math.round(rect.width)} px wide: ${describe(element)}`);
            }
            if (this.overlaps(rect) && this.paintsAbove(element, Infinity)) {
                // Of words around a box: each of their lines.
                rectsOf(element).forEach((line) => this.sentinels(line, () => describe(element)));
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
            this.lines = [...rectsOf(range).map((line) => ({ rect: line, shown })), ...this.lines].slice(0, kLinesBefore);
            this.sentinels(rect, what);
            const cell = node.parentNode.closest('td,th');
            if (this.box.contains(cell)) {
                const { left, right } = cell.getBoundingClientRect();
                const tolerance = kTolerance + kKerning * pixels(getComputedStyle(node.parentNode).fontSize);
                if (rect.left < left - tolerance || rect.right > right + tolerance) {
                    this.report('overlap', 'leaves its cell: ' + what());
                }
            }
            this.contrast(node.parentNode, range, rect, what);
            if (this.hasBorders) {
                this.borders(node.parentNode, range, what);
            }
            const kind = this.kinds.get(node.parentNode);
            if (!this.styles.has(kind)) {
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
        }

        // The ink against every paper that may be behind one of the letters.
        contrast(parent, range, rect, what) {
            const { color: ink, layers } = this.paints(parent);
            const papers = ink && layers ? this.papers(layers, rectsOf(range), rect) : [];
            const ratios = papers.map((paper) => contrast(over(ink, paper), paper));
            const ratio = Math.min(...ratios, papers.length > 0 ? Infinity : 0);
            if (ratio < kMinContrast) {
                const paper = papers[ratios.indexOf(ratio)];
                this.report('hidden', `contrast ${ratio.toFixed(2)}, ${ink && ink.rgb} on ${paper}: ${what()}`);
            } else {
                this.strokes(parent, papers, what);
            }
        }

        // A line through letters, in the colour of what is behind them, takes away what is as thin as it.
        strokes(parent, papers, what) {
            for (let at = parent; at !== this.box; at = at.parentNode) {
                const style = getComputedStyle(at);
                const stroke = style.textDecorationLine === 'none' ? null : color(style.textDecorationColor);
                if (stroke && papers.some((paper) => contrast(over(stroke, paper), paper) < kMinContrast)) {
                    this.report('hidden', `a stroke in the colour of what is behind it: ${what()}`);
                }
            }
        }

        // Letters that leave their box stand on its border, and on those of the boxes around it.
        borders(parent, range, what) {
            const { color: ink, layers } = this.paints(parent);
            const rects = rectsOf(range);
            if (!ink || (layers || []).some(({ isInLine, element }) => isInLine && underlies(element, rects))) {
                return;
            }
            const strips = this.darkStrips(parent, ink);
            for (const rect of rects) {
                const wide = strips.filter((strip) => overlap(strip, rect)).reduce((sum, strip) =>
                    sum + Math.min(strip.right, rect.right) - Math.max(strip.left, rect.left), 0);
                if (wide > kMaxOnBorders) {
                    this.report('hidden', `${Math.round(wide)} px on borders: ${what()}`);
                }
            }
        }

        // The borders at the sides of the boxes around an element, in a colour like the ink's.
        darkStrips(parent, ink) {
            const strips = [];
            for (let at = parent; at !== this.box; at = at.parentNode) {
                if (at instanceof HTMLTableElement && this.comesFromCaption(parent, at)) {
                    continue; // its borders are around the cells
                }
                const style = getComputedStyle(at);
                const { left, right, top, bottom } = at.getBoundingClientRect();
                const places = {
                    Left: [left, left + pixels(style.borderLeftWidth)],
                    Right: [right - pixels(style.borderRightWidth), right],
                };
                for (const [side, [from, to]] of Object.entries(places)) {
                    const paint = color(style[`border${side}Color`]);
                    const isSeen = paint && paint.alpha > 0 && style.display !== 'inline' && to > from;
                    if (isSeen && contrast(ink.rgb, over(paint, [255, 255, 255])) < kMinContrast) {
                        strips.push({ left: from, right: to, top, bottom });
                    }
                }
            }
            return strips;
        }

        // Colour of the letters in an element, and what paints behind them, the outermost first; the same for all of
        // a kind, unless there are columns.
        paints(parent) {
            const kind = this.kinds.get(parent);
            if (this.hasColumns || !this.painted.has(kind)) {
                const layers = this.layers(parent).map(({ element, isInLine, path }) => {
                    const paint = color(getComputedStyle(element).backgroundColor);
                    return { paint, isInLine, path };
                });
                const known = layers.every(({ paint }) => paint !== null);
                const seen = known && layers.filter(({ paint }) => paint.alpha > 0);
                this.painted.set(kind, { color: color(getComputedStyle(parent).color), layers: seen || null });
            }
            const { color: ink, layers } = this.painted.get(kind);
            return { color: ink, layers: layers && layers.map((layer) => ({ ...layer, element: layer.path(parent) })) };
        }

        // An element in a line paints behind words and not behind boxes in it, a table not behind its caption.
        layers(parent) {
            const layers = [];
            let isInLine = true;
            let depth = 0;
            for (let at = parent; at !== this.box; at = at.parentNode, ++depth) {
                const up = depth;
                const isWord = getComputedStyle(at).display === 'inline';
                isInLine = isInLine && isWord;
                const isBehind = isInLine || !isWord;
                if (isBehind && !(at instanceof HTMLTableElement && this.comesFromCaption(parent, at))) {
                    layers.push({ element: at, isInLine, path: (from) => ancestor(from, up) });
                }
                // Columns are painted above the table, below its rows.
                if (at instanceof HTMLTableSectionElement) {
                    for (const column of this.columnsBehind(parent, at)) {
                        layers.push({ element: column, isInLine: false, path: () => column });
                    }
                }
            }
            return layers.reverse();
        }

        comesFromCaption(element, table) {
            const caption = element.closest('caption');
            return caption !== null && caption.parentNode === table;
        }

        // What does not reach behind all of the text may be behind some of it.
        papers(layers, rects, rect) {
            let papers = [[255, 255, 255]];
            for (const { paint, isInLine, element } of layers) {
                const painted = papers.map((paper) => over(paint, paper).map(Math.round));
                const isBehindAll = isInLine ? underlies(element, rects) : covers(element, rect);
                const all = isBehindAll ? painted : [...papers, ...painted];
                papers = [...new Map(all.map((paper) => [paper.join(), paper])).values()];
            }
            return papers;
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
        const names = ['before', 'box', 'after', 'end'];
        return Array.from({ length: count }, (_, i) => names.map((name) => `${key}-${name}-${i}`)).flat();
    }

    // Is everything that we wrote where we wrote it, and nothing beside it?
    function structureProblem(key, count) {
        const body = Reflect.get(Document.prototype, 'body', document);
        const root = Reflect.get(Document.prototype, 'documentElement', document);
        const nameOfPart = (node) => (node instanceof Element ? node.getAttribute('data-proof') : node.nodeName);
        const found = Array.from(body.childNodes, nameOfPart);
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
}
