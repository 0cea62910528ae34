-- Of two recipients one is whitelisted: the other leaves the envelope under the very argument of its RCPT command,
-- and the mail goes on.
test(function()
    local held = '<"Odd Local"@Our.Example>'
    local conn = open()
    client(conn, "192.0.2.1")
    envelope(conn, held, "<allowed@our.example>")
    header(conn, "X-Spam-Flag", "YES")
    well("end of headers", mt.eoh(conn))
    well("body", mt.bodystring(conn, "Hello.\r\n"))
    well("end of message", mt.eom(conn))
    expect(conn, "end of message", SMFIR_ACCEPT)
    if not mt.eom_check(conn, MT_RCPTDELETE, held) then error("the held recipient was not removed") end
    if mt.eom_check(conn, MT_RCPTDELETE, "<allowed@our.example>") then error("the allowed recipient was removed") end
    if mt.eom_check(conn, MT_HDRADD) or mt.eom_check(conn, MT_HDRINSERT) or mt.eom_check(conn, MT_BODYCHANGE) then
        error("the mail was changed")
    end
    mt.disconnect(conn)
end)
