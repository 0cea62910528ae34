#include <gtest/gtest.h>

#include "html/sanitizer.h"

using qm::html::escape;
using qm::html::sanitize;
using qm::html::text_to_html;

TEST(Escape, EveryCharacterOfMarkupIsAnEntity)
{
    EXPECT_EQ(escape("<a href=\"x\" b='y'>&amp;"), "&lt;a href=&quot;x&quot; b=&#39;y&#39;&gt;&amp;amp;");
}

TEST(Escape, ControlsAndInvalidBytesAreReplaced)
{
    EXPECT_EQ(escape(std::string_view("a\0\x1B[31m\tb\nc\xC2\x85\xFF", 14)),
              "a\uFFFD\uFFFD[31m\tb\nc\uFFFD\uFFFD");
}

TEST(TextToHtml, LinesAndColumnsAreKept)
{
    EXPECT_EQ(text_to_html("a\r\nb\nc\rd"), "a<br>\nb<br>\nc<br>\nd");
    EXPECT_EQ(text_to_html("> > x\n  y   z"), "&gt; &gt; x<br>\n\u00A0 y \u00A0 z");
}

TEST(TextToHtml, MarkupIsText)
{
    EXPECT_EQ(text_to_html("<script>alert('1')</script>"), "&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;");
}

TEST(TextToHtml, TheSanitizerHasNothingToChange)
{
    for (const std::string_view text :
         {"a\n\n  b\t<c> & 'd'\n> e\r\n", "\uFEFFb\u202Ec\uFFFF", " ", "", "\n", "x  y"}) {
        const std::string html = text_to_html(text);
        EXPECT_EQ(sanitize(html).html, html) << text;
    }
}
