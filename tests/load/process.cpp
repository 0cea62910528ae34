#include "load/process.h"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>

#include <fmt/format.h>
#include <unistd.h>

namespace qm::load {

std::optional<Sample> sample_of(pid_t process)
{
    const std::string folder = fmt::format("/proc/{}", process);
    std::ifstream stat(folder + "/stat");
    std::string text((std::istreambuf_iterator<char>(stat)), {});
    const std::size_t name_end = text.rfind(')');
    if (name_end == std::string::npos) {
        return std::nullopt;
    }
    // Behind the name: state and ten more, then utime and stime.
    std::istringstream fields(text.substr(name_end + 1));
    std::string skipped;
    for (int i = 0; i < 11; ++i) {
        fields >> skipped;
    }
    double user = 0;
    double system = 0;
    fields >> user >> system;
    Sample sample;
    sample.cpu_seconds = (user + system) / static_cast<double>(sysconf(_SC_CLK_TCK));
    std::ifstream status(folder + "/status");
    for (std::string name; status >> name;) {
        std::uint64_t value = 0;
        if (name == "VmRSS:" && status >> value) {
            sample.memory = value * 1024;
        } else if (name == "RssAnon:" && status >> value) {
            sample.own_memory = value * 1024;
        } else if (name == "Threads:" && status >> value) {
            sample.threads = value;
        }
        std::getline(status, skipped);
    }
    std::error_code gone;
    for (std::filesystem::directory_iterator file(folder + "/fd", gone), end; !gone && file != end;
         file.increment(gone)) {
        ++sample.files;
    }
    return sample;
}

} // namespace qm::load
