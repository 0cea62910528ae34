#include "notify/notice_variables.h"

#include <gmock/gmock.h>

namespace qm::notify {
namespace {

using testing::Contains;
using testing::IsSupersetOf;
using testing::Not;

Notice a_notice()
{
    Notice notice;
    notice.number = 7;
    notice.recipient = "u@our.example";
    notice.mail.quarantine = "spam";
    notice.mail.envelope.sender = "bounce@mailer.example";
    notice.mail.subject = "Invoice 4711";
    notice.mail.size = 47123;
    notice.mail.why = "X-Spam-Flag: YES";
    return notice;
}

} // namespace

TEST(NoticeVariables, GroupsAreKnownByNumberAndName)
{
    const std::vector<std::string> groups{"", "score", ""};
    const auto known = known_variables(groups);
    EXPECT_THAT(known, IsSupersetOf({"EMAIL_FROM", "EMAIL_TO", "EMAIL_SUBJECT", "EMAIL_QUARANTINE_ID",
                                     "EMAIL_HTML_TEXT", "EMAIL_HEADER_FROM", "EMAIL_DATE", "EMAIL_SIZE",
                                     "QUARANTINE", "EXPIRES", "RELEASE_URL", "ATTACHMENTS", "WHY",
                                     "SUBGROUP_0", "SUBGROUP_1", "SUBGROUP_2", "score"}));
    EXPECT_THAT(known, Not(Contains("SUBGROUP_3")));
    EXPECT_THAT(known, Not(Contains("")));
}

TEST(NoticeVariables, EveryKnownNameHasAValue)
{
    auto notice = a_notice();
    notice.mail.groups = {{"", "9.5"}, {"score", ""}};
    const std::vector<std::string> groups{"", "score"};
    const auto values = variables_of(notice, {});
    for (const auto& name : known_variables(groups)) {
        EXPECT_TRUE(values.contains(name)) << name;
    }
    EXPECT_EQ(values.at("SUBGROUP_0"), "9.5");
    EXPECT_EQ(values.at("SUBGROUP_1"), "");
    EXPECT_EQ(values.at("score"), "");
    EXPECT_EQ(values.at("EMAIL_SIZE"), "47 kB");
    EXPECT_EQ(values.at("WHY"), "X-Spam-Flag: YES");
    EXPECT_EQ(values.at("RELEASE_URL"), "");
}

TEST(NoticeVariables, WhereThereIsNothingToSayADashStands)
{
    auto notice = a_notice();
    notice.mail.why = "";
    notice.mail.envelope.sender = "";
    const auto values = variables_of(notice, {});
    EXPECT_EQ(values.at("EXPIRES"), "–");
    EXPECT_EQ(values.at("ATTACHMENTS"), "–");
    EXPECT_EQ(values.at("WHY"), "–");
    EXPECT_EQ(values.at("EMAIL_FROM"), "<>");
}

TEST(NoticeVariables, TheSenderStandsWhereItIsSomebodyElseThanFrom)
{
    auto notice = a_notice();
    notice.mail.header_from = "Anna Smith <anna@shop.example>";
    EXPECT_EQ(variables_of(notice, {}).at("SENT_BY"), "(sent by: bounce@mailer.example)");
    notice.mail.envelope.sender = "Anna@Shop.example";
    EXPECT_EQ(variables_of(notice, {}).at("SENT_BY"), "");
    notice.mail.envelope.sender = "";
    EXPECT_EQ(variables_of(notice, {}).at("SENT_BY"), "(sent by: <>)");
}

TEST(NoticeVariables, TheSenderStandsWhereFromCanBeReadAsSeveralAddresses)
{
    auto notice = a_notice();
    notice.mail.envelope.sender = "evil@evil.example";
    for (const char* const from :
         {"<evil@evil.example> <ceo@bank.example>", "evil@evil.example ceo@bank.example",
          "ceo@bank.example <evil@evil.example>", "evil@evil.example, ceo@bank.example"}) {
        notice.mail.header_from = from;
        EXPECT_EQ(variables_of(notice, {}).at("SENT_BY"), "(sent by: evil@evil.example)") << from;
    }
    for (const char* const from : {"\"evil@evil.example\" <Evil@evil.example>", "evil@evil.example (Evil)"}) {
        notice.mail.header_from = from;
        EXPECT_EQ(variables_of(notice, {}).at("SENT_BY"), "") << from;
    }
}

TEST(NoticeVariables, AGroupCannotTakeOneOfOurNames)
{
    auto notice = a_notice();
    notice.mail.groups = {{"EMAIL_TO", "evil"}, {"EMAIL_HTML_TEXT", "<script>"}};
    preview::Preview preview;
    preview.html = "<p>x</p>";
    const auto values = variables_of(notice, preview);
    EXPECT_EQ(values.at("EMAIL_TO"), "u@our.example");
    EXPECT_EQ(values.at("EMAIL_HTML_TEXT"), "<p>x</p>");
}

TEST(NoticeVariables, ANameInTwoBranchesHasTheOneThatMatched)
{
    auto notice = a_notice();
    notice.mail.groups = {{"score", "5"}, {"score", ""}};
    EXPECT_EQ(variables_of(notice, {}).at("score"), "5");
}

TEST(NoticeVariables, EveryValueIsOneLineWithoutTricks)
{
    auto notice = a_notice();
    notice.mail.subject = "a\r\nBcc: b\xff \u202eexe";
    notice.mail.groups = {{"g", "x\ny"}};
    preview::Preview preview;
    preview.attachments = {{.name = "a\nb\u202efdp.exe", .type = "application/pdf", .size = 41000},
                           {.name = "", .type = "image/png", .size = 5}};
    const auto values = variables_of(notice, preview);
    EXPECT_EQ(values.at("EMAIL_SUBJECT"), "a Bcc: b\uFFFD exe");
    EXPECT_EQ(values.at("g"), "x y");
    EXPECT_EQ(values.at("ATTACHMENTS"), "a bfdp.exe (41 kB), image/png (5 B)");
}

TEST(NoticeVariables, ALongNameOfAnAttachmentKeepsItsEnd)
{
    preview::Preview preview;
    preview.attachments = {
        {.name = std::string(200, 'x') + ".pdf.exe", .type = "application/pdf", .size = 5}};
    const auto text = variables_of(a_notice(), preview).at("ATTACHMENTS");
    EXPECT_TRUE(text.ends_with(".pdf.exe (5 B)")) << text;
    EXPECT_LT(text.size(), 110U);
}

TEST(NoticeVariables, ManyAttachmentsAreCountedInTheEnd)
{
    preview::Preview preview;
    preview.attachments.assign(90, {.name = std::string(5000, 'x'), .type = "a/b", .size = 1});
    const auto text = variables_of(a_notice(), preview).at("ATTACHMENTS");
    EXPECT_LT(text.size(), 4000U);
    EXPECT_TRUE(text.ends_with("(90)")) << text;
}

} // namespace qm::notify
