// What the operator can write wrong.
#include "notify/email_settings.h"

#include <gmock/gmock.h>

#include "notify_fixture.h"

namespace qm::notify {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

class EmailSettingsTest : public testing::Test, public test::NotifyFixture {};

} // namespace

TEST_F(EmailSettingsTest, AllIsWell)
{
    EXPECT_NE(open(), nullptr);
    EXPECT_THAT(section.mistakes(), IsEmpty());
    EXPECT_THAT(section.warnings(), IsEmpty());
}

TEST_F(EmailSettingsTest, AnUnknownVariableIsToldWithTemplateAndLine)
{
    write("notice.html", "<p>\n{EMAIL_FORM}</p>\n");
    EXPECT_EQ(open(), nullptr);
    EXPECT_THAT(
        section.mistakes(),
        ElementsAre(AllOf(StartsWith("notification_email_template: " + folder.path() + "/notice.html"),
                          HasSubstr("2"), HasSubstr("EMAIL_FORM"))));
}

TEST_F(EmailSettingsTest, AVariableWhereNoEscapingHelpsIsToldWithTemplateAndLine)
{
    write("notice.html", "<p>\n<a title={EMAIL_SUBJECT}>x</a></p>\n");
    EXPECT_EQ(open(), nullptr);
    write("notice.html", "<p title=\"{EMAIL_HTML_TEXT}\">");
    EXPECT_EQ(open(), nullptr);
    EXPECT_THAT(section.mistakes(),
                ElementsAre(AllOf(StartsWith("notification_email_template: " + folder.path() +
                                             "/notice.html: line 2: {EMAIL_SUBJECT} stands in"),
                                  HasSubstr("expected: in text")),
                            HasSubstr("{EMAIL_HTML_TEXT} stands in")));
}

TEST_F(EmailSettingsTest, AGroupThatTheRegexDoesNotHaveIsUnknown)
{
    groups.clear();
    EXPECT_EQ(open(), nullptr);
    EXPECT_THAT(section.mistakes(), ElementsAre(HasSubstr("SUBGROUP_0")));
}

TEST_F(EmailSettingsTest, EveryMistakeIsFoundInOneRun)
{
    section.set("notification_email_from", "nobody");
    section.set("notification_email_subject", "{NO_SUCH}");
    section.set("notification_email_template", "missing.html");
    section.set("notification_email_embedded_imgs", "missing.png");
    section.set("notification_email_envelope_from", "nobody");
    section.set("notification_domains", "our.example, user@our.example");
    section.set("smtp_host", "a b");
    EXPECT_EQ(open(), nullptr);
    EXPECT_THAT(section.mistakes(),
                ElementsAre(StartsWith("notification_email_from: "),
                            StartsWith("notification_email_subject: "),
                            StartsWith("notification_email_template: "),
                            StartsWith("notification_email_embedded_imgs: "),
                            StartsWith("notification_email_envelope_from: "),
                            StartsWith("notification_domains: "), StartsWith("smtp_host: ")));
}

TEST_F(EmailSettingsTest, AnImageIsAnImage)
{
    write("logo.svg", "<svg xmlns=\"http://www.w3.org/2000/svg\"><script/></svg>");
    write("logo.png", "<svg/>");
    write("my logo.png", "\x89PNG\r\n\x1a\n...");
    section.set("notification_email_embedded_imgs", "logo.svg, logo.png, my logo.png");
    EXPECT_EQ(open(), nullptr);
    EXPECT_THAT(section.mistakes(),
                ElementsAre(HasSubstr("logo.svg: is not a PNG"), HasSubstr("logo.png: is not a PNG"),
                            HasSubstr("Content-ID")));
}

TEST_F(EmailSettingsTest, TwoImagesCannotHaveOneName)
{
    section.set("notification_email_embedded_imgs", "removed.png");
    section.set("notification_email_replacement_img", "removed.png");
    EXPECT_EQ(open(), nullptr);
    EXPECT_THAT(section.mistakes(), ElementsAre(HasSubstr("two images have the name removed.png")));
}

TEST_F(EmailSettingsTest, ATemplateIsUtf8AndNotEndless)
{
    write("notice.html", "<p>Gr\xfc\xdf"
                         "e</p>");
    EXPECT_EQ(open(), nullptr);
    write("notice.html", std::string((1U << 20U) + 1, 'x'));
    EXPECT_EQ(open(), nullptr);
    EXPECT_THAT(section.mistakes(), ElementsAre(HasSubstr("is not UTF-8"), HasSubstr("notice.html")));
}

TEST_F(EmailSettingsTest, AnEmptyRequiredOptionIsAMistake)
{
    section.set("notification_email_from", " ");
    section.set("notification_email_template", "");
    EXPECT_EQ(open(), nullptr);
    EXPECT_THAT(section.mistakes(),
                ElementsAre("notification_email_from: is empty", "notification_email_template: is empty"));
}

} // namespace qm::notify
