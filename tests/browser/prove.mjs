// Shows that the proof can fail: fragments and programs that are bad in one way each, and the check that must say so.
import { Proof, expected } from './proof.mjs';
import { Sanitizer } from './program.mjs';
import { problem } from './targets.mjs';

const kLine = '<p>some words</p>';

// [idea, fragment, check, what it must say]
const kBadFragments = [
    ['a script', '<script>pwned(1)</script>', 'script', /pwned\(1\)/],
    ['a script that calls nothing', '<script>1 + 1</script>', 'script', /compiled/],
    ['a handler', '<p onclick="pwned(2)">x</p>', 'script', /pwned\(2\)/],
    ['a handler, as attribute', '<p onmouseover="x()">x</p>', 'attribute', /onmouseover/],
    ['an image that fails', '<img src="/x" onerror="alert(3)">', 'script', /alert\(3\)/],
    ['an image of a stranger', '<img src="http://tracker.example/pixel">', 'request', /tracker\.example/],
    ['an image inside', '<img src="data:image/gif;base64,R0lGODlhAQABAAAAACw=">', 'request', /data:/],
    ['an address in CSS', '<p style="background:url(http://css.example/x)">x</p>', 'request', /css\.example/],
    ['an address in CSS, as style', '<p style="background-image:url(http://css.example/x)">x</p>', 'style', /backgroundImage/],
    ['a style sheet', '<style>p{background:url(http://sheet.example/)}</style><p>x</p>', 'request', /sheet\.example/],
    ['a prefetch', '<link rel="prefetch" href="http://prefetch.example/x">', 'request', /prefetch\.example/],
    ['a web socket', '<script>new WebSocket("ws://socket.example/")</script>', 'request', /socket\.example/],
    ['a frame', '<iframe></iframe>', 'frame', /frame/],
    ['a refresh', '<meta http-equiv="refresh" content="0;url=http://refresh.example/">', 'request', /refresh\.example/],
    ['a link', '<a href="http://link.example/">x</a>', 'link', /link\.example/],
    ['a link that is followed', '<a href="http://click.example/">x</a>', 'request', /click\.example/],
    ['a link to a script', '<a href="javascript:pwned(4)">x</a>', 'script', /pwned\(4\)/],
    ['a jump', '<a href="#x">x</a>', 'navigation', /#x/],
    ['a new window', '<a href="about:blank" target="_blank">x</a>', 'navigation', /window/],
    ['a form', '<form><input name="attributes"></form>', 'element', /form/],
    ['a text field', '<input>', 'element', /input/],
    ['an id', '<p id="x">x</p>', 'attribute', /id=/],
    ['a class', '<p class="x">x</p>', 'attribute', /class=/],
    ['editable text', '<p contenteditable>x</p>', 'element', /edited/],
    ['a drawing', '<svg><text>x</text></svg>', 'element', /svg/],
    ['a formula', '<math><mi>x</mi></math>', 'element', /math/],
    ['a template', '<template><p>x</p></template>', 'element', /template/],
    ['a shadow', '<div><template shadowrootmode="open"><p>x</p></template></div>', 'element', /shadow root/],
    ['a comment', '<p>x<!-- y --></p>', 'node', /type 8/],
    ['an instruction', '<p>x<?y z?></p>', 'node', /type [78]/],
    ['the end of our box', '</div><p>x</p>', 'wrapper', /instead of/],
    ['an open element', '<div><p>x</p>', 'wrapper', /instead of/],
    ['attributes of the body', '<body bgcolor="black">', 'wrapper', /have changed/],
    ['a position', '<p style="position:fixed;top:0">x</p>', 'style', /position: fixed/],
    ['a negative margin', '<p style="margin-left:-50px">x</p>', 'style', /marginLeft/],
    ['up over our words', '<div style="padding:1px"><p style="margin-top:-60px">x</p></div>', 'place', /above/],
    ['padding over our words', '<span style="padding:60px;background:#fff">x</span>', 'overlap', /before/],
    ['down over our words', '<div style="height:1px">' + kLine.repeat(5) + '</div>', 'overlap', /behind/],
    ['wider than its box, to the left', '<div dir="rtl"><div style="width:1200px">x</div></div>', 'place', /left/],
    ['very wide', '<div style="width:4000px">x</div>', 'wide', /4000/],
    ['afloat', '<div style="float:left">x</div>', 'style', /float/],
    ['moved', '<div style="transform:scale(9)">x</div>', 'style', /transform/],
    ['not displayed', '<div style="display:none">x</div>', 'style', /display/],
    ['transparent', '<div style="opacity:0">x</div>', 'style', /opacity/],
    ['a property that is not allowed', '<div style="text-shadow:none">x</div>', 'attribute', /text-shadow/],
    ['text in front of text', '<style>p::before{content:"y"}</style><p>x</p>', 'style', /::before/],
    ['white on white', '<font color="#ffffff">x</font>', 'hidden', /contrast/],
    ['black on a black column',
        '<table><colgroup><col style="background-color:#000000"></colgroup><tbody><tr><td>x</td></tr></tbody></table>',
        'hidden', /contrast/],
    ['white on the background of words around its box',
        '<span style="background-color:#000000;color:#ffffff"><div>x</div></span>', 'hidden', /contrast/],
    ['white beside its black box',
        '<div style="width:40px;background-color:#000000;color:#ffffff"><div style="width:900px;text-align:right">x</div></div>',
        'hidden', /contrast/],
    ['white in one line that is longer than its black box',
        '<pre style="width:40px;background-color:#000000;color:#ffffff">words and words and words</pre>', 'hidden', /contrast/],
    ['white in a corner that a round box has not',
        '<div style="border-radius:50%;min-height:500px;background-color:#000000;color:#ffffff">x</div>', 'hidden', /contrast/],
    ['white above the background of its line',
        '<span style="background-color:#000000;color:#ffffff">x<span style="font-size:60px">y</span></span>', 'hidden', /contrast/],
    ['over the line above, by words without their own size',
        '<span style="font-size:30px">covered words</span><br><span style="font-size:60px;background-color:#ffffff">' +
        '<small><small><small>x</small></small></small></span>', 'overlap', /covers "covered words/],
    ['a line through letters that only they show', '<s><span style="background-color:#000000;color:#ffffff">- - -</span></s>',
        'hidden', /stroke/],
    ['black on the border of a box that it leaves', '<div style="border-right:20px solid #000000;width:90px;white-space:nowrap">' +
        'words and words and words</div>', 'hidden', /on borders/],
    ['over the cell beside', '<table><tbody><tr><td style="max-width:40px;white-space:nowrap">words and words</td>' +
        '<td>x</td></tr></tbody></table>', 'overlap', /leaves its cell/],
    ['no size at all', '<span style="font-size:0">x</span>', 'hidden', /without a place/],
    ['too small', '<small>'.repeat(9) + 'x' + '</small>'.repeat(9), 'size', /fontSize/],
    ['too big', '<p style="font-size:200px">x</p>', 'size', /fontSize/],
    ['line on line', '<p style="line-height:2px">x</p>', 'size', /lineHeight/],
    ['not as it is parsed', '<b><p>x</b>y</p>', 'tree', /became/],
    ['another tree the second time', '<table><tbody><tr><td><form><b>x</b></form></td></tr></tbody><p>y</p></table>', 'tree', /became/],
    ['a script that comes to life the second time',
        '<form><math><mtext></form><form><mglyph><style></math><img src="x" onerror="pwned(5)"></style></mglyph></form></mtext></math></form>',
        'script', /twice.*pwned\(5\)/],
    ['no end', '<script>for (;;) {}</script>', 'page', /takes more than/],
];

const sh = (script) => ['/bin/sh', '-c', script];
const kQuick = { time: 500, bytes: 1000 };

// [idea, program, check, what it must say]
const kBadPrograms = [
    ['it fails', sh('exit 3'), 'program', /exit 3/],
    ['it is not there', ['/nonexistent/program'], 'program', /ENOENT/],
    ['it does not end', sh('exec sleep 60'), 'program', /took more than/],
    ['it writes too much', sh('exec yes'), 'program', /wrote more than/],
    ['it writes no UTF-8', sh('printf "\\377"'), 'program', /UTF-8/],
    ['it adds something each time', sh('cat; echo x'), 'twice', /became/],
];

const isFound = (findings, check, what) =>
    findings.some((finding) => finding.check === check && what.test(`${finding.way} ${finding.what}`));

function told(name, idea, findings, check, what) {
    if (!isFound(findings, check, what)) {
        const others = findings.map((finding) => `${finding.way} ${finding.check}: ${finding.what}`).slice(0, 5);
        const found = others.join(' | ') || 'nothing';
        console.log(`NOT FOUND ${name} "${idea}": ${check} should say ${what}; found: ${found}`);
        return false;
    }
    return true;
}

/// A busy machine may tell of a new window late: then once more, with patience.
async function judgedFragment(browser, proof, [, html, check, what]) {
    const [{ findings }] = await proof.judge([html]);
    if (isFound(findings, check, what)) {
        return findings;
    }
    const usual = browser.settle;
    browser.settle = 1000;
    await proof.freshTab();
    const [again] = await proof.judge([html]);
    browser.settle = usual;
    await proof.freshTab();
    return again.findings;
}

async function fragments(browser, proof, verbose) {
    let missed = 0;
    for (const bad of kBadFragments) {
        const [idea, , check, what] = bad;
        const findings = await judgedFragment(browser, proof, bad);
        missed += told('fragment', idea, findings, check, what) ? 0 : 1;
        if (verbose) {
            console.log(`${idea}: ${[...new Set(findings.map((f) => f.check))].join(' ')}`);
        }
    }
    return [kBadFragments.length, missed];
}

async function programs() {
    let missed = 0;
    for (const [idea, program, check, what] of kBadPrograms) {
        const { findings } = await new Sanitizer(program, kQuick).sanitize(Buffer.from('x'));
        missed += told('program', idea, findings, check, what) ? 0 : 1;
    }
    return [kBadPrograms.length, missed];
}

/// A good one among bad ones is not blamed, and each bad one is named.
async function culprits(proof) {
    const batch = [kLine, '<script>pwned(6)</script>', kLine, '</div><p>x</p>', '<p class="x">x</p>', kLine];
    const results = await proof.judge(batch);
    const blamed = results.map(({ findings }) => (findings.length > 0 ? 1 : 0)).join('');
    if (blamed !== '010110') {
        console.log(`NOT FOUND the culprits of a batch: ${blamed}`);
    }
    return [1, blamed === '010110' ? 0 : 1];
}

/// What is missing or still there in the visible text.
function expectations() {
    const findings = expected({ shows: ['a b', 'nowhere'], gone: ['c'] }, 'a\n b c');
    const checks = findings.map(({ what }) => what).join(' ');
    const good = findings.length === 2 && /nowhere/.test(checks) && /"c"/.test(checks);
    if (!good) {
        console.log(`NOT FOUND the expectations of a vector: ${checks}`);
    }
    return [1, good ? 0 : 1];
}

/// Targets that are shown as another one, or not at all.
function targets() {
    const bad = [
        ['https://bank.example@evil.example/', 'https://bank.example/'], ['https:\\\\evil.example', 'https://bank.example'],
        ['http://0x7f.1/', 'http://0x7f.1.example/'], ['https://p\u0430ypal.example/', 'https://paypal.example/'],
        ['//evil.example/', null], ['mailto:a@evil.example', null], ['http://evil.example/', 'https://evil.example/'],
    ];
    const missed = bad.filter(([meant, shown]) => problem(meant, shown) === null);
    missed.forEach(([meant, shown]) => console.log(`NOT FOUND the target ${meant}, shown as ${shown}`));
    return [bad.length, missed.length];
}

/// True when everything bad was found.
export async function prove(browser, { verbose }) {
    browser.patience = 4000;
    const proof = new Proof(browser);
    const figures = [];
    try {
        figures.push(await fragments(browser, proof, verbose), await culprits(proof));
    } finally {
        await proof.close();
    }
    figures.push(await programs(), expectations(), targets());
    const [bad, missed] = [0, 1].map((i) => figures.reduce((sum, figure) => sum + figure[i], 0));
    console.log(`${bad} bad things, ${missed} not found`);
    return missed === 0;
}
