// Letters in the color of the paper are the oldest way to hide text in a mail.
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "html/colors.h"
#include "html/sanitizer.h"

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
        {"<div style=\"background-color:#000;color:#fff\">x</div>", nullptr},
        {"<div style=\"background-color:navy;color:white\"><b>x</b></div>", nullptr},
        {"<p style=\"color:#bbb\">x</p>", nullptr},
        {"<mark>x</mark>", nullptr},
        // Black on black, white on white, and what is said by one element and hidden by another.
        {"<div style=\"background:#000\">x</div>",
         "<div style=\"background-color:#000;color:#ffffff\">x</div>"},
        {"<div bgcolor=black>x</div>", "<div>x</div>"},
        {"<div style=\"background:navy\"><font color=navy>x</font></div>",
         "<div style=\"background-color:navy;color:#ffffff\">x</div>"},
        {"<div style=\"color:red\"><p style=\"background:red\">x</p></div>",
         "<div style=\"color:red\"><p style=\"background-color:red;color:#000000\">x</p></div>"},
        {"<p style=\"color:red;background:red\">x</p>", "<p style=\"background-color:red\">x</p>"},
        {"<mark style=\"color:yellow\">x</mark>", "<mark>x</mark>"},
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
    EXPECT_EQ(clean("<table bgcolor=black><tr><td><font color=#fff>x"),
              "<table bgcolor=\"black\" style=\"color:#ffffff\"><tbody><tr><td><font color=\"#fff\">x"
              "</font></td></tr></tbody></table>");
    EXPECT_EQ(clean("<table><tr bgcolor=#111><td style='background-color:transparent;color:#000'>x"),
              "<table><tbody><tr bgcolor=\"#111\" style=\"color:#ffffff\"><td "
              "style=\"background-color:transparent\">x</td></tr></tbody></table>");
    // A column is behind cells that are not inside it.
    EXPECT_EQ(
        clean("<table><colgroup style='background:black;width:50px'><col style='background:#000'>"
              "</colgroup><tr><td>x"),
        "<table><colgroup style=\"width:50px\"><col></colgroup><tbody><tr><td>x</td></tr></tbody></table>");
    // A caption stands outside the box of its table.
    EXPECT_EQ(clean("<table style='background:black;color:white'><caption>x</caption></table>"),
              "<table style=\"background-color:black;color:white\"><caption style=\"color:#000000\">x"
              "</caption></table>");
    // Without a document type, a table does not take over the color around it.
    EXPECT_EQ(
        clean("<div style='background:#000;color:#fff'><table><tr><td>x"),
        "<div style=\"background-color:#000;color:#fff\"><table style=\"color:#ffffff\"><tbody><tr><td>x"
        "</td></tr></tbody></table></div>");
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
