// Reads the INI file: every line known by its number, every mistake found in one run.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "quarantine/section.h"

namespace qm::config {

/// A mistake or a warning at a place in the configuration.
struct Remark {
    std::string file;
    int line = 0;        ///< 0: the file as a whole, or an option that is missing
    std::string section; ///< "" if none
    std::string option;  ///< "" if none
    std::string what;    ///< what is wrong, what is expected
    bool warning = false;

    /// `file:line: [section] option: what`, printable, one line. Warnings begin `file:line: warning: ...`.
    std::string str() const;
};

/// Option tables that belong to a place: `[global]` only, or anywhere (a quarantine's section, and [global]
/// as its default).
struct Vocabulary {
    std::vector<std::span<const Option>> global;   ///< valid in [global] only
    std::vector<std::span<const Option>> anywhere; ///< valid in [global] and in quarantine sections
};

/// A configuration that was read. Remarks gather while its sections are read by others.
///
/// Thread-safety: used by one thread.
class Config {
  public:
    /// Reads the file, checks syntax and names against the vocabulary. Never throws for what the file
    /// contains or that it cannot be read: that is a remark.
    Config(const std::string& file, const Vocabulary& vocabulary);
    /// The same with the text already in memory (tests, fuzzing); `file` names it.
    Config(const std::string& file, std::string_view text, const Vocabulary& vocabulary);
    ~Config();

    const Section& global() const;
    /// The section of this name, nullptr when there is none. Lifetime: that of this object.
    const Section* section(std::string_view name) const;
    /// Names of all sections except [global], in the order of the file.
    std::vector<std::string> section_names() const;

    /// A remark at a section's header (or the file when the name is unknown).
    void mistake(std::string_view section, std::string_view what) const;
    void warning(std::string_view section, std::string_view what) const;

    /// A remark at an option, or at its section where it is not written; it is not counted among the others.
    /// For what is found later than the file is read.
    Remark about(std::string_view section, std::string_view option, std::string_view what) const;

    /// All remarks so far, sorted by line, without doubles.
    std::vector<Remark> remarks() const;
    bool has_mistakes() const;

  private:
    class Body;
    std::unique_ptr<Body> body_;
};

} // namespace qm::config
