# umqtt for MicroPython's CMake: -DUSER_C_MODULES=<this repository>/mpy_module/micropython.cmake, and freeze manifest.py.
#
# UMQTT_API          1.3 (default) or 1.8: the version of umqtt.simple whose public interface is followed
# UMQTT_QOS2         0 leaves QoS 2 out of the engine
# UMQTT_RUST_TARGET  the target that rustc builds the engine for; this machine when it is not given

if(NOT UMQTT_API)
    set(UMQTT_API 1.3)
endif()
string(REPLACE "." "" UMQTT_API_NUMBER ${UMQTT_API})

set(UMQTT_BUILD ${CMAKE_CURRENT_BINARY_DIR}/umqtt)
set(UMQTT_OBJECT ${UMQTT_BUILD}/umqtt_engine.o)
set(UMQTT_HEADER ${UMQTT_BUILD}/umqtt_engine.h)
get_filename_component(UMQTT_ROOT ${CMAKE_CURRENT_LIST_DIR} DIRECTORY)
if(NOT UMQTT_RUST_TARGET)
    set(UMQTT_RUST_TARGET "")
endif()
if(DEFINED UMQTT_QOS2 AND NOT UMQTT_QOS2)
    set(UMQTT_FEATURES_OPTION --no-default-features)
endif()

file(GLOB_RECURSE UMQTT_RUST_SOURCES CONFIGURE_DEPENDS ${UMQTT_ROOT}/src/*.rs)
add_custom_command(
    OUTPUT ${UMQTT_OBJECT} ${UMQTT_HEADER}
    COMMAND ${CMAKE_CURRENT_LIST_DIR}/engine.sh "${UMQTT_RUST_TARGET}" ${UMQTT_BUILD} ${UMQTT_FEATURES_OPTION}
    DEPENDS ${UMQTT_RUST_SOURCES} ${UMQTT_ROOT}/Cargo.toml ${UMQTT_ROOT}/Cargo.lock ${UMQTT_ROOT}/cbindgen.toml
    COMMENT "Building the umqtt engine"
    VERBATIM
)
set_source_files_properties(${UMQTT_OBJECT} PROPERTIES EXTERNAL_OBJECT TRUE GENERATED TRUE)
add_custom_target(umqtt_engine DEPENDS ${UMQTT_OBJECT} ${UMQTT_HEADER})

add_library(usermod_umqtt INTERFACE)
add_dependencies(usermod_umqtt umqtt_engine)
target_sources(usermod_umqtt INTERFACE
    ${CMAKE_CURRENT_LIST_DIR}/modumqtt.c
    ${CMAKE_CURRENT_LIST_DIR}/umqtt_client.c
    ${CMAKE_CURRENT_LIST_DIR}/umqtt_method.c
    ${CMAKE_CURRENT_LIST_DIR}/umqtt_try.c
    ${CMAKE_CURRENT_LIST_DIR}/umqtt_socket.c
    ${CMAKE_CURRENT_LIST_DIR}/umqtt_builtin.c
)
target_include_directories(usermod_umqtt INTERFACE ${CMAKE_CURRENT_LIST_DIR} ${UMQTT_BUILD})
target_compile_definitions(usermod_umqtt INTERFACE UMQTT_API=${UMQTT_API_NUMBER})
target_link_libraries(usermod_umqtt INTERFACE ${UMQTT_OBJECT})
if(UMQTT_RUST_TARGET MATCHES "^(thumb|arm)")
    target_link_libraries(usermod_umqtt INTERFACE ${CMAKE_CURRENT_LIST_DIR}/umqtt_arm.ld)
endif()
target_link_libraries(usermod INTERFACE usermod_umqtt)
