#include "load/mail.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "load/protocol.h"

namespace qm::load {
namespace {

/// Numbers that look thrown and depend on the seed alone (splitmix64).
class Dice {
  public:
    explicit Dice(std::uint64_t seed) : state_(seed) {}

    std::uint64_t next()
    {
        std::uint64_t z = state_ += 0x9e3779b97f4a7c15U;
        z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9U;
        z = (z ^ (z >> 27U)) * 0x94d049bb133111ebU;
        return z ^ (z >> 31U);
    }

    std::uint64_t below(std::uint64_t limit) { return next() % std::max<std::uint64_t>(limit, 1); }

    std::uint64_t in(const Range& range) { return range.least + below(range.most - range.least + 1); }

    /// As often between 1 and 10 as between 10 and 100.
    std::uint64_t in_by_magnitude(const Range& range)
    {
        if (range.least >= range.most) {
            return range.least;
        }
        const double least = std::log(static_cast<double>(std::max<std::uint64_t>(range.least, 1)));
        const double most = std::log(static_cast<double>(range.most));
        const double at = static_cast<double>(below(1'000'000)) / 1e6;
        return static_cast<std::uint64_t>(std::exp(least + (most - least) * at));
    }

  private:
    std::uint64_t state_;
};

Kind kind_of(const Mix& mix, std::uint64_t number)
{
    // In turn and evenly mixed, not thrown: the shares of a short run are those that were asked for.
    const std::uint64_t total = mix.clean + mix.held + mix.mixed;
    const std::uint64_t at = number * 7919 % total;
    return at < mix.held ? Kind::held : at < mix.held + mix.mixed ? Kind::mixed : Kind::clean;
}

} // namespace

const char* name_of(Kind kind)
{
    switch (kind) {
    case Kind::clean:
        return "clean";
    case Kind::held:
        return "held";
    case Kind::mixed:
        break;
    }
    return "mixed";
}

std::string Mail::message_id(const Mix& mix) const
{
    return fmt::format("<{}.{}@load.example>", mix.run, number);
}

Mail make_mail(const Mix& mix, std::uint64_t number)
{
    Dice dice(number * 2 + 1);
    Mail mail;
    mail.number = number;
    mail.kind = kind_of(mix, number);
    mail.sender = fmt::format("<News{}@Shop{}.example>", dice.below(2'000), dice.below(300));
    const std::uint64_t least = mail.kind == Kind::mixed ? 2 : 1;
    const std::uint64_t count = std::max(dice.in(mix.recipients), least);
    const std::uint64_t passes = mail.kind == Kind::mixed ? dice.below(count) : count;
    for (std::uint64_t i = 0; i < count; ++i) {
        const bool is_friend = i == passes;
        const char* const domain = dice.below(4) == 0 ? "Branch" : "Our";
        mail.recipients.push_back(is_friend
                                      ? fmt::format("<{}>", mix.friend_of)
                                      : fmt::format("<User{}.{}@{}.example>", dice.below(5'000), i, domain));
        mail.is_held.push_back(mail.kind != Kind::clean && !is_friend);
    }
    const std::uint64_t size = dice.in_by_magnitude(mix.body);
    mail.body =
        mix.content.empty() ? std::max<std::uint64_t>(size / kBodyLine, 1) * kBodyLine : mix.content.size();
    mail.cut = dice.below(100) < mix.cut;
    if (dice.below(100) < mix.broken_off) {
        // Anywhere, or where a milter has most to put away: behind the headers, behind the body.
        const std::uint64_t to_headers = count + kUsualHeaders + mix.more_headers + 3;
        const std::uint64_t to_body = to_headers + (mail.body + kLongestChunk - 1) / kLongestChunk;
        const std::uint64_t places[] = {1 + dice.below(to_body), to_headers, to_body};
        mail.break_at = static_cast<unsigned>(places[dice.below(3)]);
        mail.break_hard = dice.below(2) == 0;
    }
    return mail;
}

std::string body_text(std::size_t size)
{
    static constexpr std::string_view kLetters = "the quick brown fox jumps over the lazy dog 0123456789 ";
    std::string text;
    text.reserve(size + kBodyLine);
    for (std::size_t letter = 0; text.size() < size;) {
        for (std::size_t column = 0; column + 2 < kBodyLine; ++column) {
            text.push_back(kLetters[letter++ % kLetters.size()]);
        }
        text += "\r\n";
    }
    return text;
}

} // namespace qm::load
