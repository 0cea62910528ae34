#include "html/style.h"

#include <gtest/gtest.h>

#include <string>

using qm::html::clean_style;

TEST(Style, UsefulDeclarationsAreRebuilt)
{
    EXPECT_EQ(clean_style("COLOR: #FF0000; Font-Weight : Bold"), "color:#ff0000;font-weight:bold");
    EXPECT_EQ(clean_style("font-family: \"Times New Roman\", 'Arial', serif"),
              "font-family:times new roman,arial,serif");
    EXPECT_EQ(clean_style("margin: 0 auto; padding:10px 5.5pt 0 1em"),
              "margin:0 auto;padding:10px 5.5pt 0 16px");
    EXPECT_EQ(clean_style("border: 1px solid rgb(1, 2, 255)"), "border:1px solid #0102ff");
    EXPECT_EQ(clean_style("background: #fff !important"), "background-color:#fff");
    EXPECT_EQ(clean_style("width:50%;line-height:1.5;text-align:center"),
              "width:50%;line-height:1.5;text-align:center");
    EXPECT_EQ(clean_style("text-decoration: underline line-through"),
              "text-decoration:underline line-through");
}

TEST(Style, ShorthandsKeepWhatIsHarmlessInThem)
{
    EXPECT_EQ(clean_style("background: url(http://x/red.png) no-repeat center #FFF"),
              "background-color:#fff");
    EXPECT_EQ(clean_style("background: linear-gradient(red, blue), navy"), "background-color:navy");
    EXPECT_EQ(clean_style("font: italic bold 12px/18px Arial, 'Open Sans', sans-serif"),
              "font-style:italic;font-weight:bold;font-size:12px;line-height:1.2;"
              "font-family:arial,open sans,sans-serif");
    EXPECT_EQ(clean_style("font: 12px x"), "font-size:12px;font-family:x");
    for (const char* none : {"font:inherit", "font:caption", "font:1px x", "font:0/0 a", "font:bold",
                             "font:", "background:url(red)", "background:none"}) {
        EXPECT_EQ(clean_style(none), "") << none;
    }
}

TEST(Style, ColorsThatShineThroughAreMixedWithThePaper)
{
    EXPECT_EQ(clean_style("color:rgba(0,0,0,0.5)"), "color:#808080");
    EXPECT_EQ(clean_style("color:rgb(0 0 0 / 50%)"), "color:#808080");
    EXPECT_EQ(clean_style("background:rgba(255, 0, 0, .1)"), "background-color:#ffe6e6");
    EXPECT_EQ(clean_style("color:windowtext"), "color:black");
    EXPECT_EQ(clean_style("color:inherit;background:currentcolor"), "");
}

TEST(Style, NothingIsPushedOutOfItsPlaceOrUponItsNeighbor)
{
    EXPECT_EQ(clean_style("margin-left:100%"), "");
    EXPECT_EQ(clean_style("padding:0 26%"), "");
    // A share of the width is no part of what a table measures to make room for a box.
    EXPECT_EQ(clean_style("margin:0 5%"), "margin:0 30px");
    EXPECT_EQ(clean_style("padding-left:25%"), "padding-left:100px");
    EXPECT_EQ(clean_style("width:1px"), "");
    EXPECT_EQ(clean_style("max-width:0"), "");
    EXPECT_EQ(clean_style("width:1%"), "");
    EXPECT_EQ(clean_style("width:1001px"), "");
    EXPECT_EQ(clean_style("height:1px"), "min-height:1px") << "letters need more: the box grows";
    EXPECT_EQ(clean_style("line-height:20px"), "line-height:1.25") << "larger letters inside need more";
    EXPECT_EQ(clean_style("line-height:150%"), "line-height:1.5");
    EXPECT_EQ(clean_style("line-height:0.8"), "line-height:1.2");
    EXPECT_EQ(clean_style("line-height:1"), "line-height:1.2") << "the background of words is that high";
    EXPECT_EQ(clean_style("line-height:1.3333"), "line-height:1.333");
}

TEST(Style, IsBounded)
{
    std::string style;
    for (int i = 0; i < 100; ++i) {
        style += "font:italic bold 12px/18px " + std::string(200, 'a') + ";";
    }
    const std::string once = clean_style(style);
    EXPECT_LE(once.size(), 4000U);
    EXPECT_TRUE(clean_style(once) == once);
}

TEST(Style, CleaningTwiceChangesNothing)
{
    for (const std::string style :
         {"font-size:1.25em;color:rgba(1,2,3,.5)", "font-family:'a b',1x,c;font-size:150%", "font-size:large",
          "border:thin;border-width:thin medium 1px 0;border-color:red rgb(1,1,1)", "margin:.5em auto"}) {
        const std::string once = clean_style(style);
        EXPECT_FALSE(once.empty()) << style;
        EXPECT_EQ(clean_style(once), once) << style;
    }
}

TEST(Style, AFontOfPicturesIsLeftOut)
{
    for (const std::string font : {"wingdings", "Symbol", "MT Extra", "mt  extra", "'MT  Extra'",
                                   "Monotype Sorts", "MS Outlook", "LastResort", ".LastResort", "Last Resort",
                                   "Segoe MDL2 Assets", "MS Reference Specialty", "D050000L"}) {
        EXPECT_EQ(clean_style("font-family:" + font), "") << font;
        EXPECT_EQ(clean_style("font-family:" + font + ",arial"), "font-family:arial") << font;
        EXPECT_EQ(clean_style("font:12px " + font), "font-size:12px") << font;
    }
    EXPECT_EQ(clean_style("font-family:Gill Sans MT,Lato Extra Bold"),
              "font-family:gill sans mt,lato extra bold");
}

TEST(Style, NothingLoadsHidesOrMoves)
{
    for (const char* style : {"background:url(//x)",
                              "background-image:url(x)",
                              "list-style:url(x)",
                              "content:'x'",
                              "cursor:url(x),auto",
                              "position:absolute",
                              "top:0",
                              "z-index:1",
                              "margin:-1px",
                              "margin-left:-10000px",
                              "text-indent:-9999px",
                              "display:none",
                              "visibility:hidden",
                              "opacity:0",
                              "filter:alpha(opacity=0)",
                              "overflow:hidden",
                              "clip:rect(0,0,0,0)",
                              "float:left",
                              "transform:scale(9)",
                              "font-size:0",
                              "font-size:1px",
                              "font-size:0.1em",
                              "font-size:500px",
                              "font-size:99em",
                              "line-height:0",
                              "line-height:1px",
                              "line-height:900px",
                              "width:99999px",
                              "width:expression(1)",
                              "width:calc(1px)",
                              "color:transparent",
                              "background:url",
                              "color:blurple",
                              "color:var(--x)",
                              "color:red\\9",
                              "color:/**/red",
                              "c\\olor:red",
                              "width:1e9px",
                              "width:+1px",
                              "behavior:url(x)",
                              "-moz-binding:url(x)",
                              "animation:x",
                              "font:0/0 a",
                              "color:#12345",
                              "color:#1234",
                              "color:rgb(1,2)",
                              "color:rgb(1,2,999)",
                              "color:rgb(1,2,3",
                              "color",
                              ":red",
                              "color:",
                              "font-family:';x'y",
                              "@import 'x'",
                              "--x:1",
                              "color:red}b{color:blue"}) {
        EXPECT_EQ(clean_style(style), "") << style;
    }
}

TEST(Style, OneBadDeclarationDoesNotTakeTheOthersWithIt)
{
    EXPECT_EQ(clean_style("color:red;background:url(a;b);font-weight:bold"), "color:red;font-weight:bold");
    EXPECT_EQ(clean_style(";;color:red;;x;"), "color:red");
}

TEST(Style, SizesThatDependOnTheSizeAroundThemBecomeAbsolute)
{
    EXPECT_EQ(clean_style("font-size:2em"), "font-size:32px");
    EXPECT_EQ(clean_style("font-size:larger"), "");
}
