# The firmware for the differential tests on a board: ours, with their cases and the reference library frozen in beside it.
# The reference stands in nobody's way: it is found only once `.frozen/python` is in sys.path.
include("manifest_native.py")
freeze("$(UMQTT_REFERENCE)", "python/umqtt/simple.py")
freeze("../../tests/differential")
