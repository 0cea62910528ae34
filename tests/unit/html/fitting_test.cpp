// What would take a box out of its place is written so that it does not.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "html/sanitizer.h"
#include "html/strict.h"

namespace {

std::string clean(std::string_view input)
{
    return qm::html::sanitize(input).html;
}

void expect_each(const std::vector<std::pair<std::string, std::string>>& cases)
{
    for (const auto& [input, expected] : cases) {
        EXPECT_EQ(clean(input), expected) << input;
        EXPECT_EQ(clean(expected), expected) << "doing it twice changes nothing";
        EXPECT_TRUE(qm::html::is_sanitized(expected, "")) << expected;
    }
}

std::size_t count(std::string_view html, std::string_view what)
{
    std::size_t number = 0;
    for (auto at = html.find(what); at != std::string_view::npos; at = html.find(what, at + 1)) {
        ++number;
    }
    return number;
}

std::size_t most_in_a_row(std::string_view html, std::string_view what)
{
    std::size_t most = 0;
    while (!html.empty()) {
        const std::string_view row = html.substr(0, html.find("<tr", 1));
        html.remove_prefix(row.size());
        most = std::max(most, count(row, what));
    }
    return most;
}

} // namespace

TEST(Fitting, ABoxAroundWordsDoesNotLieOnTheLinesAboveAndBelow)
{
    expect_each({
        {"<span style='padding:90px;border:9px solid red;margin:5px;color:red'>x</span>",
         "<span style=\"color:red\">x</span>"},
        {"<b style='padding-top:90px'>x</b>", "<b>x</b>"},
        {"<a href='x' style='border-bottom:9px solid'>x</a>", "x"},
        {"<p style='padding:9px'>x</p>", "<p style=\"padding:9px\">x</p>"},
    });
}

TEST(Fitting, LengthsDoNotGrowWithTheLetters)
{
    expect_each({
        {"<div style='font-size:60px;padding:2em;border:1ex solid'>x</div>",
         "<div style=\"font-size:60px;padding:32px;border:8px solid;word-break:break-word\">x</div>"},
        {"<div style='padding:1.333em'>x</div>", "<div style=\"padding:21.33px\">x</div>"},
    });
}

TEST(Fitting, ATableDoesNotFloat)
{
    expect_each({
        {"<table align=left><td>x", "<table><tbody><tr><td>x</td></tr></tbody></table>"},
        {"<table align=center><td align=right>x",
         "<table align=\"center\"><tbody><tr><td align=\"right\">x</td></tr></tbody></table>"},
    });
}

TEST(Fitting, MarginsInsideEachOtherEndSomewhere)
{
    std::string deep;
    for (int i = 0; i < 100; ++i) {
        deep += "<div style='margin-left:90px;color:red'>";
    }
    const std::string html = clean(deep + "x");
    std::size_t count = 0;
    for (auto at = html.find("margin"); at != std::string::npos; at = html.find("margin", at + 1)) {
        ++count;
    }
    EXPECT_EQ(count, 6U);
    EXPECT_NE(html.find("<div style=\"color:red\">x</div>"), std::string::npos);
    EXPECT_EQ(clean(html), html);
}

TEST(Fitting, FromRightToLeftNothingLeavesThePage)
{
    expect_each({
        {"<div dir=rtl style='width:700px;margin-right:90px;white-space:nowrap'>x</div>",
         "<div dir=\"rtl\" style=\"width:700px;max-width:100%;word-break:break-word\">x</div>"},
        {"<p style='direction:rtl;margin:0 auto'>x<span style='white-space:pre'>y</span></p>",
         "<p style=\"direction:rtl;margin:0 auto;word-break:break-word\">x<span "
         "style=\"white-space:pre-wrap;white-space:break-spaces\">y"
         "</span></p>"},
        {"<div dir=auto><pre>x</pre><table width=700><td nowrap>y",
         "<div dir=\"auto\" style=\"word-break:break-word\"><pre "
         "style=\"white-space:pre-wrap;white-space:break-spaces\">x</pre><table width=\"700\" "
         "style=\"max-width:100%\"><tbody><tr><td>y</td></tr></tbody></table></div>"},
        {"<div dir=ltr style='white-space:nowrap'>x</div>",
         "<div dir=\"ltr\" style=\"white-space:nowrap\">x</div>"},
    });
}

TEST(Fitting, ABoxIsNotWiderThanTheOneAroundIt)
{
    expect_each({
        {"<td><table><td><div style='width:40px'><div style='width:1000px;min-width:900px'>x",
         "<table><tbody><tr><td><div style=\"width:40px;word-break:break-word\"><div>x</div></div></td></tr>"
         "</tbody></table>"},
        {"<div style='width:300px;padding:9px'><div style='width:300px'>x</div><table width=301><td>y",
         "<div style=\"width:300px;padding:9px;word-break:break-word\"><div "
         "style=\"width:300px\">x</div><table "
         "width=\"100%\"><tbody><tr><td>y</td></tr></tbody></table></div>"},
        {"<div style='max-width:300px'><div style='padding:0 30px'><hr width=300><hr width=240></div></div>",
         "<div style=\"max-width:300px;word-break:break-word\"><div style=\"padding:0 30px\"><hr><hr "
         "width=\"240\"></div></div>"},
        {"<div style='width:900px;max-width:40px'><p style='width:50px'>x</p><h1>y</h1></div>",
         "<div style=\"width:900px;max-width:40px;word-break:break-word\"><p>x</p><h1 "
         "style=\"font-size:30px\">y</h1></div>"},
        {"<table><td style='max-width:40px' nowrap><pre style='font-size:60px;width:50px'>x",
         "<table><tbody><tr><td style=\"max-width:40px;word-break:break-word\"><pre "
         "style=\"white-space:pre-wrap;white-space:break-spaces;"
         "font-size:30px\">x</pre></td></tr></tbody></table>"},
        {"<table><caption style='width:40px;white-space:nowrap'>x</caption></table>",
         "<table><caption style=\"width:40px;word-break:break-word\">x</caption></table>"},
        {"<div style='width:100%;white-space:nowrap'><p style='margin:9px'>x</p></div>",
         "<div style=\"width:100%;white-space:nowrap\"><p style=\"margin:9px\">x</p></div>"},
    });
}

TEST(Fitting, CellsTogetherAreNotWiderThanTheBoxAroundThem)
{
    expect_each({
        {"<div style='width:300px'><table cellspacing=0><td style='padding:0 40px'>a<td style='padding:0 "
         "40px'>b<td style='padding:0 40px'>c",
         "<div style=\"width:300px;word-break:break-word\"><table cellspacing=\"0\"><tbody><tr><td "
         "style=\"padding:0 40px\">a</td><td style=\"padding:0 40px\">b</td><td>c</td></tr>"
         "</tbody></table></div>"},
        {"<div style='width:300px'><table cellspacing=9 cellpadding=99><tr><td>a<td>b<table width=200><td>c",
         "<div style=\"width:300px;word-break:break-word\"><table cellpadding=\"99\"><tbody><tr><td "
         "style=\"padding:0\">a</td><td style=\"padding:0\">b<table width=\"200\"><tbody><tr><td>c</td></tr>"
         "</tbody></table></td></tr></tbody></table></div>"},
        // A column is as wide as the widest of its cells.
        {"<div style='width:300px'><table><tr><td><table width=200><td>a</table><td>b<tr><td>c<td><table "
         "width=200><td>d",
         "<div style=\"width:300px;word-break:break-word\"><table><tbody><tr><td><table "
         "width=\"200\"><tbody><tr>"
         "<td>a</td></tr></tbody></table></td><td>b</td></tr><tr><td>c</td><td><table "
         "width=\"100%\"><tbody><tr>"
         "<td>d</td></tr></tbody></table></td></tr></tbody></table></div>"},
    });
}

TEST(Fitting, FromRightToLeftAllIndentsAndCellsTogetherFitThePage)
{
    std::string quotes = "<div dir=rtl>";
    std::string cells = "<div dir=rtl><table cellpadding=100><tr>";
    std::string boxes = "<div dir=rtl><table><tr>";
    for (int i = 0; i < 25; ++i) {
        quotes += "<blockquote style='padding-right:24px'>";
        cells += "<td>c";
        boxes += "<td><div style='width:300px'>x</div>";
    }
    quotes = clean(quotes);
    EXPECT_EQ(count(quotes, "padding-right:24px"), 5U) << "of 104 pixels";
    EXPECT_EQ(count(quotes, "<blockquote style=\"margin:0\">"), 19U);
    cells = clean(cells);
    EXPECT_EQ(count(cells, "<td style=\"padding:0"), 23U);
    boxes = clean(boxes);
    EXPECT_EQ(most_in_a_row(boxes, "width:300px"), 2U);
    EXPECT_EQ(count(boxes, "<td"), 25U);
    std::string wide = "<table><tr>";
    for (int i = 0; i < 25; ++i) {
        wide += "<td><div style='width:300px'>x</div>";
    }
    wide = clean(wide);
    EXPECT_EQ(most_in_a_row(wide, "width:300px"), 4U) << "nobody scrolls that far";
    for (const std::string& html : {quotes, cells, boxes, wide}) {
        EXPECT_EQ(clean(html), html);
        EXPECT_TRUE(qm::html::is_sanitized(html, "")) << html;
    }
}

TEST(Fitting, AMarkerThatIsLongerThanTheSpaceInFrontOfItsListIsLeftOut)
{
    const std::string none = " style=\"list-style-type:none\">x</li>";
    expect_each({
        {"<ol type=I start=3888 style='padding:0;margin:0;font-size:60px'><li>x</li></ol>",
         "<ol type=\"I\" start=\"3888\" style=\"margin:0;font-size:60px\"><li" + none + "</ol>"},
        {"<ol type=I><li>x<li value=8>x<li value=88>x<li>x",
         "<ol type=\"I\"><li>x</li><li value=\"8\">x</li><li value=\"88\"" + none + "<li" + none + "</ol>"},
        {"<ol start=9999><li>x<li>x", "<ol start=\"9999\"><li>x</li><li" + none + "</ol>"},
        {"<ul style='font-size:60px'><li>x</ul>", "<ul style=\"font-size:60px\"><li" + none + "</ul>"},
        {"<ol><li type=I value=3888 style='list-style-type:lower-roman'>x",
         "<ol><li value=\"3888\"" + none + "</ol>"},
        {"<div style='list-style-type:upper-roman'><li value=900>x",
         "<div style=\"list-style-type:upper-roman\"><li value=\"900\"" + none + "</div>"},
        // The usual ones stay.
        {"<ul style='margin:0 0 0 20px;padding:0'><li>x</ul>",
         "<ul style=\"margin:0 0 0 20px;padding:0\"><li>x</li></ul>"},
        {"<ul style='margin:0;padding:0;list-style-type:none'><li>x</ul>",
         "<ul style=\"margin:0;padding:0;list-style-type:none\"><li>x</li></ul>"},
        {"<ol style='padding-left:5px'><li value=999>x<li type=a>x<li type=circle>x</ol>",
         "<ol><li value=\"999\">x</li><li type=\"a\">x</li><li type=\"circle\">x</li></ol>"},
    });
}

TEST(Fitting, InANarrowBoxTextWraps)
{
    expect_each({
        {"<div style='width:40px;background:#000;color:#fff;white-space:nowrap'>white on white</div>",
         "<div style=\"width:40px;background-color:#000;color:#fff;word-break:break-word\"><span "
         "style=\"background-color:#000000;line-height:normal\">white on white</span></div>"},
        {"<div style='max-width:10%'><p style='word-break:keep-all;margin-left:99px'>x</p></div>",
         "<div style=\"max-width:10%;word-break:break-word\"><p>x</p></div>"},
        {"<td style='width:40px' nowrap>x", "x"},
        {"<pre style='max-width:80px;white-space:nowrap'>x</pre>",
         "<pre style=\"max-width:80px;white-space:pre-wrap;word-break:break-word;"
         "white-space:break-spaces\">x</pre>"},
    });
}

TEST(Fitting, LettersAreNeitherTooSmallNorTooLarge)
{
    expect_each({
        {"<small><sub><small><sup>x",
         "<small><sub><small><sup "
         "style=\"vertical-align:baseline;font-size:8px\">x</sup></small></sub></small>"},
        {"<h1>a<div>b<h1>c</h1>d</div></h1>", "<h1>a<div>b<h1 style=\"font-size:60px\">c</h1>d</div></h1>"},
        {"<span style='font-size:9px'><h6>x",
         "<span style=\"font-size:9px\"><h6 style=\"font-size:8px\">x</h6></span>"},
        {"<font size=7><h2>x", "<font size=\"7\"><h2 style=\"font-size:60px\">x</h2></font>"},
        {"<span style='font-family:Wingdings,arial'>x</span><font face='Adobe Blank'>y</font><font "
         "face='Bodoni Ornaments,gdt,syastro,cmex10'></font>",
         "<span style=\"font-family:arial\">x</span>y"},
    });
}

/// Without a document type a table begins with letters of the usual size again.
TEST(Fitting, LettersInATableHaveTheirSizeInEveryDocument)
{
    expect_each({
        {"<div style='width:40px'><div style='padding:0 10px;font-size:8px'><table><td>x",
         "<div style=\"width:40px;word-break:break-word\"><div style=\"padding:0 10px;font-size:8px\"><table "
         "style=\"font-size:8px\"><tbody><tr><td "
         "style=\"padding:0\">x</td></tr></tbody></table></div></div>"},
        {"<div style='font-size:8px'><table><td>x",
         "<div style=\"font-size:8px\"><table><tbody><tr><td>x</td></tr></tbody></table></div>"},
    });
}

TEST(Fitting, SmallCapitalsAreLargeEnough)
{
    expect_each({
        {"<p style='font-variant:small-caps;font-size:12px'>x<b style='font-size:11px'>y</b></p>",
         "<p style=\"font-variant:small-caps;font-size:12px\">x<b "
         "style=\"font-size:11px;font-variant:normal\">y</b></p>"},
        {"<p style='font:small-caps 8px arial'>x", "<p style=\"font-size:8px;font-family:arial\">x</p>"},
        {"<h6 style='font-variant:small-caps'>x", "<h6>x</h6>"},
        // Without a document type a table begins with letters of the usual size again.
        {"<div style='font-size:60px'><table><td><small><small><small><small>x",
         "<div style=\"font-size:60px\"><table><tbody><tr><td><small><small><small><small "
         "style=\"font-size:29px\">x</small></small></small></small></td></tr></tbody></table></div>"},
    });
}

TEST(Fitting, StrokesOfLargeLettersDoNotGoThroughSmallOnes)
{
    expect_each({
        {"<s style='font-size:60px'>a<span style='font-size:8px;color:red'>b</span><font size=1>c</font></s>",
         "<s style=\"font-size:60px\">a<span style=\"color:red\">b</span>c</s>"},
        {"<span style='font-size:60px;background:white'><span style='font-size:12px'>x</span></span>",
         "<span style=\"font-size:60px\"><span style=\"font-size:12px\">x</span></span>"},
        {"<u>a<span style='font-size:14px'>b</span></u>", "<u>a<span style=\"font-size:14px\">b</span></u>"},
    });
}

TEST(Fitting, CellsDoNotLieOnEachOther)
{
    expect_each({
        {"<table><tr><td>a<td rowspan=2>b<tr><td colspan=2>c",
         "<table><tbody><tr><td>a</td><td rowspan=\"2\">b</td></tr><tr><td colspan=\"1\">c</td></tr></tbody>"
         "</table>"},
        {"<table><tr><td colspan=50>a<td colspan=50>b",
         "<table><tbody><tr><td colspan=\"50\">a</td><td colspan=\"10\">b</td></tr></tbody></table>"},
        {"<table><tr><td rowspan=2 colspan=2>a<td>b<tr><td>c<tr><td colspan=3>d",
         "<table><tbody><tr><td rowspan=\"2\" colspan=\"2\">a</td><td>b</td></tr><tr><td>c</td></tr><tr><td "
         "colspan=\"3\">d</td></tr></tbody></table>"},
    });
}

TEST(Fitting, ARowWithoutEndBecomesSeveral)
{
    std::string row = "<table><tr>";
    for (int i = 0; i < 130; ++i) {
        row += "<td>x";
    }
    const std::string once = clean(row);
    EXPECT_EQ(count(once, "</tr><tr>"), 2U);
    EXPECT_EQ(most_in_a_row(once, "<td"), 60U);
    EXPECT_EQ(clean(once), once);
    EXPECT_TRUE(qm::html::is_sanitized(once, ""));
}

TEST(Fitting, ARowEndsWhereTheSpaceForItsTableDoes)
{
    std::string cells;
    std::string tables;
    for (int i = 0; i < 59; ++i) {
        cells += "<td>x";
    }
    for (int i = 0; i < 20; ++i) {
        tables += "<td><table><tr>" + cells + "</table>";
    }
    struct Case {
        std::string_view before;
        std::string cells;
        std::size_t most; ///< in a row, with the cell around it
        std::size_t rows; ///< at least
    };
    for (const Case& one :
         {Case{"<div dir=rtl>", cells, 31, 2}, Case{"<div style='width:200px'>", cells, 12, 5},
          Case{"<div style='width:40px'>", cells, 3, 20}, Case{"", tables, 60, 50},
          Case{"<div dir=rtl>", tables, 32, 60}}) {
        const std::string html = clean(std::string(one.before) + "<table><tr>" + one.cells);
        EXPECT_LE(most_in_a_row(html, "<td"), one.most) << one.before;
        EXPECT_GE(count(html, "<tr"), one.rows) << one.before;
        EXPECT_EQ(count(html, "<td"), count(one.cells, "<td")) << "no cell is lost";
        EXPECT_EQ(clean(html), html);
        EXPECT_TRUE(qm::html::is_sanitized(html, ""));
    }
}

TEST(Fitting, CellsThatReachIntoLaterRowsLeaveSpaceForOthers)
{
    std::string stairs = "<div style='width:100px'><table>";
    for (int i = 0; i < 50; ++i) {
        stairs += "<tr><td rowspan=100>x";
    }
    const std::string html = clean(stairs);
    EXPECT_EQ(count(html, "rowspan"), 4U) << "of 24 pixels";
    EXPECT_EQ(clean(html), html);
    EXPECT_TRUE(qm::html::is_sanitized(html, ""));
}

/// A browser lets blanks at the end of a line stick out of `pre-wrap`, and paints the color behind them.
TEST(Fitting, BlanksAtTheEndOfALineStayInTheirBox)
{
    expect_each({
        {"<span style='white-space:pre-wrap;background-color:#000'>x</span>",
         "<span "
         "style=\"white-space:pre-wrap;background-color:#000;white-space:break-spaces;line-height:normal;"
         "color:#ffffff\">x"
         "</span>"},
        {"<p style='white-space:break-spaces'>x</p>", "<p style=\"white-space:break-spaces\">x</p>"},
    });
}

TEST(Fitting, ANarrowBoxDoesNotTakeOverLinesThatDoNotWrap)
{
    expect_each({
        {"<pre><div dir=rtl>x</div></pre>",
         "<pre><div dir=\"rtl\" "
         "style=\"white-space:pre-wrap;word-break:break-word;white-space:break-spaces\">x"
         "</div></pre>"},
        {"<td nowrap><table><td nowrap><p style='width:90px'>x<b>y</b></p></table>",
         "<table><tbody><tr><td nowrap=\"\"><p "
         "style=\"width:90px;white-space:normal;word-break:break-word\">x"
         "<b>y</b></p></td></tr></tbody></table>"},
        {"<div style='white-space:nowrap'><p style='white-space:normal'><i dir=rtl>x</i></p></div>",
         "<div style=\"white-space:nowrap\"><p style=\"white-space:normal\"><i dir=\"rtl\" "
         "style=\"word-break:break-word\">x</i></p></div>"},
    });
}

TEST(Fitting, AMarkerStandsAtTheSideOfItsList)
{
    expect_each({
        {"<ol dir=rtl><li dir=rtl>x<li style='direction:rtl'>y</ol>",
         "<ol dir=\"rtl\" style=\"word-break:break-word\"><li dir=\"rtl\">x</li><li "
         "style=\"direction:rtl\">y</li></ol>"},
        {"<ol><div dir=rtl><li>x</div><li dir=auto>y<li>z</ol>",
         "<ol><div dir=\"rtl\" style=\"word-break:break-word\"><li "
         "style=\"list-style-type:none\">x</li></div><li "
         "dir=\"auto\" style=\"word-break:break-word;list-style-type:none\">y</li><li>z</li></ol>"},
    });
}

TEST(Fitting, NoTextStandsOnWideBorders)
{
    expect_each({
        {"<pre style='border-right:20px solid #000'>x</pre>",
         "<pre style=\"border-right:20px solid "
         "#000;white-space:pre-wrap;word-break:break-word;white-space:break-spaces\">x</pre>"},
        {"<div style='white-space:nowrap'><div style='border:3px solid'><div style='border:3px solid'><div "
         "style='border-right:1px solid'>x",
         "<div style=\"white-space:nowrap\"><div style=\"border:3px solid\"><div style=\"border:3px "
         "solid\"><div style=\"border-right:1px "
         "solid;white-space:normal;word-break:break-word\">x</div></div></div></div>"},
        {"<table><caption style='border:8px solid;white-space:nowrap'>x</table>",
         "<table><caption style=\"border:8px solid;word-break:break-word\">x</caption></table>"},
        {"<div style='border:20px solid'><table width=1000><tr><td>x</table>",
         "<div style=\"border:20px solid;word-break:break-word\"><table width=\"100%\" "
         "style=\"max-width:100%\"><tbody><tr><td>x</td></tr></tbody></table></div>"},
        {"<div style='border-style:solid;border-width:1px thick'><div style='border:0 none;border-right:2px "
         "solid'><p style='min-width:900px'>x",
         "<div style=\"border-style:solid;border-width:1px thick\"><div style=\"border:0 none;"
         "border-right:2px solid;word-break:break-word\"><p>x</p></div></div>"},
        // What is not drawn, or thin, hides nothing.
        {"<div style='border:1px solid'><div style='border:0px solid'><div style='border:0 none'><div "
         "style='border-width:9px;border-style:none none solid'><pre style='border:1px solid'>x",
         "<div style=\"border:1px solid\"><div style=\"border:0px solid\"><div style=\"border:0 none\"><div "
         "style=\"border-width:9px;border-style:none none solid\"><pre style=\"border:1px "
         "solid\">x</pre></div></div></div></div>"},
        // Letters do not leave their box at its beginning, and a table grows with its cells.
        {"<pre style='border-left:20px solid #000'>x</pre>",
         "<pre style=\"border-left:20px solid #000\">x</pre>"},
        {"<table style='border:9px solid'><tr><td nowrap style='border:9px solid'>x",
         "<table style=\"border:9px solid\"><tbody><tr><td nowrap=\"\" style=\"border:9px "
         "solid\">x</td></tr></tbody></table>"},
    });
}

TEST(Fitting, NoTextStandsOnTheRoundCornerOfABorder)
{
    expect_each({
        {"<div style='border:20px solid #000;border-radius:60px'>x</div>",
         "<div style=\"border:20px solid #000;word-break:break-word\">x</div>"},
        {"<div style='border:1px solid #000;border-radius:9px'>x</div>",
         "<div style=\"border:1px solid #000;border-radius:9px\">x</div>"},
    });
}

TEST(Fitting, StepsAndStrokesDoNotAddUp)
{
    expect_each({
        {"<u>a<s>b</s><b style='text-decoration:overline'>c</b></u><s>d</s>",
         "<u>a<s style=\"text-decoration:none\">b</s><b style=\"text-decoration:none\">c</b></u><s>d</s>"},
        {"x<sup>2<sup>3</sup><sub>4</sub></sup><sub>5</sub>",
         "x<sup>2<sup style=\"vertical-align:baseline\">3</sup><sub "
         "style=\"vertical-align:baseline\">4</sub></sup><sub>5</sub>"},
        {"<b style='vertical-align:sub;background:#fff'>a</b><mark><i "
         "style='vertical-align:top'>b</i></mark>",
         "<b style=\"background-color:#fff;line-height:normal\">a</b><mark "
         "style=\"background-color:transparent;color:#000000\"><i style=\"vertical-align:top\"><span "
         "style=\"background-color:#ffff00;line-height:normal\">b</span></i></mark>"},
    });
}

TEST(Fitting, AWidthThatIsAShareLeavesSpaceForWhatIsBesideIt)
{
    expect_each({
        {"<ul style='width:100%'><li>x</ul>", "<ul><li>x</li></ul>"},
        {"<div style='width:100%;padding:9px;min-width:100%'>x</div>", "<div style=\"padding:9px\">x</div>"},
        {"<div style='width:80%;padding:9px'>x</div>",
         "<div style=\"width:80%;padding:9px;word-break:break-word\">x</div>"},
        {"<hr width='100%'><hr width='80%'>", "<hr><hr width=\"80%\">"},
        {"<td><table><td><p style='width:50%;max-width:50%;min-width:5%'>x</p><hr width='50%'>",
         "<table><tbody><tr><td><p>x</p><hr width=\"50%\"></td></tr></tbody></table>"},
        {"<table width='100%' border=1 style='margin:9px'><td>x",
         "<table width=\"100%\" border=\"1\"><tbody><tr><td>x</td></tr></tbody></table>"},
        {"<div style='width:90px'><p style='width:10%'><b style='font-size:40px'>x</b></p></div>",
         "<div style=\"width:90px;word-break:break-word\"><p style=\"width:10%;font-size:8px\"><b "
         "style=\"font-size:8px\">x</b></p></div>"},
    });
}

TEST(Fitting, AStyleOfAnyLengthHasRoomForWhatIsAdded)
{
    std::string style = "background-color:black;";
    for (int i = 0; i < 39; ++i) {
        style += "font-style:italic;";
    }
    for (const std::string& input :
         {"<div style='" + style + "'>x</div>",
          "<div style='background-color:black;font-family:" + std::string(290, 'a') + "'>x</div>",
          "<div dir=rtl style='" + style + "width:50px;white-space:pre'>x</div>"}) {
        const std::string once = clean(input);
        EXPECT_NE(once.find("color:#ffffff"), std::string::npos) << once;
        EXPECT_EQ(clean(once), once);
        EXPECT_TRUE(qm::html::is_sanitized(once, "")) << once;
    }
}

TEST(ReadingOrder, MarksDoNotPileUpOnALetter)
{
    std::string pile = "a";
    for (int i = 0; i < 1000; ++i) {
        pile += "\u0301";
    }
    EXPECT_EQ(clean(pile + "b"), "a\u0301\u0301\u0301\u0301\u0301\u0301b");
    EXPECT_EQ(clean("\u0E01\u0E35\u0E48 \u05E9\u05C1\u05B8 \u0915\u094D\u0937\u093F"),
              "\u0E01\u0E35\u0E48 \u05E9\u05C1\u05B8 \u0915\u094D\u0937\u093F");
}
