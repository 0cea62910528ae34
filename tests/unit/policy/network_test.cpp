#include "policy/network.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "quarantine/error.h"

namespace qm::policy {

TEST(Network, ContainsItsAddressesAndNoOthers)
{
    struct Row {
        std::string_view network;
        std::string_view address;
        bool contained;
    };
    for (const Row& row : {
             Row{"192.0.2.0/24", "192.0.2.0", true},
             Row{"192.0.2.0/24", "192.0.2.255", true},
             Row{"192.0.2.0/24", "192.0.3.0", false},
             Row{"192.0.2.128/25", "192.0.2.127", false},
             Row{"192.0.2.7", "192.0.2.7", true},
             Row{"192.0.2.7", "192.0.2.8", false},
             Row{" 192.0.2.7/32 ", "192.0.2.7", true},
             Row{"0.0.0.0/0", "203.0.113.9", true},
             Row{"0.0.0.0/0", "2001:db8::1", false},
             Row{"::/0", "2001:db8::1", true},
             Row{"::/0", "192.0.2.1", false},
             Row{"2001:db8::/33", "2001:db8:7fff::1", true},
             Row{"2001:db8::/33", "2001:db8:8000::1", false},
             Row{"2001:DB8::1", "2001:0db8:0:0::0001", true},
             Row{"2001:db8::/32", "IPv6:2001:db8::5", true},
             Row{"10.0.0.0/8", "::ffff:10.1.2.3", true},
             Row{"::ffff:10.0.0.0/104", "10.1.2.3", true},
             Row{"::ffff:10.0.0.0/104", "11.1.2.3", false},
             Row{"127.0.0.1", "", false},
             Row{"127.0.0.1", "localhost", false},
             Row{"127.0.0.1", "127.0.0.1 ", false},
             Row{"127.0.0.1", "127.1", false},
         }) {
        EXPECT_EQ(Network(row.network).contains(row.address), row.contained)
            << row.network << " " << row.address;
    }
    EXPECT_FALSE(Network("127.0.0.1").contains(std::string_view("127.0.0.1\0x", 11)));
    EXPECT_FALSE(Network("127.0.0.1").contains(std::string(100'000, '1')));
}

TEST(Network, AMistakeSaysWhatIsExpected)
{
    for (const std::string_view bad :
         {"", "localhost", "192.0.2", "192.0.2.0/", "192.0.2.0/33", "192.0.2.0/-1", "192.0.2.0/24x",
          "2001:db8::/129", "192.0.2.0/255.255.255.0", "[2001:db8::1]", "fe80::1%eth0", "192.0.2.0/24/25"}) {
        EXPECT_THROW(Network{bad}, ConfigError) << bad;
    }
}

TEST(Network, HostBitsNameTheNetworkMeant)
{
    const auto message_of = [](std::string_view text) -> std::string {
        try {
            const Network network(text);
        } catch (const ConfigError& error) {
            return error.what();
        }
        return "no error";
    };
    EXPECT_THAT(message_of("192.0.2.7/24"), testing::HasSubstr("192.0.2.0/24"));
    EXPECT_THAT(message_of("2001:db8::1/32"), testing::HasSubstr("2001:db8::/32"));
}

} // namespace qm::policy
