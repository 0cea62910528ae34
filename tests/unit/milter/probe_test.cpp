// The watchdog's question to our own socket, where somebody else answers.
#include "milter/probe.h"

#include <chrono>
#include <string>
#include <thread>

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "base/file.h"
#include "support/temp_dir.h"

namespace qm::milter {
namespace {

using namespace std::string_literals;
using std::chrono::milliseconds;

constexpr milliseconds kPatience{300};

/// Takes one connection, says these bytes, and keeps it open until the other side goes.
class Liar {
  public:
    explicit Liar(std::string says) : socket_(listening(path_)), says_(std::move(says))
    {
        thread_ = std::jthread([this] { serve(); });
    }

    SocketAddress address() const { return SocketAddress("unix:" + path_); }

  private:
    static FileDescriptor listening(const std::string& path)
    {
        FileDescriptor made(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        path.copy(static_cast<char*>(address.sun_path), sizeof address.sun_path - 1);
        EXPECT_EQ(::bind(made.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
        EXPECT_EQ(::listen(made.get(), 1), 0);
        return made;
    }

    void serve() const
    {
        const FileDescriptor connection(::accept(socket_.get(), nullptr, nullptr));
        static_cast<void>(::send(connection.get(), says_.data(), says_.size(), MSG_NOSIGNAL));
        std::string heard(1000, '\0');
        while (::recv(connection.get(), heard.data(), heard.size(), 0) > 0) {
        }
    }

    test::TempDir folder_;
    std::string path_ = folder_ / "socket";
    FileDescriptor socket_;
    std::string says_;
    std::jthread thread_;
};

/// What we hear of a negotiation.
const std::string kAgreed = "\0\0\0\x0dO\0\0\0\x06\0\0\x01\xff\0\x1f\xff\xff"s;

bool answered(const std::string& says)
{
    const Liar liar(says);
    return answers(liar.address(), kPatience);
}

} // namespace

TEST(Probe, AnAnswerIsAnAnswer)
{
    EXPECT_TRUE(answered(kAgreed + "\0\0\0\x01"
                                   "c"s));
    EXPECT_TRUE(answered(kAgreed + "\0\0\0\x06"
                                   "y451 x"s));
}

TEST(Probe, WhatIsNoPacketIsNoAnswer)
{
    for (const std::string& says : {
             ""s,
             "\0"s,
             kAgreed.substr(0, 16),
             "\0\0\0\x01"
             "c"s,                 // the answer to another question
             "\0\0\0\0O"s,         // a packet without a command
             "\x7f\xff\xff\xffO"s, // two gigabytes
             "\xff\xff\xff\xffO"s,
             "220 mx.example.org ESMTP\r\n"s,
             kAgreed,
             kAgreed + "\0\0\0\0c"s,
             kAgreed +
                 "\0\x01\0\x01"
                 "c"s +
                 std::string(65536, 'x'), // one byte too many
             kAgreed + "\xff\xff\xff\xff"
                       "c"s,
             kAgreed + "\0\0\0\x02"
                       "c"s,
         }) {
        EXPECT_FALSE(answered(says)) << testing::PrintToString(says.substr(0, 40));
    }
}

TEST(Probe, NobodyThereIsNoAnswer)
{
    const test::TempDir folder;
    EXPECT_FALSE(answers(SocketAddress("unix:" + (folder / "none")), kPatience));
}

} // namespace qm::milter
