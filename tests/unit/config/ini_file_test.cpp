#include "config/ini_file.h"

#include <chrono>
#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/text.h"
#include "support/processor_time.h"

namespace qm::config {
namespace {

/// Writes down what it is told: "3[spam]", "4 regex=x", "5!what".
class Notebook final : public IniVisitor {
  public:
    void section(int line, const std::string& name) override { seen += fmt::format("{}[{}]\n", line, name); }
    void option(int line, const std::string& name, const std::string& value) override
    {
        seen += fmt::format("{} {}={}\n", line, name, value);
        last_value = value;
    }
    bool is_option(std::string_view name) const override
    {
        return text::equals_ignoring_case(name, "action") || text::equals_ignoring_case(name, "regex");
    }
    void broken(int line, const std::string& what) override
    {
        mistakes += fmt::format("{}: {}\n", line, what);
    }
    void doubtful(int line, const std::string& what) override
    {
        doubts += fmt::format("{}: {}\n", line, what);
    }

    std::string seen;
    std::string mistakes;
    std::string doubts;
    std::string last_value;
};

Notebook read(std::string_view text)
{
    Notebook notebook;
    read_ini(text, notebook);
    return notebook;
}

constexpr const char* kNeither =
    "neither a section nor an option; expected \"[section]\" or \"option = value\"\n";

TEST(IniFile, EqualSignAndColonSeparate)
{
    EXPECT_EQ(read("[a]\nx = 1\ny: 2\nz=a:b=c\nw : d = e").seen,
              "1[a]\n2 x=1\n3 y=2\n4 z=a:b=c\n5 w=d = e\n");
}

TEST(IniFile, NamesAreGivenAsWritten)
{
    EXPECT_EQ(read("[SpAm Mail]\nReGeX = 1\n").seen, "1[SpAm Mail]\n2 ReGeX=1\n");
}

TEST(IniFile, CommentsBeginAtTheStartOfALineOnly)
{
    EXPECT_EQ(read("# one\n; two\n  # three\n[a]\nregex = b ; c # d\n").seen, "4[a]\n5 regex=b ; c # d\n");
    EXPECT_EQ(read("[a]\nregex=;x\naction=#x\n").seen, "1[a]\n2 regex=;x\n3 action=#x\n");
}

TEST(IniFile, DoubledPercentIsOneAndASinglePercentIsItself)
{
    EXPECT_EQ(read("[a]\nx = 100%% sure, 50% not, %%%, %%%%, %").last_value, "100% sure, 50% not, %%, %%, %");
}

TEST(IniFile, IndentedLineContinuesTheValue)
{
    EXPECT_EQ(read("[a]\nx = 1\n  2\n\t3\ny = 4\n").seen, "1[a]\n2 x=1\n2\n3\n5 y=4\n");
}

TEST(IniFile, EmptyAndCommentLinesInsideAValueAreTreatedAsConfigParserDoes)
{
    EXPECT_EQ(read("[a]\nx = 1\n\n  2\n# no\n  ; no\n  3\n\n\ny = 4\n").seen,
              "1[a]\n2 x=1\n\n2\n3\n10 y=4\n");
}

TEST(IniFile, ValueMayBeginInTheNextLine)
{
    EXPECT_EQ(read("[a]\nx =\n\n  1\n  2").seen, "1[a]\n2 x=1\n2\n");
}

TEST(IniFile, OptionsThatAreAllIndentedAlikeAreOptions)
{
    EXPECT_EQ(read("[a]\n  regex = 1\n  action = 2\n    more\n").seen, "1[a]\n2 regex=1\n3 action=2\nmore\n");
    EXPECT_EQ(read("[a]\n  regex = 1\n action = 2\n").mistakes, "");
}

TEST(IniFile, IndentedLineThatLooksLikeAKnownOptionIsAMistakeThatSaysSo)
{
    const Notebook notebook = read("[a]\nregex = x\n  Action = REJECT\n");
    EXPECT_EQ(notebook.mistakes,
              "3: \"Action\" is indented and would continue the value of \"regex\" (line 2); "
              "expected it at the start of the line\n");
    EXPECT_EQ(notebook.seen, "1[a]\n2 regex=x\n3 Action=REJECT\n");
}

TEST(IniFile, ContinuationOfARegexMayHoldAnEqualSign)
{
    const Notebook notebook = read("[a]\nregex = x\n  |foo=bar\n  |(?:action)=1\n  baz: x\n");
    EXPECT_EQ(notebook.mistakes, "");
    EXPECT_EQ(notebook.last_value, "x\n|foo=bar\n|(?:action)=1\nbaz: x");
}

TEST(IniFile, IndentedSectionIsDoubtful)
{
    EXPECT_EQ(read("[a]\nx = 1\n  [b]\n").doubts,
              "3: indented, so it continues the value of \"x\" (line 2); a "
              "section begins at the start of the line\n");
    EXPECT_EQ(read("[a]\n  [b]\n  x = 1\n").seen, "1[a]\n2[b]\n3 x=1\n");
}

TEST(IniFile, LineThatIsNeitherIsAMistake)
{
    EXPECT_EQ(read("junk\n[a]\nmore junk\nx=1\n]\n").mistakes,
              fmt::format("1: {}3: {}5: {}", kNeither, kNeither, kNeither));
}

TEST(IniFile, SectionsWithoutOptionsAreSeen)
{
    EXPECT_EQ(read("[a]\n[b]\n\n[c]").seen, "1[a]\n2[b]\n4[c]\n");
}

TEST(IniFile, HeaderThatCannotBeReadOpensASectionWithoutName)
{
    const Notebook notebook = read("[a]\nx=1\n[b\ny=2\n");
    EXPECT_EQ(notebook.seen, "1[a]\n2 x=1\n3[]\n4 y=2\n");
    EXPECT_EQ(notebook.mistakes, "3: not a section; expected \"[name]\" with a name of at most 40 bytes\n");
}

TEST(IniFile, SectionNameIsNeverCut)
{
    const std::string longest(kLongestSectionName, 'n');
    EXPECT_EQ(read("[" + longest + "]\n").seen, "1[" + longest + "]\n");
    for (const std::size_t size : {41U, 45U, 46U, 47U, 48U, 49U, 50U, 118U, 119U, 120U, 121U, 300U, 60000U}) {
        const Notebook notebook = read("[" + std::string(size, 'n') + "]\nx=1\n");
        EXPECT_EQ(notebook.seen, "1[]\n2 x=1\n") << size;
        EXPECT_NE(notebook.mistakes, "") << size;
    }
}

TEST(IniFile, LongSectionNameFarDownIsNotCutEither)
{
    const std::string longest(kLongestSectionName, 'n');
    EXPECT_EQ(read(std::string(1000000, '\n') + "[" + longest + "]\nx=1").seen,
              "1000001[" + longest + "]\n1000002 x=1\n");
}

TEST(IniFile, SectionNameIsPrintableAndWithoutBlanksAround)
{
    EXPECT_NE(read("[]\n").mistakes, "");
    EXPECT_NE(read("[ ]\n").mistakes, "");
    EXPECT_NE(read("[ a]\n").mistakes, "");
    EXPECT_NE(read("[a ]\n").mistakes, "");
    EXPECT_NE(read("[a\x1b]\n").mistakes, "");
    EXPECT_NE(read("[a\xff]\n").mistakes, "");
    EXPECT_EQ(read("[Sp\xc3\xa4m]\n").mistakes, "");
}

TEST(IniFile, NothingMayStandBehindASectionName)
{
    const Notebook notebook = read("[a] regex = x\n");
    EXPECT_EQ(notebook.mistakes,
              "1: something stands behind the section's name; expected the end of the line\n");
    EXPECT_EQ(notebook.seen, "1[a]\n");
}

TEST(IniFile, LongValueIsWholeUpTo64KiB)
{
    for (const std::size_t size : {190U, 199U, 200U, 201U, 4096U, 60000U}) {
        const std::string value = std::string(size - 8, 'v') + " ; end%";
        EXPECT_EQ(read("[a]\nx = " + value + "\ny = 1\n").seen, "1[a]\n2 x=" + value + "\n3 y=1\n") << size;
    }
    const std::string longest(kLongestLine - 2, 'v');
    EXPECT_EQ(read("x=" + longest).last_value, longest);
}

TEST(IniFile, LineOver64KiBIsAMistakeAndTheRestIsRead)
{
    const Notebook notebook = read("[a]\nx=" + std::string(kLongestLine - 1, 'v') + "\ny=1\n");
    EXPECT_EQ(notebook.mistakes, "2: the line has 65537 bytes; expected at most 65536\n");
    EXPECT_EQ(notebook.seen, "1[a]\n3 y=1\n");
}

TEST(IniFile, FileOver1MiBIsRefused)
{
    EXPECT_EQ(read(std::string(kLongestFile + 1, '\n')).mistakes,
              "0: the file has 1048577 bytes; expected at most 1048576\n");
    EXPECT_EQ(read(std::string(kLongestFile, '\n')).mistakes, "");
}

TEST(IniFile, LongOptionNameIsNoKnownOne)
{
    const Notebook notebook = read("[a]\n" + std::string(500, 'n') + " = 1\n");
    EXPECT_EQ(notebook.seen, "1[a]\n2 " + std::string(120, 'n') + "...=1\n");
}

TEST(IniFile, ByteOrderMarkAtTheStartIsSkipped)
{
    EXPECT_EQ(read("\xEF\xBB\xBF[a]\nx=1\n").seen, "1[a]\n2 x=1\n");
    EXPECT_EQ(read("\xEF\xBB\xBF# comment\n[a]\n").mistakes, "");
}

TEST(IniFile, WindowsLineEndsAreTaken)
{
    EXPECT_EQ(read("[a]\r\nx = 1\r\n  2\r\n\r\ny = 3\r\n").seen, "1[a]\n2 x=1\n2\n5 y=3\n");
}

TEST(IniFile, NulByteIsAMistake)
{
    using namespace std::string_view_literals;
    const Notebook notebook = read("[a]\nx = 1\0002\ny = 3\n"sv);
    EXPECT_EQ(notebook.mistakes, "2: the line has a NUL byte; expected text in UTF-8\n");
    EXPECT_EQ(notebook.seen, "1[a]\n2 x=12\n3 y=3\n");
}

TEST(IniFile, Utf16IsOneMistakeAndNotAThousand)
{
    using namespace std::string_view_literals;
    EXPECT_EQ(read("\xFF\xFE[\0a\0]\0\n\0"sv).mistakes, "0: the file is in UTF-16; expected UTF-8\n");
}

TEST(IniFile, NoLineLooksLikeOneOfOurSurrogates)
{
    // What inih is handed in place of a value is the line's number.
    EXPECT_EQ(read("[a]\n2\n\v3\nname = 4\n[5 b]\n").seen, "1[a]\n4 name=4\n5[5 b]\n");
    EXPECT_EQ(read("x = 1\n\xA0"
                   "2\n")
                  .mistakes,
              fmt::format("2: {}", kNeither));
}

TEST(IniFile, LastLineNeedsNoLineEnd)
{
    EXPECT_EQ(read("[a").mistakes, "1: not a section; expected \"[name]\" with a name of at most 40 bytes\n");
    EXPECT_EQ(read("[a]\nx=").seen, "1[a]\n2 x=\n");
    EXPECT_EQ(read("").seen, "");
}

TEST(IniFile, WrittenValueIsReadBack)
{
    for (const std::string value :
         {"a ; b # c", "100%", "%%", "%(x)s", "one\ntwo\n\nthree", "a=b:c", "[x]"}) {
        EXPECT_EQ(read("[a]\nx = " + as_written(value) + "\n").last_value, value);
    }
}

TEST(IniFile, AMebibyteOfAnythingTakesNoLongTime)
{
    const auto begin = test::processor_time();
    for (const std::string piece :
         {"\n", "[a]\n", "a=\n", "a\n", " a\n", "[\n", "a=b\n c\n", "%", "=", "#\n"}) {
        std::string text = "[a]\nx = 1\n";
        while (text.size() + piece.size() <= kLongestFile) {
            text += piece;
        }
        read(text);
    }
    // Seconds would be minutes if anything were quadratic; sanitizers have their share.
    EXPECT_LT(test::processor_time() - begin, std::chrono::seconds(100));
}

} // namespace
} // namespace qm::config
