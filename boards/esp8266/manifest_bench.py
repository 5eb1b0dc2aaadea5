# The firmware of make bench: ours, the reference library under another name, and the program that measures both.
include("manifest_native.py")
package("umqtt_reference", files=("simple.py",), base_path="$(UMQTT_BENCH)")
module("measure.py", base_path="../../benches/board")
