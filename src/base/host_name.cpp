#include "base/host_name.h"

#include <new>

#include <idn2.h>

#include "base/c_ptr.h"
#include "base/text.h"

namespace qm {
namespace {

constexpr std::size_t kMaxName = 1000;

/// What libidn2 says, "" when it refuses.
template <typename Convert>
std::string converted(Convert convert, std::string_view name, int flags)
{
    if (name.size() > kMaxName || name.find('\0') != std::string_view::npos) {
        return {};
    }
    char* result = nullptr;
    const int code = convert(std::string(name).c_str(), &result, flags);
    const CPtr<char, idn2_free> owned(result);
    if (code == IDN2_MALLOC) {
        throw std::bad_alloc();
    }
    return code == IDN2_OK ? std::string(result) : std::string();
}

bool is_of_label(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

} // namespace

bool is_host_name(std::string_view text)
{
    bool after_dot = true;
    for (const char c : text) {
        if (c == '.' ? after_dot : !is_of_label(c)) {
            return false;
        }
        after_dot = c == '.';
    }
    return !after_dot;
}

std::string ascii_host_name(std::string_view name)
{
    std::string ascii =
        text::to_lower(text::is_ascii(name) ? name : converted(idn2_to_ascii_8z, name, IDN2_NONTRANSITIONAL));
    while (ascii.ends_with('.')) {
        ascii.pop_back();
    }
    return is_host_name(ascii) ? ascii : std::string();
}

std::string native_host_name(std::string_view ascii)
{
    return converted(idn2_to_unicode_8z8z, ascii, 0);
}

} // namespace qm
