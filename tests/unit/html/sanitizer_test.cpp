#include "html/sanitizer.h"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <vector>

#include "html/strict.h"
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
              "style=\"background-color:#000080;line-height:normal\">x</span></div>");
    EXPECT_EQ(clean("<body bgcolor=navy text=red;x:y>x"),
              "<div style=\"background-color:navy;color:#ffffff\"><span "
              "style=\"background-color:#000080;line-height:normal\">x</span></div>");
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
    for (const std::string_view gone :
         {"<style>b{}</style>", "<title>t</title>", "<template>x</template>", "<iframe>x</iframe>",
          "<noembed>x</noembed>", "<noframes>x</noframes>", "<!-- x -->", "<![CDATA[x]]>", "<?php x ?>",
          "<!DOCTYPE html>", "<link rel=x href=//y>", "<meta a=b>", "<base href=//x>", "<embed src=x>",
          "<input type=hidden value=x>", "<!--[if mso]>x<![endif]-->"}) {
        EXPECT_EQ(clean("a" + std::string(gone) + "b"), "ab") << gone;
    }
    EXPECT_EQ(clean("<form action=//x><button>Send</button></form>"), "<div> Send </div>");
}

TEST(Sanitizer, TextThatABrowserShowsStaysWithoutTheElementsAroundIt)
{
    const std::string locked = "<p>Your account is locked</p>";
    for (const std::string name :
         {"svg", "math", "object", "applet", "noscript", "audio", "video", "canvas"}) {
        EXPECT_EQ(clean("<" + name + ">" + locked + "</" + name + ">Hello"), locked + "Hello") << name;
        EXPECT_EQ(clean("<" + name + "/>" + locked + "Hello"), locked + "Hello") << name;
        EXPECT_EQ(qm::html::html_to_text("<" + name + ">" + locked + "</" + name + ">"),
                  "Your account is locked\n");
    }
    EXPECT_EQ(clean("a<select><input><p>visible 1</p></select>b"), "a<div><p>visible 1</p></div>b");
    EXPECT_EQ(clean("<select><optgroup><option>1<option>2</optgroup></select>b"),
              "<div><div><div>1</div><div>2</div></div></div>b");
    EXPECT_EQ(clean("<datalist><option>1<option>2</datalist>b"), "<div><div>1</div><div>2</div></div>b");
    EXPECT_EQ(clean("<svg><text>x</text><![CDATA[a<b>&amp;]]><a xlink:href=https://x.example>y</a></svg>z"),
              "xa&lt;b&gt;&amp;amp;y [https://x.example]z");
    EXPECT_EQ(clean("<svg><image href=x /><circle r=1 /><foreignObject><b>x</b></foreignObject></svg>"),
              "<img src=\"cid:removed.png\" alt=\"\"><b>x</b>");
    EXPECT_EQ(clean("<math><mi>x</mi><annotation-xml encoding=text/html><p>y"), "x<p>y</p>");
    EXPECT_EQ(clean("<textarea>a&amp;<b></textarea>c"), "<pre>a&amp;&lt;b&gt;</pre>c");
}

TEST(Sanitizer, WhatMayBeSeenOrNotIsNotLeftOutWithoutAWord)
{
    const std::string said = "[Something is not shown here.]";
    for (const std::string_view doubtful : {
             "<svg><style/><p>locked</p></style></svg>",
             "<svg><style/><p>locked</p>",
             "<svg><title/>x</title></svg>",
             "<svg><style><p>locked</p></style></svg>",
             "<svg><template><p>locked</p></template></svg>",
             "<svg><script><b>locked</b></script></svg>",
             "<svg></p><style><a id=\"</style>locked\">",
             "<math><mtext><table><mglyph><style><!--</style>locked-->",
             "<select><option><style>locked</style>",
             "<select><iframe>locked</iframe>",
             "<noscript><!--</noscript>locked-->",
             "<noscript><p title='</NOSCRIPT>locked'>",
             "<noscript><style></noscript>locked</style>",
             "<noscript><p title='</noscript>locked",
             "<noscript></p title='</noscript>locked'>",
             "<noscript></noscript><a title='</noscript>' href=https://x.example>locked</a>",
             "</svg><svg></svg><svg><foreignObject><p></svg><noembed><p>locked</noembed>",
         }) {
        const std::string html = clean(doubtful);
        EXPECT_NE(html.find(said), std::string::npos) << html;
        EXPECT_EQ(html.find(said), html.rfind(said)) << html;
        EXPECT_NE(qm::html::html_to_text(doubtful).find(said), std::string::npos) << html;
    }
    EXPECT_EQ(clean("<noscript></noscript><a title='</noscript>' href=https://x.example>locked</a>"),
              said + "locked [https://x.example]");
    for (const std::string_view certain : {
             "<style><!-- <p> --></style><title>t</title>a",
             "<svg><title>t</title><style>.a{fill:red}</style><script>x()</script></svg>a",
             "<svg><style></style><title/></title></svg>a",
             "a<script>if (a<b) {}</script><svg></svg>",
             "<noscript title='</noscript>'></noscript>a</noscript>",
             "<noscript><!-- <p> --><style><b></style></noscript>a<!-- <p> -->",
         }) {
        EXPECT_EQ(clean(certain), "a") << certain;
    }
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
    EXPECT_EQ(
        clean("<a href=\"https://x.example/\">x.example</a>, <a href='http://x.example'>x.example/</a>"),
        "x.example, x.example/");
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
    EXPECT_EQ(clean("<a href='https://mailto:bank.example/'>bank.example</a>"),
              "bank.example [https://mailto:bank.example/]");
    EXPECT_EQ(clean("<a href='https://b\u00FCcher.example'>b\u00FCcher.example</a>"),
              "b\u00FCcher.example [https://xn--bcher-kva.example]");
}

TEST(Sanitizer, WhatALinkSaysIsReadAsItIsShown)
{
    EXPECT_EQ(clean("<a href='http://paypai.example'>paypaI.example</a>"),
              "paypaI.example [http://paypai.example]");
    EXPECT_EQ(clean("<a href='http://paypaI.&#189;.example'>x</a>"), "x [http://paypai.%C2%BD.example]");
    // Behind a mark from right to left numbers change places with what is behind them.
    EXPECT_EQ(clean("&#x200f;<a href='http://6.6.6.6/?8.8.8.8'>6.6.6.6/?8.8.8.8</a>"),
              "\u200F6.6.6.6/?8.8.8.8 [http://6.6.6.6/?8.8.8.8]");
    EXPECT_EQ(clean("<p style='text-transform:uppercase'><a href='http://x.example/aI'>x.example/aI</a></p>"),
              "<p style=\"text-transform:uppercase\">x.example/aI [http://x.example/aI]</p>");
    // The end tag in it is not that of the link.
    for (const std::string_view wall : {"marquee", "object", "applet"}) {
        EXPECT_EQ(
            clean("<a href='http://evil.example/'>evil.example<" + std::string(wall) + "></a> <b>bank</b>"),
            "evil.example [http://evil.example/] <b>bank</b>")
            << wall;
    }
}

TEST(Sanitizer, WhatAFormControlShowsIsText)
{
    for (const auto& [input, expected] : std::vector<std::pair<std::string, std::string>>{
             {"a<input value='x &lt;b&gt; <i>'>b", "a x &lt;b&gt; &lt;i&gt; b"},
             {"a<INPUT TYPE=Submit VALUE=Pay>b", "a Pay b"},
             {"a<input placeholder=pay>b", "a pay b"},
             {"a<input value=x placeholder=y>b", "a x b"},
             {"a<input type=checkbox value=x>b", "ab"},
             {"a<input type=Radio value=x>b", "ab"},
             {"<select><optgroup label=g><option label=l value=v>o</select>",
              "<div><div> g <div> l o</div></div></div>"},
             {"<option label='Same'> Same<option label=x>", "<div> Same</div><div> x </div>"},
             {"<textarea placeholder='x'> </textarea>", "<pre>x</pre>"},
             {"<textarea placeholder='x'>y</textarea>", "<pre>y</pre>"},
             {"<xmp placeholder='x'></xmp>", "<pre></pre>"},
             {"a<input value='x&#1'>2b", "a x\uFFFD 2b"},
         }) {
        EXPECT_EQ(clean(input), expected) << input;
        EXPECT_EQ(clean(expected), expected) << input;
    }
}

TEST(Sanitizer, APageInAnAttributeIsSaidToBeLeftOut)
{
    EXPECT_EQ(clean("a<iframe srcdoc='<p>x'></iframe>b<iframe srcdoc=y></iframe>"),
              "a[Something is not shown here.]b");
    EXPECT_EQ(clean("a<iframe src=//x></iframe>b"), "ab");
}

TEST(Sanitizer, AShadowRootIsShownHoweverManyAttributesStandBeforeIt)
{
    std::string tag = "<div><template";
    for (int i = 0; i < 60; ++i) {
        tag += " a" + std::to_string(i);
    }
    EXPECT_EQ(clean(tag + " shadowrootmode=open>x</template></div>"), "<div>x</div>");
}

/// Cells without space between them look like one line.
TEST(Sanitizer, ACellBesideALinkDoesNotGoOnWithItsTarget)
{
    const std::string link = "<a href='https://evil.example/'>evil.example</a>";
    const auto says = [](const std::string& html) { return clean(html).find('[') != std::string::npos; };
    for (const std::string& close :
         {"<table cellspacing=0 cellpadding=0><tr><td>" + link + "<td>.bank.example",
          "<table cellspacing=0><tr><td style='padding:0 9px 0 0'>" + link,
          "<table cellspacing=0><tr><td style='padding:0 0 0 9px'><div><p>" + link,
          "<table cellpadding=0 style='border-collapse:collapse'><tr><td>" + link,
          "<table cellspacing=28 style='border-spacing:0' cellpadding=0><tr><td>" + link,
          "<table cellspacing=28 cellpadding=0 style='border-collapse:collapse'><tr><td "
          "style='border-collapse:separate'>" +
              link,
          "<div style='padding:0 100px'><div style='padding:0 100px'><div style='padding:0 99px'><table "
          "cellspacing=0 cellpadding=5><tr><td>" +
              link,
          "<table><tr><td><font size=7>" + link, "<table cellpadding=0><tr><td>" + link}) {
        EXPECT_TRUE(says(close)) << close;
    }
    for (const std::string& apart :
         {"<table><tr><td>" + link + "<td>x", "<table cellspacing=0 cellpadding=4><tr><td>" + link,
          "<table cellpadding=0 cellspacing=0><tr><td style='padding:10px'><p>" + link,
          "<table cellpadding=0 cellspacing=0><tr><td><table cellpadding=5><tr><td>" + link,
          "<table cellpadding=0 cellspacing=0><tr><td></table>" + link}) {
        EXPECT_FALSE(says(apart)) << apart;
    }
}

TEST(Sanitizer, WordsAroundALinkDoNotGoOnWithItsTarget)
{
    const std::string link = "<a href='https://evil.example/'>evil.example</a>";
    const std::string said = "evil.example [https://evil.example/]";
    EXPECT_EQ(clean(link + ".bank.example/login"), said + ".bank.example/login");
    EXPECT_EQ(clean(link + "<b>.</b><i>bank.example</i>"),
              "evil.example<b>.</b><i> [https://evil.example/]bank.example</i>");
    EXPECT_EQ(clean("https://bank.example/?u=" + link), "https://bank.example/?u=" + said);
    EXPECT_EQ(clean(link + link), said + said);
    for (const std::string_view behind : {"", " x", ". x", ".", ")", "&nbsp;x", "<br>x", "<p>x</p>"}) {
        EXPECT_EQ(clean(link + std::string(behind)).find('['), std::string::npos) << behind;
    }
    for (const std::string_view before : {"x ", "(", "x<br>", "x&nbsp;", "<p>x</p>"}) {
        EXPECT_EQ(clean(std::string(before) + link).find('['), std::string::npos) << before;
    }
}

TEST(Sanitizer, ABlankThatNobodySeesPartsNoWords)
{
    const std::string link = "<a href='https://evil.example/'>evil.example</a>";
    const auto large = [](const std::string& html) { return "<p style='font-size:60px'>" + html; };
    const auto says = [](const std::string& html) { return clean(html).find('[') != std::string::npos; };
    const std::string small = "<span style='font-size:8px'> </span>";
    const std::string no_break = "<span style='font-size:8px'>&nbsp;</span>";
    EXPECT_TRUE(says(large("www.bank." + small + link)));
    EXPECT_TRUE(says(large("www.bank." + no_break + link)));
    EXPECT_TRUE(says(large(link + small + ".bank.example")));
    EXPECT_TRUE(says(large(link + "." + small + "bank.example")));
    EXPECT_TRUE(says(large(link + no_break + small + ".bank.example")));
    EXPECT_FALSE(says(large("www.bank. " + link)));
    EXPECT_FALSE(says(large("www.bank." + small + " " + link)));
    EXPECT_FALSE(says("<small>small </small>" + link + "<small> small</small>"));
}

TEST(Sanitizer, AnAddressBeforeALinkDoesNotEndInIt)
{
    const std::string link = "<a href='https://evil.example/'>evil.example</a>";
    const auto says = [](const std::string& html) { return clean(html).find('[') != std::string::npos; };
    for (const std::string before :
         {"https://bank.example/;", "https://bank.example/login,", "https://bank.example/(",
          "https://bank.example\\", "bank.example!", "x, https://bank.example/*"}) {
        EXPECT_TRUE(says(before + link)) << before;
        EXPECT_TRUE(says("<b>" + before + "</b>" + link)) << before;
    }
    EXPECT_TRUE(says("bank.example/" + std::string(1000, '!') + link));
    for (const std::string before : {"(", "see:(", "a, (", "bank.example, (", "\"", "x;"}) {
        EXPECT_FALSE(says(before + link)) << before;
    }
    for (const std::string behind : {")", ").", ".)", ">", "\" x", "), x", "...", ", x"}) {
        EXPECT_FALSE(says(link + behind)) << behind;
    }
    EXPECT_TRUE(says(link + ").bank.example"));
    EXPECT_TRUE(says(link + "(bank.example)"));
}

TEST(Sanitizer, WhatIsNotComparedIsNoSameTarget)
{
    EXPECT_NE(clean("<a href='http://evil.example'>evil.example" + std::string(400, ' ') +
                    "https://bank.example/</a>")
                  .find('['),
              std::string::npos);
    EXPECT_NE(clean("<a href='x:'>" + std::string(400, 'x') + " https://bank.example/</a>").find('['),
              std::string::npos);
}

/// A browser takes these for blanks, and letters in them need no paper.
TEST(Sanitizer, ACarriageReturnThatIsWrittenAsAReferenceIsABlank)
{
    for (const std::string_view reference : {"&#13;", "&#xD;", "&#12;", "\f"}) {
        const std::string once = clean("<div style=\"background:#888;color:#fefefe\">" +
                                       std::string(reference) + "<p>a" + std::string(reference) + "b</p>");
        EXPECT_NE(once.find(">a b</"), std::string::npos) << once;
        EXPECT_EQ(clean(once), once);
        EXPECT_TRUE(qm::html::is_sanitized(once, ""));
    }
}

TEST(Sanitizer, TheHostIsSaidHoweverLongTheTargetIs)
{
    const std::string tabs(8300, '\t');
    EXPECT_EQ(clean("<a href=\"http://bank.example" + tabs + "@evil.example/\">bank.example</a>"),
              "bank.example [http://evil.example/]");
    EXPECT_EQ(clean("<a href=\"http://bank.example:" + std::string(8300, '1') + "@evil.example/\">x</a>"),
              "x [http://evil.example/]");
    std::string references;
    for (int i = 0; i < 2100; ++i) {
        references += "&#9;";
    }
    EXPECT_EQ(clean("<a href='" + references + "http://evil.example/'>x</a>"), "x [http://evil.example/]");
    EXPECT_EQ(clean("<a href='\x01http://evil.example/\x02'>x</a>"), "x [http://evil.example/]");
    const std::string mail = clean("<a href='mailto:" + std::string(400, 'a') + "@evil.example'>x</a>");
    EXPECT_NE(mail.find("@evil.example]"), std::string::npos) << mail;
}

TEST(Sanitizer, AScriptInAScriptEndsWhereABrowserEndsIt)
{
    EXPECT_EQ(clean("<script><!--<script>x</script>SECRET--></script>after"), "after");
    EXPECT_EQ(clean("<script><!--x</script>after"), "after");
    EXPECT_EQ(clean("<script><!--><script>x</script>after"), "after");
    EXPECT_EQ(clean("<script>'<script>'</script>after"), "after");
}

TEST(Sanitizer, WhatATemplateShowsInPlaceOfAnElementIsShown)
{
    EXPECT_EQ(clean("<div><template shadowrootmode=open><p>shown</p></template>light</div>"),
              "<div><p>shown</p>light</div>");
    EXPECT_EQ(clean("<template><p>never</p></template>x"), "x");
}

TEST(Sanitizer, OnlyATextInOnePieceSaysTheSame)
{
    const auto link = [](const std::string& label) {
        return "<a href='https://www.bank.com.evil.example/'>" + label + "</a>";
    };
    const std::string same = "https://www.bank.com.evil.example/";
    for (const std::string& label :
         {same, " " + same + "\n", "<b>" + same + "</b>", "<u> <font size=2>" + same + "</u> "}) {
        EXPECT_EQ(clean(link(label)).find('['), std::string::npos) << label;
    }
    for (const std::string& label : std::vector<std::string>{
             "https://www.bank.com<br><br><br><br>.evil.example/",
             "https://www.bank.com<span style='font-size:8px'>.evil.example/</span>",
             "<b>https://www.bank.com</b>.evil.example/",
             "<font color=red>https://www.bank.com</font><font color=silver>.evil.example/</font>",
             "https://www.bank.com<img src=x>.evil.example/",
             "<div>https://www.bank.com</div><div>.evil.example/</div>",
             "<table><td>https://www.bank.com<td>.evil.example/</table>",
             "<div>" + same + "</div>",
             "<span dir=rtl>" + same + "</span>",
             "<span style='direction:rtl'>" + same + "</span>",
         }) {
        EXPECT_NE(clean(link(label)).find("[" + same + "]"), std::string::npos) << label;
    }
    for (const std::string around :
         {"<div dir=rtl>", "<div dir=auto>", "<p style='color:red;direction:rtl'>"}) {
        EXPECT_NE(clean(around + link(same)).find("[" + same + "]"), std::string::npos) << around;
        EXPECT_NE(clean(around + "<b>" +
                        link("<span dir=ltr>https://www.bank.com</span><span dir=ltr>.evil."
                             "example/</span>"))
                      .find("[" + same + "]"),
                  std::string::npos)
            << around;
    }
    EXPECT_EQ(clean("<div dir=rtl>x</div>" + link(same)).find('['), std::string::npos);
    EXPECT_EQ(clean("<div dir=rtl><a href='https://evil.example/\u05D0/https://www.bank.com/'>Your bank</a>"),
              "<div dir=\"rtl\" style=\"word-break:break-word\">Your bank "
              "[https://evil.example/%D7%90/https://www.bank.com/]</div>");
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

TEST(Sanitizer, ATargetIsShownHoweverManyLinksAreOpen)
{
    const std::string evil = "<a href=\"https://evil.example/\">https://www.bank.com/</a>";
    const std::string shown = "https://www.bank.com/ [https://evil.example/]";
    std::string links;
    for (int i = 0; i < 70'000; ++i) {
        links += "<a href=x></a>";
    }
    SanitizeOptions options = with_image();
    options.max_input = 8ULL << 20U;
    EXPECT_EQ(clean("<a><a><a>" + evil), shown);
    EXPECT_EQ(clean("<a name=1>a<a name=2>b<a name=3>c" + evil), "abc" + shown);
    EXPECT_EQ(clean("<a href=http://1.example>a<a href=http://2.example>b" + evil),
              "a [http://1.example]b [http://2.example]" + shown);
    EXPECT_FALSE(sanitize("<a><a><a>" + evil).cut);
    EXPECT_EQ(sanitize(links + evil, options).html, shown);
    std::string deep;
    for (int i = 0; i < 300; ++i) {
        deep += "<b><table><td>";
    }
    EXPECT_NE(clean(deep + evil).find(shown), std::string::npos);
}

TEST(Sanitizer, ATargetStandsWhereTheLinkEnds)
{
    EXPECT_EQ(clean("<a href=https://evil.example><div>log in</a></div><p>filler</p>"),
              "<div>log in [https://evil.example]</div><p>filler</p>");
    EXPECT_EQ(clean("<p>To <a href=https://evil.example><div>log in</div></a>"),
              "<p>To </p><div>log in</div> [https://evil.example]");
    EXPECT_EQ(clean("<p>To <a href=https://evil.example><b>log</p>in</a> here"),
              "<p>To <b>log</b></p>in [https://evil.example] here");
    EXPECT_EQ(clean("<a href=https://1.example><table><td>x</a>y<a href=https://2.example>z</table>w</a>"),
              "<table><tbody><tr><td>xyz [https://2.example]</td></tr></tbody></table>w [https://1.example]");
    EXPECT_EQ(clean("<a href=https://1.example><table><tr></a><td>x"),
              "<table><tbody><tr><td>[https://1.example]</td><td>x</td></tr></tbody></table>");
    EXPECT_EQ(clean("<a href=https://1.example>x"), "x [https://1.example]");
    EXPECT_EQ(clean("</a>x</a><a>y</a></a>"), "xy");
}

TEST(Sanitizer, ThereIsRoomForTheTargetOfEveryLinkThatBegins)
{
    const std::string evil = "<a href=\"https://evil.example/\">https://www.bank.com/";
    const std::string filler(1000, '\''); // longer when it is written
    SanitizeOptions options;
    for (options.max_input = 40; options.max_input < 120; ++options.max_input) {
        const std::string html = sanitize(evil + filler, options).html;
        EXPECT_LE(html.size(), options.max_input);
        EXPECT_TRUE(html.empty() || html.ends_with("[https://evil.example/]")) << html;
    }
    options.max_input = 1000;
    std::string many;
    for (int i = 0; i < 30; ++i) {
        many += "<a href=//" + std::to_string(i) + "></a>";
    }
    EXPECT_TRUE(sanitize(evil + filler, options).html.ends_with("; [https://evil.example/]"));
    EXPECT_TRUE(sanitize(many + evil + filler, options).html.ends_with("; [https://evil.example/]"));
}

TEST(Sanitizer, LineEndsThatBeginAPreAreCutWithTheirDouble)
{
    const std::string page = "<pre>\n\n\nx<pre>\n\nand more than there is room for";
    SanitizeOptions options;
    for (options.max_input = 10; options.max_input < page.size() + 30; ++options.max_input) {
        const std::string html = sanitize(page, options).html;
        EXPECT_LE(html.size(), options.max_input);
        EXPECT_EQ(sanitize(html, options).html, html) << options.max_input;
    }
}

TEST(Sanitizer, ATargetForWhichThereIsNoCellStandsBehindTheTable)
{
    const std::string page =
        "<a href=\"https://evil.example/\">bank<table><tr><td>x</td></tr><a href=//b.example>"
        "y</a></table>z</a>";
    SanitizeOptions options;
    for (options.max_input = 20; options.max_input < page.size() + 100; ++options.max_input) {
        const std::string html = sanitize(page, options).html;
        EXPECT_LE(html.size(), options.max_input);
        EXPECT_EQ(sanitize(html, options).html, html) << options.max_input;
        EXPECT_TRUE(qm::html::is_sanitized(html, "")) << html;
        EXPECT_TRUE(html.find("bank") == std::string::npos ||
                    html.find("[https://evil.example/]") != std::string::npos)
            << html;
    }
}

TEST(Sanitizer, OnlyWebAndMailTargetsAreShown)
{
    for (const std::string_view target :
         {"javascript:alert(1)", "JaVaScRiPt:alert(1)", " javascript:alert(1)", "java&#10;script:alert(1)",
          "&#106;avascript:alert(1)", "data:text/html,x", "vbscript:x", "file:///etc/passwd", "/relative",
          "cid:x", "\x01javascript:x", "http:", "ftp://x"}) {
        EXPECT_EQ(clean("<a href=\"" + std::string(target) + "\">t</a>"), "t") << target;
    }
}

TEST(Sanitizer, ATargetWithoutANameIsSaidWhereTheTextLooksLikeAnAddress)
{
    EXPECT_EQ(clean("<base href=https://evil.example><a href=x>https://www.bank.com/</a>"),
              "https://www.bank.com/ [target not shown]");
    EXPECT_EQ(clean("<a href=//evil.example/>https://www.bank.com/</a>"),
              "https://www.bank.com/ [https://evil.example/]");
    for (const std::string_view label :
         {"www.bank.com", "bank.com", "B\u00FCcher.de", "ceo@bank", "https://x", "See <b>bank.</b>com now"}) {
        EXPECT_NE(clean("<a href='javascript:x'>" + std::string(label) + "</a>").find("[target not shown]"),
                  std::string::npos)
            << label;
    }
    for (const std::string_view label :
         {"here", "1.25", "Read more. Or not.", "...", "e.g. this", "", "a.b"}) {
        EXPECT_EQ(clean("<a href='#x'>" + std::string(label) + "</a>"), label);
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
              "t [https://x.example/%E2%80%AEgpj.exe]");
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
    EXPECT_EQ(clean("</div></td>a</b>"), "a");
    EXPECT_EQ(clean("a</p>b"), "a<p></p>b");
    EXPECT_EQ(clean("<p>a<ul><li>b</ul>c</p>d"), "<p>a</p><ul><li>b</li></ul>c<p></p>d");
    EXPECT_EQ(clean("a</br>b"), "a<br>b");
    EXPECT_EQ(clean("<table></p><tr></p><td>a</table>"), "<table><tbody><tr><td>a</td></tr></tbody></table>");
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

TEST(Sanitizer, AReferenceEndsWithItsText)
{
    EXPECT_EQ(clean("&am<x>p; &#6<x>5; &#x<!-- -->41; &#<x>65; &<x>lt; &#65<x>; a&<x>"),
              "&amp;amp; \uFFFD5; &amp;#x41; &amp;#65; &amp;lt; A; a&amp;");
    EXPECT_EQ(clean("&am<b>p;</b> &<xmp>lt;</xmp>"), "&amp;am<b>p;</b> &amp;<pre>lt;</pre>");
}

/// A parser that reckons with 32 bits would read the last digits only.
TEST(Sanitizer, ANumberThatNoCharacterHasIsNoOtherCharacter)
{
    EXPECT_EQ(clean("&#x100000041;b &#4294967361;b &#xaaaaaaaaa b &#X0000000000041;b &#00000000065;b"),
              "\uFFFDb \uFFFDb \uFFFD b Ab Ab");
    EXPECT_EQ(clean("<p title='&#x100000041;' dir=rtl>x"), clean("<p dir=rtl>x"));
    EXPECT_EQ(clean("<a href='http://one.example&#x10000002F;two.example/'>x</a>"),
              clean("<a href='http://one.example&#xFFFD;two.example/'>x</a>"));
    const std::string text = qm::html::html_to_text("<pre>&#x<x>aaaaaaaaa &#xaaaaaaaaa</pre>");
    EXPECT_EQ(text, "&#xaaaaaaaaa \uFFFD\n");
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

std::string times(int count, std::string_view text)
{
    std::string result;
    for (int i = 0; i < count; ++i) {
        result += text;
    }
    return result;
}

TEST(Sanitizer, MarksDoNotPileUpWhateverIsBetweenThem)
{
    const std::string six = times(6, "\u0301");
    const auto marks_of = [](std::string_view html) {
        std::size_t count = 0;
        for (auto at = html.find("\u0301"); at != std::string_view::npos; at = html.find("\u0301", at + 1)) {
            ++count;
        }
        return count;
    };
    for (const std::string& between : std::vector<std::string>{
             "<span>", "<u>", "</u><u>", "<br>", "<p>", "<img alt='\u0301'>", "\u200D", "\u200B<b>\u00AD",
             "\uFEFF", "\U000E0061", "\u034F", "<a href=x>", "\U0001E8D0", "<b>\u05BF</b>"}) {
        const std::string html = clean("a" + six + between + six + between + six + "b");
        EXPECT_LE(marks_of(html), 8U) << between; // two may be those of images
        EXPECT_EQ(clean(html), html);
        EXPECT_TRUE(qm::html::is_sanitized(html, "cid:removed.png")) << html;
    }
    for (const std::string& between : std::vector<std::string>{"b", " ", "<i>c</i>", "\u00E4", "\u4E2D",
                                                               "\u00A0", "<a href=http://x></a>"}) {
        const std::string html = clean("a" + six + between + six);
        EXPECT_EQ(marks_of(html), 12U) << between;
        EXPECT_TRUE(qm::html::is_sanitized(html, "cid:removed.png")) << html;
    }
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

TEST(Sanitizer, WordsThatOnlyAStylePartsDoNotBecomeOne)
{
    EXPECT_EQ(clean("a<span style='display:block'>b</span>c"), "a<br>b<br>c");
    EXPECT_EQ(clean("<p>a<b style='DISPLAY: Table !important'>b</b>\n<i>c</i></p>"),
              "<p>a<br><b>b</b>\n<br><i>c</i></p>");
    EXPECT_EQ(clean("a<span style='display:none'>b</span>c"), "a<br>b<br>c");
    EXPECT_EQ(clean("a<img style='display:block'>c"), "a<br><img src=\"cid:removed.png\" alt=\"\"><br>c");
    EXPECT_EQ(clean("a<b style='display:table-cell'>b</b>c"), "a <b>b</b> c");
    EXPECT_EQ(clean("a<b style='margin-left:9px'>b</b>c"), "a <b>b</b>c");
    EXPECT_EQ(clean("a<b style='padding:0 9px'>b</b>c"), "a <b>b</b> c");
    EXPECT_EQ(clean("a<button>b</button>c"), "a b c");
    // Nothing is between them, or something is.
    EXPECT_EQ(clean("a<b style='padding:0 2px'>b</b>c"), "a<b>b</b>c");
    EXPECT_EQ(clean("a<b style='display:inline'>b</b>c"), "a<b>b</b>c");
    EXPECT_EQ(clean("a<b style='display:inline-block'>b</b>c"), "a<b>b</b>c");
    EXPECT_EQ(clean("a<img>c"), "a<img src=\"cid:removed.png\" alt=\"\">c");
    EXPECT_EQ(clean("<b style='display:block'>b</b>"), "<b>b</b>");
    EXPECT_EQ(clean("a<br><b style='display:block'>b</b><p>c</p>"), "a<br><b>b</b><p>c</p>");
    EXPECT_EQ(clean("<a style='display:block' href='http://a.example/'>http://a.example/</a>b"),
              "http://a.example/<br>b");
}

TEST(Sanitizer, BlocksThatFewMailsHaveAreBlocks)
{
    EXPECT_EQ(clean("a<dialog>b</dialog>c<hgroup>d</hgroup>e<search>f</search>g"),
              "a<div>b</div>c<div>d</div>e<div>f</div>g");
}

/// A program that shows no images shows it in the line.
TEST(Sanitizer, TheTextOfAnImageGoesOnWithALink)
{
    const std::string link = "<a href='http://evil.example/'>evil.example</a>";
    EXPECT_EQ(clean(link + "<img alt='.bank.example'>"),
              "evil.example [http://evil.example/]<img src=\"cid:removed.png\" alt=\".bank.example\">");
    EXPECT_EQ(clean(link + "<img alt=' bank'>"), "evil.example<img src=\"cid:removed.png\" alt=\" bank\">");
}

TEST(Sanitizer, AnAnswerIsTheSameTheSecondTimeWhateverTwoRulesSay)
{
    const std::string struck = clean("<table><td style='text-decoration:line-through;font-size:60px'>"
                                     "<table cellpadding=30><td colspan=6><td><td><tr style='color:#888'>"
                                     "<td>y<th><th><td dir=rtl><table>");
    EXPECT_EQ(clean(struck), struck);
    const std::string wide = clean("<table><tr><td>1<td nowrap width=700>a<td nowrap width=700>b"
                                   "<td><ul><li>c</ul></table>");
    EXPECT_EQ(clean(wide), wide);
    EXPECT_NE(wide.find("<ul><li>c"), std::string::npos);
}
