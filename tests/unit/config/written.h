// Writes a file for a test.
#pragma once

#include <fstream>
#include <stdexcept>
#include <string>
#include <string_view>

#include <sys/stat.h>

namespace qm::config {

/// Returns `path`.
inline std::string written(const std::string& path, std::string_view bytes, mode_t mode = 0600)
{
    std::ofstream(path, std::ios::binary) << bytes;
    if (chmod(path.c_str(), mode) != 0) {
        throw std::runtime_error("chmod " + path);
    }
    return path;
}

} // namespace qm::config
