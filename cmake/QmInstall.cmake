# Everything where Debian expects it.
#
#   cmake --install DIR                     /usr/sbin, /usr/share, ... and /etc
#   DESTDIR=/tmp/x cmake --install DIR      the same below /tmp/x
#   cmake --install DIR --prefix /opt/qm    /opt/qm/sbin, ... and /opt/qm/etc; unit and configuration name these paths
#   cpack -G DEB                            in the binary folder of the preset "package": the Debian package
if(CMAKE_INSTALL_PREFIX_INITIALIZED_TO_DEFAULT)
    set_property(CACHE CMAKE_INSTALL_PREFIX PROPERTY VALUE /usr)
endif()

install(TARGETS quarantine-milter RUNTIME DESTINATION sbin)
install(TARGETS quarantine-preview RUNTIME DESTINATION libexec/quarantine-milter)
if(TARGET quarantinectl)
    install(TARGETS quarantinectl RUNTIME DESTINATION bin)
endif()
install(DIRECTORY templates DESTINATION share/quarantine-milter)
install(FILES conf/sendmail/quarantine-milter.m4 DESTINATION share/quarantine-milter)
install(FILES docs/man/quarantine-milter.8 docs/man/quarantinectl.8 DESTINATION share/man/man8)
install(FILES docs/man/quarantine-milter.conf.5 DESTINATION share/man/man5)
install(FILES conf/bash-completion/quarantinectl DESTINATION share/bash-completion/completions)
install(FILES systemd/quarantine-milter-expire.timer DESTINATION lib/systemd/system)
install(FILES systemd/quarantine-milter.sysusers DESTINATION lib/sysusers.d RENAME quarantine-milter.conf)
install(FILES systemd/quarantine-milter.tmpfiles DESTINATION lib/tmpfiles.d RENAME quarantine-milter.conf)

# Links between these documents hold where they are installed as well; those to tests are for the source tree.
install(FILES README.md CHANGELOG.md SECURITY.md CONTRIBUTING.md LICENSE DESTINATION share/doc/quarantine-milter)
install(FILES LICENSE DESTINATION share/doc/quarantine-milter RENAME copyright)
install(DIRECTORY docs/ DESTINATION share/doc/quarantine-milter/docs FILES_MATCHING PATTERN "*.md"
        PATTERN man EXCLUDE)
install(DIRECTORY conf/examples DESTINATION share/doc/quarantine-milter)

# What depends on the prefix, which is known only when it is installed: /etc belongs to /usr.
set(QM_PLACES [[
    set(prefix "${CMAKE_INSTALL_PREFIX}")
    string(REGEX REPLACE "/+$" "" prefix "${prefix}")
    if(prefix STREQUAL "/usr")
        set(etc /etc)
    else()
        set(etc "${prefix}/etc")
    endif()
    # qm_put(FROM TO PERMISSIONS ...): a text with our paths in it.
    function(qm_put from to)
        file(READ "${from}" text)
        if(NOT prefix STREQUAL "/usr")
            string(REPLACE "/usr/sbin/quarantine-milter" "${prefix}/sbin/quarantine-milter -c ${etc}/quarantine-milter/quarantine-milter.conf" text "${text}")
            string(REPLACE "/usr/bin/quarantinectl" "${prefix}/bin/quarantinectl -c ${etc}/quarantine-milter/quarantine-milter.conf" text "${text}")
            string(REPLACE "/usr/share/quarantine-milter" "${prefix}/share/quarantine-milter" text "${text}")
        endif()
        message(STATUS "Installing: $ENV{DESTDIR}${to}")
        file(WRITE "$ENV{DESTDIR}${to}" "${text}")
        file(CHMOD "$ENV{DESTDIR}${to}" PERMISSIONS ${ARGN})
    endfunction()
    # What is there belongs to the administrator.
    function(qm_put_unless_there from to)
        if(EXISTS "$ENV{DESTDIR}${to}")
            message(STATUS "Kept as it is: $ENV{DESTDIR}${to}")
        else()
            qm_put("${from}" "${to}" ${ARGN})
        endif()
    endfunction()
    set(for_all OWNER_READ OWNER_WRITE GROUP_READ WORLD_READ)
]])
string(APPEND QM_PLACES "    set(source \"${CMAKE_SOURCE_DIR}\")\n")
string(APPEND QM_PLACES [[
    qm_put("${source}/systemd/quarantine-milter.service" "${prefix}/lib/systemd/system/quarantine-milter.service" ${for_all})
    qm_put("${source}/systemd/quarantine-milter-expire.service" "${prefix}/lib/systemd/system/quarantine-milter-expire.service" ${for_all})
    # A password may come to stand in it. The package gives it to the daemon's group, see cmake/debian/postinst.
    qm_put_unless_there("${source}/conf/quarantine-milter.conf" "${etc}/quarantine-milter/quarantine-milter.conf"
                        OWNER_READ OWNER_WRITE GROUP_READ)
    qm_put_unless_there("${source}/conf/logcheck/quarantine-milter" "${etc}/logcheck/ignore.d.server/quarantine-milter"
                        ${for_all})
]])
install(CODE "${QM_PLACES}")

# The Debian package.
set(CPACK_GENERATOR DEB)
set(CPACK_SET_DESTDIR ON)
set(CPACK_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_PACKAGE_NAME quarantine-milter)
set(CPACK_PACKAGE_CONTACT "quarantine-milter project <root@localhost>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "${PROJECT_DESCRIPTION}")
set(CPACK_PACKAGE_DESCRIPTION
    "quarantine-milter sits behind Postfix or sendmail (milter protocol). Mail whose headers match a rule is kept instead
of delivered, for each recipient who is not whitelisted, and the recipient is told by mail.")
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION mail)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_DEPENDS systemd)
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "postfix | sendmail-bin")
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA
    "${CMAKE_SOURCE_DIR}/cmake/debian/conffiles;${CMAKE_SOURCE_DIR}/cmake/debian/postinst;${CMAKE_SOURCE_DIR}/cmake/debian/prerm;${CMAKE_SOURCE_DIR}/cmake/debian/postrm")
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
include(CPack)
