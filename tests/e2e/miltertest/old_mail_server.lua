-- A mail server that offers none of the newer features: no steps to leave out, none to leave unanswered, no SKIP,
-- no leading space, and only the actions of the second protocol version (among them: remove a recipient).
test(function()
    local conn = open()
    well("negotiate", mt.negotiate(conn, 2, 0x1f, 0x7f))
    client(conn, "192.0.2.1")
    well("mail", mt.mailfrom(conn, "<anna@shop.example>"))
    well("rcpt", mt.rcptto(conn, "<user@our.example>"))
    rest_is_held(conn)
    well("mail", mt.mailfrom(conn, "<anna@shop.example>"))
    well("rcpt", mt.rcptto(conn, "<user@our.example>"))
    rest_passes(conn)
    mt.disconnect(conn)
end)
