// Access to the values of a row.
#include <charconv>

#include "quarantine/error.h"
#include "sql/connection.h"

namespace qm::sql {

std::string text_of(const Value& value)
{
    if (const auto* text = std::get_if<std::string>(&value)) {
        return *text;
    }
    if (const auto* number = std::get_if<std::int64_t>(&value)) {
        return std::to_string(*number);
    }
    return {};
}

std::int64_t integer_of(const Value& value)
{
    if (const auto* number = std::get_if<std::int64_t>(&value)) {
        return *number;
    }
    const auto* text = std::get_if<std::string>(&value);
    if (text == nullptr) {
        return 0;
    }
    std::int64_t number = 0;
    const char* const end = text->data() + text->size();
    const auto [stop, problem] = std::from_chars(text->data(), end, number);
    if (problem != std::errc() || stop != end) {
        throw BackendError("database: a whole number was expected where a text stands");
    }
    return number;
}

} // namespace qm::sql
