// What a notice can say: the variables of its template, its subject and its From.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "html/template.h"
#include "preview/preview.h"
#include "quarantine/notifier.h"

namespace qm::notify {

/// HTML that we wrote: the only variable that is not escaped in HTML.
inline constexpr std::string_view kHtmlText = "EMAIL_HTML_TEXT";

/// Every name that a template of this section may use. `groups`: the names of its regex' groups, "" for an
/// unnamed one.
std::vector<std::string> known_variables(std::span<const std::string> groups);

/// The values for one notice; each but kHtmlText is one line of valid UTF-8, not escaped for anything.
html::Variables variables_of(const Notice& notice, const preview::Preview& preview);

} // namespace qm::notify
