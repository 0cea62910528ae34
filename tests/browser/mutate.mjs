// Vectors made of other vectors. The same seed makes the same ones.
import { Dice } from './dice.mjs';

const kMostBytes = 20000; // of a vector that is taken apart

const kDelimiters = ['<', '>', '"', "'", '=', '/', '&', ';', '!', '--', '<!--', '-->', '</', '/>', ']]>', '<![CDATA[',
    '`', '\\'];
const kControls = ['\0', '\x01', '\t', '\n', '\f', '\r', '\x0b', '\x1b', '\x7f', '\xc2\x85', '\xc2\xa0', '\xe2\x80\x8b',
    '\xe2\x80\xae', '\xef\xbb\xbf', '\xff', '\xc0\xbc', '\xed\xa0\x80'];
const kWrappers = ['table', 'tr', 'td', 'p', 'font', 'a', 'svg', 'math', 'select', 'template', 'noscript', 'style',
    'title', 'textarea', 'button', 'form', 'li', 'ul', 'h1', 'b', 'pre', 'xmp', 'iframe', 'mtext', 'annotation-xml',
    'foreignObject', 'desc', 'caption', 'colgroup', 'frameset', 'blockquote', 'span', 'small', 'center', 'option'];

function insert(text, at, piece) {
    return text.slice(0, at) + piece + text.slice(at);
}

function piece(dice, text, most = 200) {
    const at = dice.place(text);
    return text.slice(at, at + 1 + dice.below(most));
}

function changeCase(c) {
    return c === c.toLowerCase() ? c.toUpperCase() : c.toLowerCase();
}

// Texts in which each character is a byte.
const kOperations = [
    function splice(dice, text, other) {
        return text.slice(0, dice.place(text)) + other.slice(dice.place(other));
    },
    function nest(dice, text, other) {
        return insert(text, dice.place(text), other);
    },
    function flipByte(dice, text) {
        const at = dice.place(text);
        const byte = (text.charCodeAt(at) || 0) ^ (1 << dice.below(8));
        return text.slice(0, at) + String.fromCharCode(byte) + text.slice(at + 1);
    },
    function addDelimiter(dice, text) {
        return insert(text, dice.place(text), dice.of(kDelimiters));
    },
    function removeDelimiter(dice, text) {
        const places = [...text].flatMap((c, i) => ('<>"\'=/'.includes(c) ? [i] : []));
        const at = places.length > 0 ? dice.of(places) : dice.place(text);
        return text.slice(0, at) + text.slice(at + 1);
    },
    function wrap(dice, text) {
        const name = dice.of(kWrappers);
        return dice.below(3) === 0 ? `<${name}>${text}` : `<${name}>${text}</${name}>`;
    },
    function wrapPart(dice, text) {
        const [from, to] = [dice.place(text), dice.place(text)].sort((a, b) => a - b);
        const name = dice.of(kWrappers);
        return `${text.slice(0, from)}<${name}>${text.slice(from, to)}</${name}>${text.slice(to)}`;
    },
    function duplicate(dice, text) {
        return insert(text, dice.place(text), piece(dice, text));
    },
    function remove(dice, text) {
        const at = dice.place(text);
        return text.slice(0, at) + text.slice(at + 1 + dice.below(20));
    },
    function truncate(dice, text) {
        return text.slice(0, dice.place(text));
    },
    function encode(dice, text) {
        const at = dice.below(Math.max(1, text.length));
        const code = text.charCodeAt(at) || 60;
        const hex = code.toString(16);
        const forms = [`&#${code};`, `&#x${hex};`, `&#${code}`, `&#0000${code};`, `&#x${hex}`];
        return text.slice(0, at) + dice.of(forms) + text.slice(at + 1);
    },
    function flipCase(dice, text) {
        const at = dice.place(text);
        return text.slice(0, at) + [...text.slice(at, at + 8)].map(changeCase).join('') + text.slice(at + 8);
    },
    function addControl(dice, text) {
        return insert(text, dice.place(text), dice.of(kControls));
    },
];

/// Mutation number `n` of a seed: it depends on nothing else, so it can be made alone.
export function mutation(vectors, seed, n) {
    const bases = vectors.filter((vector) => vector.input.length <= kMostBytes);
    const dice = new Dice(seed, n);
    const [base, other] = [dice.of(bases), dice.of(bases)];
    const done = [];
    let text = base.input.toString('latin1');
    for (let steps = 1 + dice.below(4); steps > 0; --steps) {
        const operation = dice.of(kOperations);
        text = operation(dice, text, other.input.toString('latin1'));
        done.push(operation.name);
    }
    const idea = `${done.join(', ')} of ${base.id}, ${other.id}`;
    return { id: `m${seed}.${n}`, idea, input: Buffer.from(text, 'latin1') };
}
