-- Shared by the scripts: `socket` is where the daemon listens (miltertest -D socket=...). In the daemon's rules,
-- `X-Spam-Flag: YES` is held and discarded, `X-Nothing: 1` is discarded by a quarantine that keeps nothing.

-- miltertest shows an error of a script only as exit code 1: say it.
function test(steps)
    local well, problem = pcall(steps)
    if not well then
        mt.echo("FAILED: " .. tostring(problem))
        error(problem)
    end
end

function open()
    local conn = mt.connect(socket)
    if conn == nil then error("no connection to " .. socket) end
    return conn
end

function well(what, problem)
    if problem ~= nil then error(what .. ": " .. tostring(problem)) end
end

function expect(conn, what, wanted)
    local reply = mt.getreply(conn)
    if reply ~= wanted then
        error(what .. ": answered '" .. string.char(reply) .. "', expected '" .. string.char(wanted) .. "'")
    end
end

-- A step of the conversation, unless the daemon has asked to be spared it.
function step(conn, option, what, action)
    if option ~= nil and mt.test_option(conn, option) then return end
    well(what, action())
end

function client(conn, ip)
    step(conn, SMFIP_NOCONNECT, "connect", function() return mt.conninfo(conn, "client.test.example", ip) end)
    step(conn, SMFIP_NOHELO, "helo", function() return mt.helo(conn, "client.test.example") end)
end

function envelope(conn, ...)
    mt.macro(conn, SMFIC_MAIL, "i", "4XqR2b1tZ7z")
    well("mail", mt.mailfrom(conn, "<anna@shop.example>"))
    for _, recipient in ipairs({...}) do
        well("rcpt", mt.rcptto(conn, recipient))
    end
    step(conn, SMFIP_NODATA, "data", function() return mt.data(conn) end)
end

function header(conn, name, value)
    well("header", mt.header(conn, name, value))
end

-- Sends the rest of a mail that is flagged and expects that it is held.
function rest_is_held(conn)
    header(conn, "Subject", "Invoice")
    header(conn, "X-Spam-Flag", "YES")
    well("end of headers", mt.eoh(conn))
    well("body", mt.bodystring(conn, "Hello.\r\n"))
    well("end of message", mt.eom(conn))
    expect(conn, "end of message", SMFIR_DISCARD)
end

function rest_passes(conn)
    header(conn, "Subject", "Invoice")
    well("end of headers", mt.eoh(conn))
    expect(conn, "end of headers", SMFIR_ACCEPT)
end
