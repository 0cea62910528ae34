// Pages of boxes inside each other, and of words in lines, by dice: nothing may leave its place, whatever stands in what.
import { Dice } from './dice.mjs';

const kMostLength = 30000;
const kShort = ['x', 'W', '&nbsp;', '\u6f22', '\u05e9', '1'];
const kLong = [...kShort, '&#8205;', 'a b c', 'WWWWWWWWWW', 'beside', 'loremipsumdolorsitametconsectetuer', 'l'.repeat(80),
    '\u0645\u0631\u062d\u0628\u0627', '\u05e9\u05dc\u05d5\u05dd \u05e2\u05d5\u05dc\u05dd', '1234567890'.repeat(6),
    'W&nbsp;W&nbsp;W&nbsp;W&nbsp;W', '-----', 'a.b/c-d', ' '.repeat(60)];
const kLengths = ['0', '1px', '5px', '20px', '40px', '100px', '300px', '600px', '1000px', '2000px', '99999px', '10%',
    '50%', '100%', '3em', '20em', '1in', '-5px', 'auto', '0 100px', '30px 60px'];
const kWidths = ['1', '20', '50', '200', '600', '1500', '10%', '50%', '100%'];
const kValues = {
    'white-space': ['nowrap', 'pre', 'normal', 'pre-wrap', 'pre-line', 'break-spaces'],
    'word-break': ['keep-all', 'break-all', 'normal', 'break-word'], 'word-wrap': ['break-word', 'normal'],
    'direction': ['rtl', 'ltr'], 'display': ['inline-block', 'block', 'table', 'table-cell', 'flex', 'none'],
    'float': ['left', 'right'], 'position': ['absolute', 'relative', 'fixed', 'sticky'],
    'table-layout': ['fixed'], 'border-collapse': ['collapse', 'separate'],
    'list-style-type': ['upper-roman', 'disc', 'decimal', 'none'], 'list-style-position': ['inside', 'outside'],
    'text-align': ['left', 'right', 'center', 'justify'], 'vertical-align': ['top', 'super', 'sub', '20px'],
    'border': ['1px solid red', '50px solid blue', '200px solid transparent'], 'border-left': ['100px solid red'],
    'font-size': ['8px', '60px', '200px', '3em', 'xx-large', '300%', '0', 'larger'],
    'font': ['60px Arial', 'bold 3em/10 Impact', '8px serif'], 'line-height': ['0', '1', '3', '200px', '50%'],
    'font-weight': ['bold'], 'background-color': ['#fff', '#000', 'yellow'], 'color': ['#000', 'white'],
    'transform': ['scale(2)'], 'columns': ['3'], 'box-sizing': ['border-box'], 'clear': ['both'],
};
const kSizes = ['width', 'min-width', 'max-width', 'height', 'padding', 'padding-left', 'padding-right', 'margin',
    'margin-left', 'margin-right', 'border-width', 'border-spacing', 'text-indent', 'letter-spacing', 'inset', 'left'];
const kProperties = [...kSizes, ...kSizes, ...Object.keys(kValues)];
const kInside = ['table', 'table', 'table', 'list', 'list', 'div', 'div', 'p', 'blockquote', 'pre', 'h1', 'center', 'span',
    'b', 'font', 'small', 'sup', 'u', 'mark', 'dl', 'hr', 'fieldset'];

const kInLine = ['span', 'b', 'font', 'small', 'sup', 'sub', 'u', 's', 'mark', 'tt', 'big', 'a'];
const kLineValues = {
    'background': ['#fff', '#000', 'yellow', '#eee', 'transparent'], 'color': ['#000', 'white', 'red', 'yellow'],
    'font-size': ['8px', '12px', '20px', '60px', 'small'], 'font-family': ['DejaVu Sans', 'DejaVu Serif', 'monospace',
        'DejaVu Math TeX Gyre'],
    'line-height': ['1', '1.2', '2', 'normal', '10px'], 'vertical-align': ['super', 'sub', 'top', 'bottom', 'middle'],
    'text-decoration': ['underline', 'line-through', 'none'], 'text-transform': ['uppercase'],
};

class Page {
    constructor(seed, n) {
        this.dice = new Dice(seed, n);
        this.isOpen = false;
    }

    get words() {
        return this.isOpen ? kShort : kLong;
    }

    text() {
        const words = Array.from({ length: this.isOpen || this.dice.percent(80) ? 1 : 2 + this.dice.below(10) });
        return words.map(() => this.dice.of(this.words)).join(' ');
    }

    style() {
        const declarations = Array.from({ length: this.dice.below(4) }, () => {
            const property = this.dice.of(kProperties);
            if (this.isOpen && property === 'white-space') {
                return '';
            }
            return `${property}:${this.dice.of(kValues[property] ?? kLengths)}`;
        });
        return declarations.length > 0 ? ` style="${declarations.join(';')}"` : '';
    }

    /// `lists`: values by attribute, each with how often in a hundred times it is there.
    attributes(lists = {}) {
        const all = { dir: [15, ['rtl', 'rtl', 'ltr', 'auto']], ...lists };
        const written = Object.entries(all).map(([name, [share, values]]) =>
            (this.dice.percent(share) ? ` ${name}="${this.dice.of(values)}"` : ''));
        return written.join('') + this.style();
    }

    several(most, make) {
        return Array.from({ length: 1 + this.dice.below(most) }, make).join('');
    }

    cell(depth) {
        const name = this.dice.percent(75) ? 'td' : 'th';
        const attributes = this.attributes({
            width: [30, kWidths], colspan: [12, ['2', '3', '10', '60', '1000']], rowspan: [12, ['2', '3', '100', '0']],
            nowrap: [15, ['']],
        });
        return `<${name}${attributes}>${this.node(depth - 1)}</${name}>`;
    }

    table(depth) {
        const isWide = this.dice.percent(25);
        const columns = this.dice.of(isWide ? [12, 40, 70] : [1, 2, 3, 5]);
        const inside = isWide ? Math.min(depth, 3) : depth;
        const same = this.dice.percent(60) ? this.cell(inside) : null;
        const rows = this.several(isWide ? 2 : 4, () => {
            const count = this.dice.percent(70) ? columns : 1 + this.dice.below(columns);
            const cells = Array.from({ length: count }, () => same ?? this.cell(inside));
            return `<tr${this.dice.percent(20) ? this.attributes() : ''}>${cells.join('')}</tr>`;
        });
        const numbers = ['0', '1', '5', '20', '100'];
        const attributes = this.attributes({
            width: [30, kWidths], cellpadding: [30, numbers], cellspacing: [30, numbers], border: [20, numbers],
            align: [15, ['left', 'right', 'center']],
        });
        const caption = this.dice.percent(10) ? `<caption${this.style()}>${this.text()}</caption>` : '';
        return `<table${attributes}>${caption}${rows}</table>`;
    }

    list(depth) {
        const name = this.dice.of(['ul', 'ol']);
        const attributes = this.attributes({ start: [30, ['1', '99999', '-50']], type: [30, ['I', 'a', '1']] });
        const items = this.several(4, () => `<li${this.attributes()}>${this.node(depth - 1)}</li>`);
        return `<${name}${attributes}>${items}</${name}>`;
    }

    node(depth) {
        if (depth <= 0 || this.dice.percent(15)) {
            return this.text();
        }
        const inside = this.dice.of(kInside);
        const kind = this.isOpen && inside === 'pre' ? 'div' : inside;
        switch (kind) {
            case 'table':
                return this.table(depth);
            case 'list':
                return this.list(depth);
            case 'dl':
                return `<dl><dt>${this.text()}</dt><dd${this.attributes()}>${this.node(depth - 1)}</dd></dl>`;
            case 'hr':
                return `<hr${this.attributes({ width: [30, kWidths] })}>`;
            default: {
                const attributes = this.attributes(kind === 'font' ? { size: [80, ['1', '7', '+4', '-2']] } : {});
                return `<${kind}${attributes}>${this.several(this.isOpen ? 1 : 3, () => this.node(depth - 1))}</${kind}>`;
            }
        }
    }

    /// Words in lines, with backgrounds, sizes and steps inside each other.
    line(depth) {
        if (depth <= 0 || this.dice.percent(25)) {
            return this.dice.percent(30) ? '<br>' : this.dice.of(['x', 'words', ' ', 'W', 'g\u00c4', '\u6f22']);
        }
        if (this.dice.percent(6)) {
            return `<div>${this.several(3, () => this.line(depth - 1))}</div>`;
        }
        const name = this.dice.of(kInLine);
        const declarations = Object.keys(kLineValues).filter(() => this.dice.percent(25)).map((property) =>
            `${property}:${this.dice.of(kLineValues[property])}`);
        const href = name === 'a' ? ' href="http://target.example/"' : '';
        return `<${name}${href} style="${declarations.join(';')}">${this.several(4, () => this.line(depth - 1))}</${name}>`;
    }

    /// Where a page can be scrolled to the right, long words lead there; nowhere else.
    html() {
        const depth = 2 + this.dice.below(4);
        switch (this.dice.below(4)) {
            case 3:
                return `<div style="width:600px">${this.several(6, () => this.line(depth))}</div>`;
            case 0:
                return `<div dir="rtl">${this.node(depth)}</div>`;
            case 1: {
                const box = `<div style="width:${this.dice.of([40, 100, 300])}px">${this.node(depth)}</div>`;
                return `<table><tr><td>${box}</td><td>beside it stands this</td></tr></table>`;
            }
            default:
                this.isOpen = true;
                return this.node(depth);
        }
    }
}

/// Page number `n` of a seed: it depends on nothing else, so it can be made alone.
export function boxes(seed, n) {
    let html = '';
    for (let turn = 0; html === '' || html.length > kMostLength; ++turn) {
        html = new Page(seed, n + turn * 1000003).html();
    }
    return { id: `b${seed}.${n}`, idea: 'boxes by dice', input: Buffer.from(html) };
}
