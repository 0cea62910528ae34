// quarantine-preview: reads messages of strangers for quarantine-milter and quarantinectl, with nothing to
// lose.
#include <cstdio>
#include <exception>

#include <sysexits.h>

#include "preview/render.h"
#include "preview/sandbox.h"
#include "preview/worker.h"

int main()
{
    try {
        qm::preview::prepare_rendering();
        qm::preview::become_nobody();
        return qm::preview::serve(qm::preview::rendered, {});
    } catch (const std::exception& error) {
        std::fprintf(stderr, "quarantine-preview: %s\n", error.what());
        return EX_OSERR;
    }
}
