// Targets of links by dice: the host that the sanitizer shows is the one that a program which follows the WHATWG URL
// standard, as Node.js does, would ask.
import { Dice } from './dice.mjs';

const kPerMail = 400;
const kSchemes = ['http:', 'https:', 'https:', 'HTTPS:', 'ht\ntp:', ' http:', '\u0001https:', 'http', '', 'mailto:', 'ftp:',
    'javascript:', 'view-source:http:', 'https&colon;', '\ufffdhttps:'];
const kSlashes = ['//', '//', '//', '', '/', '\\\\', '///', '/\\', '/\t/', '//\n/', ' //'];
const kUsers = ['', '', '', 'bank.example@', 'a:b@', 'bank.example%40', 'bank.example:80@', '@', 'bank.example\t@', 'a@b@',
    'bank.example/@', 'bank.example\\@', 'bank.example?@', 'bank.example#@', '[@', '%5b@'];
const kHosts = ['evil', 'bank', 'example', 'EVIL', 'xn--pypal-4ve', 'p\u0430ypal', 'b\u00fccher', 'stra\u00dfe', '0x7f', '1', '127',
    '0177', '256', '4294967295', '4294967296', '08', '\u00bd', '\u2100', '\u00ad', '\uff05', '\uff21\uff22', '\u0661', '%', '%00',
    '%65vil', '%2f', '%5c', '%40', '%C3%BC', '%e2', '\t', '\r\n', '_', '-', '--', '\ud83d\ude00', '\u200d', '\u202e', '\u3002',
    '\u2044', '\uff0f', '~', '!', '$', '&', "'", '(', '*', '+', ',', ';', '=', '{', '`', '|', '^', 'xn--', 'xn--a', 'a'.repeat(70)];
const kBetween = ['.', '.', '.', '.', '', '..', '\u3002', '%2e', '\uff0e', ' '];
const kPorts = ['', '', '', ':80', ':443', ':', ':8080', ':00080', ':99999', ':a', ':8\t0'];
const kPaths = ['', '/', '/x', '/@bank.example', '?@bank.example', '#@bank.example', '\\@bank.example', '/../..', '/%2e', ' ',
    '/\u00e4?\u00e4#\u00e4', '://bank.example'];
const kWhole = ['https://[::1]:80/x', 'https://[::ffff:1.2.3.4]/', 'https://[1::', '//evil.example/x', '/\\evil.example', '/x', '#x',
    'mailto:a@evil.example', 'mailto:a@evil.example,b@bank.example?cc=c@x.example', 'mailto:', 'https://', 'https://@/x', 'https:///'];

function href(dice) {
    if (dice.percent(5)) {
        return dice.of(kWhole);
    }
    let host = dice.of(kHosts);
    for (let more = dice.below(4); more > 0; --more) {
        host += dice.of(kBetween) + dice.of(kHosts);
    }
    return [kSchemes, kSlashes, kUsers].map((list) => dice.of(list)).join('') + host + dice.of(kPorts) + dice.of(kPaths);
}

function address(text) {
    const isWithoutScheme = /^[\0-\x20]*[/\\][\t\n\r]*[/\\]/.test(text);
    try {
        return isWithoutScheme ? new URL(text, 'https://base.invalid/') : new URL(text);
    } catch {
        return null; // nothing that a program could ask
    }
}

function unescaped(text) {
    const meant = { amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'" };
    return text.replace(/&(amp|lt|gt|quot|#39);/g, (_, name) => meant[name]);
}

/// What is wrong with what is shown of a target, or null. `shown`: null when nothing is.
export function problem(meant, shown) {
    const real = address(meant);
    const isNamed = real !== null && /^(https?|mailto):$/.test(real.protocol) && real.href !== 'mailto:';
    if (!isNamed || real.host.includes('..')) {
        return null; // nobody is called by a name with an empty part
    }
    const isSame = real.protocol === 'mailto:' ? shown?.startsWith('mailto:') : sameHost(real, address(shown ?? ''));
    return isSame ? null : `shows ${JSON.stringify(shown)}`;
}

/// The name of the root at its end makes no difference.
function sameHost(real, said) {
    const host = (url) => url.host.replace(/\.(?=:|$)/, '');
    return said !== null && said.protocol === real.protocol && host(said) === host(real);
}

/// Numbers `from` to `to` of a seed, in one mail: [id and what is wrong].
function judge(seed, numbers, html, meant) {
    const shown = html.split('<p>').slice(1).map((part) => /^t(?: \[(.*)\])?<\/p>/s.exec(part.trimEnd()));
    if (shown.length !== numbers.length || shown.includes(null)) {
        return [`t${seed}.${numbers[0]} the links of ${numbers.length} paragraphs cannot be told apart`];
    }
    return numbers.flatMap((n, i) => {
        const text = shown[i][1] === undefined ? null : unescaped(shown[i][1]);
        const wrong = problem(meant[i], text);
        return wrong === null ? [] : [`t${seed}.${n} [program] target: ${JSON.stringify(meant[i])} ${wrong}`];
    });
}

/// The bytes that a reader of the mail sees, which the sanitizer reads: references are the reader's to read.
function asRead(text) {
    return text.replaceAll('&colon;', ':').replaceAll('\u0001', '\ufffd');
}

/// True when every target is shown as what it is.
export async function compareTargets(sanitizer, seed, count) {
    let wrong = 0;
    for (let first = 0; first < count; first += kPerMail) {
        const numbers = Array.from({ length: Math.min(kPerMail, count - first) }, (_, i) => first + i);
        const meant = numbers.map((n) => href(new Dice(seed, n)));
        const mail = meant.map((one) => `<p><a href="${one.replaceAll('"', '&quot;')}">t</a></p>`).join('');
        const { html, findings } = await sanitizer.sanitize(Buffer.from(mail));
        const found = [...findings.map(({ check, what }) => `t${seed}.${first} [program] ${check}: ${what}`),
            ...judge(seed, numbers, html, meant.map(asRead))];
        found.forEach((line) => console.log(line));
        wrong += found.length;
    }
    console.log(`${count} targets of links (seed ${seed}), ${wrong} findings`);
    return wrong === 0;
}
