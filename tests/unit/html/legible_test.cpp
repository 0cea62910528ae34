// Letters in the color of the paper are the oldest way to hide text in a mail.
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "html/colors.h"
#include "html/sanitizer.h"
#include "html/strict.h"

using qm::html::color_value;
using qm::html::contrast;

namespace {

std::string clean(std::string_view input)
{
    return qm::html::sanitize(input).html;
}

} // namespace

TEST(Colors, AreReadAsBrowsersReadThem)
{
    EXPECT_EQ(color_value("#1af"), 0x11AAFFU);
    EXPECT_EQ(color_value("#12aBf0"), 0x12ABF0U);
    EXPECT_EQ(color_value("rebeccapurple"), 0x663399U);
    EXPECT_EQ(color_value("aliceblue"), 0xF0F8FFU);
    EXPECT_EQ(color_value("yellowgreen"), 0x9ACD32U);
    for (const char* const none :
         {"", "#", "#12", "#1234", "#12345", "#xyz", "transparent", "inherit", "whit"}) {
        EXPECT_EQ(color_value(none), std::nullopt) << none;
    }
    EXPECT_NEAR(contrast(0x000000, 0xFFFFFF), 21, 0.01);
    EXPECT_NEAR(contrast(0x777777, 0xFFFFFF), 4.48, 0.01);
    EXPECT_NEAR(contrast(0x123456, 0x123456), 1, 0.0001);
}

TEST(Legible, TextInTheColorOfThePaperIsShown)
{
    for (const char* const hidden : {
             "<span style='color:#fff'>x</span>",
             "<span style='color:white'>x</span>",
             "<font color=white>x</font>",
             "<font color=#fefefe>x</font>",
             "<font style='color:rgb(255,255,255)'>x</font>",
             "<span style='color:rgb(250 250 250 / 90%)'>x</span>",
             "<font style='color:rgba(0,0,0,0)'>x</font>",
             "<span style='color:rgba(9,9,9,.02)'>x</span>",
             "<span style='color:transparent'>x</span>",
             "<span style='color:Snow !important'>x</span>",
             "<a href='x' style='color:#FFFFFF'>x</a>",
         }) {
        EXPECT_EQ(clean(hidden), "x") << hidden;
    }
}

TEST(Legible, TheColorOfAnElementIsWeighedAgainstWhatIsBehindIt)
{
    const std::vector<std::pair<const char*, const char*>> cases = {
        // What can be read stays as it is.
        {"<div style=\"background-color:#000;color:#ddd\"><span "
         "style=\"background-color:#000000;line-height:normal\">x</span></div>",
         nullptr},
        {"<span style=\"background-color:navy;color:white;line-height:normal\">x</span>", nullptr},
        {"<p style=\"color:#bbb\">x</p>", nullptr},
        {"<mark style=\"line-height:normal\">x</mark>", nullptr},
        // Black on black, white on white, and what is said by one element and hidden by another.
        {"<div style=\"background:#000\">x</div>",
         "<div style=\"background-color:#000;color:#ffffff\"><span "
         "style=\"background-color:#000000;line-height:normal\">x</span>"
         "</div>"},
        {"<div bgcolor=black>x</div>", "<div>x</div>"},
        {"<div style=\"background:navy\"><font color=navy>x</font></div>",
         "<div style=\"background-color:navy;color:#ffffff\"><span "
         "style=\"background-color:#000080;line-height:normal\">x</span>"
         "</div>"},
        {"<div style=\"color:red\"><p style=\"background:red\">x</p></div>",
         "<div style=\"color:red\"><p style=\"background-color:red;color:#000000\">x</p></div>"},
        {"<p style=\"color:red;background:red\">x</p>", "<p style=\"background-color:red\">x</p>"},
        {"<mark style=\"color:yellow\">x</mark>", "<mark style=\"line-height:normal\">x</mark>"},
        {"<font color=black style=\"color:white\">x</font>", "x"},
        {"<font color=white style=\"color:black\">x</font>",
         "<font color=\"white\" style=\"color:black\">x</font>"},
    };
    for (const auto& [input, expected] : cases) {
        EXPECT_EQ(clean(input), expected == nullptr ? input : expected) << input;
    }
}

TEST(Legible, PartsOfATableStandOnWhatIsBehindThem)
{
    EXPECT_EQ(
        clean("<table bgcolor=black><tr><td><font color=#fff>x"),
        "<table bgcolor=\"black\" style=\"color:#ffffff\"><tbody><tr><td><font color=\"#fff\">"
        "<span "
        "style=\"background-color:#000000;line-height:normal\">x</span></font></td></tr></tbody></table>");
    EXPECT_EQ(clean("<table><tr bgcolor=#111><td style='background-color:transparent;color:#000'>x"),
              "<table><tbody><tr bgcolor=\"#111\" style=\"color:#ffffff\"><td "
              "style=\"background-color:transparent\"><span "
              "style=\"background-color:#111111;line-height:normal\">x</span></td></tr>"
              "</tbody></table>");
    // A column is behind cells that are not inside it.
    EXPECT_EQ(
        clean("<table><colgroup style='background:black;width:50px'><col style='background:#000'>"
              "</colgroup><tr><td>x"),
        "<table><colgroup style=\"width:50px\"><col></colgroup><tbody><tr><td>x</td></tr></tbody></table>");
    // A caption stands outside the box of its table.
    EXPECT_EQ(clean("<table style='background:black;color:white'><caption>x</caption></table>"),
              "<table style=\"background-color:black;color:white\"><caption style=\"color:#000000\">"
              "<span style=\"background-color:#ffffff;line-height:normal\">x</span></caption></table>");
    EXPECT_EQ(
        clean("<table "
              "style='background:black;color:white;text-decoration:underline'><caption>x</caption></table>"),
        "<table style=\"background-color:black;color:white\"><caption style=\"color:#000000\">"
        "<span style=\"background-color:#ffffff;line-height:normal\">x</span></caption></table>");
    // Without a document type, a table does not take over the color around it.
    EXPECT_EQ(
        clean("<div style='background:#000;color:#fff'><table><tr><td>x"),
        "<div style=\"background-color:#000;color:#fff\"><table style=\"color:#ffffff\"><tbody><tr><td>"
        "<span "
        "style=\"background-color:#000000;line-height:normal\">x</span></td></tr></tbody></table></div>");
}

TEST(Legible, ThePaperOfWordsInALineEndsWhereABoxBegins)
{
    const std::string white = "<span style=\"background-color:#ffffff;line-height:normal\">x</span>";
    const std::vector<std::pair<std::string, std::string>> cases = {
        {"<span style='background-color:#000;color:#fff'><div>x</div></span>", "<div>" + white + "</div>"},
        {"<font color=white style='background:#000'><p>x</p></font>", "<p>" + white + "</p>"},
        {"<b style='background:#000;color:#fff'><table><td>x",
         "<b><table><tbody><tr><td>" + white + "</td></tr></tbody></table></b>"},
        {"<div style='background:navy;color:white'><b style='background:white;color:navy'><ul><li>x",
         "<div style=\"background-color:navy;color:white\"><b><ul><li><span "
         "style=\"background-color:#000080;line-height:normal\">x</span></li></ul></b></div>"},
    };
    for (const auto& [input, expected] : cases) {
        EXPECT_EQ(clean(input), expected) << input;
        EXPECT_EQ(clean(expected), expected);
        EXPECT_TRUE(qm::html::is_sanitized(expected, "")) << expected;
    }
}

/// A background is as high as the letters of its element: around other letters it would lie on other lines.
TEST(Legible, ABackgroundInALineStandsAroundTextOnly)
{
    const std::vector<std::pair<std::string, std::string>> cases = {
        {"<span style='background:yellow;font-size:60px;line-height:1.5'>x</span>",
         "<span style=\"background-color:yellow;font-size:60px;line-height:normal\">x</span>"},
        {"<div style='font-size:60px'><span style='background:yellow'><small>x</small></span></div>",
         "<div style=\"font-size:60px\"><small><span "
         "style=\"background-color:#ffff00;line-height:normal\">x</span></small></div>"},
        {"<mark><sub>x</sub> y</mark>",
         "<mark style=\"background-color:transparent;color:#000000\"><sub><span "
         "style=\"background-color:#ffff00;line-height:normal\">x</span></sub><span "
         "style=\"background-color:#ffff00;line-height:normal\"> y</span></mark>"},
        // The color goes with it: without the background it could not be read.
        {"<span style='background:#333;color:#fff'><b style='color:red'>a</b> <u>b</u><p>c</p></span>",
         "<b><span style=\"background-color:#333333;line-height:normal;color:#ff0000\">a</span></b><span "
         "style=\"background-color:#333333;line-height:normal;color:#ffffff\"> </span><u "
         "style=\"text-decoration:none\"><span style=\"background-color:#333333;line-height:normal;"
         "color:#ffffff;text-decoration:underline\">b</span></u><p>c</p>"},
        {"<font color=red style='background:#eee'>a<br><font color=blue>b</font></font>",
         "<span style=\"background-color:#eeeeee;line-height:normal;color:#ff0000\">a</span><br><span "
         "style=\"background-color:#eeeeee;line-height:normal;color:#0000ff\">b</span>"},
        {"<div style='background:#000;color:#fff'><mark>a<i>b</i></mark></div>",
         "<div style=\"background-color:#000;color:#fff\"><mark "
         "style=\"background-color:transparent;color:#ffffff\"><span "
         "style=\"background-color:#ffff00;line-height:normal;color:#000000\">a</span><i><span "
         "style=\"background-color:#ffff00;line-height:normal;color:#000000\">b</span></i></mark></div>"},
        {"<u style='background:#eee'>a<mark style='background:transparent'>b</mark></u>",
         "<u><span style=\"background-color:#eeeeee;line-height:normal\">a</span><mark "
         "style=\"background-color:transparent;color:#000000\"><span "
         "style=\"background-color:#eeeeee;line-height:normal\">b</span></mark></u>"},
        // And strokes, which would have the color of the paper.
        {"<s style='color:#fff;background:#000'>a-<b>b</b><i style='background:#111'>c</i></s>",
         "<s style=\"text-decoration:none\"><span style=\"background-color:#000000;line-height:normal;"
         "color:#ffffff;text-decoration:line-through\">a-</span><b><span "
         "style=\"background-color:#000000;line-height:normal;color:#ffffff;text-decoration:line-through\">b"
         "</span></b><i style=\"background-color:#111;line-height:normal;color:#ffffff;"
         "text-decoration:line-through\">c</i></s>"},
        {"<s>x<span style='background:#000;color:#fff'>- -</span></s>", "<s>x- -</s>"},
        {"<div style='text-decoration:underline'><p "
         "style='background:#111;color:#fff'>a<mark>b</mark></p></div>",
         "<div style=\"text-decoration:underline\"><p>a<mark "
         "style=\"line-height:normal\">b</mark></p></div>"},
        // Ends of lines take nothing from the words.
        {"<span style='background:#eee'>a<br>b<br><br></span>",
         "<span style=\"background-color:#eee;line-height:normal\">a<br>b<br><br></span>"},
        // What is no other color than that behind it is not needed.
        {"<span style='background:white'>a<b>b</b></span>", "a<b>b</b>"},
        // A target takes it along.
        {"<span style='background:#eee'><a href='http://x.example/'>a</a></span>",
         "<span style=\"background-color:#eeeeee;line-height:normal\">a</span><span "
         "style=\"background-color:#eeeeee;line-height:normal\"> [http://x.example/]</span>"},
    };
    for (const auto& [input, expected] : cases) {
        EXPECT_EQ(clean(input), expected) << input;
        EXPECT_EQ(clean(expected), expected) << input;
        EXPECT_TRUE(qm::html::is_sanitized(expected, "")) << input;
    }
}

TEST(Legible, LettersThatLeaveTheirBoxTakeItsPaperAlong)
{
    const std::string words(200, 'w');
    for (const std::string& box :
         {std::string("<div style='white-space:nowrap;background:#000;color:#fff'>"),
          std::string("<pre style='background:#000;color:#fff'>"),
          std::string(
              "<div style='border-radius:50%;width:1000px;min-height:1000px;background:#000;color:#fff'>"),
          std::string("<div style='width:40px;background:#000;color:#fff'><div "
                      "style='width:900px;text-align:right'>"),
          std::string("<div style='width:40px;background:#000;color:#fff'><blockquote><blockquote><ul>"),
          std::string("<div style='width:40px;background:#000;color:#fff'><table cellpadding=99><td><td>"),
          std::string(
              "<div style='width:900px;max-width:40px;background:#000;color:#fff'><p style='padding:99px'>"),
          std::string("<table><caption style='width:40px;background:#000;color:#fff'>"),
          std::string(
              "<span style='font-size:9px;background:#000;color:#fff'><sup style='font-size:60px'>")}) {
        const std::string once = clean(box + words);
        const std::string paper = "<span style=\"background-color:#000000;line-height:normal";
        const bool has_paper = once.find(paper + "\">" + words + "</span>") != std::string::npos ||
                               once.find(paper + ";color:#ffffff\">" + words) != std::string::npos;
        EXPECT_TRUE(has_paper) << once;
        EXPECT_EQ(clean(once), once);
        EXPECT_TRUE(qm::html::is_sanitized(once, "")) << once;
    }
    // The address behind a link, too; but neither blanks between boxes nor letters that are read on any
    // paper.
    EXPECT_EQ(clean("<div style='background:#000;color:#fff'> <a href='https://x.example/'></a> </div>"),
              "<div style=\"background-color:#000;color:#fff\"> <span "
              "style=\"background-color:#000000;line-height:normal\">"
              "[https://x.example/]</span> </div>");
    for (const std::string same : {"<div style=\"background-color:red;color:#000\">x</div>",
                                   "<div style=\"background-color:#f4f4f4;color:#333\">x<b>y</b></div>"}) {
        EXPECT_EQ(clean(same), same);
    }
    EXPECT_FALSE(qm::html::is_sanitized("<div style=\"background-color:#000;color:#fff\">x</div>", ""));
}

TEST(Legible, WhatNeedsMoreElementsThanThereMayBeIsCut)
{
    std::string many = "<div style='background:#000;color:#fff'>";
    for (int i = 0; i < 16'000; ++i) {
        many += "x<br>";
    }
    std::string deep;
    for (int i = 0; i < 252; ++i) {
        deep += "<div style='background:#000;color:#fff'>";
    }
    for (const std::string& input : {many, deep + "x", deep + "<b>x", deep + "<b><i><table><td>x"}) {
        const auto once = qm::html::sanitize(input);
        EXPECT_EQ(once.cut, input != deep + "x");
        const auto twice = qm::html::sanitize(once.html);
        EXPECT_EQ(twice.html, once.html);
        EXPECT_FALSE(twice.cut);
        EXPECT_TRUE(qm::html::is_sanitized(once.html, ""));
    }
}

TEST(Legible, DoingItTwiceChangesNothing)
{
    for (const char* const input :
         {"<table bgcolor=black><caption style='color:#000;background:#111'>a<table bgcolor=white><tr><td>x",
          "<div style='color:#777;background:#787878;font-weight:bold'>x<p style='color:#eee'>y",
          "<mark style='background:#000'>x<font color=black>y", "<font color=white bgcolor=red>x",
          "<div style='background:rgba(0,0,0,.05);color:rgba(0,0,0,.9)'>x"}) {
        const std::string once = clean(input);
        EXPECT_EQ(clean(once), once) << input;
    }
}

TEST(Legible, ATargetOfWhichTheElementsAreCutSaysItsColorItself)
{
    qm::html::SanitizeOptions options;
    const std::string box = "<p style='background:#000'>";
    const std::string link = "<a href=http://x.example>";
    for (options.max_input = 150; options.max_input < 500; ++options.max_input) {
        const std::string once = qm::html::sanitize(box + "b" + link + box + "b" + link, options).html;
        EXPECT_EQ(qm::html::sanitize(once, options).html, once);
        EXPECT_TRUE(qm::html::is_sanitized(once, "")) << once;
    }
}

TEST(Legible, ATargetTakesThePaperAlongWhereverItsLinkEnds)
{
    const auto times = [](int count, const std::string& what) {
        std::string all;
        for (int i = 0; i < count; ++i) {
            all += what;
        }
        return all;
    };
    const std::string dark = R"(<div style="background:#000;color:#fff">)";
    const std::string link = R"(<a href="https://evil.example/">)";
    for (const std::string& html : {
             dark + link + "https://bank.example/</a></div>",
             dark + link + "<img src=x></a>",
             link + "bank.example " + dark + times(260, "<div>") + "x</a>",
             dark + times(249, "<div>") + link + "bank</a>",
             link + "bank.example " + times(30'010, "<b>x</b>") + dark + "</a>",
             dark + link + "bank.example " + times(30'010, "<b>x</b>") + "</a>",
             dark + "<table><tr>" + times(60, "<td>" + link + "b</a>"),
         }) {
        const std::string shown = clean(html);
        EXPECT_NE(shown.find("[https://evil.example/]"), std::string::npos) << html.substr(0, 200);
        EXPECT_TRUE(qm::html::is_sanitized(shown, "")) << html.substr(0, 200);
    }
}
