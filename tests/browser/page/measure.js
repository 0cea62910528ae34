// What a reader sees of a mail. The value of this file is a function: () -> words, styles of words, tags, tables, cells,
// and the text that nobody should see.
(() => {
    const kTags = ('p h1 h2 h3 h4 h5 h6 ul ol li dl dt dd table caption tr td th b strong i em u s sub sup blockquote pre ' +
        'code hr br center div').split(' ');
    const kShownBySpan = ['color', 'backgroundColor', 'fontWeight', 'fontStyle', 'fontSize', 'fontFamily', 'textAlign',
        'textDecorationLine', 'textTransform'];
    const kToken = /[\p{L}\p{N}\p{M}]+|\p{Extended_Pictographic}/gu;
    // Scripts that put no blanks between words: each character counts as a word.
    const kAlone = /[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Thai}]/u;

    function tokens(text) {
        return (text.normalize('NFC').match(kToken) ?? []).flatMap((word) => (kAlone.test(word) ? [...word] : [word]));
    }

    function background(element) {
        for (let at = element; at !== null; at = at.parentElement) {
            const paint = getComputedStyle(at).backgroundColor;
            if (paint !== 'rgba(0, 0, 0, 0)') {
                return paint;
            }
        }
        return 'rgb(255, 255, 255)';
    }

    function alignment(style) {
        const plain = style.textAlign.replace('-webkit-', '');
        const sides = style.direction === 'rtl' ? { start: 'right', end: 'left' } : { start: 'left', end: 'right' };
        return sides[plain] ?? plain;
    }

    function isUnderlined(element) {
        for (let at = element; at !== null; at = at.parentElement) {
            const style = getComputedStyle(at);
            if (style.textDecorationLine.includes('underline')) {
                return true;
            }
            if (style.display !== 'inline') {
                return false;
            }
        }
        return false;
    }

    // A link looks as the browser likes it, ours are none: neither colour nor line of it is compared.
    function look(element) {
        const style = getComputedStyle(element);
        const isLink = element.closest('a[href]') !== null;
        return {
            color: isLink ? null : style.color,
            background: background(element),
            bold: Number(style.fontWeight) >= 600,
            italic: style.fontStyle !== 'normal',
            align: alignment(style),
            underline: isLink ? null : isUnderlined(element),
            size: parseFloat(style.fontSize),
        };
    }

    function isSeen(node) {
        const range = document.createRange();
        range.selectNodeContents(node);
        const rect = range.getBoundingClientRect();
        return rect.width > 0 && rect.height > 0 && getComputedStyle(node.parentElement).visibility === 'visible';
    }

    function styledWords() {
        return nodes(document.body, NodeFilter.SHOW_TEXT).flatMap((node) => {
            const words = tokens(node.data);
            if (words.length === 0 || !isSeen(node)) {
                return [];
            }
            const style = look(node.parentElement);
            return words.map((word) => ({ word, style }));
        });
    }

    function tagCounts() {
        const counts = Object.fromEntries(kTags.map((tag) => [tag, document.body.querySelectorAll(tag).length]));
        const spans = Array.from(document.body.querySelectorAll('span[style]'));
        counts.span = spans.filter((span) => kShownBySpan.some((property) => span.style[property] !== '')).length;
        counts.font = document.body.querySelectorAll('font[color],font[face],font[size]').length;
        return counts;
    }

    function nodes(root, kind) {
        const walker = document.createTreeWalker(root, kind);
        const result = [];
        while (walker.nextNode()) {
            result.push(walker.currentNode);
        }
        return result;
    }

    const kSecret = 'title,style,script';

    // Words of titles, style sheets, comments and scripts that stand nowhere else.
    function secrets() {
        const hidden = Array.from(document.querySelectorAll(kSecret), (element) => element.textContent);
        const comments = nodes(document, NodeFilter.SHOW_COMMENT).map((node) => node.data);
        const texts = nodes(document.body, NodeFilter.SHOW_TEXT)
            .filter((node) => node.parentElement.closest(kSecret) === null).map((node) => node.data);
        const links = Array.from(document.body.querySelectorAll('[href]'), (element) => element.getAttribute('href'));
        const open = new Set(tokens([...texts, ...links].join(' ')));
        return [...new Set(tokens([...hidden, ...comments].join(' ')))].filter((word) => !open.has(word));
    }

    return () => ({
        words: tokens(document.body.innerText),
        styled: styledWords(),
        tags: tagCounts(),
        tables: Array.from(document.querySelectorAll('table'), (table) => table.getBoundingClientRect().width),
        cells: Array.from(document.querySelectorAll('td,th'), background),
        secrets: secrets(),
    });
})()
