#include "mail/decode.h"

#include <utility>

#include "base/text.h"
#include "mail/charset.h"
#include "mail/encoded_word.h"

namespace qm::mail {
namespace {

constexpr std::string_view kBlanks = " \t";

bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/// C0, DEL and C1 as one blank each; `text` is valid UTF-8.
void append_without_controls(std::string_view text, std::string& to)
{
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto byte = static_cast<unsigned char>(text[i]);
        if (byte < 0x20 || byte == 0x7F) {
            to.push_back(' ');
        } else if (byte == 0xC2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xA0) {
            to.push_back(' ');
            ++i;
        } else {
            to.push_back(text[i]);
        }
    }
}

/// Encoded words of one charset that follow each other: their bytes, and how they were written.
struct Run {
    const Charset* charset = nullptr;
    std::string bytes;
    std::size_t begin = 0; ///< in the line
    std::size_t end = 0;

    bool empty() const { return charset == nullptr; }
};

/// Decodes one unfolded line from left to right.
class Decoder {
  public:
    explicit Decoder(std::string_view line) : line_(line) { result_.reserve(line.size()); }

    std::string decode()
    {
        std::size_t at = 0;
        while ((at = line_.find("=?", at)) != std::string_view::npos) {
            at = word_at(at);
        }
        flush();
        result_.append(line_.substr(done_));
        return std::move(result_);
    }

  private:
    /// Takes the word at `at`, if there is one that can be read. Returns where the search goes on.
    std::size_t word_at(std::size_t at)
    {
        const auto word = encoded_word_at(line_.substr(at));
        if (!word) {
            return at + 2;
        }
        const Charset* charset = find_charset(word->charset);
        std::string bytes;
        if (charset != nullptr && append_bytes(*word, bytes)) {
            continue_run(at, charset);
            run_.bytes += bytes;
            run_.end = done_ = at + word->length;
        }
        return at + word->length;
    }

    /// White space between two words goes; words of the same charset are converted together, because a
    /// character may have been cut between them.
    void continue_run(std::size_t at, const Charset* charset)
    {
        const std::string_view gap = line_.substr(done_, at - done_);
        const bool adjacent = !run_.empty() && gap.find_first_not_of(kBlanks) == std::string_view::npos;
        if (adjacent && run_.charset == charset) {
            return;
        }
        flush();
        if (!adjacent) {
            result_.append(gap);
        }
        run_.charset = charset;
        run_.begin = at;
    }

    void flush()
    {
        if (run_.empty()) {
            return;
        }
        if (const auto text = to_utf8(*run_.charset, run_.bytes)) {
            append_without_controls(*text, result_);
        } else {
            result_.append(line_.substr(run_.begin, run_.end - run_.begin));
        }
        run_ = {};
    }

    std::string_view line_;
    std::size_t done_ = 0; ///< everything before it is in the result or in the run
    Run run_;
    std::string result_;
};

/// Bytes that are no UTF-8 were most probably written by a program that knew one charset only.
std::string read_stray_bytes(std::string_view text)
{
    const Charset& western = *find_charset("windows-1252");
    std::string result;
    result.reserve(text.size());
    while (!text.empty()) {
        if (const std::size_t length = text::utf8_length(text); length != 0) {
            result.append(text.substr(0, length));
            text.remove_prefix(length);
        } else {
            result += to_utf8(western, text.substr(0, 1)).value_or("\uFFFD");
            text.remove_prefix(1);
        }
    }
    return result;
}

} // namespace

std::string unfold(std::string_view value)
{
    const auto begin = value.find_first_not_of(" \t\r\n");
    if (begin == std::string_view::npos) {
        return {};
    }
    value.remove_prefix(begin);
    std::string result;
    result.reserve(value.size());
    std::size_t done = 0;
    for (auto at = value.find_first_of("\r\n"); at != std::string_view::npos;
         at = value.find_first_of("\r\n", done)) {
        result.append(value.substr(done, at - done));
        const bool is_lone_cr = value[at] == '\r' && value.substr(at + 1, 1) != "\n";
        done = at + (value.substr(at, 2) == "\r\n" ? 2 : 1);
        const bool is_fold = !is_lone_cr && done < value.size() && is_blank(value[done]);
        if (!is_fold) {
            result.push_back(' ');
        }
    }
    result.append(value.substr(done));
    return result;
}

std::string decode(std::string_view value)
{
    std::string line = unfold(value);
    if (line.find("=?") == std::string::npos) {
        return line;
    }
    return Decoder(line).decode();
}

std::string decode_for_people(std::string_view value, std::size_t limit)
{
    return text::one_line(read_stray_bytes(decode(value)), limit);
}

} // namespace qm::mail
