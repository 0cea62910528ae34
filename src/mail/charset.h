// Charsets of mail, read into UTF-8.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace qm::mail {

/// A charset we read: a row of a fixed table, so that a mail cannot make the C library load a converter that
/// nobody thought of.
struct Charset {
    std::string_view names; ///< accepted spellings in lower case, "utf-8|utf8"
    const char* converter;  ///< iconv's name
    std::uint8_t unit = 1;  ///< bytes that are skipped where nothing can be read
};

/// The row of a charset name (any case), nullptr for an unknown one. Charsets that mail programs read as a
/// larger one (iso-8859-1 as windows-1252, gb2312 as gb18030) have that one's row.
const Charset* find_charset(std::string_view name);

/// True for UTF-7, which many programs do not read any more: what it makes markup is text there,
/// and what it makes text is seen there as it is written.
bool is_utf7(const Charset* charset);

/// `bytes` in UTF-8, always valid; what cannot be read is U+FFFD, a character cut at the end one of them.
/// Nothing when the C library has no converter. Work is linear in the length.
///
/// Thread-safety: may be called from any thread (each keeps its own converters).
std::optional<std::string> to_utf8(const Charset& charset, std::string_view bytes);

/// Opens the converters of this thread, each of which reads a file when it is first used, and keeps the files
/// in memory. Once, before other threads start.
void open_charsets();

} // namespace qm::mail
