# Everything where Debian expects it.
