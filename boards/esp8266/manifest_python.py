# The firmware with the reference library, for comparison.
include("$(UMQTT_BASE)")
package("umqtt", files=("simple.py",), base_path="$(UMQTT_REFERENCE)/1.3.4")
package("umqtt", files=("robust.py",), base_path="$(UMQTT_REFERENCE)/robust")
