-- A mail server that lets us remove no recipient: we must not pretend, so the conversation ends at the negotiation
-- or the mail is not accepted for the held one.
test(function()
    local conn = open()
    local problem = mt.negotiate(conn, 6, 0, 0x1fffff)
    if problem ~= nil then
        mt.disconnect(conn, false)
    end
    conn = open()
    client(conn, "192.0.2.1")
    envelope(conn, "<user@our.example>")
    rest_is_held(conn)
    mt.disconnect(conn)
end)
