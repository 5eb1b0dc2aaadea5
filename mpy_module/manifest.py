# The Python parts, to be frozen into a firmware: include("$(UMQTT)/manifest.py") in the board's manifest.
package("umqtt", base_path=".")
