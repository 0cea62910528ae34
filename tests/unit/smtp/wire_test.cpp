#include "smtp/client.h"
#include "smtp/wire.h"

#include <gtest/gtest.h>

namespace qm::smtp {

TEST(Wire, OrdinaryAndOddAddressesFitACommand)
{
    for (const auto* address :
         {"u@example.org", "User+tag@Example.ORG", "\"two words\"@example.org", "\"a@b\"@example.org",
          "\"a\\\"b>\"@example.org", "u@[192.0.2.1]", "jürgen@exämple.org"}) {
        EXPECT_TRUE(fits_command(address)) << address;
    }
}

TEST(Wire, NoAddressBreaksOutOfItsCommand)
{
    using namespace std::string_view_literals;
    for (const auto address :
         {"u@example.org\r\nDATA"sv, "u@example.org\n"sv, "u\0@example.org"sv, "a> SIZE=1@b"sv,
          "<u@example.org>"sv, "two words@example.org"sv, "\"open@example.org"sv, "\"a\"b@example.org"sv,
          "u@exam\"ple"sv, "u@"sv, "@b"sv, ""sv, "u@b\xff"sv, "\uFFFDff@example.org"sv, "u@b\uFFFD"sv,
          "\uFFFD"sv, "a@b@c"sv, "\"a\\"sv}) {
        EXPECT_FALSE(fits_command(address)) << address;
    }
    EXPECT_FALSE(fits_command(std::string(1000, 'a') + "@example.org"));
}

TEST(Wire, AnAddressMayComeWithoutADomain)
{
    EXPECT_TRUE(fits_command("postmaster"));
    EXPECT_TRUE(fits_command("\"two words\""));
    EXPECT_FALSE(fits_command("two words"));
    EXPECT_FALSE(fits_command("a>b"));
}

TEST(Wire, EveryLineEndsWithCrlfAndALoneCrStays)
{
    EXPECT_EQ(with_crlf("a\nb\r\nc\rd"), "a\r\nb\r\nc\rd\r\n");
    EXPECT_EQ(with_crlf("\n\n"), "\r\n\r\n");
    EXPECT_EQ(with_crlf(""), "\r\n");
    EXPECT_EQ(with_crlf("a\r\n"), "a\r\n");
    EXPECT_EQ(with_crlf("a\r\r\n"), "a\r\r\n");
}

TEST(Wire, ADotBetweenBareLineEndsHidesAnEnd)
{
    for (const auto* message : {"a\n.\nMAIL", "a\n.\r\nMAIL", "a\r.\rMAIL", "a\r.\r\nMAIL", "a\r\n\n.\r\n"}) {
        EXPECT_TRUE(hides_an_end(message));
    }
    for (const auto* message : {"a\r\n.\r\nb", "a\r\n.\nb", ".\r\n", "a\n.b\n", "a.\nb", "", "a\n."}) {
        EXPECT_FALSE(hides_an_end(message));
    }
}

TEST(Wire, HostsAreNamesAndAddresses)
{
    for (const auto* host : {"localhost", "mx.example.org", "127.0.0.1", "::1", "[::1]", "2001:db8::25"}) {
        EXPECT_TRUE(is_host(host)) << host;
    }
    for (const auto* host : {"", "a b", "mx/../x", "user@mx", "mx:25", "[mx]", "-x", "a\nb", "[::1"}) {
        EXPECT_FALSE(is_host(host)) << host;
    }
}

} // namespace qm::smtp
