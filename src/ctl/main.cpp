// quarantinectl(8)
#include <cstdio>
#include <exception>

#include "ctl/exit_code.h"
#include "ctl/program.h"

int main(int argc, char** argv)
{
    try {
        return qm::ctl::run_program(argc, argv);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "quarantinectl: %s\n", error.what());
        return qm::ctl::kSomeFailed;
    }
}
