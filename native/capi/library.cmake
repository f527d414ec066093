# libgategrad, the engine behind a C ABI: shared and static, with what CMake and pkg-config need.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(capi
  capi/gategrad.cpp
  capi/predict.cpp
  capi/model.cpp
  capi/front.cpp
  capi/encode.cpp
  capi/stored_model.cpp
  capi/stored_encoder.cpp
  capi/stored_fields.cpp
  capi/stored_filters.cpp
  capi/names.cpp
  capi/container.cpp
  capi/json.cpp
  capi/sha256.cpp
)
# Scores are a product and a sum, each rounded, as in Python.
set_property(SOURCE capi/gategrad.cpp APPEND PROPERTY COMPILE_OPTIONS -ffp-contract=off)
set_property(SOURCE capi/gategrad.cpp APPEND PROPERTY COMPILE_DEFINITIONS
  GATEGRAD_VERSION="${PROJECT_VERSION}")

add_library(gategrad_objects OBJECT ${capi} ${engine} ${kernels})
set_target_properties(gategrad_objects PROPERTIES
  POSITION_INDEPENDENT_CODE ON CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON)
target_compile_definitions(gategrad_objects PRIVATE GATEGRAD_BUILDS GATEGRAD_ENGINE_ONLY)
target_include_directories(gategrad_objects PRIVATE ${CMAKE_CURRENT_SOURCE_DIR})
target_compile_options(gategrad_objects PRIVATE ${options})

add_library(gategrad SHARED $<TARGET_OBJECTS:gategrad_objects>)
add_library(gategrad_static STATIC $<TARGET_OBJECTS:gategrad_objects>)
set_target_properties(gategrad PROPERTIES
  VERSION ${PROJECT_VERSION} SOVERSION ${PROJECT_VERSION_MAJOR})
set_target_properties(gategrad_static PROPERTIES OUTPUT_NAME gategrad)
if(UNIX AND NOT APPLE)
  # Templates of the C++ library would be visible too.
  set(map ${CMAKE_CURRENT_SOURCE_DIR}/capi/exports.map)
  target_link_options(gategrad PRIVATE -Wl,--version-script=${map})
  set_property(TARGET gategrad APPEND PROPERTY LINK_DEPENDS ${map})
endif()
foreach(library gategrad gategrad_static)
  target_include_directories(${library} INTERFACE $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
endforeach()
target_link_libraries(gategrad PRIVATE Threads::Threads ${CMAKE_DL_LIBS})
# A program in C that links the static library needs the runtime of C++ too.
target_link_libraries(gategrad_static INTERFACE Threads::Threads ${CMAKE_DL_LIBS} stdc++)

install(TARGETS gategrad gategrad_static EXPORT gategradTargets)
install(FILES capi/gategrad.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
set(package ${CMAKE_INSTALL_LIBDIR}/cmake/gategrad)
install(EXPORT gategradTargets NAMESPACE gategrad:: DESTINATION ${package})
configure_package_config_file(capi/gategradConfig.cmake.in gategradConfig.cmake
  INSTALL_DESTINATION ${package})
write_basic_package_version_file(gategradConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES
  ${CMAKE_CURRENT_BINARY_DIR}/gategradConfig.cmake
  ${CMAKE_CURRENT_BINARY_DIR}/gategradConfigVersion.cmake
  DESTINATION ${package})
# From the folder of gategrad.pc to the prefix, so that the whole may be moved.
file(RELATIVE_PATH to_prefix "/${CMAKE_INSTALL_LIBDIR}/pkgconfig" "/")
configure_file(capi/gategrad.pc.in gategrad.pc @ONLY)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/gategrad.pc
  DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
