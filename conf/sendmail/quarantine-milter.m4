dnl quarantine-milter, for an include() in sendmail.mc, behind the filters whose headers it is to see: filters are asked
dnl in the order of their lines. Without F=T sendmail would pass mail unjudged while the daemon is away.
INPUT_MAIL_FILTER(`quarantine-milter', `S=local:/run/quarantine-milter/milter.sock, F=T, T=C:30s;S:4m;R:4m;E:10m')dnl
