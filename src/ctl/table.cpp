#include "ctl/table.h"

#include <algorithm>

#include "base/text.h"

namespace qm::ctl {
namespace {

/// Ranges of East Asian wide and of combining characters that mail is full of; a glyph wrong here costs an
/// alignment, nothing else.
std::size_t width_of(char32_t code)
{
    const auto within = [code](char32_t first, char32_t last) { return code >= first && code <= last; };
    if (within(0x300, 0x36F) || within(0x483, 0x489) || within(0x591, 0x5BD) || within(0x610, 0x61A) ||
        within(0x64B, 0x65F) || within(0x1AB0, 0x1AFF) || within(0x1DC0, 0x1DFF) || within(0x20D0, 0x20FF) ||
        within(0xFE00, 0xFE0F) || within(0xFE20, 0xFE2F)) {
        return 0;
    }
    if (within(0x1100, 0x115F) || within(0x2E80, 0x303E) || within(0x3041, 0xA4CF) ||
        within(0xAC00, 0xD7A3) || within(0xF900, 0xFAFF) || within(0xFE30, 0xFE6F) ||
        within(0xFF00, 0xFF60) || within(0xFFE0, 0xFFE6) || within(0x1F300, 0x1F64F) ||
        within(0x1F680, 0x1F6FF) || within(0x1F900, 0x1F9FF) || within(0x20000, 0x3FFFD)) {
        return 2;
    }
    return 1;
}

} // namespace

std::size_t columns(std::string_view text)
{
    std::size_t sum = 0;
    while (!text.empty()) {
        const text::Character character = text::first_character(text);
        sum += width_of(character.code);
        text.remove_prefix(character.bytes);
    }
    return sum;
}

std::string cut_to(std::string_view text, std::size_t width)
{
    if (columns(text) <= width) {
        return std::string(text);
    }
    std::string result;
    std::size_t used = 0;
    while (!text.empty()) {
        const text::Character character = text::first_character(text);
        const std::size_t needed = width_of(character.code);
        if (used + needed + 1 > width) {
            break;
        }
        used += needed;
        result += text.substr(0, character.bytes);
        text.remove_prefix(character.bytes);
    }
    return result + "\u2026";
}

std::vector<std::string> Table::lines() const
{
    std::vector<std::size_t> widths;
    for (const auto& cells : rows_) {
        widths.resize(std::max(widths.size(), cells.size()));
        for (std::size_t i = 0; i < cells.size(); ++i) {
            widths[i] = std::max(widths[i], columns(cells[i]));
        }
    }
    std::vector<std::string> lines;
    for (const auto& cells : rows_) {
        std::string line;
        for (std::size_t i = 0; i < cells.size(); ++i) {
            const std::string gap(widths[i] - columns(cells[i]), ' ');
            const bool right = std::ranges::find(right_, i) != right_.end();
            line += i > 0 ? "  " : "";
            line += right ? gap + cells[i] : cells[i] + gap;
        }
        line.erase(line.find_last_not_of(' ') + 1);
        lines.push_back(std::move(line));
    }
    return lines;
}

std::string Table::str(std::size_t indent) const
{
    std::string result;
    for (const std::string& line : lines()) {
        result += std::string(line.empty() ? 0 : indent, ' ') + line + "\n";
    }
    return result;
}

} // namespace qm::ctl
