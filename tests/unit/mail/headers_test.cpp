#include "mail/headers.h"

#include <gtest/gtest.h>

namespace qm::mail {

TEST(Headers, BlockIsByteForByteWhatWasAdded)
{
    Headers headers;
    headers.add("Subject", " a  b\n\tc");
    headers.add("X-Raw", "no blank \xff\x01");
    headers.add("Subject ", " obsolete blank before the colon");
    EXPECT_EQ(headers.block(), "Subject: a  b\r\n\tc\r\nX-Raw:no blank \xff\x01\r\n"
                               "Subject : obsolete blank before the colon\r\n");
}

TEST(Headers, FoldsAreCrlfWhicheverWayTheyCame)
{
    Headers headers;
    headers.add("A", " x\n y");
    headers.add("B", " x\r\n y");
    EXPECT_EQ(headers[0].value, " x\r\n y");
    EXPECT_EQ(headers[1].value, " x\r\n y");
}

TEST(Headers, LineEndWithoutFoldNeverBeginsANewField)
{
    Headers headers;
    headers.add("A", " x\nBcc: evil@example.org\n\nbody\n");
    headers.add("B", " y\r");
    EXPECT_EQ(headers.block(), "A: x\r\n Bcc: evil@example.org\r\n \r\n body\r\n \r\nB: y\r\r\n");
    Headers again;
    parse_headers(headers.block(), again);
    ASSERT_EQ(again.size(), 2U);
    EXPECT_EQ(again.block(), headers.block());
}

TEST(Headers, FindTakesTheFirstOfAnyCase)
{
    Headers headers;
    headers.add("subject ", "one");
    headers.add("Subject", "two");
    EXPECT_EQ(headers.find("SUBJECT"), "one");
    EXPECT_EQ(headers[0].name, "subject");
    EXPECT_EQ(headers.find("To").data(), nullptr);
    headers.clear();
    EXPECT_TRUE(headers.empty());
    EXPECT_EQ(headers.block(), "");
}

TEST(ParseHeaders, BodyBeginsBehindTheEmptyLine)
{
    Headers headers;
    const std::string_view message = "A: 1\r\nB: 2\r\n\tfolded\r\n\r\nbody: no\r\n";
    EXPECT_EQ(message.substr(parse_headers(message, headers)), "body: no\r\n");
    ASSERT_EQ(headers.size(), 2U);
    EXPECT_EQ(headers[1].value, " 2\r\n\tfolded");
}

TEST(ParseHeaders, BareLineFeedsAreLineEndsToo)
{
    Headers headers;
    const std::string_view message = "A: 1\nB: 2\n folded\n\nbody\n";
    EXPECT_EQ(message.substr(parse_headers(message, headers)), "body\n");
    EXPECT_EQ(headers.block(), "A: 1\r\nB: 2\r\n folded\r\n");
}

TEST(ParseHeaders, ALineOfBlanksContinuesAField)
{
    Headers headers;
    const std::string_view message = "A: 1\r\n \r\nB: 2\r\n\r\n";
    EXPECT_EQ(parse_headers(message, headers), message.size());
    EXPECT_EQ(headers.size(), 2U);
    EXPECT_EQ(headers[0].value, " 1\r\n ");
}

TEST(ParseHeaders, ALineThatIsNoFieldEndsTheBlock)
{
    struct Row {
        std::string_view message;
        std::size_t fields;
        std::string_view rest;
    };
    for (const Row& row : {
             Row{"A: 1\r\nno colon here\r\nB: 2\r\n", 1, "no colon here\r\nB: 2\r\n"},
             Row{" continuation of nothing\r\n", 0, " continuation of nothing\r\n"},
             Row{"From someone@example.org Mon Jan  1 00:00:00 2024\nA: 1\n", 0,
                 "From someone@example.org Mon Jan  1 00:00:00 2024\nA: 1\n"},
             Row{": no name\r\n", 0, ": no name\r\n"},
             Row{"N\xc3\xa4me: 1\r\n", 0, "N\xc3\xa4me: 1\r\n"},
             Row{"\r\nbody", 0, "body"},
             Row{"", 0, ""},
             Row{"A: end without line end", 1, ""},
         }) {
        Headers headers;
        EXPECT_EQ(row.message.substr(parse_headers(row.message, headers)), row.rest) << row.message;
        EXPECT_EQ(headers.size(), row.fields) << row.message;
    }
}

} // namespace qm::mail
