#include "notify/builtin_notifiers.h"

#include <array>

#include "notify/email_notifier.h"

namespace qm::notify {
namespace {

std::unique_ptr<Notifier> open_none(const Section& /*section*/, std::span<const std::string> /*groups*/)
{
    return nullptr;
}

} // namespace

std::span<const NotifierType> builtin_notifiers()
{
    static const std::array kTypes{
        NotifierType{.name = "NONE", .options = {}, .help = "Nobody is told.", .open = open_none},
        NotifierType{.name = "EMAIL",
                     .options = email_options(),
                     .help =
                         "Each recipient gets a mail for each held message: who wrote, what about, why it "
                         "is held, and its harmless text.",
                     .open = open_email},
    };
    return kTypes;
}

} // namespace qm::notify
