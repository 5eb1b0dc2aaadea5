#!/bin/sh
# Shows that the SDK is a parameter: assembles a folder as a user would who has the vendor's, with a library for each of its
# names, and links the firmware with it. sdk.sh <folder>, the environment as for build.sh, and OBJECTS, the folder of the
# simulated SDK's objects.
#
# The simulated SDK's own folder has a linker script for libmain.a. Here each name is an archive, in the vendor's order,
# so this also links the exception vectors out of an archive's member (docs/firmware.md, "The linker scripts").
set -eu
folder=$1
here=$(cd "$(dirname "$0")" && pwd)
sdk=$folder/sdk

rm -rf "$folder"
mkdir -p "$sdk/lib"
cp -r "$ESP_SDK/include" "$sdk/include"
archive() {
    name=$1
    shift
    xtensa-lx106-elf-ar rcsD "$sdk/lib/lib$name.a" "$@"
}
archive main "$OBJECTS"/main/*.o
archive net80211 "$OBJECTS"/net80211/*.o $(find "$OBJECTS/lwip" -name "*.o")
archive espnow "$OBJECTS"/espnow/*.o
for name in json lwip_open pp wpa phy; do
    archive "$name"
done

ESP_SDK=$sdk LOG=$folder/log "$here/../build.sh" UMQTT_2MIB native "$folder/firmware"
echo "   linked: a firmware with an SDK assembled by hand"
