#include "config/secret.h"

#include <cerrno>
#include <cstdlib>
#include <map>
#include <string>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/guarded.h"
#include "base/text.h"
#include "quarantine/error.h"

namespace qm::config {
namespace {

constexpr std::uint64_t kLongestSecretFile = 65536;

} // namespace

bool is_url_with_password(std::string_view text)
{
    const auto scheme = text.find("://");
    const auto not_of_a_scheme =
        text.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-._");
    if (scheme == 0 || scheme == std::string_view::npos || not_of_a_scheme != scheme) {
        return false;
    }
    const std::string_view behind = text.substr(scheme + 3);
    const std::string_view authority = behind.substr(0, behind.find_first_of("/?#"));
    const auto at = authority.rfind('@');
    if (at != std::string_view::npos) {
        const auto colon = authority.find(':');
        if (colon < at && colon + 1 < at) {
            return true;
        }
    }
    const std::string lower = text::to_lower(behind);
    const auto password = lower.find("password=");
    return password != std::string::npos && password + 9 < lower.size() && lower[password + 9] != '&';
}

bool holds_password(std::string_view secret)
{
    return secret.find("://") == std::string_view::npos ? !secret.empty() : is_url_with_password(secret);
}

std::string secret_path(const std::string& name, const std::string& folder)
{
    if (name.starts_with('/')) {
        return name;
    }
    // NOLINTNEXTLINE(concurrency-mt-unsafe): nothing in this program changes the environment
    const char* const credentials = std::getenv("CREDENTIALS_DIRECTORY");
    if (credentials != nullptr && *credentials != '\0') {
        std::string path = std::string(credentials) + "/" + name;
        if (access(path.c_str(), F_OK) == 0) {
            return path;
        }
    }
    return folder + "/" + name;
}

std::string read_secret(const std::string& path)
{
    static Guarded<std::map<std::string, std::string>> as_root;
    std::string bytes;
    try {
        bytes = read_file(path, kLongestSecretFile);
    } catch (const BackendError&) {
        auto kept = as_root.lock();
        const auto found = kept->find(path);
        if (geteuid() == 0 || found == kept->end() ||
            faccessat(AT_FDCWD, path.c_str(), R_OK, AT_EACCESS) == 0 || errno != EACCES) {
            throw;
        }
        return found->second;
    }
    bytes.erase(std::min(bytes.find('\n'), bytes.size()));
    if (bytes.ends_with('\r')) {
        bytes.pop_back();
    }
    if (geteuid() == 0) {
        (*as_root.lock())[path] = bytes;
    }
    return bytes;
}

bool readable_by_all(const std::string& path)
{
    struct stat status {};
    return stat(path.c_str(), &status) == 0 && (status.st_mode & S_IROTH) != 0;
}

} // namespace qm::config
