divert(-1)
# quarantine-milter for sendmail.mc, behind the filters whose headers it is to see:
#   include(`/usr/share/quarantine-milter/quarantine-milter.m4')dnl
# Filters are asked in the order of these lines. Without F=T sendmail would pass mail unjudged while the daemon is away.
divert(0)dnl
INPUT_MAIL_FILTER(`quarantine-milter', `S=local:/run/quarantine-milter/milter.sock, F=T, T=C:30s;S:4m;R:4m;E:10m')dnl
