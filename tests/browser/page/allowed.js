// What may be there, and the limits of what is judged. Written down here once more, from what the sanitizer's allow list
// promises. The value of this file is an object.
(() => {
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
    const kMaxOnBorders = 8; // px: beside each other these hide a letter
    const kLeastRound = 12; // px: a corner with a smaller radius hides no letter
    const kMostCovered = 0.25; // of the height of a line
    const kLinesBefore = 40; // that are looked at; more lines would be far above
    // Of the size of letters: a cell is as wide as its widest letter before it is known that nothing stands beside it.
    const kKerning = 0.08;
    const kMaxFindings = 2; // of one check in one box; more say nothing new
    const kVisibleCharacter = /[^\s\p{Cc}\p{Cf}\p{Mn}\p{Default_Ignorable_Code_Point}]/u;

    return {
        kElements,
        kAttributes,
        kProperties,
        kComputed,
        kByBrowser,
        kTolerance,
        kMaxWidth,
        kFontSticksOut,
        kMinFontSize,
        kMaxFontSize,
        kMinLineHeight,
        kMinContrast,
        kMaxOnBorders,
        kLeastRound,
        kMostCovered,
        kLinesBefore,
        kKerning,
        kMaxFindings,
        kVisibleCharacter,
    };
})()
