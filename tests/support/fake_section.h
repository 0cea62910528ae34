// A section of a configuration without a file: values by name, mistakes and warnings gathered.
#pragma once

#include <algorithm>
#include <map>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "base/text.h"
#include "quarantine/section.h"

namespace qm::test {

/// `FakeSection section({{"smtp_port", "2525"}}, smtp::options());` What is not given has its fallback from
/// the table; an option in no table is a logic_error, as in the real one. Values are taken to be well-formed.
///
/// Thread-safety: none.
class FakeSection final : public Section {
  public:
    explicit FakeSection(std::map<std::string, std::string> values = {}, std::span<const Option> options = {})
        : values_(std::move(values))
    {
        add(options);
    }

    /// Makes another table known.
    FakeSection& add(std::span<const Option> options)
    {
        options_.insert(options_.end(), options.begin(), options.end());
        return *this;
    }
    void set(const std::string& option, std::string value) { values_[option] = std::move(value); }
    void set_name(std::string name) { name_ = std::move(name); }
    void set_folder(std::string folder) { folder_ = std::move(folder); }

    /// "option: what", in the order of their discovery.
    const std::vector<std::string>& mistakes() const { return mistakes_; }
    const std::vector<std::string>& warnings() const { return warnings_; }

    const std::string& name() const override { return name_; }
    std::string folder() const override { return folder_; }
    bool is_set(std::string_view option) const override { return values_.contains(std::string(option)); }
    std::string text(std::string_view option) const override
    {
        const auto value = values_.find(std::string(option));
        return value != values_.end() ? value->second : std::string(of(option).fallback);
    }
    std::size_t choice(std::string_view option) const override
    {
        const auto choices = text::split(of(option).choices, '|');
        const auto value = text(option);
        const auto found = std::find_if(choices.begin(), choices.end(), [&](std::string_view choice) {
            return text::equals_ignoring_case(choice, value);
        });
        if (found == choices.end()) {
            mistake(option, "not one of the choices");
            return 0;
        }
        return static_cast<std::size_t>(found - choices.begin());
    }
    bool flag(std::string_view option) const override
    {
        const auto value = text::to_lower(text(option));
        return value == "yes" || value == "true" || value == "on" || value == "1";
    }
    std::int64_t number(std::string_view option) const override { return std::stoll(text(option)); }
    std::chrono::seconds duration(std::string_view option) const override
    {
        return std::chrono::seconds(number(option));
    }
    std::uint64_t size(std::string_view option) const override
    {
        const std::string value = text(option);
        const auto unit = std::string_view("KMG").find(value.empty() ? '?' : value.back());
        const auto bytes = static_cast<std::uint64_t>(std::stoull(value));
        return unit == std::string_view::npos ? bytes : bytes << (10 * (unit + 1));
    }
    std::string path(std::string_view option) const override { return absolute(text(option)); }
    std::vector<std::string> list(std::string_view option) const override
    {
        return text::split_list(text(option));
    }
    std::vector<std::string> paths(std::string_view option) const override
    {
        auto result = list(option);
        std::transform(result.begin(), result.end(), result.begin(),
                       [&](const std::string& one) { return absolute(one); });
        return result;
    }
    std::string secret(std::string_view option) const override { return text(option); }
    void mistake(std::string_view option, std::string_view what) const override
    {
        mistakes_.push_back(std::string(option) + ": " + std::string(what));
    }
    void warning(std::string_view option, std::string_view what) const override
    {
        warnings_.push_back(std::string(option) + ": " + std::string(what));
    }

  private:
    const Option& of(std::string_view option) const
    {
        for (const auto& known : options_) {
            if (known.name == option) {
                return known;
            }
        }
        throw std::logic_error("option in no table: " + std::string(option));
    }
    std::string absolute(const std::string& path) const
    {
        return path.empty() || path.front() == '/' ? path : folder_ + "/" + path;
    }

    std::string name_ = "test";
    std::string folder_ = "/nonexistent";
    std::map<std::string, std::string> values_;
    std::vector<Option> options_;
    mutable std::vector<std::string> mistakes_;
    mutable std::vector<std::string> warnings_;
};

} // namespace qm::test
