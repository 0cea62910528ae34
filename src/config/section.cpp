#include "config/section.h"

#include <algorithm>
#include <filesystem>
#include <stdexcept>
#include <system_error>

#include <fmt/format.h>

#include "base/text.h"
#include "config/secret.h"
#include "config/units.h"
#include "quarantine/error.h"

namespace qm::config {
namespace {

/// The one option whose value may be any bytes: a header can hold them, so a regex can look for them.
constexpr std::string_view kBytesAllowed = "regex";

bool is_utf8(std::string_view value)
{
    while (!value.empty()) {
        const std::size_t length = text::utf8_length(value);
        if (length == 0) {
            return false;
        }
        value.remove_prefix(length);
    }
    return true;
}

/// ConfigParser put other options' values in for `%(name)s`; whoever relies on it must be told.
bool looks_interpolated(std::string_view value)
{
    const auto begin = value.find("%(");
    if (begin == std::string_view::npos) {
        return false;
    }
    const auto end = value.find(")s", begin);
    return end != std::string_view::npos && end > begin + 2 &&
           std::ranges::all_of(value.substr(begin + 2, end - begin - 2), [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
           });
}

/// A line break never matches: headers are searched unfolded. Only (?x) makes it a blank of the pattern.
bool is_broken_regex(std::string_view value)
{
    if (value.find('\n') == std::string_view::npos) {
        return false;
    }
    const auto flags =
        value.starts_with("(?") ? value.substr(2, value.find_first_not_of("imsxUJn", 2) - 2) : "";
    return flags.find('x') == std::string_view::npos;
}

std::string folder_of(const std::string& file)
{
    std::error_code ignored;
    const std::filesystem::path whole = std::filesystem::absolute(file, ignored);
    const std::string folder = whole.parent_path().lexically_normal().string();
    return folder.empty() ? "/" : folder;
}

} // namespace

FileContext::FileContext(const std::string& file, const Vocabulary& vocabulary)
    : folder(folder_of(file)), dictionary(vocabulary), mistakes(file)
{
}

// --- what the file says ---

void IniSection::put(int line, const std::string& name, const std::string& value)
{
    Entry entry{line, text::to_lower(name), value, {}};
    const Word* const word = context_.dictionary.find(entry.name);
    if (word == nullptr) {
        const std::string_view near =
            context_.mistakes.full() ? std::string_view() : context_.dictionary.nearest(entry.name);
        remark_at(entry, near.empty() ? "unknown option"
                                      : fmt::format("unknown option; did you mean \"{}\"?", near));
        return;
    }
    entry.word = *word;
    if (word->global_only && global_ != nullptr) {
        remark_at(entry, "this option is for all quarantines; expected in [global]");
        return;
    }
    const auto [place, added] = entries_.try_emplace(word->key, entry);
    if (!added) {
        const Entry& first = place->second;
        remark_at(entry, first.name == entry.name
                             ? fmt::format("set twice, first in line {}; expected once", first.line)
                             : fmt::format("another name of \"{}\" in line {}; expected only one of them",
                                           first.name, first.line));
    }
}

void IniSection::check() const
{
    for (const auto& [key, entry] : entries_) {
        check(entry);
    }
}

void IniSection::check(const Entry& entry) const
{
    const Option& option = *entry.word.option;
    if (option.name != kBytesAllowed && !is_utf8(entry.value)) {
        remark_at(entry, "the value is not valid UTF-8; expected UTF-8");
        return;
    }
    if (looks_interpolated(entry.value)) {
        remark_at(entry, "\"%(name)s\" is taken as it stands, not replaced by another option's value", true);
    }
    if (option.name == kBytesAllowed && is_broken_regex(entry.value)) {
        remark_at(
            entry,
            "the regex goes on in another line, and a line break matches in no header; expected one line, "
            "or (?x) at its begin",
            true);
    }
    if (entry.word.names_a_file) {
        if (const Entry* const inlined = own(option.name)) {
            const Entry& later = inlined->line > entry.line ? *inlined : entry;
            const Entry& first = inlined->line > entry.line ? entry : *inlined;
            remark_at(later, fmt::format("\"{}\" in line {} says the same; expected only one of them",
                                         first.name, first.line));
        }
        return;
    }
    const bool password = option.kind == OptionKind::secret
                              ? holds_password(entry.value)
                              : option.kind == OptionKind::text && is_url_with_password(entry.value);
    if (password && context_.secrets_in_the_open) {
        remark_at(
            entry,
            option.kind == OptionKind::secret
                ? fmt::format("a password in a file that everybody on this machine may read; expected mode "
                              "0640 or less, or the password in a file of its own ({})",
                              file_key(option.name))
                : "a password in a file that everybody on this machine may read; expected mode 0640 or less",
            true);
    }
    if (option.required && entry.value.empty()) {
        remark_at(entry, "empty; expected " + expected(option));
    } else if (const std::string wrong = fault(option, entry.value); !wrong.empty()) {
        remark_at(entry, wrong);
    }
}

// --- finding values ---

const Option& IniSection::known(std::string_view option, Kinds kinds) const
{
    const Word* const word = context_.dictionary.find(option);
    if (word == nullptr || word->names_a_file) {
        throw std::logic_error(fmt::format("no table has the option {}", option));
    }
    if (kinds.size() != 0 && std::ranges::find(kinds, word->option->kind) == kinds.end()) {
        throw std::logic_error(fmt::format("the option {} is of another kind", option));
    }
    return *word->option;
}

const IniSection::Entry* IniSection::own(std::string_view key) const
{
    const auto found = entries_.find(key);
    return found == entries_.end() ? nullptr : &found->second;
}

const IniSection::Entry* IniSection::find(std::string_view key) const
{
    const Entry* const entry = own(key);
    return entry != nullptr || global_ == nullptr ? entry : global_->own(key);
}

const IniSection::Entry* IniSection::find_given(const Option& option) const
{
    if (option.kind != OptionKind::secret) {
        return find(option.name);
    }
    const std::string in_file = file_key(option.name);
    for (const IniSection* section : {this, global_}) {
        if (section == nullptr) {
            continue;
        }
        if (const Entry* const entry = section->own(option.name)) {
            return entry;
        }
        if (const Entry* const entry = section->own(in_file)) {
            return entry;
        }
    }
    return nullptr;
}

std::string IniSection::value(const Option& option) const
{
    const Entry* const entry = find(option.name);
    if (entry == nullptr) {
        // Where there is no [global] at all, that is the mistake.
        if (option.required && line_ != 0) {
            mistake(option.name, "not set; expected " + expected(option));
        }
        return std::string(option.fallback);
    }
    // check() has told what is wrong; here the wrong value is only kept out.
    return fault(option, entry->value).empty() ? entry->value : std::string(option.fallback);
}

bool IniSection::is_set(std::string_view option) const
{
    return find_given(known(option, {})) != nullptr;
}

std::string IniSection::text(std::string_view option) const
{
    const Option& found = known(option, {});
    if (found.kind == OptionKind::secret) {
        throw std::logic_error(fmt::format("the option {} is a secret", option));
    }
    return value(found);
}

std::size_t IniSection::choice(std::string_view option) const
{
    const Option& found = known(option, {OptionKind::choice});
    const std::string written = value(found);
    if (written.empty()) {
        return 0;
    }
    const auto position = parse_choice(written, found.choices);
    if (!position) {
        throw std::logic_error(fmt::format("the fallback of {} is none of its choices", option));
    }
    return *position;
}

bool IniSection::flag(std::string_view option) const
{
    return parse_flag(value(known(option, {OptionKind::flag}))).value_or(false);
}

std::int64_t IniSection::amount(const Option& option) const
{
    const std::string written = value(option);
    if (written.empty()) {
        return 0;
    }
    const auto result = parse_amount(option, written);
    if (!result) {
        throw std::logic_error(fmt::format("the fallback of {} cannot be read", option.name));
    }
    return *result;
}

std::int64_t IniSection::number(std::string_view option) const
{
    return amount(known(option, {OptionKind::number, OptionKind::days}));
}

std::chrono::seconds IniSection::duration(std::string_view option) const
{
    const Option& found = known(option, {OptionKind::duration, OptionKind::days});
    const std::int64_t count = amount(found);
    return found.kind == OptionKind::days ? std::chrono::seconds(std::chrono::days(count))
                                          : std::chrono::seconds(count);
}

std::uint64_t IniSection::size(std::string_view option) const
{
    return static_cast<std::uint64_t>(amount(known(option, {OptionKind::size})));
}

/// Absolute and without `.`, `..` and a slash at the end, so that two spellings of one place are equal.
std::string IniSection::absolute(std::string path) const
{
    if (path.empty()) {
        return path;
    }
    const std::filesystem::path base =
        path.front() == '/' ? std::filesystem::path() : std::filesystem::path(folder());
    std::string normal = (base / path).lexically_normal().string();
    while (normal.size() > 1 && normal.back() == '/') {
        normal.pop_back();
    }
    return normal;
}

std::string IniSection::path(std::string_view option) const
{
    return absolute(value(known(option, {OptionKind::path})));
}

std::vector<std::string> IniSection::list(std::string_view option) const
{
    const Option& found = known(option, {OptionKind::list});
    std::vector<std::string> items = parse_list(value(found));
    const std::vector<std::string_view> choices = text::split(found.choices, '|');
    for (std::string& item : items) {
        if (const auto position = parse_choice(item, found.choices)) {
            item = choices[*position];
        }
    }
    return items;
}

std::vector<std::string> IniSection::paths(std::string_view option) const
{
    std::vector<std::string> files = parse_list(value(known(option, {OptionKind::paths})));
    for (std::string& file : files) {
        file = absolute(std::move(file));
    }
    return files;
}

std::string IniSection::secret(std::string_view option) const
{
    const Option& found = known(option, {OptionKind::secret});
    const Entry* const entry = find_given(found);
    if (entry == nullptr || !entry->word.names_a_file) {
        return value(found);
    }
    try {
        if (entry->value.empty()) {
            throw ConfigError("empty; expected the path of a file");
        }
        const std::string file = secret_path(entry->value, context_.folder);
        std::string secret = read_secret(file);
        if (readable_by_all(file)) {
            warning(option,
                    fmt::format("everybody on this machine may read {}; expected mode 0640 or less", file));
        }
        if (secret.empty()) {
            throw ConfigError(fmt::format("the first line of {} is empty; expected the secret", file));
        }
        return secret;
    } catch (const BackendError& error) {
        mistake(option, fmt::format("cannot read {}", error.what()));
    } catch (const ConfigError& error) {
        mistake(option, error.what());
    }
    return {};
}

// --- remarks ---

void IniSection::mistake(std::string_view option, std::string_view what) const
{
    remark(option, what, false);
}

void IniSection::warning(std::string_view option, std::string_view what) const
{
    remark(option, what, true);
}

Remark IniSection::about(std::string_view option, std::string_view what) const
{
    const Entry* const entry = find_given(known(option, {}));
    if (entry != nullptr) {
        return about(*entry, std::string(what));
    }
    return {.file = {},
            .line = line_,
            .section = name_,
            .option = std::string(option),
            .what = std::string(what)};
}

Remark IniSection::about(const Entry& entry, std::string what) const
{
    // An option that this section has from [global] is to be mended there.
    const Entry* const here = own(entry.word.key);
    const bool inherited = global_ != nullptr && here != &entry && global_->own(entry.word.key) == &entry;
    return {.file = {},
            .line = entry.line,
            .section = inherited ? global_->name_ : name_,
            .option = entry.name,
            .what = std::move(what)};
}

void IniSection::remark(std::string_view option, std::string_view what, bool is_warning) const
{
    Remark remark = about(option, what);
    remark.warning = is_warning;
    context_.mistakes.add(std::move(remark));
}

void IniSection::remark_at(const Entry& entry, std::string what, bool is_warning) const
{
    Remark remark = about(entry, std::move(what));
    remark.warning = is_warning;
    context_.mistakes.add(std::move(remark));
}

} // namespace qm::config
