// What each verb does. Every function returns the exit code; what it prints and when it fails stands in
// quarantinectl(8). Errors: UsageError, NoPermission, ConfigError, BackendError.
#pragma once

#include "ctl/context.h"

namespace qm::ctl {

int run_status(Context& context);
int run_list(Context& context);
int run_show(Context& context);
int run_cat(Context& context);

int run_release(Context& context);
int run_copy(Context& context);
int run_delete(Context& context);
int run_notify(Context& context);

int run_whitelist_list(Context& context);
int run_whitelist_add(Context& context);
int run_whitelist_delete(Context& context);
int run_whitelist_check(Context& context);

int run_preview(Context& context);
int run_explain(Context& context);

int run_expire(Context& context);
int run_store_check(Context& context);

int run_config_check(Context& context);
int run_config_show(Context& context);
int run_config_reference(Context& context);
int run_setup_postfix(Context& context);
int run_setup_sendmail(Context& context);
int run_import_pyquarantine(Context& context);

} // namespace qm::ctl
