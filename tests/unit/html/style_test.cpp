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
              "margin:0 auto;padding:10px 5.5pt 0 1em");
    EXPECT_EQ(clean_style("border: 1px solid rgb(1, 2, 255)"), "border:1px solid #0102ff");
    EXPECT_EQ(clean_style("background: #fff !important"), "background-color:#fff");
    EXPECT_EQ(clean_style("width:50%;line-height:1.5;text-align:center"),
              "width:50%;line-height:1.5;text-align:center");
    EXPECT_EQ(clean_style("text-decoration: underline line-through"),
              "text-decoration:underline line-through");
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

TEST(Style, NothingLoadsHidesOrMoves)
{
    for (const char* style : {"background:url(//x)",
                              "background:#fff url(x)",
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
