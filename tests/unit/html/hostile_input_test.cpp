// Everything that has been used to get something past a sanitizer, and everything that makes a parser slow:
// whatever goes in, the result is allowed, does not change when it is sanitized again, and comes at all.
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "html/sanitizer.h"
#include "html/strict.h"
#include "unit/html/allowed_only.h"

namespace {

std::string times(int count, const std::string& text)
{
    std::string result;
    for (int i = 0; i < count; ++i) {
        result += text;
    }
    return result;
}

void expect_safe_and_stable(const std::string& input)
{
    qm::html::SanitizeOptions options;
    options.replacement_image = "cid:removed.png";
    const auto once = qm::html::sanitize(input, options);
    const std::string shown = input.substr(0, 300);
    EXPECT_EQ(qm::test::what_is_not_allowed(once.html), "") << shown << "\n-> " << once.html.substr(0, 300);
    EXPECT_EQ(qm::html::sanitize(once.html, options).html, once.html) << shown;
    EXPECT_TRUE(qm::html::is_sanitized(once.html, options.replacement_image))
        << shown << "\n-> " << once.html.substr(0, 300);
    EXPECT_LE(once.html.size(), options.max_input) << shown;
}

const std::vector<std::string> kVectors = {
    // Classics
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg onload=alert(1)>",
    "<svg/onload=alert(1)//",
    "<body onload=alert(1)>",
    "<iframe src=javascript:alert(1)>",
    "<a href=javascript:alert(1)>x</a>",
    "<IMG \"\"\"><SCRIPT>alert(1)</SCRIPT>\">",
    "<img src=`x`onerror=alert(1)>",
    "<<SCRIPT>alert(1);//<</SCRIPT>",
    "<div style=\"background:url(javascript:alert(1))\">",
    "<div style=\"width:expression(alert(1))\">",
    "<object data=javascript:alert(1)>",
    "<embed src=javascript:alert(1)>",
    "<meta http-equiv=refresh content=0;url=x>",
    "<link rel=stylesheet href=//x>",
    "<base href=//x>",
    "<form><button formaction=javascript:alert(1)>X</button>",
    "<input autofocus onfocus=alert(1)>",
    "<details open ontoggle=alert(1)>x",
    "<marquee onstart=alert(1)>x",
    "<video><source onerror=alert(1)></video>",
    "<isindex action=j type=image>",
    "<keygen autofocus onfocus=x>",
    "\"><script>alert(1)</script>",
    "'><img src=x onerror=alert(1)>",
    std::string("<scr") + '\0' + "ipt>alert(1)</scr" + '\0' + "ipt>",
    "<img src=x:x onerror\n=\nalert(1)>",
    "<a\thref='java\nscript:alert(1)'>x",
    "<p title='</p><script>alert(1)//'>",
    "<input type=image src=x onerror=alert(1)>",
    "<table background=javascript:alert(1)>",
    "<x onclick=alert(1)>click",
    // Mutation: markup that a second parser reads differently
    "<noscript><p title=\"</noscript><img src=x onerror=alert(1)>\">",
    "<svg></p><style><a id=\"</style><img src=1 onerror=alert(1)>\">",
    "<math><mtext><table><mglyph><style><!--</style><img title=\"--&gt;&lt;img src=1 onerror=alert(1)&gt;\">",
    "<form><math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>",
    "<svg><style><img src=x onerror=alert(1)></style>",
    "<math><annotation-xml encoding=text/html><script>alert(1)",
    "<svg><foreignObject><p><style></foreignObject></svg><img src=x onerror=alert(1)>",
    "<listing>&lt;img src=1 onerror=alert(1)&gt;</listing>",
    "<xmp><p title=\"</xmp><img src=x onerror=alert(1)>\">",
    "<noembed><img src=\"</noembed><iframe onload=alert(1)>\" />",
    "<plaintext></plaintext><script>alert(1)</script>",
    "<textarea><img src=\"</textarea><img src=x onerror=alert(1)>\">",
    "<title><a title=\"</title><img src=x>\">",
    "<select><template><style><!--</style><a rel=\"--></style></template></select><img src=x onerror=x>",
    "<template><script>alert(1)</script></template>",
    "<![CDATA[><img src=x onerror=alert(1)>]]>",
    "<svg><![CDATA[<image xlink:href=\"]]><img src=x onerror=alert(1)//\"></svg>",
    "<!--><img src=x onerror=x>-->",
    "<!--!><img src=x>--!><b>x",
    "<!---><script>alert(1)</script>-->",
    "<!-- a --!> <b>b</b> -->",
    "<?xml version=\"1.0\"?><x:script xmlns:x=\"http://www.w3.org/1999/xhtml\">alert(1)</x:script>",
    "<p><svg><p>x</svg></p>",
    "<a href=http://x><table><td><a href=http://y>z</table>w",
    "<a><a><a href=http://x>y",
    "<b><p>x</b>y",
    "<table><b><tr><td>x</b></table>y",
    "<table><td><table><tr>x</td></tr></table>y",
    "<h1><h2>x</h1>y",
    "<p><table><p>x</table>y",
    "<ul><p><li><ul></li>x",
    "<dl><dd><dt><dd>x</dl>",
    "<table><caption><tr><td>x</caption>y</table>",
    "<table><colgroup>x<col width=5>y<tr>z</table>",
    "<col><caption><tbody>x",
    "<pre><p>\n\n</pre>\n",
    "<pre><b>\n\nx</b></pre>",
    "<li><div><li><p><li>x",
    "<table><tr><tr><td></table></td>x",
    "<button><p><button>x",
    "<nobr><nobr>x",
    "<center><li></center><dd>x",
    "<div></p></div></br></hr></img>x",
    "<hr><p><hr>x</p>",
    "<span><div><span></div>x</span>y",
    "<font><p><font></p></font>x",
    "<body><body bgcolor=x><html><head>x",
    "<frameset><frame src=x></frameset>y",
    "<pre>\n\n<xmp>\n\n\nx",
    "<table>&#32;<tr>&#x20;<td>x",
    "&am<x>p;lt;",
    "&l<!-- -->t;b&g<i></i>t;",
    // Styles
    "<p style=\"color:red;background:url(//x)\">",
    "<p style=\"co\\6c or:red\">",
    "<p style='color:/**/red'>",
    "<p style=\"position:fixed;top:0;left:0;z-index:9\">",
    "<p style=\"margin:-99px\">",
    "<p style=\"display:none\">",
    "<p style=\"font-size:0\">",
    "<p style=\"font-size:999999px\">",
    "<p style=\"opacity:0;visibility:hidden\">",
    "<p style=\"font-family:'a;}</style><script>'\">",
    "<p style=\"behavior:url(x);-moz-binding:url(y)\">",
    "<p style=\"width:&#101;xpression(alert(1))\">",
    "<p style=\"color:rgba(1,2,3,0)\">",
    "<p style=\"@import 'x'\">",
    "<p style='font-family:\"x\\\"y\"'>",
    "<p style=\"background-image:image-set('x')\">",
    // Broken
    "<",
    "</",
    "<!",
    "<!-",
    "<a",
    "<a href",
    "<a href=",
    "<a href=\"",
    "<a href='x",
    "</a",
    "<b/",
    "<b /",
    "&",
    "&#",
    "&#x",
    "&#99999999999999999999;",
    "<b <i>x",
    "<b =a>x",
    "<b a==b>x",
    "<b a=\"b\"c>x",
    "</b a=b>x",
    "</ b>x",
    "</>x",
    "<1>x",
    "<!>x",
    "<?>x",
    "<b a='\"'>x",
    "<td nowrap=x style=''>y",
};

} // namespace

TEST(HostileInput, EveryKnownTrickGivesAllowedHtmlThatStaysTheSame)
{
    for (const std::string& vector : kVectors) {
        expect_safe_and_stable(vector);
        expect_safe_and_stable("<table><tr><td>" + vector + "</td></tr></table>");
        expect_safe_and_stable("<p><b>" + vector + "x</b></p>");
        expect_safe_and_stable("<a href=https://x.example/>" + vector);
        expect_safe_and_stable("<table>" + vector);
    }
}

TEST(HostileInput, AnyTwoTricksTogetherToo)
{
    for (std::size_t i = 0; i < kVectors.size(); ++i) {
        for (std::size_t j = 0; j < kVectors.size(); j += 3) {
            expect_safe_and_stable(kVectors[i] + kVectors[(j + i) % kVectors.size()]);
        }
    }
}

TEST(HostileInput, RandomTagSoupGivesAllowedHtmlThatStaysTheSame)
{
    const std::vector<std::string> pieces = {
        "p",
        "div",
        "b",
        "i",
        "a href=http://x",
        "table",
        "tr",
        "td",
        "th",
        "tbody",
        "thead",
        "ul",
        "ol",
        "li",
        "dl",
        "dd",
        "dt",
        "h1",
        "h2",
        "pre",
        "span",
        "font size=2",
        "br",
        "img",
        "hr",
        "col",
        "colgroup",
        "caption",
        "blockquote",
        "img style='font-size:60px;padding:50px'",
        "center",
        "svg",
        "math",
        "style",
        "title",
        "xmp",
        "form",
        "button",
        "select",
        "option",
        "optgroup",
        "noscript",
        "textarea",
        "datalist",
        "a name=x",
        "a href=//x.example style='color:red'",
        "small",
        "big",
        "u",
        "nobr",
        "address",
        "body",
        "sup",
        "sub",
        "mark",
        "h6",
        "details",
        "td bgcolor=black",
        "td style='background:#000'",
        "font color=white",
        "table style='color:#fff'",
        "table bgcolor=navy",
        "colgroup style='background:red'",
        "caption style='color:white'",
        "p style='color:white;background:white;font:1px x'",
        "div dir=rtl",
        "table dir=auto width=900 align=right",
        "td rowspan=2",
        "td colspan=3",
        "td colspan=2 rowspan=3 nowrap",
        "p style='width:50px;white-space:nowrap;margin:90px'",
        "pre style='direction:rtl;margin:9px auto'",
        "span style='padding:9px;font-size:60px;text-decoration:underline'",
        "font size=-2",
        "div style='padding:20%;max-width:5em;word-break:keep-all'",
        "div style='background:url(x) #010101;color:#020202;height:1px'",
        "mark style='color:yellow'",
        "blockquote",
        "ol type=I start=3000 style='padding:0'",
        "li value=88",
        "table cellpadding=50 cellspacing=20",
        "td style='max-width:90px;padding:30px'",
        "div style='width:60px;border:9px solid red;margin:5%'",
        "table dir=rtl width=300 border=50",
        "b style='background:#000;color:#fff'",
        "a href=http://x.example",
        "span style='color:rgba(0,0,0,0);line-height:1px'"};
    std::mt19937 random(20240229); // NOLINT(cert-msc51-cpp): the same soup at every run
    const auto below = [&](std::size_t limit) {
        return std::uniform_int_distribution<std::size_t>(0, limit - 1)(random);
    };
    for (int round = 0; round < 20000; ++round) {
        std::string soup;
        const std::size_t length = 1 + below(25);
        for (std::size_t i = 0; i < length; ++i) {
            const std::string& piece = pieces[below(pieces.size())];
            switch (below(6)) {
            case 0:
            case 1:
            case 2:
                soup += "<" + piece + ">";
                break;
            case 3:
            case 4:
                soup += "</" + piece.substr(0, piece.find(' ')) + ">";
                break;
            default:
                soup += below(2) == 0 ? "x" : "\n";
                break;
            }
        }
        SCOPED_TRACE(soup);
        expect_safe_and_stable(soup);
        if (HasFailure()) {
            return;
        }
    }
}

TEST(HostileInput, NothingIsTooDeepTooWideOrTooLong)
{
    std::string attributes;
    std::string fonts;
    for (int i = 0; i < 20000; ++i) {
        attributes += " a" + std::to_string(i) + "=1";
        fonts += "<font size=2 color=#" + std::to_string(100000 + i) + ">";
    }
    for (const std::string& input : {
             times(100000, "<div>") + "x",
             times(100000, "<b>") + "x",
             times(100000, "<table>"),
             times(50000, "<table><tr><td>"),
             times(100000, "<ul><li>"),
             times(100000, "<a href=http://x>"),
             times(250, "<div>") + times(60000, "<b></b>"),
             times(200000, "</div>"),
             "<p" + attributes + ">x",
             "<p style=\"" + times(1000000, "color:red;") + "\">x",
             "<p title=\"" + std::string(5000000, 'a') + "\">x",
             fonts + times(20000, "<p>x"),
             "<table>" + times(40000, "<td>x<tr>x"),
             times(100000, "<!--"),
             times(100000, "<script"),
             times(60000, "</script"),
             times(100000, "<svg>"),
             times(50000, "<svg></math>"),
             times(100000, "<select><style>"),
             times(100000, "&"),
             times(100000, "&#x3c;"),
             times(200000, "<"),
             std::string(600000, '\0'),
             std::string(600000, '\xFF'),
             std::string(600000, '\''),
             times(254, "<div>") + times(30000, "<p>x"),
             times(250, "<table><tr><td>") + times(20000, "<p>y</table>"),
             times(10000, "<h1><span>"),
             times(100000, "x "),
             times(30000, "<li><dd>"),
             std::string(600000, 'x'),
             times(130, "<a href=http://x.example>") + times(50000, "a<br>"),
             times(252, "<div>") + "<table>x<tr>y",
             "<table>" + times(40000, "</td>x"),
             "<table>" + times(40000, "</tr>x"),
             times(60, "<table><caption>") + times(29900, "<i></i>") + times(60, "</caption>x</table>"),
             times(29998, "<br>") + "<table><td width=5>x</td>y",
         }) {
        expect_safe_and_stable(input);
        qm::html::html_to_text(input);
    }
}

TEST(HostileInput, TooDeepIsSaid)
{
    EXPECT_TRUE(qm::html::sanitize(times(1000, "<div>")).cut);
    EXPECT_FALSE(qm::html::sanitize(times(200, "<div>")).cut);
    EXPECT_TRUE(qm::html::sanitize(times(100000, "<br>")).cut);
}
