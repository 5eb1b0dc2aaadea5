# lwIP's own MQTT client as a module. make bench copies its source, mqtt.c, beside this file's copy.
SRC_USERMOD_C += $(addprefix $(USERMOD_DIR)/,modlwip_mqtt.c mqtt.c)
