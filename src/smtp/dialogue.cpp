#include "smtp/dialogue.h"

#include <array>
#include <utility>

#include "base/text.h"

namespace qm::smtp {
namespace {

constexpr std::size_t kMaxReply = 2000;

struct Command {
    std::string_view begins;
    Step step;
};
/// With the character behind the verb, so that no base64 line of an AUTH exchange looks like one.
constexpr std::array kCommands{
    Command{"EHLO ", Step::hello},           Command{"HELO ", Step::hello},
    Command{"STARTTLS\r\n", Step::starttls}, Command{"AUTH ", Step::login},
    Command{"MAIL FROM:", Step::mail},       Command{"RCPT TO:", Step::rcpt},
    Command{"DATA\r\n", Step::data},
};

bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/// The three digits in front, or 0.
int code_of(std::string_view line)
{
    if (line.size() < 3 || !is_digit(line[0]) || !is_digit(line[1]) || !is_digit(line[2])) {
        return 0;
    }
    return (line[0] - '0') * 100 + (line[1] - '0') * 10 + (line[2] - '0');
}

} // namespace

void Dialogue::begin()
{
    step_ = Step::connect;
    over_ = false;
    code_ = 0;
    reply_.clear();
    lines_.clear();
}

void Dialogue::go(Step step)
{
    step_ = step;
    code_ = 0;
    reply_.clear();
    lines_.clear();
    if (step == Step::hello) {
        utf8_ = false;
        starttls_ = false;
    }
    if (step == Step::starttls) {
        tls_started_ = true;
    }
}

void Dialogue::sent(std::string_view line)
{
    if (line == "QUIT\r\n") {
        over_ = true;
        return;
    }
    for (const auto& command : kCommands) {
        if (line.starts_with(command.begins)) {
            go(command.step);
            return;
        }
    }
}

bool Dialogue::heard(std::string_view line)
{
    if (over_) {
        return false;
    }
    line = text::trim(line);
    const int code = code_of(line);
    if (code == 0) {
        return false;
    }
    if (step_ == Step::connect) { // a new connection
        tls_started_ = false;
    }
    const auto words = line.size() > 4 ? line.substr(4) : std::string_view();
    if (step_ == Step::hello && code == 250) {
        const auto keyword = words.substr(0, words.find(' '));
        utf8_ = utf8_ || text::equals_ignoring_case(keyword, "SMTPUTF8");
        starttls_ = starttls_ || text::equals_ignoring_case(keyword, "STARTTLS");
    }
    if (lines_.size() + words.size() < kMaxReply) {
        lines_.append(lines_.empty() ? line.substr(0, 3) : std::string_view());
        lines_.append(" ").append(words);
    }
    if (line.size() > 3 && line[3] == '-') {
        return false;
    }
    code_ = code;
    reply_ = std::exchange(lines_, {});
    if (step_ == Step::data && code == 354) {
        go(Step::message);
    }
    return true;
}

} // namespace qm::smtp
