/* floor_clean without its one flaw: a callback that was negotiated to have no reply answers CONTINUE there, which
   libmilter reports to the system log, each time. Here it answers NOREPLY. Usage: quiet_floor SOCKET */
#include <libmilter/mfapi.h>

static sfsistat on_mail(SMFICTX* context, char** arguments)
{
    (void)context;
    (void)arguments;
    return SMFIS_NOREPLY;
}

static sfsistat on_header(SMFICTX* context, char* name, char* value)
{
    (void)context;
    (void)name;
    (void)value;
    return SMFIS_NOREPLY;
}

static sfsistat on_end_of_headers(SMFICTX* context)
{
    (void)context;
    return SMFIS_ACCEPT;
}

static sfsistat negotiate(SMFICTX* context, unsigned long actions, unsigned long steps, unsigned long f2,
                          unsigned long f3, unsigned long* our_actions, unsigned long* our_steps, unsigned long* our_f2,
                          unsigned long* our_f3)
{
    (void)context;
    (void)f2;
    (void)f3;
    *our_actions = actions;
    *our_steps = steps & (SMFIP_NOCONNECT | SMFIP_NOHELO | SMFIP_NOUNKNOWN | SMFIP_NODATA | SMFIP_NR_HDR |
                          SMFIP_NR_MAIL | SMFIP_NR_RCPT);
    *our_f2 = *our_f3 = 0;
    return SMFIS_CONTINUE;
}

int main(int count, char** arguments)
{
    struct smfiDesc description = {0};
    if (count != 2) {
        return 2;
    }
    description.xxfi_name = "quiet";
    description.xxfi_version = SMFI_VERSION;
    description.xxfi_flags = SMFIF_ADDHDRS | SMFIF_DELRCPT;
    description.xxfi_envfrom = on_mail;
    description.xxfi_envrcpt = on_mail;
    description.xxfi_header = on_header;
    description.xxfi_eoh = on_end_of_headers;
    description.xxfi_negotiate = negotiate;
    smfi_register(description);
    smfi_setconn(arguments[1]);
    smfi_setbacklog(1024);
    return smfi_main();
}
