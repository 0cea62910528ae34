// A mail server that remembers what it was asked.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "milter/mta.h"

namespace qm::test {

class FakeMta final : public milter::Mta {
  public:
    std::string macro(const char* name) override { return macros[name]; }
    void remove_recipient(const std::string& argument) override { removed.push_back(argument); }
    void hold(const std::string& reason) override { held.push_back(reason); }
    void set_reply(const char* code, const char* enhanced_code, const std::string& text) override
    {
        reply = std::string(code) + " " + enhanced_code + " " + text;
    }

    std::map<std::string, std::string> macros{{"i", "4XqR2b1tZ7z"}, {"{client_addr}", "192.0.2.1"}};
    std::vector<std::string> removed;
    std::vector<std::string> held;
    std::string reply;
};

} // namespace qm::test
