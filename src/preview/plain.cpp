#include "preview/plain.h"

#include "base/text.h"

namespace qm::preview {

std::string plain(std::string_view text)
{
    std::string result;
    result.reserve(text.size());
    while (!text.empty()) {
        const text::Character character = text::first_character(text);
        const char32_t code = character.code;
        const bool is_control =
            (code < 0x20 && code != '\n' && code != '\t') || (code >= 0x7F && code <= 0x9F);
        if (!is_control) {
            text::append_utf8(result, code);
        }
        text.remove_prefix(character.bytes);
    }
    return result;
}

} // namespace qm::preview
