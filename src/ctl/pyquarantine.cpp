#include "ctl/pyquarantine.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/sha256.h"
#include "base/text.h"
#include "ctl/time_argument.h"

namespace qm::ctl {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kMostRecipients = 10000;
constexpr std::size_t kMostGroups = 200;
constexpr std::size_t kLongestAddress = 1000;
constexpr std::size_t kLongestText = 1000;
constexpr std::size_t kEscape = 6; // of \uXXXX
/// The year 9999.
constexpr double kLastSecond = 253402300799.0;

std::optional<unsigned> escaped_unit(std::string_view text)
{
    unsigned value = 0;
    if (text.size() < kEscape || text[0] != '\\' || text[1] != 'u') {
        return std::nullopt;
    }
    const char* const end = text.data() + kEscape;
    const auto result = std::from_chars(text.data() + 2, end, value, 16);
    return result.ec == std::errc() && result.ptr == end ? std::optional(value) : std::nullopt;
}

/// Python writes a byte that is no text as half a surrogate pair (\udcXX), which is no JSON: such bytes come
/// back, as UTF-8 where they are.
std::string without_lone_surrogates(std::string_view json)
{
    std::string result;
    std::string bytes;
    const auto put_bytes = [&] {
        result += text::to_valid_utf8(bytes);
        bytes.clear();
    };
    while (!json.empty()) {
        const auto unit = escaped_unit(json);
        if (unit && *unit >= 0xDC00 && *unit <= 0xDFFF) {
            // Below \udc80 nothing stands for a byte, so no quote or control comes back.
            bytes.push_back(*unit >= 0xDC80 && *unit <= 0xDCFF ? static_cast<char>(*unit - 0xDC00) : '\xFF');
            json.remove_prefix(kEscape);
            continue;
        }
        put_bytes();
        if (unit && *unit >= 0xD800 && *unit <= 0xDBFF) {
            const auto second = escaped_unit(json.substr(kEscape));
            const bool pair = second && *second >= 0xDC00 && *second <= 0xDFFF;
            result += pair ? json.substr(0, 2 * kEscape) : "\uFFFD";
            json.remove_prefix(pair ? 2 * kEscape : kEscape);
            continue;
        }
        const std::size_t length = json[0] == '\\' && json.size() > 1 ? 2 : 1;
        result += json.substr(0, length);
        json.remove_prefix(length);
    }
    put_bytes();
    return result;
}

std::string text_of(const Json& value, std::size_t limit)
{
    if (value.is_string()) {
        return std::string(text::cut_utf8(value.get_ref<const std::string&>(), limit));
    }
    if (value.is_number() || value.is_boolean()) {
        return value.dump();
    }
    return {};
}

std::string text_at(const Json& object, const char* key)
{
    const auto found = object.find(key);
    return found == object.end() ? std::string() : text_of(*found, kLongestText);
}

/// One of the message's headers: `headers` is an object, or a list of [name, value].
std::string header_at(const Json& object, std::string_view name)
{
    const auto headers = object.find("headers");
    if (headers == object.end()) {
        return {};
    }
    if (headers->is_object()) {
        for (const auto& [key, value] : headers->items()) {
            if (text::equals_ignoring_case(key, name)) {
                return text_of(value, kLongestText);
            }
        }
    }
    if (headers->is_array()) {
        for (const Json& pair : *headers) {
            if (pair.is_array() && pair.size() == 2 && pair[0].is_string() &&
                text::equals_ignoring_case(pair[0].get_ref<const std::string&>(), name)) {
                return text_of(pair[1], kLongestText);
            }
        }
    }
    return {};
}

std::string_view bare(std::string_view address)
{
    address = text::trim(address);
    const bool brackets = address.size() > 1 && address.front() == '<' && address.back() == '>';
    return brackets ? address.substr(1, address.size() - 2) : address;
}

bool is_usable_address(std::string_view address)
{
    return address.size() <= kLongestAddress && std::ranges::none_of(address, [](char c) {
               const auto byte = static_cast<unsigned char>(c);
               return byte < 0x20 || byte == 0x7F;
           });
}

std::optional<Time> time_of_seconds(double seconds)
{
    if (!std::isfinite(seconds) || seconds <= 0 || seconds > kLastSecond) {
        return std::nullopt;
    }
    return Time(std::chrono::microseconds(static_cast<std::int64_t>(seconds * 1e6)));
}

std::optional<Time> time_of(const Json& value)
{
    if (value.is_number()) {
        return time_of_seconds(value.get<double>());
    }
    if (!value.is_string()) {
        return std::nullopt;
    }
    const std::string_view text = text::trim(value.get_ref<const std::string&>());
    double seconds = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
    if (error == std::errc() && end == text.data() + text.size()) {
        return time_of_seconds(seconds);
    }
    // A time that lies before another one, such as "2d", is none here.
    const bool is_calendar = text.find('-') != std::string_view::npos;
    const auto time = is_calendar ? parse_time(text, Time{}) : std::nullopt;
    return time ? time : parse_mail_date(text);
}

/// "20260804140312_4XqR2b1tZ7z": names begin with the local time.
std::optional<Time> time_of_name(std::string_view name)
{
    constexpr std::size_t kDigits = 14;
    if (name.size() <= kDigits || name[kDigits] != '_' ||
        name.substr(0, kDigits).find_first_not_of("0123456789") != std::string_view::npos) {
        return std::nullopt;
    }
    const auto part = [&](std::size_t at, std::size_t count) { return name.substr(at, count); };
    return parse_time(fmt::format("{}-{}-{}T{}:{}:{}", part(0, 4), part(4, 2), part(6, 2), part(8, 2),
                                  part(10, 2), part(12, 2)),
                      Time{});
}

std::optional<Time> held_at(const Json& object, std::string_view name)
{
    for (const char* const key : {"timestamp", "date"}) {
        if (const auto found = object.find(key); found != object.end()) {
            if (const auto time = time_of(*found)) {
                return time;
            }
        }
    }
    return time_of_name(name);
}

void add_group(MatchGroups& groups, std::string name, const Json& value)
{
    if (groups.size() < kMostGroups) {
        groups.emplace_back(std::move(name), text_of(value, kLongestText));
    }
}

/// Unnamed groups first, so that their position is their number; the ancestor counts named ones among them.
MatchGroups groups_of(const Json& object)
{
    MatchGroups groups;
    if (const auto list = object.find("subgroups"); list != object.end() && list->is_array()) {
        for (const Json& value : *list) {
            add_group(groups, "", value);
        }
    }
    for (const char* const key : {"named_subgroups", "vars"}) {
        if (const auto named = object.find(key); named != object.end() && named->is_object()) {
            for (const auto& [name, value] : named->items()) {
                add_group(groups, std::string(text::cut_utf8(name, kLongestText)), value);
            }
        }
    }
    return groups;
}

std::string in_words(const MatchGroups& groups)
{
    std::string words;
    for (const auto& [name, value] : groups) {
        if (value.empty()) {
            continue;
        }
        words += words.empty() ? "" : ", ";
        words += name.empty() ? value : fmt::format("{}: {}", name, value);
    }
    return std::string(text::cut_utf8(words, kLongestText));
}

/// "" for a text with encoded words.
std::string unless_encoded(std::string text)
{
    return text.find("=?") == std::string::npos ? std::move(text) : std::string();
}

PyResult broken(std::string problem)
{
    return {.metadata = std::nullopt, .problem = std::move(problem)};
}

/// What is wrong with the envelope; "" when nothing is.
std::string read_envelope(const Json& object, PyMetadata& metadata)
{
    const auto sender = object.contains("mailfrom") ? object.find("mailfrom") : object.find("from");
    if (sender == object.end() || !(sender->is_string() || sender->is_null())) {
        return "it names no sender (mailfrom)";
    }
    metadata.sender = sender->is_string() ? bare(sender->get_ref<const std::string&>()) : "";
    if (!is_usable_address(metadata.sender)) {
        return "its sender is no address";
    }
    const auto recipients = object.find("recipients");
    if (recipients == object.end() || !recipients->is_array() || recipients->empty()) {
        return "it names no recipient (recipients)";
    }
    if (recipients->size() > kMostRecipients) {
        return "it names too many recipients";
    }
    for (const Json& value : *recipients) {
        const std::string recipient(value.is_string() ? bare(value.get_ref<const std::string&>()) : "");
        if (recipient.empty() || !is_usable_address(recipient)) {
            return "one of its recipients is no address";
        }
        if (std::ranges::find(metadata.recipients, recipient) == metadata.recipients.end()) {
            metadata.recipients.push_back(recipient);
        }
    }
    return {};
}

} // namespace

PyResult read_pyquarantine(std::string_view name, std::string_view metadata)
{
    if (metadata.size() > kLargestMetadata) {
        return broken("it is too large");
    }
    const Json object = Json::parse(without_lone_surrogates(metadata), nullptr, false);
    if (object.is_discarded()) {
        return broken("it is no JSON");
    }
    if (!object.is_object()) {
        return broken("it is no JSON object");
    }
    PyMetadata result;
    if (std::string problem = read_envelope(object, result); !problem.empty()) {
        return broken(std::move(problem));
    }
    result.time = held_at(object, name);
    result.queue_id = text_at(object, "queue_id");
    const std::string subject = text_at(object, "subject");
    result.subject = unless_encoded(subject.empty() ? header_at(object, "Subject") : subject);
    result.header_from = unless_encoded(header_at(object, "From"));
    result.header_date = header_at(object, "Date");
    result.groups = groups_of(object);
    result.why = in_words(result.groups);
    return {.metadata = std::move(result), .problem = {}};
}

HeldId imported_id(Time time, std::string_view name, std::string_view metadata)
{
    Sha256 sum;
    sum.update(std::to_string(name.size()));
    sum.update(":");
    sum.update(name);
    sum.update(metadata);
    const std::string hexadecimal = sum.finish();
    std::string entropy;
    for (std::size_t i = 0; i < 10; ++i) {
        unsigned byte = 0;
        std::from_chars(hexadecimal.data() + 2 * i, hexadecimal.data() + 2 * i + 2, byte, 16);
        entropy.push_back(static_cast<char>(byte));
    }
    return {time, entropy};
}

} // namespace qm::ctl
