-- The mail server gives the mail up (RSET, a client that went away) after any step; the next mail of the same
-- connection is judged on its own.
test(function()
    local steps = {
        function(conn) well("mail", mt.mailfrom(conn, "<anna@shop.example>")) end,
        function(conn) well("rcpt", mt.rcptto(conn, "<user@our.example>")) end,
        function(conn) step(conn, SMFIP_NODATA, "data", function() return mt.data(conn) end) end,
        function(conn) header(conn, "X-Spam-Flag", "YES") end,
        function(conn) well("end of headers", mt.eoh(conn)) end,
        function(conn) well("body", mt.bodystring(conn, "Hello.\r\n")) end,
    }
    local conn = open()
    client(conn, "192.0.2.1")
    for last = 1, #steps do
        for number = 1, last do steps[number](conn) end
        well("abort", mt.abort(conn))
        envelope(conn, "<user@our.example>")
        rest_passes(conn)
    end
    envelope(conn, "<user@our.example>")
    rest_is_held(conn)
    mt.disconnect(conn)
end)
