# The npm package as a folder: what `npm pack` packs, and what the tests run against. The addon lies where node-gyp-build
# looks for prebuilt ones; what it is built from lies in sdk/.
set(package "${CMAKE_CURRENT_BINARY_DIR}/package")
set(here "${CMAKE_CURRENT_SOURCE_DIR}")
file(GLOB typescript CONFIGURE_DEPENDS "${here}/src/*.ts")
file(GLOB tests CONFIGURE_DEPENDS "${here}/test/*" )
if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64)$")
  set(node_arch x64)
elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "^(aarch64|arm64)$")
  set(node_arch arm64)
else()
  set(node_arch "${CMAKE_SYSTEM_PROCESSOR}")
endif()

add_custom_command(OUTPUT "${CMAKE_CURRENT_BINARY_DIR}/typescript.stamp"
  COMMAND ${CMAKE_COMMAND} -E rm -rf "${package}/src" "${package}/dist" "${package}/test"
  COMMAND ${CMAKE_COMMAND} -E make_directory "${package}/src"
  COMMAND ${CMAKE_COMMAND} -E copy ${typescript} "${package}/src"
  COMMAND ${CMAKE_COMMAND} -E copy "${here}/package.json" "${here}/package-lock.json" "${here}/tsconfig.json"
    "${here}/install.js" "${here}/README.md" "${MyChat_SOURCE_DIR}/LICENSE" "${package}"
  COMMAND ${CMAKE_COMMAND} -E create_symlink "${MYCHAT_NODE_MODULES}" "${package}/node_modules"
  COMMAND ${CMAKE_COMMAND} -E chdir "${package}" "${MYCHAT_NODE_MODULES}/.bin/tsc" -p .
  COMMAND ${CMAKE_COMMAND} -E copy_directory "${here}/test" "${package}/test"
  COMMAND ${CMAKE_COMMAND} -E touch "${CMAKE_CURRENT_BINARY_DIR}/typescript.stamp"
  DEPENDS ${typescript} ${tests} "${here}/package.json" "${here}/package-lock.json" "${here}/tsconfig.json"
    "${here}/install.js" "${here}/README.md"
  COMMENT "TypeScript: npm package" VERBATIM)

add_custom_command(OUTPUT "${CMAKE_CURRENT_BINARY_DIR}/addon.stamp"
  COMMAND ${CMAKE_COMMAND} -E make_directory "${package}/prebuilds/linux-${node_arch}"
  COMMAND ${CMAKE_COMMAND} -E copy "$<TARGET_FILE:mychat_node>" "${package}/prebuilds/linux-${node_arch}/mychat.glibc.node"
  COMMAND ${CMAKE_COMMAND} -E touch "${CMAKE_CURRENT_BINARY_DIR}/addon.stamp"
  DEPENDS mychat_node "${CMAKE_CURRENT_BINARY_DIR}/typescript.stamp" VERBATIM)
add_custom_target(mychat_node_package ALL DEPENDS "${CMAKE_CURRENT_BINARY_DIR}/addon.stamp")
