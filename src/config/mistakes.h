// Gathers what is wrong with a configuration, so that one run tells all of it.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "config/config.h"

namespace qm::config {

/// The remarks about one file.
///
/// Thread-safety: none.
class Mistakes {
  public:
    /// A file of nothing but mistakes must not fill the memory; who mends a thousand can run the check again.
    static constexpr std::size_t kMost = 1000;

    explicit Mistakes(std::string file) : file_(std::move(file)) {}

    /// A remark that is there already is not noted again. `remark.file` is filled in here.
    void add(Remark remark);

    /// From now on nothing is noted any more: without the file every missing option would be noise.
    void close() { closed_ = true; }

    /// Sorted by line; those of one line in the order in which they were found.
    std::vector<Remark> all() const;
    const std::string& file() const { return file_; }
    bool any_mistake() const { return any_mistake_; }
    bool full() const { return remarks_.size() >= kMost; }

  private:
    std::string file_;
    std::vector<Remark> remarks_;
    std::set<std::string> known_;
    bool any_mistake_ = false;
    bool overflowed_ = false;
    bool closed_ = false;
};

} // namespace qm::config
