# Installs the library so that other projects find it: CMake package, pkg-config files, headers. Nothing installed
# names a path of this machine; the prefix may be moved afterwards.
include(CMakePackageConfigHelpers)

# The version stands in the headers too, for programs that do not use CMake: both must say the same.
file(STRINGS "${MyChat_SOURCE_DIR}/include/mychat/version.h" mychat_header_version
  REGEX "#define MYCHAT_VERSION_STRING \"${PROJECT_VERSION}\"")
if(NOT mychat_header_version)
  message(FATAL_ERROR "include/mychat/version.h does not say ${PROJECT_VERSION}, the version of the project")
endif()

set(mychat_package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/MyChat")
foreach(kind IN ITEMS Shared Static)
  string(TOLOWER "mychat_${kind}" target)
  # An archive with static dependencies would need theirs beside it: it is for the tree that it is built in.
  if(TARGET ${target} AND NOT (MYCHAT_STATIC_DEPS AND kind STREQUAL "Static"))
    install(TARGETS ${target} EXPORT MyChat${kind}Targets
      LIBRARY DESTINATION "${CMAKE_INSTALL_LIBDIR}" COMPONENT mychat_library NAMELINK_COMPONENT mychat_development
      ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}" COMPONENT mychat_development)
    install(EXPORT MyChat${kind}Targets NAMESPACE MyChat:: DESTINATION "${mychat_package_dir}"
      COMPONENT mychat_development)
  endif()
endforeach()

install(DIRECTORY "${MyChat_SOURCE_DIR}/include/mychat" DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}"
  COMPONENT mychat_development FILES_MATCHING PATTERN "*.h")

configure_package_config_file("${MyChat_SOURCE_DIR}/cmake/MyChatConfig.cmake.in"
  "${CMAKE_CURRENT_BINARY_DIR}/package/MyChatConfig.cmake" INSTALL_DESTINATION "${mychat_package_dir}"
  NO_SET_AND_CHECK_MACRO NO_CHECK_REQUIRED_COMPONENTS_MACRO)
# As the SOVERSION: what was there stays within a major version.
write_basic_package_version_file("${CMAKE_CURRENT_BINARY_DIR}/package/MyChatConfigVersion.cmake"
  VERSION "${PROJECT_VERSION}" COMPATIBILITY SameMajorVersion)
install(FILES "${CMAKE_CURRENT_BINARY_DIR}/package/MyChatConfig.cmake"
  "${CMAKE_CURRENT_BINARY_DIR}/package/MyChatConfigVersion.cmake"
  DESTINATION "${mychat_package_dir}" COMPONENT mychat_development)

# pkg-config: the prefix is where the file lies.
if(IS_ABSOLUTE "${CMAKE_INSTALL_LIBDIR}" OR IS_ABSOLUTE "${CMAKE_INSTALL_INCLUDEDIR}")
  set(mychat_pc_prefix "${CMAKE_INSTALL_PREFIX}")
  set(mychat_pc_libdir "${CMAKE_INSTALL_FULL_LIBDIR}")
  set(mychat_pc_includedir "${CMAKE_INSTALL_FULL_INCLUDEDIR}")
else()
  file(RELATIVE_PATH mychat_pc_up "/prefix/${CMAKE_INSTALL_LIBDIR}/pkgconfig" "/prefix")
  string(REGEX REPLACE "/$" "" mychat_pc_up "${mychat_pc_up}")
  set(mychat_pc_prefix "\${pcfiledir}/${mychat_pc_up}")
  set(mychat_pc_libdir "\${prefix}/${CMAKE_INSTALL_LIBDIR}")
  set(mychat_pc_includedir "\${prefix}/${CMAKE_INSTALL_INCLUDEDIR}")
endif()

# mychat_pkg_config(NAME LINES...): writes and installs NAME.pc; LINES say how to link.
function(mychat_pkg_config name)
  string(JOIN "\n" mychat_pc_link ${ARGN})
  configure_file("${MyChat_SOURCE_DIR}/cmake/mychat.pc.in" "${CMAKE_CURRENT_BINARY_DIR}/package/${name}.pc" @ONLY)
  install(FILES "${CMAKE_CURRENT_BINARY_DIR}/package/${name}.pc" DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig"
    COMPONENT mychat_development)
endfunction()

set(mychat_pc_requires "libcurl >= 7.87 libwebsockets >= 4.1 libcjson sqlite3 >= 3.37 libzip libargon2 openssl >= 3.0")
set(mychat_pc_system "-lstdc++ -lm -pthread")
if(TARGET mychat_static AND NOT MYCHAT_STATIC_DEPS)
  # The archive by its name, since -lmychat means the shared library where both are installed.
  set(mychat_pc_static "Requires: ${mychat_pc_requires}" "Libs: -L\${libdir} -l:libmychat.a ${mychat_pc_system}"
    "Cflags: -I\${includedir} -DMYCHAT_STATIC")
  mychat_pkg_config(mychat-static ${mychat_pc_static})
endif()
if(TARGET mychat_shared)
  # Link names, not Requires.private: that would ask for the development packages of all dependencies, and of theirs,
  # also from programs that link the shared library.
  set(mychat_pc_private "Libs.private: -lcurl -lwebsockets -lcjson -lsqlite3 -lzip -largon2 -lssl -lcrypto")
  if(MYCHAT_STATIC_DEPS)
    set(mychat_pc_private "Libs.private:")
  endif()
  mychat_pkg_config(mychat "Libs: -L\${libdir} -lmychat" "${mychat_pc_private} ${mychat_pc_system}"
    "Cflags: -I\${includedir}")
elseif(mychat_pc_static)
  mychat_pkg_config(mychat ${mychat_pc_static})
endif()
