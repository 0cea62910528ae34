-- The connection ends after any step, politely and not.
test(function()
    local steps = {
        function(conn) client(conn, "192.0.2.1") end,
        function(conn) well("mail", mt.mailfrom(conn, "<anna@shop.example>")) end,
        function(conn) well("rcpt", mt.rcptto(conn, "<user@our.example>")) end,
        function(conn) step(conn, SMFIP_NODATA, "data", function() return mt.data(conn) end) end,
        function(conn) header(conn, "X-Spam-Flag", "YES") end,
        function(conn) well("end of headers", mt.eoh(conn)) end,
        function(conn) well("body", mt.bodystring(conn, "Hello.\r\n")) end,
    }
    for _, politely in ipairs({true, false}) do
        for last = 0, #steps do
            local conn = open()
            for number = 1, last do steps[number](conn) end
            mt.disconnect(conn, politely)
        end
    end
    local conn = open()
    client(conn, "192.0.2.1")
    envelope(conn, "<user@our.example>")
    rest_is_held(conn)
    mt.disconnect(conn)
end)
