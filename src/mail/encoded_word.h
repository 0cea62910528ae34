// Encoded words (RFC 2047, section 2), one at a time.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace qm::mail {

/// `=?charset*language?encoding?text?=`
struct EncodedWord {
    std::string_view charset; ///< without the language (RFC 2231, section 5)
    bool is_base64 = false;   ///< "B"; else "Q"
    std::string_view text;
    std::size_t length = 0; ///< of the whole word
};

/// The encoded word that begins `text`. Where RFC 2047 is stricter than the programs in which people read
/// their mail, those are followed, because a filter has to see what they show: no limit of 75 characters, any
/// position, blanks and 8-bit bytes inside the text. No word has a `?` inside its text, and none is longer
/// than its line.
std::optional<EncodedWord> encoded_word_at(std::string_view text);

/// Appends the bytes of the word, still in its charset. False (nothing appended) when it is no base64 at all;
/// single characters outside the alphabet are ignored (RFC 2045, section 6.8). A `=` of Q without two
/// hexadecimal digits is itself.
bool append_bytes(const EncodedWord& word, std::string& to);

} // namespace qm::mail
