#include "config/mistakes.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/text.h"

namespace qm::config {
namespace {

constexpr std::size_t kLongestPart = 1000;

/// Printable, but backslashes stay as they are: the operator looks for the regex as it stands in the file.
std::string shown(std::string_view part)
{
    part = text::cut_utf8(part, kLongestPart);
    std::string result;
    for (;;) {
        const auto backslash = part.find('\\');
        result += text::printable(part.substr(0, backslash));
        if (backslash == std::string_view::npos) {
            return result;
        }
        result += '\\';
        part.remove_prefix(backslash + 1);
    }
}

} // namespace

std::string Remark::str() const
{
    std::string place = shown(file);
    if (line > 0) {
        place += fmt::format(":{}", line);
    }
    place += warning ? ": warning: " : ": ";
    if (!section.empty()) {
        place += fmt::format("[{}]", shown(section));
    }
    if (!option.empty()) {
        place += fmt::format("{}{}", section.empty() ? "" : " ", shown(option));
    }
    if (!section.empty() || !option.empty()) {
        place += ": ";
    }
    return place + shown(what);
}

void Mistakes::add(Remark remark)
{
    if (closed_) {
        return;
    }
    any_mistake_ = any_mistake_ || !remark.warning;
    if (full()) {
        overflowed_ = true;
        return;
    }
    remark.file = file_;
    std::string key = fmt::format("{}\n{}\n{}\n{}\n{}", remark.line, remark.warning ? 1 : 0, remark.section,
                                  remark.option, remark.what);
    if (known_.insert(std::move(key)).second) {
        remarks_.push_back(std::move(remark));
    }
}

std::vector<Remark> Mistakes::all() const
{
    std::vector<Remark> sorted = remarks_;
    std::ranges::stable_sort(sorted, {}, &Remark::line);
    if (overflowed_) {
        sorted.push_back({.file = file_,
                          .line = 0,
                          .section = {},
                          .option = {},
                          .what = fmt::format("more than {} remarks; the others are not shown", kMost),
                          .warning = !any_mistake_});
    }
    return sorted;
}

} // namespace qm::config
