#include <gtest/gtest.h>

#include <string>

#include "html/sanitizer.h"

using qm::html::html_to_text;

TEST(HtmlToText, ParagraphsAreSeparated)
{
    EXPECT_EQ(html_to_text("<h1>Title</h1><p>One\n  two</p><p>three<br>four</p>"),
              "Title\n\nOne two\n\nthree\nfour\n");
}

TEST(HtmlToText, RowsAreLinesAndListsHaveDashes)
{
    EXPECT_EQ(
        html_to_text("<table><tr><td>From:</td><td>a@b</td></tr><tr><td>To:</td><td>c</td></tr></table>"),
        "From: a@b\nTo: c\n");
    EXPECT_EQ(html_to_text("<ul><li>one<li>two<ul><li>three</ul></ul>"), "- one\n- two\n  - three\n");
}

TEST(HtmlToText, TargetsStandBehindTheirText)
{
    EXPECT_EQ(html_to_text("<a href=\"https://x.example/\">Look</a>!"), "Look <https://x.example/>!\n");
    EXPECT_EQ(html_to_text("<a href=\"https://x.example/\">https://x.example/</a>"), "https://x.example/\n");
}

TEST(HtmlToText, QuotesAndPreformattedTextKeepTheirShape)
{
    EXPECT_EQ(html_to_text("a<blockquote>b<blockquote>c</blockquote></blockquote>d"),
              "a\n\n> b\n>\n> > c\n\nd\n");
    EXPECT_EQ(html_to_text("<pre>a\n   b  c\n</pre>"), "a\n   b  c\n");
}

TEST(HtmlToText, AnEmptyLineBehindAListHasNoIndentOfTheList)
{
    EXPECT_EQ(html_to_text("a<ul><li>b<p>c</p></li></ul>d"), "a\n- b\n\n  c\n\nd\n");
    EXPECT_EQ(html_to_text("a<dl><dd><pre>b</pre></dd></dl>c"), "a\n\n  b\n\nc\n");
}

TEST(HtmlToText, LinesAreNotLongerThanTheWidthUnlessAWordIs)
{
    EXPECT_EQ(html_to_text("<p>aaa bbb ccc ddd</p>", 8), "aaa bbb\nccc ddd\n");
    EXPECT_EQ(html_to_text("<p>a 0123456789 b</p>", 5), "a\n0123456789\nb\n");
    EXPECT_EQ(html_to_text("<p>\u00E4\u00F6\u00FC \u00E4\u00F6\u00FC</p>", 7),
              "\u00E4\u00F6\u00FC \u00E4\u00F6\u00FC\n");
}

TEST(HtmlToText, StylesScriptsAndControlsDoNotBecomeText)
{
    EXPECT_EQ(html_to_text("<style>p{}</style><title>t</title>a&#27;[31m<!-- c --><script>x</script>"),
              "a[31m\n");
}

TEST(HtmlToText, ImagesAreTheirAlternativeText)
{
    EXPECT_EQ(html_to_text("<img src=x alt=\"Our logo\"> <img src=y>"), "[Our logo]\n");
}
