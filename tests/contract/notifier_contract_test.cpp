// What every notifier of the table promises (include/quarantine/notifier.h).
#include <set>
#include <thread>

#include <gmock/gmock.h>

#include "support/smtp_sink.h"
#include "unit/notify/notify_fixture.h"
#include "unit/notify/parsed_mail.h"

namespace qm {
namespace {

using testing::IsEmpty;

constexpr auto kHeld = "Subject: x\r\nContent-Type: text/plain\r\n\r\nPlease pay.\r\n";

/// The rows that make something. The fixture's section has what the built-in types need.
std::vector<NotifierType> types_with_notifier()
{
    std::vector<NotifierType> types;
    for (const auto& type : notify::builtin_notifiers()) {
        if (!type.options.empty()) {
            types.push_back(type);
        }
    }
    return types;
}

class NotifierContract : public testing::TestWithParam<NotifierType>, public test::NotifyFixture {
  protected:
    void SetUp() override
    {
        notifier = GetParam().open(section, groups);
        ASSERT_NE(notifier, nullptr);
        ASSERT_THAT(section.mistakes(), IsEmpty());
    }

    ComposedNotice compose(const Notice& what) const
    {
        test::TextReader reader(kHeld);
        return notifier->compose(what, &reader);
    }

    std::unique_ptr<Notifier> notifier;
};

} // namespace

TEST(NotifierTable, NamesAreUniqueAndEveryOptionIsExplained)
{
    std::set<std::string_view> names;
    for (const auto& type : notify::builtin_notifiers()) {
        EXPECT_TRUE(names.insert(type.name).second) << type.name;
        EXPECT_FALSE(type.help.empty()) << type.name;
        EXPECT_NE(type.open, nullptr) << type.name;
        for (const auto& option : type.options) {
            EXPECT_FALSE(option.help.empty()) << option.name;
            EXPECT_THAT(option.name, testing::AnyOf(testing::StartsWith("notification_"), "notify_recipient",
                                                    "also_notify"));
        }
    }
    EXPECT_TRUE(names.contains("NONE"));
    EXPECT_TRUE(names.contains("EMAIL"));
}

TEST(NotifierTable, NoneTellsNobodyAndNeedsNothing)
{
    const test::FakeSection section;
    EXPECT_EQ(notify::builtin_notifiers().front().name, "NONE");
    EXPECT_EQ(notify::builtin_notifiers().front().open(section, {}), nullptr);
    EXPECT_THAT(section.mistakes(), IsEmpty());
}

TEST_P(NotifierContract, ComposesAMailFitForTheWire)
{
    const auto composed = compose(notice());
    EXPECT_EQ(test::wire_problem(composed.bytes), "");
    EXPECT_EQ(composed.recipient, notice().recipient);
    EXPECT_EQ(composed.digest.size(), 64U);
    EXPECT_EQ("<" + test::parse_mail(composed.bytes).message_id + ">", composed.message_id);
}

TEST_P(NotifierContract, ComposesTheSameBytesAgain)
{
    const auto first = compose(notice());
    const auto again = GetParam().open(section, groups);
    test::TextReader reader(kHeld);
    const auto second = again->compose(notice(), &reader);
    EXPECT_EQ(first.bytes, second.bytes);
    EXPECT_EQ(first.digest, second.digest);
    EXPECT_EQ(first.message_id, second.message_id);
}

TEST_P(NotifierContract, TwoNoticesHaveTwoMessageIds)
{
    auto other = notice();
    ++other.number;
    EXPECT_NE(compose(notice()).message_id, compose(other).message_id);
}

TEST_P(NotifierContract, ComposesWithoutTheMessage)
{
    EXPECT_EQ(test::wire_problem(notifier->compose(notice(), nullptr).bytes), "");
}

TEST_P(NotifierContract, ComposesFromAnEmptyNotice)
{
    EXPECT_EQ(test::wire_problem(notifier->compose(Notice{}, nullptr).bytes), "");
}

TEST_P(NotifierContract, TellsNobodyWithoutAnAddress)
{
    for (const auto* recipient : {"", "nobody", "@", "a@", "@b", "a b@c", "u@our.example\r\nDATA"}) {
        EXPECT_THAT(notifier->tells(recipient), testing::IsEmpty()) << recipient;
    }
    EXPECT_THAT(notifier->tells("u@our.example"), testing::ElementsAre("u@our.example"));
}

TEST_P(NotifierContract, AServerThatIsAwayDefers)
{
    section.set("smtp_port", std::to_string(test::SmtpSink().port()));
    notifier = GetParam().open(section, groups);
    const auto delivery = notifier->send(compose(notice()));
    EXPECT_EQ(delivery.outcome, DeliveryOutcome::deferred);
    EXPECT_FALSE(delivery.reply.empty());
}

TEST_P(NotifierContract, ARefusalIsARefusalAndCarriesTheServersWords)
{
    test::SmtpScript script;
    script.rcpt = "550 5.1.1 nobody here";
    test::SmtpSink sink(script);
    section.set("smtp_port", std::to_string(sink.port()));
    notifier = GetParam().open(section, groups);
    const auto delivery = notifier->send(compose(notice()));
    EXPECT_EQ(delivery.outcome, DeliveryOutcome::refused);
    EXPECT_EQ(delivery.reply, "550 5.1.1 nobody here");
}

TEST_P(NotifierContract, ManyThreadsMayUseIt)
{
    test::SmtpSink sink;
    section.set("smtp_port", std::to_string(sink.port()));
    notifier = GetParam().open(section, groups);
    const auto expected = compose(notice()).bytes;
    {
        std::vector<std::jthread> threads;
        for (int i = 0; i < 8; ++i) {
            threads.emplace_back([&] {
                for (int n = 0; n < 5; ++n) {
                    const auto composed = compose(notice());
                    EXPECT_EQ(composed.bytes, expected);
                    EXPECT_EQ(notifier->send(composed).outcome, DeliveryOutcome::delivered);
                }
            });
        }
    }
    EXPECT_EQ(sink.messages().size(), 40U);
}

INSTANTIATE_TEST_SUITE_P(Builtin, NotifierContract, testing::ValuesIn(types_with_notifier()),
                         [](const auto& one) { return std::string(one.param.name); });

} // namespace qm
