// Messages for tests, put together from parts.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "mail/readable.h"

namespace qm::test {

/// All texts of a message, with a bar between them.
inline std::string text_in(const mail::Readable& mail)
{
    std::string all;
    for (const mail::Text& one : mail.texts) {
        all += (all.empty() ? "" : "|") + one.text;
    }
    return all;
}

inline std::string times(std::size_t count, std::string_view text)
{
    std::string result;
    result.reserve(count * text.size());
    for (std::size_t i = 0; i < count; ++i) {
        result += text;
    }
    return result;
}

/// A part: its header lines, an empty line, its body. `more`: further header lines, each with its CRLF.
inline std::string part(const std::string& type, const std::string& body, const std::string& more = "")
{
    return "Content-Type: " + type + "\r\n" + more + "\r\n" + body;
}

inline std::string base64_part(const std::string& type, const std::string& encoded)
{
    return part(type, encoded, "Content-Transfer-Encoding: base64\r\n");
}

/// `subtype` may have parameters behind it: "related; start=\"<a>\"".
inline std::string multipart(const std::string& subtype, const std::vector<std::string>& parts,
                             const std::string& boundary)
{
    std::string result = "Content-Type: multipart/" + subtype + "; boundary=" + boundary + "\r\n\r\n";
    for (const std::string& one : parts) {
        result.append("--").append(boundary).append("\r\n").append(one).append("\r\n");
    }
    return result + "--" + boundary + "--\r\n";
}

/// A part that is an attachment by its disposition, with these parameters.
inline std::string attachment(const std::string& parameters, const std::string& type = "application/x")
{
    return part(type, "x", "Content-Disposition: attachment; " + parameters + "\r\n");
}

} // namespace qm::test
