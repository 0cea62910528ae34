-- A quarantine that keeps nothing needs no body. It may say so (SKIP) to a mail server that offered SKIP, and only
-- to such a one.
test(function()
    local function discarded(conn, may_skip)
        client(conn, "192.0.2.1")
        envelope(conn, "<user@our.example>")
        header(conn, "X-Nothing", "1")
        well("end of headers", mt.eoh(conn))
        for _ = 1, 3 do
            well("body", mt.bodystring(conn, string.rep("x", 1000) .. "\r\n"))
            local reply = mt.getreply(conn)
            if reply ~= SMFIR_CONTINUE and not (may_skip and reply == SMFIR_SKIP) then
                error("body: answered '" .. string.char(reply) .. "'")
            end
            if reply == SMFIR_SKIP then break end
        end
        well("end of message", mt.eom(conn))
        expect(conn, "end of message", SMFIR_DISCARD)
        mt.disconnect(conn)
    end
    discarded(open(), true)
    local conn = open()
    well("negotiate", mt.negotiate(conn, 6, 0x1ff, 0x1fffff - SMFIP_SKIP))
    discarded(conn, false)
end)
