// The options of the mail server.
#include <gmock/gmock.h>

#include "smtp/client.h"
#include "support/fake_section.h"

namespace qm::smtp {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::StartsWith;

TEST(SmtpServer, TheDefaultsAreThisMachine)
{
    const test::FakeSection section({}, options());
    const auto server = server_of(section);
    EXPECT_EQ(server.host, "127.0.0.1");
    EXPECT_EQ(server.port, 25);
    EXPECT_EQ(server.tls, Tls::none);
    EXPECT_EQ(server.user, "");
    EXPECT_THAT(section.mistakes(), IsEmpty());
}

TEST(SmtpServer, EveryOptionIsRead)
{
    const test::FakeSection section({{"smtp_host", "mx.example.org"},
                                     {"smtp_port", "587"},
                                     {"smtp_tls", "Require"},
                                     {"smtp_user", "q"},
                                     {"smtp_password", "secret"}},
                                    options());
    const auto server = server_of(section);
    EXPECT_EQ(server.host, "mx.example.org");
    EXPECT_EQ(server.port, 587);
    EXPECT_EQ(server.tls, Tls::require);
    EXPECT_EQ(server.user, "q");
    EXPECT_EQ(server.password, "secret");
    EXPECT_THAT(section.mistakes(), IsEmpty());
    EXPECT_THAT(section.warnings(), IsEmpty());
}

TEST(SmtpServer, AHostThatIsNoHostIsAMistake)
{
    const test::FakeSection section({{"smtp_host", "mx/../x"}}, options());
    server_of(section);
    EXPECT_THAT(section.mistakes(), ElementsAre(StartsWith("smtp_host: \"mx/../x\" is not")));
}

TEST(SmtpServer, ALoginWithoutAPasswordIsAMistake)
{
    const test::FakeSection section({{"smtp_user", "q"}}, options());
    server_of(section);
    EXPECT_THAT(section.mistakes(), ElementsAre(StartsWith("smtp_user: ")));
}

TEST(SmtpServer, APasswordInClearIsAWarningUnlessItStaysOnThisMachine)
{
    const test::FakeSection far({{"smtp_host", "mx.example.org"}, {"smtp_user", "q"}, {"smtp_password", "x"}},
                                options());
    server_of(far);
    EXPECT_THAT(far.warnings(), ElementsAre(StartsWith("smtp_tls: ")));
    const test::FakeSection near({{"smtp_user", "q"}, {"smtp_password", "x"}}, options());
    server_of(near);
    EXPECT_THAT(near.warnings(), IsEmpty());
}

} // namespace qm::smtp
