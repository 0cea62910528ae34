#include "quarantine/socket_address.h"

#include <gtest/gtest.h>

#include "quarantine/error.h"

namespace qm {

TEST(SocketAddress, BothSpellingsAreUnderstood)
{
    EXPECT_EQ(SocketAddress("unix:/run/x/milter.sock").for_libmilter(), "unix:/run/x/milter.sock");
    EXPECT_EQ(SocketAddress("local:/run/x/milter.sock").for_libmilter(), "unix:/run/x/milter.sock");
    EXPECT_EQ(SocketAddress("inet:8891@127.0.0.1").for_libmilter(), "inet:8891@127.0.0.1");
    EXPECT_EQ(SocketAddress("inet:127.0.0.1:8891").for_libmilter(), "inet:8891@127.0.0.1");
    EXPECT_EQ(SocketAddress("inet:localhost:8891").for_libmilter(), "inet:8891@localhost");
    EXPECT_EQ(SocketAddress("INET:8891").for_libmilter(), "inet:8891@127.0.0.1");
    EXPECT_EQ(SocketAddress("inet6:8891@::1").for_libmilter(), "inet6:8891@[::1]");
    EXPECT_EQ(SocketAddress("inet6:8891@[::1]").for_libmilter(), "inet6:8891@[::1]");
    EXPECT_EQ(SocketAddress("inet6:[::1]:8891").for_libmilter(), "inet6:8891@[::1]");
    EXPECT_EQ(SocketAddress("inet:[::1]:8891").family(), SocketAddress::Family::inet6);
    EXPECT_EQ(SocketAddress("inet6:8891").host(), "::1");
}

TEST(SocketAddress, EverythingElseIsRefusedWithWhatIsExpected)
{
    for (const char* const text : {"", "unix:", "unix:relative/milter.sock", "/run/milter.sock",
                                   "inet:", "inet:0@127.0.0.1", "inet:65536@127.0.0.1", "inet:host",
                                   "inet:12x@host", "inet:25@", "inet:25@two words", "tcp:25@host"}) {
        try {
            const SocketAddress address(text);
            ADD_FAILURE() << text;
        } catch (const ConfigError& error) {
            EXPECT_NE(std::string(error.what()).find("expected"), std::string::npos) << error.what();
        }
    }
    EXPECT_THROW(SocketAddress("unix:/" + std::string(200, 'x')), ConfigError);
}

} // namespace qm
