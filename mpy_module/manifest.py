# The Python part, umqtt.robust, to be frozen into a firmware: include("$(UMQTT)/manifest.py") in the board's manifest.
package("_umqtt", base_path=".")
