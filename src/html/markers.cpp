#include "html/markers.h"

#include <algorithm>
#include <array>
#include <string>

#include "html/style.h"

namespace qm::html {
namespace {

constexpr double kUsualSpace = 40; ///< pixels, by the browser
constexpr double kMayStickOut = 8; ///< pixels
constexpr double kSign = 1;        ///< width in sizes of letters, with what is behind it; the others without
constexpr double kDot = 0.55;
constexpr double kDigit = 0.6;
constexpr double kLetter = 0.75;
constexpr unsigned kMostRoman = 3999;

struct Numeral {
    unsigned value;
    double width;
};
constexpr double kM = 0.89, kCD = 0.72, kX = 0.72, kL = 0.67, kI = 0.33;
constexpr std::array kNumerals = {Numeral{1000, kM},     Numeral{900, kCD + kM}, Numeral{500, kCD},
                                  Numeral{400, 2 * kCD}, Numeral{100, kCD},      Numeral{90, kX + kCD},
                                  Numeral{50, kL},       Numeral{40, kX + kL},   Numeral{10, kX},
                                  Numeral{9, kI + kX},   Numeral{5, kX},         Numeral{4, kI + kX},
                                  Numeral{1, kI}};

double digits(unsigned number, unsigned base)
{
    double count = 1;
    for (; number >= base; number /= base) {
        ++count;
    }
    return count;
}

} // namespace

bool has_markers(const Element& element)
{
    return element.role == Role::list && element.name != "dl";
}

void Markers::enter(const Element& element, Written& attributes, Declarations& style, const Text& text)
{
    if (has_markers(element)) {
        lists_.push_back(
            {space_before(style, text.from_right), number_written(attributes, "start", 1), text.direction});
    }
    Kind kind = kind_of(element, attributes, style, kinds_.back());
    if (element.role == Role::list_item) {
        List& list = lists_.back();
        const unsigned number = number_written(attributes, "value", list.next);
        list.next = number + 1;
        if (width_of(kind, number) * text.letters > list.space + kMayStickOut ||
            (kind != Kind::none && text.direction != list.direction)) {
            erase_written(attributes, "type");
            style.set("list-style-type", "none");
            kind = Kind::none;
        }
    }
    kinds_.push_back(kind);
}

void Markers::leave(const Element& element)
{
    kinds_.pop_back();
    if (has_markers(element)) {
        lists_.pop_back();
    }
}

double Markers::space_before(const Declarations& style, bool from_right)
{
    const auto space = [&](std::string_view side) {
        return style.side("margin", side).value_or(0) + style.side("padding", side).value_or(kUsualSpace);
    };
    return from_right ? std::min(space("left"), space("right")) : space("left");
}

Markers::Kind Markers::kind_of(const Element& element, const Written& attributes, const Declarations& style,
                               Kind around)
{
    std::string_view said = style.find("list-style-type");
    const std::string* const type = find_written(attributes, "type");
    if (said.empty() && type != nullptr) {
        said = *type;
    }
    if (said.empty()) {
        return !has_markers(element) ? around : element.name == "ol" ? Kind::decimal : Kind::sign;
    }
    if (said == "none") {
        return Kind::none;
    }
    if (said == "1" || said == "decimal") {
        return Kind::decimal;
    }
    if (said == "i" || said == "I" || said.ends_with("roman")) {
        return Kind::roman;
    }
    return said == "a" || said == "A" || said.ends_with("alpha") || said.ends_with("latin") ? Kind::letter
                                                                                            : Kind::sign;
}

/// In sizes of the letters.
double Markers::width_of(Kind kind, unsigned number)
{
    switch (kind) {
    case Kind::none:
        return 0;
    case Kind::sign:
        return kSign;
    case Kind::letter:
        return kDot + kLetter * digits(number, 26);
    case Kind::roman:
        if (number <= kMostRoman) {
            double width = kDot;
            for (const Numeral& numeral : kNumerals) {
                for (; number >= numeral.value; number -= numeral.value) {
                    width += numeral.width;
                }
            }
            return width;
        }
        [[fallthrough]];
    case Kind::decimal:
        break;
    }
    return kDot + kDigit * digits(number, 10);
}

} // namespace qm::html
