// Runs a fuzz target over files and folders of seeds, for builds without libFuzzer.
#include <cstdint>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

void run(const std::filesystem::path& path)
{
    std::ifstream file(path, std::ios::binary);
    const std::vector<char> bytes{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    std::printf("%s\n", path.c_str());
    std::fflush(stdout);
    LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
}

std::size_t run_all(const std::vector<std::string>& names)
{
    std::size_t count = 0;
    for (const std::string& name : names) {
        if (name.starts_with("-")) {
            continue; // an option of libFuzzer
        }
        if (!std::filesystem::exists(name)) {
            throw std::runtime_error("there is no " + name);
        }
        if (!std::filesystem::is_directory(name)) {
            run(name);
            ++count;
            continue;
        }
        for (const auto& entry : std::filesystem::recursive_directory_iterator(name)) {
            if (entry.is_regular_file()) {
                run(entry.path());
                ++count;
            }
        }
    }
    return count;
}

} // namespace

int main(int argc, char** argv)
{
    try {
        const std::size_t count = run_all(std::vector<std::string>(argv + 1, argv + argc));
        std::printf("%zu seeds\n", count);
        return count == 0 ? 1 : 0;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "%s\n", error.what());
        return 1;
    }
}
