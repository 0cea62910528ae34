// Callbacks in any order with any arguments, on two connections. Nothing but a BackendError ever leaves a
// session; every answer is one that libmilter may give at that moment; who leaves the envelope is on record
// with the message as it came, byte for byte; who is on record as held has left it; nothing is kept of a mail
// that was not answered.
//
// One line is one callback:
//     m ARGUMENT      MAIL            e              end of headers
//     r ARGUMENT      RCPT            d              end of message
//     h NAME:VALUE    header          a              abort
//     b BYTES         body            q              the connection ends, another begins
//     B BYTES         the same, over and over
//     i, c, n, u      a macro: queue id, client address, its name, its login
//     s               header values come without the blank behind their colon
//     x               to the other connection        t              time goes by
//     o               another configuration          f              a digit: at which call the store fails
#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/log.h"
#include "fuzz/commands.h"
#include "fuzz/property.h"
#include "fuzz/session_record.h"
#include "fuzz/session_world.h"
#include "quarantine/error.h"

namespace {

using namespace qm;
using fuzz::Command;
using fuzz::expect;
using fuzz::Judged;
using fuzz::RecordCheck;
using fuzz::World;
using milter::Reply;

constexpr std::size_t kLargeBody = 70'000; ///< more than a store keeps in memory
constexpr std::size_t kMostBody = 1U << 20U;

std::string many_times(const std::string& text)
{
    std::string all;
    while (!text.empty() && all.size() < kLargeBody) {
        all += text;
    }
    return all;
}

/// A connection, and what we know of it ourselves.
class Connection {
  public:
    explicit Connection(World& world) : world_(world), session_(world.house.desk, [] {}) {}

    void run(const Command& command)
    {
        switch (command.letter) {
        case 'm':
            remembered([&] {
                forget();
                session_.mail(command.argument);
                mail_.emplace();
                mail_->sender = mail::without_brackets(command.argument);
            });
            break;
        case 'r':
            remembered([&] { recipient(command.argument); });
            break;
        case 'h':
            remembered([&] { header(command.argument); });
            break;
        case 'b':
            remembered([&] { body(command.argument); });
            break;
        case 'B':
            remembered([&] { body(many_times(command.argument)); });
            break;
        case 'e':
            end_of_headers();
            break;
        case 'd':
            end_of_message();
            break;
        case 'a':
            abort();
            break;
        case 's':
            leading_space_ = !leading_space_;
            session_.set_leading_space(leading_space_);
            break;
        default:
            macro(command);
        }
    }

    void header(const std::string& line)
    {
        const auto colon = std::min(line.find(':'), line.size());
        const std::string name = line.substr(0, colon);
        const std::string value = colon < line.size() ? line.substr(colon + 1) : "";
        session_.header(name, value);
        added_.add(name, leading_space_ ? value : " " + value);
    }

  private:
    /// As src/milter/callbacks.cpp does it.
    template <typename Step>
    void remembered(Step step)
    {
        try {
            step();
        } catch (const BackendError&) {
            session_.mark_failed();
            failed_ = true;
        }
    }

    template <typename Step>
    std::optional<Reply> answered(Step step)
    {
        try {
            const Reply reply = step();
            expect(!failed_, "a mail with a step that failed is put off");
            return reply;
        } catch (const BackendError&) {
            return std::nullopt;
        }
    }

    void recipient(const std::string& argument)
    {
        session_.recipient(argument);
        if (!argument.empty()) {
            recipients_.push_back(argument);
        }
    }

    void body(const std::string& bytes)
    {
        if (body_size_ + bytes.size() > kMostBody) {
            return;
        }
        body_size_ += bytes.size();
        session_.body(bytes);
        if (judged_) {
            judged_->body += bytes;
        }
    }

    void judge()
    {
        judged_.emplace();
        judged_->sender = mail_ ? mail_->sender : "";
        judged_->recipients = recipients_;
        judged_->headers = added_;
    }

    void end_of_headers()
    {
        test::FakeMta mta = new_mta();
        const auto reply = answered([&] { return session_.end_of_headers(mta); });
        expect(!reply || mail_, "nothing is judged that has not begun");
        expect(!reply || *reply == Reply::go_on || *reply == Reply::accept,
               "the end of the headers lets a mail pass or go on");
        expect(mta.removed.empty() && mta.held.empty(), "the end of the headers asks for nothing");
        if (reply == Reply::go_on) {
            judge();
        } else {
            abort();
        }
    }

    void end_of_message()
    {
        if (!judged_) {
            judge();
        }
        RecordCheck check(world_, *judged_);
        test::FakeMta mta = new_mta();
        const auto reply = answered([&] { return session_.end_of_message(mta); });
        expect(reply != Reply::go_on, "the end of a message is its end");
        check.run(reply, mta);
        abort();
    }

    void macro(const Command& command)
    {
        static const std::map<char, std::string> names{
            {'i', "i"}, {'c', "{client_addr}"}, {'n', "{client_name}"}, {'u', "{auth_authen}"}};
        if (const auto name = names.find(command.letter); name != names.end()) {
            macros_[name->second] = command.argument;
        }
    }

    test::FakeMta new_mta() const
    {
        test::FakeMta mta;
        for (const auto& [name, value] : macros_) {
            mta.macros[name] = value;
        }
        return mta;
    }

    void forget()
    {
        mail_.reset();
        judged_.reset();
        recipients_.clear();
        added_.clear();
        body_size_ = 0;
        failed_ = false;
    }

    void abort()
    {
        session_.abort();
        forget();
        expect(session_.queue_id() == "NOQUEUE", "nothing is left of a mail that is over");
    }

    World& world_;
    milter::Session session_;
    std::map<std::string, std::string> macros_;
    bool leading_space_ = true;
    bool failed_ = false;        ///< a step of this mail did
    std::optional<Judged> mail_; ///< begun
    std::vector<std::string> recipients_;
    mail::Headers added_;
    std::size_t body_size_ = 0;
    std::optional<Judged> judged_;
};

class Play {
  public:
    explicit Play(World& world) : world_(world)
    {
        for (auto& connection : connections_) {
            connection = std::make_unique<Connection>(world_);
        }
    }

    void run(Command command)
    {
        if (command.letter != 'b' && command.letter != 'B') {
            // libmilter hands out C strings.
            command.argument.resize(std::min(command.argument.find('\0'), command.argument.size()));
        }
        switch (command.letter) {
        case 'x':
            place_ = 1 - place_;
            break;
        case 'q':
            connections_.at(place_) = std::make_unique<Connection>(world_);
            break;
        case 't':
            world_.house.clock.advance(std::chrono::hours(7));
            break;
        case 'o':
            world_.reconfigure();
            break;
        case 'f':
            fail_at(command.argument);
            break;
        default:
            connections_.at(place_)->run(command);
        }
    }

  private:
    void fail_at(const std::string& digit)
    {
        const int call = digit.empty() ? -1 : fuzz::hex_digit(digit.front());
        world_.store->fail_at(std::max(call, 0));
        world_.store_may_leave = world_.store_may_leave || call > 0;
    }

    World& world_;
    std::array<std::unique_ptr<Connection>, 2> connections_;
    std::size_t place_ = 0;
};

template <typename Step>
bool fails(Step step)
{
    try {
        step();
        return false;
    } catch (const BackendError&) {
        return true;
    }
}

/// What is too much for one mail is not taken. Once: it takes a while.
bool check_bounds(World& world)
{
    constexpr std::size_t kLargeHeader = 11U << 20U; // three are too much
    constexpr int kTooMany = 100'001;
    milter::Session session(world.house.desk, [] {});
    session.mail("<a@b.example>");
    const auto add_header = [&] { session.header("X-Large", std::string(kLargeHeader, 'x')); };
    expect(!fails(add_header) && !fails(add_header) && fails(add_header), "a header block is bounded");
    session.mail("<a@b.example>");
    expect(fails([&] {
               for (int i = 0; i < kTooMany; ++i) {
                   session.recipient("<u@example.net>");
               }
           }),
           "recipients are bounded");
    session.mark_failed();
    test::FakeMta mta;
    expect(fails([&] { session.end_of_headers(mta); }), "who asks for too much is put off");
    return true;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    static const bool quiet = (log::set_level(log::Level::error), true);
    static_cast<void>(quiet);
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): bytes are bytes
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    // Making a house takes ten times as long as most plays.
    static std::unique_ptr<World> world;
    if (!world) {
        world = std::make_unique<World>();
    }
    static const bool bounded = check_bounds(*world);
    static_cast<void>(bounded);
    {
        Play play(*world);
        for (const Command& command : fuzz::commands_of(input)) {
            play.run(command);
        }
    }
    if (!world->clear()) {
        world.reset();
    }
    return 0;
}
