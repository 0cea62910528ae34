// Reads database URLs.
#include "sql/connection.h"

#include <array>
#include <charconv>
#include <filesystem>

#include <fmt/format.h>

#include "base/text.h"
#include "quarantine/error.h"

namespace qm::sql {

namespace {

constexpr std::string_view kExpected = "expected sqlite:///relative.db, sqlite:////absolute/path.db, "
                                       "postgresql://user:password@host:port/db or "
                                       "mysql://user:password@host:port/db";
constexpr std::size_t kMaxUrl = 4096;

struct Scheme {
    std::string_view name;
    Engine engine;
};
constexpr std::array kSchemes{
    Scheme{"sqlite", Engine::sqlite},
    Scheme{"postgresql", Engine::postgresql},
    Scheme{"postgres", Engine::postgresql},
    Scheme{"mysql", Engine::mysql},
    Scheme{"mariadb", Engine::mysql},
    Scheme{"postgresql+pool", Engine::postgresql},
    Scheme{"postgres+pool", Engine::postgresql},
    Scheme{"mysql+pool", Engine::mysql},
    Scheme{"sqlite+pool", Engine::sqlite},
};

/// What may stand behind the `?`; `client_word` is the client library's word for it, "" for the socket.
struct Parameter {
    Engine engine;
    std::string_view name;
    std::string_view client_word;
};
constexpr std::array kParameters{
    Parameter{Engine::postgresql, "host", ""},
    Parameter{Engine::postgresql, "sslmode", "sslmode"},
    Parameter{Engine::postgresql, "sslrootcert", "sslrootcert"},
    Parameter{Engine::mysql, "socket", ""},
    Parameter{Engine::mysql, "unix_socket", ""},
    Parameter{Engine::mysql, "sslca", "sslca"},
};

[[noreturn]] void refuse(std::string_view what)
{
    throw ConfigError(fmt::format("{}; {}", what, kExpected));
}

int hex_digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    const char lower = static_cast<char>(c | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/// A % that begins no %XX stands for itself: passwords were often written without encoding.
std::string percent_decoded(std::string_view text)
{
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '%' && i + 2 < text.size() && hex_digit(text[i + 1]) >= 0 &&
            hex_digit(text[i + 2]) >= 0) {
            out += static_cast<char>(hex_digit(text[i + 1]) * 16 + hex_digit(text[i + 2]));
            i += 2;
        } else {
            out += text[i];
        }
    }
    for (const char c : out) {
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
            refuse("a control character in the database URL");
        }
    }
    return out;
}

const Scheme& scheme_of(std::string_view name)
{
    for (const Scheme& scheme : kSchemes) {
        if (text::equals_ignoring_case(scheme.name, name)) {
            return scheme;
        }
    }
    refuse(fmt::format("unknown kind of database \"{}\"", text::printable(name, 40)));
}

std::uint16_t port_of(std::string_view digits)
{
    std::uint16_t port = 0;
    const auto [end, problem] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
    if (problem != std::errc() || end != digits.data() + digits.size() || port == 0) {
        refuse("the port is no number between 1 and 65535");
    }
    return port;
}

void read_host(std::string_view text, Target& target)
{
    std::size_t colon = text.rfind(':');
    if (!text.empty() && text.front() == '[') {
        const std::size_t end = text.find(']');
        if (end == std::string_view::npos) {
            refuse("a [ without ] in the host");
        }
        target.host = std::string(text.substr(1, end - 1));
        colon = end + 1 < text.size() && text[end + 1] == ':' ? end + 1 : std::string_view::npos;
    } else {
        target.host = percent_decoded(text.substr(0, colon));
    }
    if (colon != std::string_view::npos && colon + 1 < text.size()) {
        target.port = port_of(text.substr(colon + 1));
    }
}

void read_parameter(std::string_view text, Target& target)
{
    const std::size_t equals = text.find('=');
    const std::string_view name = text.substr(0, equals);
    if (equals != std::string_view::npos) {
        for (const Parameter& known : kParameters) {
            if (known.engine != target.engine || known.name != name) {
                continue;
            }
            std::string value = percent_decoded(text.substr(equals + 1));
            if (known.client_word.empty()) {
                target.socket = std::move(value);
            } else {
                target.extra.emplace_back(known.client_word, std::move(value));
            }
            return;
        }
    }
    refuse(fmt::format("unknown parameter \"{}\" behind the ?", text::printable(name, 40)));
}

/// user:password@host:port/database?parameter=value&...
void read_server(std::string_view rest, Target& target)
{
    const std::size_t question =
        rest.find('?', rest.rfind('@') == std::string_view::npos ? 0 : rest.rfind('@'));
    std::string_view place = rest.substr(0, question);
    // The last @: a password may hold one.
    const std::size_t at = place.rfind('@');
    if (at != std::string_view::npos) {
        const std::string_view login = place.substr(0, at);
        const std::size_t colon = login.find(':');
        target.user = percent_decoded(login.substr(0, colon));
        target.password =
            colon == std::string_view::npos ? std::string() : percent_decoded(login.substr(colon + 1));
        place.remove_prefix(at + 1);
    }
    const std::size_t slash = place.find('/');
    read_host(place.substr(0, slash), target);
    if (slash != std::string_view::npos) {
        target.database = percent_decoded(place.substr(slash + 1));
    }
    if (question != std::string_view::npos) {
        for (const std::string_view parameter : text::split(rest.substr(question + 1), '&')) {
            read_parameter(parameter, target);
        }
    }
    if (target.database.empty() || target.database.find('/') != std::string::npos) {
        refuse("the name of the database is missing");
    }
    if (target.host.empty() && target.socket.empty() && target.port != 0) {
        refuse("a port without a host");
    }
}

void read_file_name(std::string_view rest, const std::string& folder, Target& target)
{
    if (rest.empty() || rest.front() != '/') {
        refuse("a SQLite file stands behind three slashes");
    }
    const std::string_view name = rest.substr(1);
    if (name.empty() || name == ":memory:" || name.back() == '/') {
        refuse("the name of the SQLite file is missing");
    }
    // A quote would end the name inside the client library, a ? begins what we do not know.
    if (name.find_first_of(std::string_view("\"?\0\n\r", 5)) != std::string_view::npos) {
        refuse("the name of the SQLite file holds a quote, a question mark or a control character");
    }
    target.path = (std::filesystem::path(folder) / name).lexically_normal().string();
    if (target.path.front() != '/') {
        refuse("the SQLite file has no absolute folder");
    }
}

} // namespace

Target parse_target(std::string_view url, const std::string& folder)
{
    url = text::trim(url);
    if (url.size() > kMaxUrl) {
        refuse("the database URL is too long");
    }
    const std::size_t colon = url.find("://");
    if (colon == std::string_view::npos) {
        refuse("this is no database URL");
    }
    Target target;
    target.engine = scheme_of(url.substr(0, colon)).engine;
    const std::string_view rest = url.substr(colon + 3);
    if (target.engine == Engine::sqlite) {
        read_file_name(rest, folder, target);
    } else {
        read_server(rest, target);
    }
    return target;
}

std::string Target::shown() const
{
    if (engine == Engine::sqlite) {
        return fmt::format("sqlite:///{}", path);
    }
    return fmt::format("{}://{}{}{}{}{}/{}", engine == Engine::postgresql ? "postgresql" : "mysql", user,
                       user.empty() ? "" : "@", host.empty() ? socket : host, port == 0 ? "" : ":",
                       port == 0 ? std::string() : std::to_string(port), database);
}

} // namespace qm::sql
