// The options of the verbs, as the parser takes them.
#pragma once

#include "ctl/arguments.h"

namespace CLI {
class App;
}

namespace qm::ctl {

void add_no_options(CLI::App& app, Arguments& arguments);
void add_list_options(CLI::App& app, Arguments& arguments);
void add_show_options(CLI::App& app, Arguments& arguments);
void add_cat_options(CLI::App& app, Arguments& arguments);
void add_release_options(CLI::App& app, Arguments& arguments);
void add_copy_options(CLI::App& app, Arguments& arguments);
void add_delete_options(CLI::App& app, Arguments& arguments);
void add_notify_options(CLI::App& app, Arguments& arguments);
void add_whitelist_list_options(CLI::App& app, Arguments& arguments);
void add_whitelist_add_options(CLI::App& app, Arguments& arguments);
void add_whitelist_delete_options(CLI::App& app, Arguments& arguments);
void add_whitelist_check_options(CLI::App& app, Arguments& arguments);
void add_preview_options(CLI::App& app, Arguments& arguments);
void add_explain_options(CLI::App& app, Arguments& arguments);
void add_expire_options(CLI::App& app, Arguments& arguments);
void add_store_check_options(CLI::App& app, Arguments& arguments);
void add_config_reference_options(CLI::App& app, Arguments& arguments);
void add_import_options(CLI::App& app, Arguments& arguments);

} // namespace qm::ctl
