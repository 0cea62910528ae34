#include "html/sanitizer.h"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <vector>

#include "unit/html/allowed_only.h"

using qm::html::sanitize;
using qm::html::SanitizeOptions;

namespace {

SanitizeOptions with_image()
{
    SanitizeOptions options;
    options.replacement_image = "cid:removed.png";
    return options;
}

std::string clean(std::string_view input)
{
    return sanitize(input, with_image()).html;
}

} // namespace

TEST(Sanitizer, UsefulFormattingSurvives)
{
    for (const std::string_view same : {
             "<p>One <b>bold</b> <i>italic</i> <u>under</u> <strong>s</strong> <em>e</em></p>",
             "<h1>A</h1><h2 align=\"center\">B</h2>",
             "<ul><li>one</li><li>two<ol start=\"3\"><li>three</li></ol></li></ul>",
             "<dl><dt>term</dt><dd>what it is</dd></dl>",
             "<table border=\"1\"><tbody><tr><td bgcolor=\"#ff0000\">x</td></tr></tbody></table>",
             "<table><tbody><tr><td width=\"50\" colspan=\"2\">cell</td></tr></tbody></table>",
             "<font color=\"red\" face=\"arial,sans-serif\" size=\"2\">text</font>",
             "<blockquote>quoted<br>lines</blockquote><hr>",
             "<pre>  a\n    b</pre>",
             "<div dir=\"rtl\" lang=\"he\" style=\"word-break:break-word\">\u05D0</div>",
             "<span style=\"color:#333;font-size:14px;font-weight:bold\">x</span>",
         }) {
        EXPECT_EQ(clean(same), same);
    }
}

TEST(Sanitizer, ThePageKeepsItsColorsAndItsDirection)
{
    EXPECT_EQ(clean("<body bgcolor=navy text='#FFFFFF' style='font-weight:bold'>x"),
              "<div style=\"background-color:navy;color:#ffffff;font-weight:bold\"><span "
              "style=\"background-color:#000080\">x</span></div>");
    EXPECT_EQ(clean("<body bgcolor=navy text=red;x:y>x"),
              "<div style=\"background-color:navy;color:#ffffff\"><span "
              "style=\"background-color:#000080\">x</span></div>");
    EXPECT_EQ(clean("<html dir=rtl><body>x</body></html>"),
              "<div dir=\"rtl\" style=\"word-break:break-word\"><div>x</div></div>");
    EXPECT_EQ(clean("<html lang=en><body>x</body></html>"), "<div>x</div>");
}

TEST(Sanitizer, ScriptNeverSurvives)
{
    EXPECT_EQ(clean("a<script>alert(1)</script>b"), "ab");
    EXPECT_EQ(clean("a<SCRIPT\tsrc=//x></SCRIPT\n>b"), "ab");
    EXPECT_EQ(clean("a<script>alert(1)"), "a");
    EXPECT_EQ(clean("a<scr<script>ipt>alert(1)</scr</script>ipt>"), "aipt&gt;alert(1)ipt&gt;");
    EXPECT_EQ(clean("<<script>x</script>b"), "&lt;b");
}

TEST(Sanitizer, EventHandlersNamesAndUnknownAttributesAreGone)
{
    EXPECT_EQ(clean("<p onclick=alert(1) id=x name=y class=z data-a=1 OnMouseOver='x' title=t>a</p>"),
              "<p>a</p>");
    EXPECT_EQ(clean("<p/onclick=\"alert(1)\"/align=left>a</p>"), "<p align=\"left\">a</p>");
}

TEST(Sanitizer, WhatIsNoTextIsGoneWithItsContent)
{
    for (const std::string_view gone : {"<style>b{}</style>",
                                        "<title>t</title>",
                                        "<textarea>x</textarea>",
                                        "<select><option>x</select>",
                                        "<svg><text>x</text></svg>",
                                        "<math><mi>x</mi></math>",
                                        "<template>x</template>",
                                        "<noscript>x</noscript>",
                                        "<iframe>x</iframe>",
                                        "<object>x</object>",
                                        "<noembed>x</noembed>",
                                        "<noframes>x</noframes>",
                                        "<!-- x -->",
                                        "<![CDATA[x]]>",
                                        "<?php x ?>",
                                        "<!DOCTYPE html>",
                                        "<link rel=x href=//y>",
                                        "<meta a=b>",
                                        "<base href=//x>",
                                        "<embed src=x>",
                                        "<input value=x>",
                                        "<video>x</video>",
                                        "<!--[if mso]>x<![endif]-->"}) {
        EXPECT_EQ(clean("a" + std::string(gone) + "b"), "ab") << gone;
    }
    EXPECT_EQ(clean("<form action=//x><button>Send</button></form>"), "<div>Send</div>");
}

TEST(Sanitizer, TextInRawElementsIsShownAsText)
{
    EXPECT_EQ(clean("<xmp><b>&amp;</xmp>c"), "<pre>&lt;b&gt;&amp;amp;</pre>c");
    EXPECT_EQ(clean("<plaintext><script>x</script>"), "<pre>&lt;script&gt;x&lt;/script&gt;</pre>");
}

TEST(Sanitizer, ALinkIsDeadAndItsTargetIsText)
{
    EXPECT_EQ(clean("<a href=\"https://x.example/a?b=1&amp;c=2\">Click</a>"),
              "Click [https://x.example/a?b=1&amp;c=2]");
    EXPECT_EQ(clean("<a href='mailto:a@b.example' style='color:blue'>Write</a>"),
              "<span style=\"color:blue\">Write</span> [mailto:a@b.example]");
    EXPECT_EQ(clean("<a href=\"http://x.example\"><img src=x alt=logo></a>"),
              "<img src=\"cid:removed.png\" alt=\"logo\">[http://x.example]");
}

TEST(Sanitizer, ATargetThatTheTextSaysAlreadyIsNotRepeated)
{
    EXPECT_EQ(clean("<a href=\"https://x.example/\">https://x.example</a>"), "https://x.example");
    EXPECT_EQ(clean("<a href=\"https://x.example/\">X.example</a>"), "X.example");
    EXPECT_EQ(clean("<a href=\"mailto:a@b.example\">a@b.example</a>"), "a@b.example");
    EXPECT_EQ(clean("<a href=\"https://evil.example/\">https://bank.example</a>"),
              "https://bank.example [https://evil.example/]");
}

TEST(Sanitizer, WhatTheTextSaysMustBeWhereTheLinkLeads)
{
    EXPECT_EQ(clean("<a href='http://x.example/'>https://x.example</a>"),
              "https://x.example [http://x.example/]");
    EXPECT_EQ(clean("<a href='https://x.example/Pay'>x.example/pay</a>"),
              "x.example/pay [https://x.example/Pay]");
    EXPECT_EQ(clean("<a href='https://bank.example@evil.example/'>https://bank.example@evil.example</a>"),
              "https://bank.example@evil.example [https://evil.example/]");
    EXPECT_EQ(clean("<a href='https://b\u00FCcher.example'>b\u00FCcher.example</a>"),
              "b\u00FCcher.example [https://xn--bcher-kva.example]");
}

TEST(Sanitizer, ATargetIsShownWhateverIsAroundTheLink)
{
    const std::string link = "<a href=https://x.example>t</a>";
    std::string quotes;
    std::string names;
    for (int i = 0; i < 300; ++i) {
        quotes += "<blockquote><b>";
        names += " a" + std::to_string(i);
    }
    for (const std::string& input : std::vector<std::string>{
             quotes + link, "<a" + names + " href=https://x.example>t</a>",
             "<a href='" + std::string(9000, ' ') + "https://x.example'>t</a>",
             "<a href='https://x.example/" + std::string(9000, 'a') + "'>t</a>",
             "<table><a href=https://x.example><tr><td>t</a></table>", "<table><tr>" + link + "</table>",
             "<a href=https://x.example><a href=https://y.example><a href=https://z.example>t"}) {
        EXPECT_NE(clean(input).find("https://x.example"), std::string::npos) << input.substr(0, 200);
    }
}

TEST(Sanitizer, OnlyWebAndMailTargetsAreShown)
{
    for (const std::string_view target :
         {"javascript:alert(1)", "JaVaScRiPt:alert(1)", " javascript:alert(1)", "java&#10;script:alert(1)",
          "&#106;avascript:alert(1)", "data:text/html,x", "vbscript:x", "file:///etc/passwd", "//x.example",
          "/relative", "cid:x", "\x01javascript:x", "http:", "ftp://x"}) {
        EXPECT_EQ(clean("<a href=\"" + std::string(target) + "\">t</a>"), "t") << target;
    }
}

TEST(Sanitizer, QuotesAndListsDoNotLeadOutOfSight)
{
    std::string quotes;
    for (int i = 0; i < 60; ++i) {
        quotes += "<blockquote><ul>";
    }
    const qm::html::Sanitized result = sanitize(quotes + "text", with_image());
    std::size_t count = 0;
    for (auto at = result.html.find('<'); at != std::string::npos; at = result.html.find('<', at + 1)) {
        ++count;
    }
    EXPECT_EQ(count, 50U);
    EXPECT_NE(result.html.find("text"), std::string::npos);
    EXPECT_TRUE(result.cut);
}

TEST(Sanitizer, ATargetCannotTurnOrBreakTheLine)
{
    EXPECT_EQ(clean("<a href=\"https://x.example/\u202Egpj.exe\n\t\">t</a>"),
              "t [https://x.example/gpj.exe]");
    const std::string longest = clean("<a href=\"https://x.example/" + std::string(5000, 'a') + "\">t</a>");
    EXPECT_LT(longest.size(), 330U);
}

TEST(Sanitizer, ImagesAreReplacedOrDropped)
{
    EXPECT_EQ(clean("<img src=http://t/x.gif alt='\"><script>' width=1 onerror=x>"),
              "<img src=\"cid:removed.png\" alt=\"&quot;&gt;&lt;script&gt;\">");
    EXPECT_EQ(clean("<image src=x>"), "<img src=\"cid:removed.png\" alt=\"\">");
    EXPECT_EQ(sanitize("a<img src=x alt=y>b").html, "ab");
    SanitizeOptions hostile;
    hostile.replacement_image = "cid:a\"><b>";
    EXPECT_EQ(sanitize("<img>", hostile).html, "<img src=\"cid:a&quot;&gt;&lt;b&gt;\" alt=\"\">");
}

TEST(Sanitizer, WhatIsLeftOpenIsClosedWhereHtmlClosesIt)
{
    EXPECT_EQ(clean("<p>a<p>b<div>c"), "<p>a</p><p>b</p><div>c</div>");
    EXPECT_EQ(clean("<ul><li>a<li>b</ul>c"), "<ul><li>a</li><li>b</li></ul>c");
    EXPECT_EQ(clean("<table><tr><td>a<td>b<tr><th>c</table>d"),
              "<table><tbody><tr><td>a</td><td>b</td></tr><tr><th>c</th></tr></tbody></table>d");
    EXPECT_EQ(clean("</div></p></td>a</b>"), "a");
    EXPECT_EQ(clean("<table><tr><td><b>a</table>b"),
              "<table><tbody><tr><td><b>a</b></td></tr></tbody></table>b");
    EXPECT_EQ(clean("<td>a</td><tr>b</tr>"), "ab");
    EXPECT_EQ(clean("<b><i>x</b>y</i>"), "<b><i>x</i></b>y");
}

TEST(Sanitizer, AnEndTagInsideACellDoesNotTearTheTable)
{
    EXPECT_EQ(clean("<div><font size=2><table><tr><td>a</font></div>b</td></tr></table></font></div>"),
              "<div><font size=\"2\"><table><tbody><tr><td>ab</td></tr></tbody></table></font></div>");
}

TEST(Sanitizer, TextBetweenCellsGetsACell)
{
    EXPECT_EQ(clean("<table>a<tr>b<td>c</table>"),
              "<table><tbody><tr><td>a</td></tr><tr><td>b</td><td>c</td></tr></tbody></table>");
}

TEST(Sanitizer, CharacterReferencesAreReadOnceAndWrittenSafely)
{
    EXPECT_EQ(clean("&lt;script&gt; &amp;lt; &#60; &#x3C;b> &nbsp;&eacute;&copy &bogus; & &#0; &#x110000;"),
              "&lt;script&gt; &amp;lt; &lt; &lt;b&gt; \u00A0\u00E9\u00A9 &amp;bogus; &amp; \uFFFD \uFFFD");
    EXPECT_EQ(clean("\"quoted\" 'text'"), "&quot;quoted&quot; &#39;text&#39;");
}

TEST(Sanitizer, AnyBytesBecomeValidUtf8)
{
    EXPECT_EQ(clean("a\xFF\xC3z"), "a\uFFFD\uFFFDz");
    EXPECT_EQ(clean(std::string_view("a\0b\x01\x7F", 5)), "a\uFFFDb\uFFFD\uFFFD");
    EXPECT_EQ(clean("\xEF\xBB\xBF"
                    "a\r\nb"),
              "a\nb");
}

TEST(Sanitizer, TextCannotTurnTheTextAfterIt)
{
    EXPECT_EQ(clean("a\u202Eb\u2067c"), "abc");
}

TEST(Sanitizer, TheFirstLineEndOfPreIsNotEatenAtEachReading)
{
    EXPECT_EQ(clean("<pre>\n\n\na</pre>"), "<pre>\n\n\na</pre>");
    EXPECT_EQ(clean("<pre>\na</pre>"), "<pre>a</pre>");
}

TEST(Sanitizer, CutIsSaid)
{
    SanitizeOptions options;
    options.max_input = 20;
    const auto result = sanitize("<b>0123456789012345678901234567890", options);
    EXPECT_TRUE(result.cut);
    EXPECT_EQ(result.html, "<b>0123456789012</b>");
    EXPECT_FALSE(sanitize("<b>short</b>", options).cut);
}
