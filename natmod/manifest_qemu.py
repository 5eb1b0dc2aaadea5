# Nothing is frozen into the qemu port: umqtt comes as a file.
