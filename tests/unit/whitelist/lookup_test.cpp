// Which texts of a row match an address.
#include "whitelist/lookup.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace qm::whitelist {
namespace {

using testing::ElementsAre;

std::vector<std::string> senders(const Lookup& lookup, std::size_t count)
{
    std::vector<std::string> texts;
    const sql::Row parameters = lookup.parameters();
    for (std::size_t i = 0; i < count; ++i) {
        texts.push_back(sql::text_of(parameters.at(i)));
    }
    return texts;
}

} // namespace

TEST(Lookup, AnOrdinaryAddressIsAskedForOnceInTheShortStatement)
{
    const Lookup lookup("User@Example.org", "b@example.com");
    EXPECT_EQ(lookup.width(), Lookup::Width::ordinary);
    EXPECT_EQ(lookup.parameters().size(), 12U);
    EXPECT_THAT(senders(lookup, 4), ElementsAre("user@example.org", "@example.org", "", ""));
    EXPECT_EQ(Lookup::condition(Lookup::Width::ordinary),
              " WHERE mailfrom IN (:1, :2, :3, :4, :5, :6, :7) AND recipient IN (:8, :9, :10, :11, :12) "
              "ORDER BY id LIMIT 200");
}

TEST(Lookup, AnInternationalAddressIsAskedForInBothSpellings)
{
    for (const std::string domain : {"m\u00DCller.example", "xn--mller-kva.example"}) {
        const Lookup lookup("a@example.org", "b@" + domain);
        EXPECT_TRUE(lookup.rank("", "b@xn--mller-kva.example")) << domain;
        EXPECT_TRUE(lookup.rank("", "b@m\u00FCller.example")) << domain;
        EXPECT_LT(lookup.rank("", "b@m\u00FCller.example"), lookup.rank("", "@xn--mller-kva.example"));
        EXPECT_LT(lookup.rank("", "@m\u00FCller.example"), lookup.rank("", ""));
    }
}

TEST(Lookup, EverythingThatMayMatchFitsIntoItsStatement)
{
    const std::vector<std::string> odd{"",
                                       "@",
                                       "a",
                                       "@example.org",
                                       "\"B\\ob\"@M\u00DCLLER.example.",
                                       "prvs=1234abcdef=\"bob\"@m\u00DCller.example.",
                                       "SRS0=HHHH=TT=Stra\u00DFe.example=bob@M\u00DCLLER.example.",
                                       "a@xn--.example",
                                       "a@xn--a.example",
                                       "a@XN--MLLER-KVA.xn--mller-kva",
                                       "\xFF@\xC3.xn--mller-kva",
                                       std::string("a\0@m\u00FCller.example\0.evil", 24),
                                       "a@" + std::string(100'000, 'x') + "\u00FC.example"};
    for (const std::string& sender : odd) {
        for (const std::string& recipient : odd) {
            const Lookup lookup(sender, recipient);
            const bool ordinary = lookup.width() == Lookup::Width::ordinary;
            EXPECT_EQ(lookup.parameters().size(), ordinary ? 12U : 32U);
            // Nothing was cut off: the wildcards still stand behind everything else.
            EXPECT_EQ(sql::text_of(lookup.parameters().at(ordinary ? 6 : 18)), "") << sender;
            EXPECT_EQ(sql::text_of(lookup.parameters().back()), "") << recipient;
            EXPECT_TRUE(lookup.rank("", "")) << sender << recipient;
        }
    }
}

TEST(Lookup, TakesAsManyRecipientsAsFit)
{
    std::vector<std::string> addresses;
    for (int i = 0; i < 100; ++i) {
        addresses.push_back("user" + std::to_string(i) + "@example.com");
    }
    std::vector<std::string_view> recipients(addresses.begin(), addresses.end());
    const Lookup lookup("a@example.org", recipients);
    EXPECT_EQ(lookup.width(), Lookup::Width::many);
    EXPECT_EQ(lookup.recipients(), 62U) << "of 64 texts two are the domain and the wildcard";
    EXPECT_EQ(lookup.parameters().size(), 83U);
    EXPECT_TRUE(lookup.rank("", "user61@example.com", 61));
    EXPECT_FALSE(lookup.rank("", "user61@example.com", 60)) << "another one's row";
    EXPECT_TRUE(lookup.rank("", "@example.com", 60));
    recipients.resize(2);
    EXPECT_EQ(Lookup("a@example.org", recipients).width(), Lookup::Width::ordinary);
}

TEST(Lookup, ADomainThatIsCutByANulIsNotWhatStandsBeforeIt)
{
    const Lookup lookup(std::string("a@m\u00FCller.example\0.evil", 23), "b@example.com");
    EXPECT_FALSE(lookup.rank("a@xn--mller-kva.example", ""));
    EXPECT_FALSE(lookup.rank("@xn--mller-kva.example", ""));
}

TEST(Lookup, ARowOfTheDatabasesWiderEqualityDoesNotMatch)
{
    const Lookup lookup("a@example.org", "b@example.com");
    EXPECT_TRUE(lookup.rank("A@Example.org", ""));
    EXPECT_FALSE(lookup.rank("\u00E1@example.org", ""));
    EXPECT_FALSE(lookup.rank("a@example.org ", ""));
}

} // namespace qm::whitelist
