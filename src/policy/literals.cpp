#include "policy/literals.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "base/text.h"

namespace qm::policy {
namespace {

using Literals = std::vector<std::string>;

constexpr std::size_t kMostLiterals = 64;   ///< of one regex: more would rarely be rare
constexpr std::size_t kLongestLiteral = 64; ///< the rest of it is not looked for
constexpr int kDeepest = 50;                ///< groups in groups

constexpr std::string_view kDigits = "0123456789";
constexpr std::string_view kHexDigits = "0123456789abcdefABCDEF";
constexpr std::string_view kOctalDigits = "01234567";

/// Fields that nearly every mail has.
constexpr std::array<std::string_view, 18> kUsualNames = {"received:",
                                                          "from:",
                                                          "to:",
                                                          "cc:",
                                                          "subject:",
                                                          "date:",
                                                          "message-id:",
                                                          "mime-version:",
                                                          "content-type:",
                                                          "content-transfer-encoding:",
                                                          "return-path:",
                                                          "reply-to:",
                                                          "sender:",
                                                          "x-mailer:",
                                                          "dkim-signature:",
                                                          "authentication-results:",
                                                          "in-reply-to:",
                                                          "references:"};

bool is_alphanumeric(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

/// This syntax is not read.
struct Unsure {};

/// How rare a literal is likely to be, by its length without what every mail has.
std::size_t rarity(std::string_view literal)
{
    for (const std::string_view name : kUsualNames) {
        if (literal.starts_with(name)) {
            literal.remove_prefix(name.size());
            return text::trim(literal).size() + 1;
        }
        if (name.starts_with(literal) || name.find(literal) != std::string_view::npos) {
            return 1;
        }
    }
    return literal.size() + 1;
}

std::size_t rarity(const Literals& literals)
{
    std::size_t least = literals.empty() ? 0 : std::string::npos;
    for (const std::string& literal : literals) {
        least = std::min(least, rarity(literal));
    }
    return least;
}

/// The best of the sets that a sequence requires.
class Best {
  public:
    void consider(Literals literals)
    {
        const std::size_t offered = rarity(literals);
        if (offered > rarity_) {
            rarity_ = offered;
            literals_ = std::move(literals);
        }
    }

    /// One character more, directly behind those before it.
    void append(char c) { run_.push_back(c); }

    /// Whatever comes now need not follow directly.
    void end_run()
    {
        if (run_.size() >= kShortestLiteral) {
            consider({run_.substr(0, kLongestLiteral)});
        }
        run_.clear();
    }

    Literals take()
    {
        end_run();
        return std::move(literals_);
    }

  private:
    std::string run_;
    Literals literals_;
    std::size_t rarity_ = 0;
};

/// What one item of a sequence matches.
struct Item {
    enum class Kind { character, anything, nothing, group };
    Kind kind = Kind::anything;
    char character = '\0'; ///< lower case
    Literals literals;     ///< of a group: as of a regex
};

const Item kNothing{.kind = Item::Kind::nothing, .character = '\0', .literals = {}};

class Reader {
  public:
    explicit Reader(std::string_view pattern) : rest_(pattern) {}

    Literals read()
    {
        Literals literals = alternatives();
        if (!rest_.empty()) {
            throw Unsure(); // a ')' too many
        }
        return literals;
    }

  private:
    /// Up to the end of the group or of the regex. One of the alternatives must match, so the literals of all
    /// are needed.
    Literals alternatives()
    {
        if (++depth_ > kDeepest) {
            throw Unsure();
        }
        Literals all;
        bool known = true;
        do {
            Literals one = sequence();
            known = known && !one.empty();
            std::ranges::move(one, std::back_inserter(all));
        } while (take('|'));
        --depth_;
        std::ranges::sort(all);
        all.erase(std::unique(all.begin(), all.end()), all.end());
        return known && all.size() <= kMostLiterals ? all : Literals();
    }

    Literals sequence()
    {
        Best best;
        while (!rest_.empty() && rest_.front() != '|' && rest_.front() != ')') {
            Item one = item();
            const std::optional<bool> repeated = quantifiers();
            const bool is_optional = repeated == false;
            switch (one.kind) {
            case Item::Kind::nothing:
                break;
            case Item::Kind::character:
                if (!is_optional) {
                    best.append(one.character);
                }
                if (repeated) {
                    best.end_run();
                }
                break;
            case Item::Kind::group:
                best.end_run();
                if (!is_optional) {
                    best.consider(std::move(one.literals));
                }
                break;
            case Item::Kind::anything:
                best.end_run();
                break;
            }
        }
        return best.take();
    }

    Item item()
    {
        const char c = next();
        switch (c) {
        case '^':
        case '$':
            return kNothing;
        case '.':
            return {};
        case '[':
            return character_class();
        case '(':
            return group();
        case '\\':
            return escape();
        case '*':
        case '+':
        case '?':
            throw Unsure(); // nothing to repeat
        default:
            return character(c);
        }
    }

    /// Nothing when there is none; true when the item before it must be there. One may follow another.
    std::optional<bool> quantifiers()
    {
        std::optional<bool> must;
        while (const auto one = quantifier()) {
            must = must.value_or(true) && *one;
        }
        return must;
    }

    std::optional<bool> quantifier()
    {
        std::optional<bool> must;
        if (take('*') || take('?')) {
            must = false;
        } else if (take('+')) {
            must = true;
        } else if (rest_.starts_with('{')) {
            must = counted();
        }
        if (must && !take('+')) {
            take('?');
        }
        return must;
    }

    /// {2} {2,} {2,3}. Other braces are characters, or something that only later versions of PCRE2 read.
    bool counted()
    {
        next();
        const std::string_view least = digits(kDigits, 10);
        if (least.empty()) {
            throw Unsure();
        }
        if (take(',')) {
            digits(kDigits, 10);
        }
        if (!take('}')) {
            throw Unsure();
        }
        return least.find_first_not_of('0') != std::string_view::npos;
    }

    Item escape()
    {
        const char c = next();
        if (!is_alphanumeric(c)) {
            return character(c);
        }
        switch (c) {
        case 'b':
        case 'B':
        case 'A':
        case 'Z':
        case 'z':
        case 'G':
        case 'K':
            return kNothing;
        case 'd':
        case 'D':
        case 'h':
        case 'H':
        case 's':
        case 'S':
        case 'v':
        case 'V':
        case 'w':
        case 'W':
        case 'R':
        case 'X':
        case 'a':
        case 'e':
        case 'f':
        case 'n':
        case 'r':
        case 't':
            return {};
        case 'N':
            if (rest_.starts_with('{')) {
                throw Unsure();
            }
            return {};
        case 'x':
            if (rest_.starts_with('{')) {
                in_braces();
            } else {
                digits(kHexDigits, 2);
            }
            return {};
        case 'p':
        case 'P':
            if (rest_.starts_with('{')) {
                in_braces();
            } else {
                next();
            }
            return {};
        case '0':
            digits(kOctalDigits, 2);
            return {};
        case '1':
        case '2':
        case '3':
        case '4':
        case '5':
        case '6':
        case '7':
        case '8':
        case '9':
            digits(kDigits, rest_.size()); // a group, or a character by its number
            return {};
        default:
            throw Unsure();
        }
    }

    Item character_class()
    {
        const bool negated = take('^');
        std::string members;
        bool simple = !negated;
        for (bool first = true; first || !rest_.starts_with(']'); first = false) {
            const char c = next();
            if (c == '\\') {
                const char escaped = next();
                if (escaped == 'Q' || escaped == 'E' || escaped == 'c') {
                    throw Unsure();
                }
                simple = simple && !is_alphanumeric(escaped);
                members.push_back(escaped);
            } else if (c == '[' &&
                       (rest_.starts_with(':') || rest_.starts_with('.') || rest_.starts_with('='))) {
                posix_class();
                simple = false;
            } else {
                simple = simple && (c != '-' || first);
                members.push_back(c);
            }
        }
        next();
        const std::string lower = text::to_lower(members);
        simple = simple && lower.find_first_not_of(lower.front()) == std::string::npos;
        return simple ? character(lower.front()) : Item{};
    }

    /// [:name:]
    void posix_class()
    {
        const auto end = rest_.find(":]");
        if (!take(':') || end == std::string_view::npos) {
            throw Unsure();
        }
        take('^');
        while (!rest_.starts_with(":]")) {
            if (!is_alphanumeric(next())) {
                throw Unsure();
            }
        }
        rest_.remove_prefix(2);
    }

    /// Behind the '('.
    Item group()
    {
        if (rest_.starts_with('*')) {
            throw Unsure(); // a verb
        }
        if (!take('?')) {
            return content(Item::Kind::group);
        }
        if (take('#')) {
            throw Unsure(); // a comment: a quantifier behind it belongs to what stands before it
        }
        for (const std::string_view look : {"=", "!", "<=", "<!", "*", "<*"}) {
            if (take(look)) {
                return content(Item::Kind::nothing);
            }
        }
        if (take(':') || take('>') || take('|')) {
            return content(Item::Kind::group);
        }
        if (take("P=") || take("P>") || take('&') || take('R') || rest_.starts_with('+') ||
            kDigits.find(peek()) != std::string_view::npos ||
            (rest_.starts_with('-') && rest_.size() > 1 &&
             kDigits.find(rest_[1]) != std::string_view::npos)) {
            until(')'); // what another group matches
            return {};
        }
        if (take("P<") || take('<')) {
            until('>');
            return content(Item::Kind::group);
        }
        if (take('\'')) {
            until('\'');
            return content(Item::Kind::group);
        }
        return options();
    }

    /// (?i) for what follows, or (?i:...)
    Item options()
    {
        constexpr std::string_view kKnown = "imsnJU^-"; // x would give blanks another meaning
        while (kKnown.find(peek()) != std::string_view::npos) {
            next();
        }
        if (take(')')) {
            return kNothing;
        }
        if (!take(':')) {
            throw Unsure();
        }
        return content(Item::Kind::group);
    }

    Item content(Item::Kind kind)
    {
        Item result{.kind = kind, .character = '\0', .literals = alternatives()};
        if (!take(')')) {
            throw Unsure();
        }
        return result;
    }

    static Item character(char c)
    {
        // Of other characters upper and lower case have more than one byte.
        const bool is_printable = c >= ' ' && c <= '~';
        return is_printable ? Item{.kind = Item::Kind::character, .character = lower(c), .literals = {}}
                            : Item{};
    }

    std::string_view digits(std::string_view which, std::size_t most)
    {
        const auto end = std::min({rest_.find_first_not_of(which), most, rest_.size()});
        const std::string_view found = rest_.substr(0, end);
        rest_.remove_prefix(end);
        return found;
    }

    void in_braces() { until('}'); }

    void until(char end)
    {
        const auto at = rest_.find(end);
        if (at == std::string_view::npos) {
            throw Unsure();
        }
        rest_.remove_prefix(at + 1);
    }

    char peek() const
    {
        if (rest_.empty()) {
            throw Unsure();
        }
        return rest_.front();
    }

    char next()
    {
        const char c = peek();
        rest_.remove_prefix(1);
        return c;
    }

    bool take(char c)
    {
        const bool is_there = rest_.starts_with(c);
        rest_.remove_prefix(is_there ? 1 : 0);
        return is_there;
    }

    bool take(std::string_view text)
    {
        const bool is_there = rest_.starts_with(text);
        rest_.remove_prefix(is_there ? text.size() : 0);
        return is_there;
    }

    std::string_view rest_;
    int depth_ = 0;
};

} // namespace

std::vector<std::string> required_literals(std::string_view pattern)
{
    try {
        return Reader(pattern).read();
    } catch (const Unsure&) {
        return {};
    }
}

} // namespace qm::policy
