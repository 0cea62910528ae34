// What a program would have written, in memory.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <string>

#include "ctl/output.h"

namespace qm::test {

class Captured {
  public:
    Captured() : out_(open_memstream(&out_bytes_, &out_size_)), err_(open_memstream(&err_bytes_, &err_size_))
    {
    }
    ~Captured()
    {
        std::fclose(out_);
        std::fclose(err_);
        std::free(out_bytes_); // NOLINT(cppcoreguidelines-no-malloc): open_memstream's
        std::free(err_bytes_); // NOLINT(cppcoreguidelines-no-malloc): open_memstream's
    }
    Captured(const Captured&) = delete;
    Captured& operator=(const Captured&) = delete;

    /// No terminal, no colours, no limit of width.
    ctl::Streams streams() const
    {
        ctl::Streams streams;
        streams.out = out_;
        streams.err = err_;
        return streams;
    }
    std::string out() const { return read(out_, out_bytes_, out_size_); }
    std::string err() const { return read(err_, err_bytes_, err_size_); }

  private:
    static std::string read(std::FILE* stream, char* const& bytes, const std::size_t& size)
    {
        std::fflush(stream);
        return {bytes, size};
    }

    char* out_bytes_ = nullptr;
    std::size_t out_size_ = 0;
    char* err_bytes_ = nullptr;
    std::size_t err_size_ = 0;
    std::FILE* out_;
    std::FILE* err_;
};

} // namespace qm::test
